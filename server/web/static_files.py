"""Static files out of memory: what is served, and how it is validated, compressed and cut (H4, T23).

Owns one static representation and its answers: strong entity tags, `304`, `412`, single ranges, a gzip form where it
is smaller. `StaticFiles` maps exact paths to files that were read at start; a path that is not in the table is not
there, so no request ever opens a file. Where the files come from is static_manifest's business. Any thread.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from http_core.conditional import Precondition, evaluate, range_applies
from http_core.dates import format_http_date
from http_core.headers import OWS
from http_core.packet import Request, Response
from http_core.ranges import RangeNotSatisfiableError, parse_range
from server.domain.failures import Failure

REVALIDATED = "no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"
_COMPRESSED_KINDS = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_SMALLEST_COMPRESSED = 200
_CONDITIONS = (
    "if-none-match",
    "if-modified-since",
    "range",
    "if-match",
    "if-unmodified-since",
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One representation, with its gzip form where that is smaller.

    Attributes:
        body: the bytes as they are.
        media_type: with charset, for text.
        etag: strong, quoted, of `body`.
        modified_s: seconds since 1970 UTC, None where it has no meaning.
        gzip_body: None where compressing gains nothing.
        gzip_etag: strong, quoted, of the gzip form.
    """

    body: bytes = field(repr=False)
    media_type: str
    etag: str
    modified_s: int | None
    gzip_body: bytes | None = field(repr=False)
    gzip_etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str, modified_s: int | None = None) -> StaticFile:
        """Makes the tags and the gzip form."""
        digest = hashlib.sha256(body).hexdigest()[:24]
        compressed: bytes | None = None
        if media_type.startswith(_COMPRESSED_KINDS) and len(body) >= _SMALLEST_COMPRESSED:
            compressed = gzip.compress(body, 9, mtime=0)
            if len(compressed) >= len(body):
                compressed = None
        return cls(body, media_type, f'"{digest}"', modified_s, compressed, f'"{digest}-gz"')


class StaticFiles:
    """A table of paths, each with its file and its Cache-Control."""

    def __init__(self, files: Mapping[str, tuple[StaticFile, str]], now_ms: Callable[[], int]) -> None:
        """Takes the whole table.

        Args:
            files: by decoded path, with a leading slash: the file and the value of Cache-Control.
            now_ms: the wall clock, for dates with two-digit years.
        """
        self._files = dict(files)
        self._now_ms = now_ms

    def __contains__(self, path: str) -> bool:
        return path in self._files

    @property
    def paths(self) -> list[str]:
        """Every path that is served."""
        return list(self._files)

    def answer(self, request: Request) -> Response | None:
        """The answer to a GET or HEAD, or None where the path is not in the table.

        Raises:
            Failure: 412 or 416.
        """
        found = self._files.get(request.target.path)
        if found is None:
            return None
        return file_response(found[0], request, now_ms=self._now_ms(), cache_control=found[1])


def file_response(
    file: StaticFile, request: Request, *, now_ms: int, cache_control: str, vary: str = "Accept-Encoding"
) -> Response:
    """The answer to a GET or HEAD of a file, as its conditions, range and codings want it.

    Raises:
        Failure: 412 `precondition`, 416 `bad_range`.
    """
    headers = request.headers
    ranged = (
        request.method == "GET" and "range" in headers
    )  # RFC 9110 14.2: for other methods there is no range
    zipped = not ranged and file.gzip_body is not None and accepts_gzip(headers.get("accept-encoding"))
    etag = file.gzip_etag if zipped else file.etag
    fields = [("ETag", etag), ("Cache-Control", cache_control), ("Accept-Ranges", "bytes")]
    if file.gzip_body is not None or vary != "Accept-Encoding":
        fields.append(("Vary", vary))
    now_s = now_ms // 1000
    modified_s = None
    if file.modified_s is not None:
        modified_s = min(file.modified_s, now_s)  # never later than Date (RFC 9110 8.8.2.1)
        fields.append(("Last-Modified", format_http_date(modified_s)))
    if has_conditions(request):
        outcome = evaluate(headers, etag=etag, modified_s=modified_s, now_s=now_s)
        if outcome is Precondition.FAILED:
            raise Failure.of("precondition")
        if outcome is Precondition.NOT_MODIFIED:
            return Response(status=304, headers=fields)
        if ranged and range_applies(headers, etag=etag, modified_s=modified_s, now_s=now_s):
            part = _part(file, headers.get("range"), fields)
            if part is not None:
                return part
    fields.append(("Content-Type", file.media_type))
    if zipped and file.gzip_body is not None:
        fields.append(("Content-Encoding", "gzip"))
        return Response(status=200, headers=fields, body=file.gzip_body)
    return Response(status=200, headers=fields, body=file.body)


def has_conditions(request: Request) -> bool:
    """Whether a request may be answered by something else than the whole file."""
    headers = request.headers
    return any(name in headers for name in _CONDITIONS)


def _part(file: StaticFile, field_value: str | None, fields: list[tuple[str, str]]) -> Response | None:
    size = len(file.body)
    try:
        wanted = parse_range(field_value, size)
    except RangeNotSatisfiableError as error:
        raise Failure.of("bad_range", content_range=error.content_range) from None
    if wanted is None:
        return None
    whole = [*fields, ("Content-Type", file.media_type), ("Content-Range", wanted.content_range(size))]
    return Response(status=206, headers=whole, body=file.body[wanted.first : wanted.last + 1])


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the client takes gzip (RFC 9110 section 12.5.3); linear, never raises."""
    if accept_encoding is None:
        return False
    wildcard = False
    for item in accept_encoding.lower().split(","):
        coding, _, parameter = item.partition(";")
        coding = coding.strip(OWS)
        if coding not in {"gzip", "x-gzip", "*"}:
            continue
        refused = parameter.replace(" ", "").replace("\t", "").rstrip("0") in {"q=", "q=0.", "q=."}
        if coding != "*":
            return not refused
        wildcard = not refused
    return wildcard
