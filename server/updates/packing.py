"""The byte form of what crosses between the main process and the update process.

Owns both directions. Only plain values cross (tuples, numbers, text, bytes): a pickle that names classes looks each of
them up and calls it, which after a moment's rest takes four times as long, and every stroke crosses twice. Reading
gives the shapes of `messages` again, and nothing for what is none of them. Both processes; any thread. Threat F26.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Final

from server.domain.ids import Author, NotebookId, Role
from server.updates.messages import Answer, Applied, Flush, Forget, Message, Note, Outcome, Ping, Save, Stop

_SAVE: Final = "save"
_OTHERS: Final[dict[str, type[Forget | Flush | Ping | Stop]]] = {
    "forget": Forget,
    "flush": Flush,
    "ping": Ping,
    "stop": Stop,
}
_NAMES: Final = {kind: name for name, kind in _OTHERS.items()}
_ROLES: Final = {role.value: role for role in Role}


def packed(messages: Sequence[Message]) -> bytes:
    """A list of messages as bytes (main process)."""
    return pickle.dumps([_plain(message) for message in messages], pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> list[Message | None]:
    """The list again; None in the place of what is no message (update process).

    Raises:
        Exception: of whatever kind, when the bytes are no list.
    """
    return [_message(plain) for plain in pickle.loads(data)]  # noqa: S301 - only the parent writes to this pipe


def packed_outcome(outcome: Outcome) -> bytes:
    """An outcome as bytes (update process)."""
    plain = tuple([tuple(item) for item in items] for items in outcome)
    return pickle.dumps(plain, pickle.HIGHEST_PROTOCOL)


def unpacked_outcome(data: bytes) -> Outcome:
    """The outcome again (main process).

    Raises:
        Exception: of whatever kind, when the bytes are none.
    """
    answers, applied, notes = pickle.loads(data)  # noqa: S301 - only our own child writes to this queue
    return Outcome(
        [Answer._make(item) for item in answers],
        [Applied._make(item) for item in applied],
        [Note._make(item) for item in notes],
    )


def _plain(message: Message) -> tuple[object, ...]:
    if isinstance(message, Save):
        number, notebook_id, author, role, body, now_ms, epoch = message
        return _SAVE, number, notebook_id, author.id, author.name, role.value, body, now_ms, epoch
    return _NAMES[type(message)], *message


def _message(plain: object) -> Message | None:
    match plain:
        case (
            "save",
            int() as number,
            int() as notebook_id,
            str() as author_id,
            str() as name,
            role,
            bytes() as body,
            int() as now_ms,
            str() as epoch,
        ) if role in _ROLES:
            author = Author(author_id, name)
            return Save(number, NotebookId(notebook_id), author, _ROLES[role], body, now_ms, epoch)
        case (str() as kind, *rest) if kind in _OTHERS and len(rest) == len(_OTHERS[kind]._fields):
            return _OTHERS[kind]._make(rest)
    return None
