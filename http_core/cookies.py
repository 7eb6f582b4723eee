"""The Cookie field read in linear time, the Set-Cookie field written strictly.

Reading is forgiving pair by pair: browsers send whatever other programs on this host have set, and a bad
neighbour must not hide a good cookie. Writing refuses everything outside RFC 6265 section 4.1. Pure
functions; what a cookie means is decided elsewhere.
"""

import re
from typing import Final, Literal

from http_core.grammar import TOKEN
from http_core.headers import OWS

_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*+")
_PATH: Final = re.compile(r"/[\x21-\x3a\x3c-\x7e]*+")


def parse_cookies(field: str | None) -> dict[str, str]:
    """Reads the value of a Cookie field (None and "" give an empty dict).

    Pairs outside the grammar are skipped. A name that comes twice with different values is left out:
    nobody can say which of the two is meant, so neither is trusted.
    """
    cookies: dict[str, str] = {}
    if not field:
        return cookies
    doubtful = set()
    for pair in field.split(";"):
        name, equals, value = pair.partition("=")
        name, value = name.strip(OWS), value.strip(OWS)
        if not equals or not TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            continue
        if cookies.setdefault(name, value) != value:
            doubtful.add(name)
    for name in doubtful:
        del cookies[name]
    return cookies


def format_set_cookie(
    name: str,
    value: str,
    *,
    max_age_s: int | None = None,
    path: str = "/",
    secure: bool = True,
    http_only: bool = True,
    same_site: Literal["Lax", "Strict"] = "Lax",
) -> str:
    """Writes the value of a Set-Cookie field.

    Args:
        name: a token; the prefixes `__Host-` and `__Secure-` are held to their conditions.
        value: cookie octets, no quotes.
        max_age_s: lifetime in seconds; 0 deletes the cookie, None makes it end with the browser session.
        path: where it is sent back.
        secure: only over TLS.
        http_only: hidden from scripts.
        same_site: whether navigations from other sites carry it.

    Raises:
        ValueError: anything a browser would read differently or drop.
    """
    if not TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or not _PATH.fullmatch(path):
        raise ValueError("a cookie has a name, value or path outside its grammar")
    if max_age_s is not None and max_age_s < 0:
        raise ValueError("a cookie cannot last less than no time")
    if name.startswith(("__Host-", "__Secure-")) and not secure:
        raise ValueError("a cookie with this prefix has to be secure")
    if name.startswith("__Host-") and path != "/":
        raise ValueError("a cookie with this prefix has the path /")
    parts = [f"{name}={value}", f"Path={path}"]
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    parts.append(f"SameSite={same_site}")
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    return "; ".join(parts)
