"""Who and what: the ids, roles and authors that every other module speaks of.

Owns the distinct types of the ids, their grammar on the wire, the four roles of a notebook and the
author of a change. Does not know how ids are given out (storage) or how a request is turned into an
author (web). Pure values; any thread. Rules H3 (ids), N3 (roles), P1 and S3 (authors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

UserId = NewType("UserId", int)
NotebookId = NewType("NotebookId", int)

_ID = re.compile(r"[1-9][0-9]{0,9}")
_GROUP_ID = re.compile(r"[1-9][0-9]{0,8}")

MAX_GROUP_ID = 999_999_999


def parse_id(text: str) -> int | None:
    """Reads the id of a user or a notebook.

    Args:
        text: 1 to 10 ASCII digits that do not begin with 0.

    Returns:
        The id, or None where the text is anything else.
    """
    return int(text) if _ID.fullmatch(text) else None


def parse_group_id(value: object) -> int | None:
    """Reads a group id as a client may send it (C1): a string of 1 to 9 digits or an integer.

    Returns:
        The id, 1 to 999,999,999, or None where the value is anything else (also a bool).
    """
    if type(value) is str:
        return int(value) if _GROUP_ID.fullmatch(value) else None
    if type(value) is int:
        return value if 1 <= value <= MAX_GROUP_ID else None
    return None


class Role(IntEnum):
    """What somebody may do in a notebook; a greater role includes every smaller one."""

    VIEW = 0
    ADD = 1
    EDIT = 2
    OWNER = 3

    @property
    def word(self) -> str:
        """The role as it stands on the wire: `view`, `add`, `edit` or `owner`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Role | None:
        """The role that a word of the wire names, or None."""
        return next((role for role in cls if role.word == word), None)


SHARE_ROLES = (Role.VIEW, Role.ADD, Role.EDIT)


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a change.

    Attributes:
        id: `u` and the user's id, `g` and 16 lower-case hex digits for a guest, or empty for a guest
            without a cookie, who may append and erase but take nothing back (S3).
        name: the name that others see.
    """

    id: str
    name: str

    @classmethod
    def of_user(cls, user_id: UserId, name: str) -> Author:
        """The author that a logged-in user is."""
        return cls(f"u{user_id}", name)
