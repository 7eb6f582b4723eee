"""User names and passwords.

Owns which names and passwords are allowed, by what a name is unique, and how a password is hashed (Argon2id,
19 MiB, two passes, one lane). Does not know accounts as rows (storage), attempts (web) or who may hash at the same
time (web: two at once). Pure but for the salt, whose source is a parameter. Rules A1, A2, S3; threats T40, T43.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from server.domain.common_passwords import COMMON_PASSWORDS
from server.domain.failures import Failure
from server.domain.tokens import RandomBytes

MAX_NAME = 30
MIN_PASSWORD = 8
MAX_PASSWORD = 1_024
_MAX_RAW_NAME = 200
_ONE_KEY_CHARS = 16

GUEST_NAME = "Guest"
"""What somebody without an account and without a name of their own is called; no account is."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]+"
)
"""Letters and marks that show nothing by themselves; they are in good names too, beside what they belong to."""

_SALT_BYTES = 16
_HASH_BYTES = 32
_STORED = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9])\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)


def _allowed_in_name(character: str) -> bool:
    if character == " ":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co") and not character.isspace()


def check_username(raw: object) -> tuple[str, str]:
    """A user's or a guest's name.

    Args:
        raw: what was sent; it is normalised to NFKC.

    Returns:
        The name to show (1 to 30 characters), and the key by which names are compared: equal for names that
        differ only in case or compatibility forms.

    Raises:
        Failure: 400 `bad_type`, 422 `bad_name`.
    """
    if type(raw) is not str:
        raise Failure.of("bad_type", "A name is a string.")
    if len(raw) > _MAX_RAW_NAME:
        raise Failure.of("bad_name")
    name = unicodedata.normalize("NFKC", raw)
    if not 1 <= len(name) <= MAX_NAME or not all(map(_allowed_in_name, name)):
        raise Failure.of("bad_name")
    if name != name.strip(" ") or "  " in name or not _INVISIBLE.sub("", name).strip(" "):
        raise Failure.of("bad_name")
    return name, name_key(name)


def check_account_name(raw: object) -> tuple[str, str]:
    """The name of a new account: as `check_username`, but not the one that all guests share.

    Raises:
        Failure: as `check_username`, and 409 `name_taken`.
    """
    name, key = check_username(raw)
    if seen_key(name) == name_key(GUEST_NAME):
        raise Failure.of("name_taken")
    return name, key


def name_key(name: str) -> str:
    """The key of a normalised name: case folded, then normalised again until nothing changes."""
    key = unicodedata.normalize("NFKC", name.casefold())
    return unicodedata.normalize("NFKC", key.casefold())


def seen_key(name: str) -> str:
    """The key of what is seen of a name: a guest's may not be an account's with something invisible in it."""
    return name_key(_INVISIBLE.sub("", name))


def check_password(raw: object) -> str:
    """A new password: 8 to 1,024 code points, not one of the commonest; never trimmed or normalised.

    Raises:
        Failure: 400 `bad_type`, 422 `bad_password` or `password_common`.
    """
    if type(raw) is not str:
        raise Failure.of("bad_type", "A password is a string.")
    if not MIN_PASSWORD <= len(raw) <= MAX_PASSWORD:
        raise Failure.of("bad_password")
    if raw.casefold() in COMMON_PASSWORDS or _is_one_key(raw):
        raise Failure.of("password_common")
    return raw


def _is_one_key(raw: str) -> bool:
    """Whether one key was pressed eight times or a little more, as in every list of passwords tried first.

    What is longer, or no key of every keyboard, stands in no such list and is as good as any (A1).
    """
    return len(raw) <= _ONE_KEY_CHARS and raw.isascii() and len(set(raw)) == 1


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return binascii.a2b_base64(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored hash taken apart."""

    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    hash: bytes


def _take_apart(stored: str) -> _Stored | None:
    match = _STORED.fullmatch(stored)
    if match is None:
        return None
    try:
        salt, hash_ = _decode(match[4]), _decode(match[5])
    except binascii.Error:
        return None
    return _Stored(int(match[1]), int(match[2]), int(match[3]), salt, hash_)


class PasswordHasher:
    """Hashes passwords with Argon2id; each call takes some 40 ms and releases the GIL meanwhile."""

    def __init__(
        self,
        *,
        memory_kib: int = 19_456,
        passes: int = 2,
        lanes: int = 1,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._memory_kib = memory_kib
        self._passes = passes
        self._lanes = lanes
        self._random_bytes = random_bytes

    def hash(self, password: str) -> str:
        """The string to store: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`."""
        salt = self._random_bytes(_SALT_BYTES)
        made = _Stored(self._memory_kib, self._passes, self._lanes, salt, b"\0" * _HASH_BYTES)
        parameters = f"m={made.memory_kib},t={made.passes},p={made.lanes}"
        return f"$argon2id$v=19${parameters}${_encode(salt)}${_encode(_derive(password, made))}"

    def verify(self, password: str, stored: str) -> bool:
        """Whether a password is the one behind a stored hash; False too where the hash is malformed."""
        parts = _take_apart(stored)
        if parts is None:
            self.verify_dummy(password)
            return False
        return hmac.compare_digest(_derive(password, parts), parts.hash)

    def needs_rehash(self, stored: str) -> bool:
        """Whether a stored hash was made with other parameters than this hasher's."""
        parts = _take_apart(stored)
        return parts is None or (parts.memory_kib, parts.passes, parts.lanes, len(parts.hash)) != (
            self._memory_kib,
            self._passes,
            self._lanes,
            _HASH_BYTES,
        )

    def verify_dummy(self, password: str) -> None:
        """Takes the time of `verify`, for a user that does not exist (T43)."""
        _derive(
            password, _Stored(self._memory_kib, self._passes, self._lanes, b"\0" * _SALT_BYTES, b"\0" * 32)
        )


def _derive(password: str, stored: _Stored) -> bytes:
    function = Argon2id(
        salt=stored.salt,
        length=len(stored.hash),
        iterations=stored.passes,
        lanes=stored.lanes,
        memory_cost=stored.memory_kib,
    )
    return function.derive(password.encode("utf-8", "surrogatepass"))
