"""One stored change of a notebook: a line of its log.

Owns the record that the update process stores, the snapshot and the log agree on, and its form on the wire
(P1). Does not check anything: what is in the log was checked before it was stored. Pure values, made in
the update process and read in every thread. Rules C1 (ids), C4 (numbers), P1 (wire form).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from server.domain.ids import Author, NotebookId

JsonValue = Any
"""What JSON can hold: None, bool, int, float, str, list and dict with str keys."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_text(value: JsonValue) -> str:
    """Writes a value as compact JSON, non-ASCII characters as they are, `<` as an escape.

    A `<` can stand inside strings only, so the replacement never touches the structure (T6).
    """
    return _ENCODER.encode(value).replace("<", "\\u003c")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A change as it stands in the log.

    Attributes:
        notebook_id: the notebook.
        seq: its number, 1, 2, 3, ... without gaps in each notebook (C4).
        op: the client's name of the change, unique in the notebook.
        author_id: `Author.id`, empty for a guest without a cookie.
        author_name: the name at the time of the change.
        at_ms: when it was accepted, ms since 1970 UTC.
        command: one of `a e c u r m s p`.
        data: for `a` the canonical fragment with its id, else the resolved data of the command.
        digest: 16 bytes over what the client sent, before ids were resolved (C3).
        group_id: for `a` the id of the stroke, for `c` the highest id covered, else 0.
    """

    notebook_id: NotebookId
    seq: int
    op: str
    author_id: str
    author_name: str
    at_ms: int
    command: str
    data: JsonValue
    digest: bytes
    group_id: int = 0

    @property
    def author(self) -> Author:
        """Who made the change."""
        return Author(self.author_id, self.author_name)

    def wire(self) -> bytes:
        """The entry as a member of `data` in an answer of `/UPDATE` (P1): one JSON object, UTF-8."""
        data = _ENCODER.encode(self.data) if self.command == "a" else json_text(self.data)
        tail = f',"id":"{self.group_id}"}}' if self.command in "ac" else "}"
        return (
            f'{{"seq":{self.seq},"command":"{self.command}","data":{data},"op":"{self.op}",'
            f'"author":{{"id":"{self.author_id}","name":{json_text(self.author_name)}}},"at":{self.at_ms}{tail}'
        ).encode()


@dataclass(frozen=True, slots=True)
class Known:
    """A change that the log holds already (C3): the answer is the one it got the first time.

    Attributes:
        op: the op that was sent again.
        seq: the number that it has.
        group_id: for `a` the id of the stroke, for `c` the highest id covered, else 0.
        command: its command.
    """

    op: str
    seq: int
    group_id: int
    command: str
