"""Share codes: what stands behind `nb=` in a link.

Owns how a code is made, what it looks like and the hash under which it is looked up. Does not know what a code
grants (storage, web). Pure but for the source of randomness, which is a parameter. Rules S2, S3.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from server.domain.tokens import RandomBytes, url_safe

_CODE = re.compile(r"[A-Za-z0-9_-]{22}")
_CODE_BYTES = 16


def generate_notebook_code(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """A new share code: 128 random bits as 22 URL-safe characters."""
    return url_safe(random_bytes(_CODE_BYTES))


def is_code(text: str) -> bool:
    """Whether a text has the form of a share code."""
    return _CODE.fullmatch(text) is not None


def code_hash(code: str) -> bytes:
    """SHA-256 of a code, 32 bytes: what it is looked up by."""
    return hashlib.sha256(code.encode()).digest()
