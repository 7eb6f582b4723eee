"""What a route asks, what a request claims, and what it is given: the words in which access is spoken of.

Owns the values that pass between the route table, the gatekeeper and the handlers; decides nothing (`access` does).
All are immutable and may be shared by threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from server.domain.accounts import GUEST_NAME
from server.domain.ids import Author, Role
from server.storage.contracts import Guest, Notebook, Session, User


class Access(Enum):
    """What a route asks of whoever calls it."""

    ANYONE = "no session and no notebook is looked at before the handler"
    SESSION = "a session, else 401"
    OWNER = "a session, and the notebook named in path or query is the user's own, else 404"
    OWNER_BODY = "a session; the handler asks for the user's own notebook, which the body names"
    NOTEBOOK = "a session and an own notebook by id, or a share code"
    NOTEBOOK_BODY = "a session; the handler asks for the notebook by the id or code in the body"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request claims: who it comes from and which notebook it names.

    Attributes:
        session_hash: of the session cookie's token.
        peer: the client's address, for the budget of guessed codes.
        by_id: the notebook's id as text of path or query, None where it names none.
        by_code: the share code of the query, None where it names none.
    """

    session_hash: bytes | None
    peer: str
    by_id: str | None = None
    by_code: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user and the session that says so."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request may do with one notebook.

    Attributes:
        notebook: its row, at most one second old.
        role: the greater of what the session and the code allow (S3).
        code_hash: of the code it came by, None for the owner's own address.
        until_ms: when the code expires, None for never.
    """

    notebook: Notebook
    role: Role
    code_hash: bytes | None = None
    until_ms: int | None = None


def author_of(signed_in: SignedIn | None, guest: Guest | None) -> Author:
    """Who makes a change: the user, else the guest, else a guest without a cookie, who owns nothing (S3)."""
    if signed_in is not None:
        return Author.of_user(signed_in.user.id, signed_in.user.username)
    if guest is not None:
        return Author(guest.guest_id, guest.name)
    return Author("", GUEST_NAME)
