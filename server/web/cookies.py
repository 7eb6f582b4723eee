"""The product's two cookies: the session's and the guest's (A3, S3).

Owns their names, attributes and life, and the step from a cookie to the hash by which storage knows its token. A
value that is no token of ours is as good as absent, and no client's value is ever adopted. Pure; any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from http_core.cookies import format_set_cookie, parse_cookies
from http_core.packet import Request
from server.domain.tokens import is_token, token_hash

SESSION_COOKIE = "__Host-session"
GUEST_COOKIE = "__Host-guest"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request's cookies claim: hashes of tokens, not yet looked up."""

    session_hash: bytes | None = None
    guest_hash: bytes | None = None


def credentials_of(request: Request) -> Credentials:
    """Reads the two cookies of a request."""
    field = request.headers.get("cookie")
    if field is None:
        return Credentials()
    cookies = parse_cookies(field)
    return Credentials(_hash(cookies.get(SESSION_COOKIE)), _hash(cookies.get(GUEST_COOKIE)))


def session_cookie(token: str, max_age_s: int) -> tuple[str, str]:
    """The field that opens a session in the browser."""
    return "Set-Cookie", format_set_cookie(SESSION_COOKIE, token, max_age_s=max_age_s)


def ended_session_cookie() -> tuple[str, str]:
    """The field that takes the session out of the browser."""
    return "Set-Cookie", format_set_cookie(SESSION_COOKIE, "", max_age_s=0)


def guest_cookie(token: str, max_age_s: int) -> tuple[str, str]:
    """The field by which a browser keeps its guest."""
    return "Set-Cookie", format_set_cookie(GUEST_COOKIE, token, max_age_s=max_age_s)


def _hash(value: str | None) -> bytes | None:
    return token_hash(value) if value is not None and is_token(value) else None
