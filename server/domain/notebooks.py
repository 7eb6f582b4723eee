"""Titles and descriptions of notebooks.

Owns which texts are allowed; what is allowed comes back exactly as it was sent, so nothing is normalised or
trimmed. Does not know how they are shown: they are text, never markup. Pure; any thread. Rule N2, threat T6.
"""

from __future__ import annotations

import unicodedata

from server.domain.failures import Failure

MAX_TITLE = 200
MAX_DESCRIPTION = 2_000


def _has_control(text: str, allowed: str) -> bool:
    return any(
        unicodedata.category(character) in ("Cc", "Cs") and character not in allowed for character in text
    )


def check_title(raw: object) -> str:
    """A title: 1 to 200 characters, no control characters.

    Raises:
        Failure: 400 `bad_type`, 422 `bad_title`.
    """
    if type(raw) is not str:
        raise Failure.of("bad_type", "A title is a string.")
    if not 1 <= len(raw) <= MAX_TITLE or _has_control(raw, ""):
        raise Failure.of("bad_title")
    return raw


def check_description(raw: object) -> str:
    """A description: 0 to 2,000 characters, no control characters but line ends.

    Raises:
        Failure: 400 `bad_type`, 422 `bad_description`.
    """
    if type(raw) is not str:
        raise Failure.of("bad_type", "A description is a string.")
    if len(raw) > MAX_DESCRIPTION or _has_control(raw, "\r\n"):
        raise Failure.of("bad_description")
    return raw
