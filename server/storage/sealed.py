"""Encryption at rest: AES-256-GCM under the storage key.

Owns the form of sealed bytes and the key's id. Does not own the key file (`storage_key`) nor decide what is
sealed (the stores do). Associated data says what the bytes are and whose, so that one sealed value cannot be put
in another's place. Any thread, any process. Source of the construction: NIST SP 800-38D, 96-bit random nonces.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_VERSION: Final = b"\x01"
OVERHEAD_BYTES: Final = len(_VERSION) + _NONCE_BYTES + _TAG_BYTES


class SealBroken(Exception):
    """The bytes were not sealed under this key for this purpose, or were altered since."""


class Sealer:
    """Seals and opens byte strings; holds the key."""

    __slots__ = ("_cipher", "_random", "key_id")

    def __init__(self, key: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        """Takes a key of 32 bytes; `random` gives the nonces."""
        if len(key) != KEY_BYTES:
            raise ValueError("a storage key has 32 bytes")
        self._cipher: Final = AESGCM(key)
        self._random: Final = random
        self.key_id: Final = hashlib.blake2b(key, digest_size=8, person=b"notebooks-key-id").hexdigest()

    def seal(self, plain: bytes, what: str) -> bytes:
        """Seals bytes; `what` must be given again to open them."""
        nonce = self._random(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, what.encode())

    def seal_many(self, items: Iterable[tuple[bytes, str]]) -> list[bytes]:
        """Seals (plain, what) pairs with one call for random bytes."""
        pairs = list(items)
        nonces = self._random(_NONCE_BYTES * len(pairs))
        encrypt = self._cipher.encrypt
        sealed: list[bytes] = []
        at = 0
        for plain, what in pairs:
            nonce = nonces[at : at + _NONCE_BYTES]
            at += _NONCE_BYTES
            sealed.append(_VERSION + nonce + encrypt(nonce, plain, what.encode()))
        return sealed

    def open(self, sealed: bytes, what: str) -> bytes:
        """The bytes that were sealed.

        Raises:
            SealBroken: another key, another purpose, altered or cut short.
        """
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _VERSION:
            raise SealBroken("not sealed bytes of this version")
        try:
            return self._cipher.decrypt(
                sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], what.encode()
            )
        except InvalidTag:
            raise SealBroken("sealed under another key or for another purpose, or altered") from None

    def seal_text(self, text: str, what: str) -> bytes:
        """Seals text as UTF-8."""
        return self.seal(text.encode(), what)

    def open_text(self, sealed: bytes, what: str) -> str:
        """The text that was sealed. Raises SealBroken."""
        return self.open(sealed, what).decode()
