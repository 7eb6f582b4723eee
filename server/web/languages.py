"""Which of the product's languages a visitor reads: what they chose, else by Accept-Language (RFC 9110 section 12.5.4).

Owns the list of languages, their direction and the name of the cookie in which the page keeps a choice (it says nothing
of who somebody is, and the page's script writes it). Linear in the length of the fields, never raises. Pure.
"""

from __future__ import annotations

from typing import Literal

from http_core.cookies import parse_cookies
from http_core.packet import Request

Language = Literal["en", "he"]
LANGUAGES: tuple[Language, ...] = ("en", "he")
_ALIASES: dict[str, Language] = {"en": "en", "he": "he", "iw": "he"}
_MOST_RANGES = 32
LANGUAGE_COOKIE = "__Host-language"
VARY = "Accept-Language, Cookie"
"""What an answer in the visitor's language depends on."""


def direction(language: Language) -> str:
    """`rtl` for Hebrew, else `ltr`."""
    return "rtl" if language == "he" else "ltr"


def language_of(request: Request) -> Language:
    """The language to answer a request in."""
    chosen = parse_cookies(request.headers.get("cookie")).get(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    return preferred_language(request.headers.get("accept-language"))


def preferred_language(accept_language: str | None) -> Language:
    """The language to answer in; English where the field says nothing of ours."""
    best: Language = "en"
    best_weight = 0.0
    for item in (accept_language or "").split(",", _MOST_RANGES)[:_MOST_RANGES]:
        tag, _, parameter = item.partition(";")
        language = _ALIASES.get(tag.strip().lower().partition("-")[0])
        weight = _weight(parameter)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    """The `q` of one range: 1 where it is absent, 0 where it is no number from 0 to 1."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    value = value.strip()
    if (
        name.strip().lower() != "q"
        or len(value) > 5
        or not value.replace(".", "", 1).isdecimal()
        or not value.isascii()
    ):
        return 0.0
    weight = float(value)
    return weight if weight <= 1.0 else 0.0
