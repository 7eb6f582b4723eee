"""Secrets that are given out: session and guest tokens, guest ids, digits to type, epochs.

Owns how they are made, what they look like, and the hash under which they are looked up. Does not know cookies
(web) or tables (storage). Pure but for the source of randomness, which is a parameter. Rules A3, A6, N3, S3.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_BYTES = 32


def url_safe(raw: bytes) -> str:
    """Bytes as base64 with the URL-safe alphabet, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def new_token(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """A token of 256 random bits for a session or a guest: 43 URL-safe characters."""
    return url_safe(random_bytes(_TOKEN_BYTES))


def is_token(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> bytes:
    """SHA-256 of a token, 32 bytes: the only form in which it is stored."""
    return hashlib.sha256(token.encode()).digest()


def new_guest_id(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """The public id of a guest: `g` and 16 hex digits; it tells nothing about the guest's token."""
    return f"g{random_bytes(8).hex()}"


def new_epoch(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """An epoch: 16 lower-case hex digits."""
    return random_bytes(8).hex()


def new_digits(random_below: Callable[[int], int] = secrets.randbelow) -> str:
    """Eight digits to type: a one-time code of `password <user>`, or a class code."""
    return f"{random_below(100_000_000):08d}"


def read_digits(text: str) -> str | None:
    """Eight digits as somebody typed them, spaces and hyphens between them allowed; None for anything else."""
    digits = text.replace(" ", "").replace("-", "") if len(text) <= 24 else ""
    return digits if re.fullmatch(r"[0-9]{8}", digits) else None


def digits_hash(digits: str) -> bytes:
    """SHA-256 of eight digits, 32 bytes."""
    return hashlib.sha256(digits.encode()).digest()
