"""The one place that turns exceptions into answers (H3, H6, habit 8).

Owns the mapping from any exception to a Failure, the JSON form of a Failure, and the choice between JSON and the
error page that a navigation gets. What the client sees of an unexpected exception is status 500 and a fixed
sentence; the rest goes to the log. Any thread, never blocks.
"""

from __future__ import annotations

import logging

from http_core.errors import ParsingError
from http_core.packet import Request, Response
from server.domain.failures import REASONS, Failure
from server.web.json_answer import NO_STORE, encode_json, raw_json_response
from server.web.languages import VARY, language_of
from server.web.pages import Pages

_log = logging.getLogger(__name__)
_DEFAULT_RETRY_S = {429: 1, 503: 1}

REASON_OF_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    412: "precondition",
    413: "body_too_big",
    414: "uri_too_long",
    415: "not_json",
    416: "bad_range",
    417: "expectation",
    421: "wrong_host",
    429: "too_many_requests",
    431: "headers_too_big",
    500: "failed",
    501: "not_implemented",
    503: "busy",
    505: "version_unsupported",
}
"""The reason word for a status that the HTTP core or the network part gives."""


def failure_of(error: BaseException) -> Failure:
    """The Failure that stands for an exception; unexpected ones are logged here and nowhere else."""
    match error:
        case Failure():
            return error
        case ParsingError():
            reason = (
                error.reason if error.reason in REASONS else REASON_OF_STATUS.get(error.status, "bad_request")
            )
            return Failure(error.status, reason, error.sentence)
        case MemoryError():
            _log.error("a request was refused for want of memory")
            return Failure.of("busy")
        case _:
            _log.error("a request failed", exc_info=error)
            return Failure.of("failed")


def failure_body(failure: Failure) -> bytes:
    """The JSON envelope of a Failure (H3) with its further members."""
    return encode_json({"code": 1, "data": failure.sentence, "reason": failure.reason, **failure.extra})


class FailureAnswers:
    """Makes the answers to requests that were refused or failed."""

    def __init__(self, pages: Pages) -> None:
        """Takes the pages, for navigations."""
        self._pages = pages

    def answer(self, error: BaseException, request: Request | None) -> Response:
        """The answer to a request that ended in an exception.

        Args:
            error: what was raised.
            request: None where there was none to be read, or it came to no more than bytes.
        """
        failure = failure_of(error)
        headers = _headers_of(failure)
        if request is not None and is_navigation(request):
            page = self._pages.error(failure.status, failure.reason, language_of(request))
            content = ("Content-Type", "text/html; charset=utf-8")
            vary = ("Vary", f"Accept, {VARY}")
            return Response(status=failure.status, headers=[content, NO_STORE, vary, *headers], body=page)
        return raw_json_response(failure.status, failure_body(failure), headers)


def is_navigation(request: Request) -> bool:
    """Whether a person is looking: a GET or HEAD that asks for HTML (H3)."""
    return request.method in {"GET", "HEAD"} and "text/html" in (request.headers.get("accept") or "").lower()


def _headers_of(failure: Failure) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    allow = failure.extra.get("allow")
    if isinstance(allow, str):
        headers.append(("Allow", allow))
    accept_encoding = failure.extra.get("accept_encoding")
    if isinstance(accept_encoding, str):
        headers.append(("Accept-Encoding", accept_encoding))
    content_range = failure.extra.get("content_range")
    if isinstance(content_range, str):
        headers.append(("Content-Range", content_range))
    retry_after_s = failure.extra.get("retry_after_s", _DEFAULT_RETRY_S.get(failure.status))
    if retry_after_s is not None:
        headers.append(("Retry-After", str(retry_after_s)))
    return headers
