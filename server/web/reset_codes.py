"""The eight digits by which a forgotten password is replaced (A6).

Owns how they are drawn and hashed; the console shows them once, storage keeps the hash, for 15 minutes and five tries.
Used by the console (`password <user>`) and by `POST /api/account/reset`. Any thread that may block.
"""

from __future__ import annotations

from server.domain.ids import UserId
from server.domain.tokens import digits_hash, new_digits, read_digits
from server.storage.contracts import ResetStore

LIFE_S = 900


def issue_reset_code(resets: ResetStore, user_id: UserId, now_ms: int) -> str:
    """Draws a code for a user and stores its hash; an older one is gone.

    Returns:
        Eight digits, to be told to the user and to nobody else.
    """
    code = new_digits()
    resets.put(user_id, reset_code_hash(code), now_ms + LIFE_S * 1000)
    return code


def reset_code_hash(code: str) -> bytes:
    """The hash of a code as typed; spaces and hyphens between the digits do not count.

    What is no code at all has the hash of nothing that was ever issued, so that it costs a try like any other.
    """
    return digits_hash(read_digits(code) or "")
