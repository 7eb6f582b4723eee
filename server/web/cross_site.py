"""Refuses what another site makes a browser send (A4, T28).

Owns the checks of a POST's `Sec-Fetch-Site`, `Origin` and `Content-Type`. They need nothing but the head of the
request. Pure; any thread.
"""

from __future__ import annotations

from http_core.headers import OWS
from http_core.packet import Request
from http_core.target import parse_host
from server.domain.failures import Failure

_OWN_SITES = frozenset({"same-origin", "none"})


def check_origin(request: Request) -> None:
    """Refuses a POST that another site made a browser send; before any session is looked at.

    Raises:
        Failure: 403 `cross_site`.
    """
    headers = request.headers
    site = headers.get("sec-fetch-site")
    if site is not None and site not in _OWN_SITES:
        raise Failure.of("cross_site")
    origin = headers.get("origin")
    if origin is None:
        return
    host = headers.get("host") or ""
    named = request.target.host  # of a target in absolute form, which counts instead of Host (RFC 9112 3.2.2)
    if not _is_own(origin, host) or (named is not None and named != parse_host(host)):
        raise Failure.of("cross_site")


def check_content_type(request: Request) -> None:
    """Refuses a body that is not JSON, which a form of another site could send, or coded; before any handler runs.

    Raises:
        Failure: 415 `not_json`.
    """
    if not _has_body(request):
        return
    if not is_json(request.headers.get("content-type")):
        raise Failure.of("not_json")
    coding = request.headers.get("content-encoding")
    if coding is not None and coding.lower() != "identity":
        raise Failure.of("not_json", "The body must be sent as it is, not coded.", accept_encoding="identity")


def is_json(content_type: str | None) -> bool:
    """Whether a Content-Type names JSON in UTF-8; parameters other than `charset=utf-8` are refused."""
    kind, _, parameter = (content_type or "").lower().partition(";")
    return kind.strip(OWS) == "application/json" and parameter.strip(OWS).replace('"', "") in {
        "",
        "charset=utf-8",
    }


def _is_own(origin: str, host: str) -> bool:
    """Whether an origin is `https://` and the host of the request; the default port may be written or not."""
    return origin.lower().removesuffix(":443") == f"https://{host.lower()}".removesuffix(":443")


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length")
    return bool(request.body) or "transfer-encoding" in request.headers or (length or "0").strip("0") != ""
