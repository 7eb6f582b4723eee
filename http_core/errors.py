"""The one exception of this package: a request that cannot be answered as asked.

It carries the status to answer, a fixed word for programs and a sentence for people. It never carries
bytes of the request, so it can be logged and sent as it is. After it the connection is closed: nothing
that follows a message whose end is in doubt can be trusted (RFC 9112 section 6.3).
"""

from typing import Final

REASONS: Final = {
    "bad_request": 400,
    "body_too_large": 413,
    "uri_too_long": 414,
    "bad_expectation": 417,
    "head_too_large": 431,
    "not_implemented": 501,
    "bad_version": 505,
}
"""Every reason this package gives, with its status."""


class ParsingError(Exception):
    """A message that breaks the protocol or a limit; answer `status`, then close.

    Attributes:
        status: HTTP status code of the answer.
        reason: fixed word for programs; those of this package are in `REASONS`.
        sentence: what was wrong and what to do, for people; free of the request's own bytes.
    """

    def __init__(self, status: int, reason: str, sentence: str) -> None:
        super().__init__(f"{status} {reason}: {sentence}")
        self.status = status
        self.reason = reason
        self.sentence = sentence


def bad_request(sentence: str) -> ParsingError:
    """The error for a message outside the grammar: 400."""
    return ParsingError(400, "bad_request", sentence)


def head_too_large(sentence: str) -> ParsingError:
    """The error for header or trailer fields beyond a limit: 431 (RFC 6585 section 5)."""
    return ParsingError(431, "head_too_large", sentence)


def body_too_large() -> ParsingError:
    """The error for a body beyond the limit of its route: 413."""
    return ParsingError(
        413, "body_too_large", "The request is larger than this address accepts; send less at once."
    )
