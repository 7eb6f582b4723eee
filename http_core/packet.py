"""What is exchanged: requests as parsed, responses as an application makes them.

Plain values without behaviour on the wire: the parser makes requests, the writer encodes responses.
A `Request` is written by its parser until it is complete and by nobody afterwards; responses belong to
whoever made them until they are handed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from http_core.headers import Headers
from http_core.target import Target


class Packet:
    """An HTTP message: a body with something in front of it."""

    __slots__ = ("body",)

    body: bytes


class Request(Packet):
    """One request.

    Attributes:
        method: the token as sent, case-sensitive; may be any valid token.
        target: the checked request target.
        version: as sent, major 1; a minor version above 1 is served as 1.1.
        headers: the fields of the head; trailers are never merged into them.
        host: normalised host without port (of the target in absolute form, else of the Host field);
            IPv6 in brackets; "" when an HTTP/1.0 request had none.
        keep_alive: whether the client leaves the connection open after the answer.
        expects_continue: whether it waits for 100 before it sends the body.
        body: the decoded body; b"" until the request is complete.
    """

    __slots__ = ("expects_continue", "headers", "host", "keep_alive", "method", "target", "version")

    def __init__(
        self,
        method: str,
        target: Target,
        version: tuple[int, int] = (1, 1),
        headers: Headers | None = None,
        *,
        host: str = "",
        keep_alive: bool = True,
        expects_continue: bool = False,
        body: bytes = b"",
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = Headers() if headers is None else headers
        self.host = host
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.body = body

    @property
    def path(self) -> str:
        """The decoded path."""
        return self.target.path

    @property
    def query(self) -> str:
        """The query as sent, "" when absent."""
        return self.target.query

    @property
    def http10(self) -> bool:
        """Whether the client speaks HTTP/1.0: no chunked coding, no 1xx, keep-alive only on request."""
        return self.version == (1, 0)

    def __repr__(self) -> str:
        """Neither query nor field values: they may hold secrets."""
        return f"Request({self.method} {self.target.form.value}-form, body={len(self.body)} bytes)"


@dataclass(slots=True)
class Response(Packet):
    """One response; the writer adds Date, framing and connection fields.

    Attributes:
        status: 200 to 599.
        headers: (name, value) pairs in order; repeated names are written as repeated lines.
        body: the whole body, or b"" with a stream.
        stream: pieces of a body of unknown length; chunked to 1.1, delimited by closing to 1.0.
        close: close the connection after this response.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    close: bool = False


@dataclass(frozen=True, slots=True)
class EncodedResponse:
    """A response already in wire form, encoded once and written verbatim to many readers.

    Attributes:
        status: its status, for the access log.
        wire: head and body; says nothing about closing, so the connection stays open after it.
    """

    status: int
    wire: bytes
