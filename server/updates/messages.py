"""What crosses between the main process and the update process.

Owns the shapes of both directions: lists of `Message` go down the pipe, one `Outcome` a committed batch comes back on
the queue (`packing` has their byte form). Bodies and answers stay bytes, so that the main process neither parses nor
builds the JSON of a save. No behaviour. Rules C2, P1.
"""

from __future__ import annotations

from typing import NamedTuple

from server.domain.ids import Author, NotebookId, Role


class Save(NamedTuple):
    """One POST of changes; `body` is the raw JSON, `now_ms` when it arrived (milliseconds since 1970 UTC).

    `epoch` is the one its page had loaded, empty where it did not say: under another one, what the page had stored
    before these changes may be missing, and they would get ahead of it.
    """

    request_id: int
    notebook_id: NotebookId
    author: Author
    role: Role
    body: bytes
    now_ms: int
    epoch: str = ""


class Forget(NamedTuple):
    """Close a notebook: it was deleted, restored or given a new epoch. Answered after every earlier save of it."""

    request_id: int
    notebook_id: NotebookId


class Flush(NamedTuple):
    """Write a snapshot of every notebook whose own is behind its log, open or not; answered when all are on disk."""

    request_id: int


class Ping(NamedTuple):
    """Answered by the loop itself, between two batches."""

    request_id: int


class Stop(NamedTuple):
    """Store what has arrived, write the snapshots and leave."""


Message = Save | Forget | Flush | Ping | Stop


class Answer(NamedTuple):
    """The answer to one message; `body` is the JSON of a save's answer and empty for the others."""

    request_id: int
    status: int
    body: bytes


class Applied(NamedTuple):
    """What one batch did to one notebook, ready to be pushed.

    Attributes:
        notebook_id: whose log it is.
        epoch: 16 hex digits.
        from_seq: the number before the first entry.
        to_seq: the number of the last entry; equal to `from_seq` when the notebook was only (re)loaded and the
            log may hold entries that were never pushed.
        entries: the wire JSON of each entry, `from_seq + 1` to `to_seq`.
        strokes: canonical fragments, as of `to_seq`, of the visible strokes that the batch altered in a way
            the entries alone do not tell (P1).
        hidden: the ids of such strokes that are not visible.
        only_appends: nothing in it touches a stroke that existed before.
        reload: the fragments would be more than an answer should carry.
    """

    notebook_id: NotebookId
    epoch: str
    from_seq: int
    to_seq: int
    entries: list[bytes]
    strokes: dict[int, str]
    hidden: list[int]
    only_appends: bool
    reload: bool

    @property
    def has_effects(self) -> bool:
        """Whether a poll that gets it must also get strokes, hidden or reload."""
        return bool(self.strokes or self.hidden or self.reload)


class Note(NamedTuple):
    """A line for the server's log, written by the main process; `level` as in `logging`."""

    level: int
    text: str


class Outcome(NamedTuple):
    """All that one committed batch has to say: `applied` goes to the readers, then `answers` to the writers."""

    answers: list[Answer]
    applied: list[Applied]
    notes: list[Note]
