"""Judging new changes: rights, ids, ops and numbers, before anything is stored.

Owns what makes a change acceptable in a notebook as it stands, and how the references of a change are resolved
into ids. Reads the document, never alters it; what comes earlier in the same list counts as done. Pure; runs in
the update process. Rules C1 (ids), C3, C4, C5 (quota), C6 (`u`, `r`, `upto`), S3 (rights).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from server.domain.change import Change
from server.domain.cut_intervals import union
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.domain.log_entry import JsonValue, Known, LogEntry, json_text
from server.domain.stroke import Deed, Stroke


@dataclass(frozen=True, slots=True)
class NotebookLimits:
    """Quotas of one notebook."""

    max_strokes: int = 250_000
    max_bytes: int = 512 * 1024 * 1024


class StandingDocument(Protocol):
    """What judging reads of a notebook as it stands; `svg_document.NotebookDocument` is one."""

    notebook_id: NotebookId
    limits: NotebookLimits
    seq: int
    size_bytes: int

    @property
    def next_id(self) -> int:
        """The id that the next stroke gets."""

    def known(self, op: str) -> Stroke | Deed | None:
        """What the op table holds for an op."""

    def highest_id_upto(self, seq: int) -> int:
        """The greatest group id whose stroke has a number <= seq, 0 where there is none."""

    def author_of(self, group_id: int) -> str:
        """`Author.id` of who drew a stroke that was given."""


def new_server_op() -> str:
    """An op for a change that came without one."""
    return f"server-{secrets.token_hex(12)}"


def payload_of(entry: LogEntry) -> tuple[str, Any]:
    """The kind and payload of the deed that an entry other than `a`, `u` and `r` is (see `Deed`).

    Raises:
        ValueError, KeyError, TypeError: the entry is not one that `prepare` made.
    """
    data = entry.data
    match entry.command:
        case "e" if "cuts" in data:
            cuts = data["cuts"].items()
            return "x", tuple((int(key), tuple((start, end) for start, end in pairs)) for key, pairs in cuts)
        case "e":
            return "e", tuple(map(int, data["ids"] if "ids" in data else [data["id"]]))
        case "c":
            return "c", data["upto"]
        case "m":
            return "m", (tuple(map(int, data["ids"])), (*data["by"], *data.get("scale", ())))
        case "s":
            return "s", (tuple(map(int, data["ids"])), data["fill"])
        case "p":
            return "p", (data["paper"], data["margin"])
        case other:
            raise ValueError(f"unknown command {other}")


class Preparation:
    """One list of changes on its way to numbers."""

    def __init__(
        self, document: StandingDocument, author: Author, role: Role, now_ms: int, new_op: Callable[[], str]
    ) -> None:
        self._document = document
        self._author = author
        self._role = role
        self._now_ms = now_ms
        self._new_op = new_op
        self._seq = document.seq
        self._next_id = document.next_id
        self._size_bytes = document.size_bytes
        self._fresh: dict[str, LogEntry] = {}
        self._fresh_strokes: list[int] = []  # numbers of the strokes of this list

    def judge_all(self, changes: Sequence[Change]) -> list[LogEntry | Known]:
        """See `NotebookDocument.prepare`."""
        prepared: list[LogEntry | Known] = []
        for index, change in enumerate(changes):
            try:
                prepared.append(self._judge(change))
            except Failure as failure:
                raise failure.at(change.op, index) from None
        return prepared

    def _judge(self, change: Change) -> LogEntry | Known:
        """The entry of one change, or where it stands in the log already."""
        if change.op is not None:
            known = self._known(change.op, change)
            if known is not None:
                return known
        if self._role is Role.VIEW:
            raise Failure.of("role_forbids")
        data, group_id = self._resolve(change)
        self._seq += 1
        entry = LogEntry(
            self._document.notebook_id,
            self._seq,
            change.op if change.op is not None else self._chosen_op(),
            self._author.id,
            self._author.name,
            self._now_ms,
            change.command,
            data,
            change.digest,
            group_id,
        )
        self._check_quota(change.command, data)
        self._fresh[entry.op] = entry
        return entry

    def _check_quota(self, command: str, data: JsonValue) -> None:
        """Holds new strokes to the quotas; what takes ink away still fits into an eighth more."""
        limits = self._document.limits
        if command == "a":
            self._size_bytes += len(data)
            full = self._size_bytes > limits.max_bytes or self._next_id - 1 > limits.max_strokes
        else:
            self._size_bytes += len(json_text(data))
            full = self._size_bytes > limits.max_bytes * 9 // 8
        if full:
            raise Failure.of("notebook_full")

    def _known(self, op: str, change: Change) -> Known | None:
        stored: Stroke | Deed | LogEntry | None = self._fresh.get(op) or self._document.known(op)
        if stored is None:
            return None
        if stored.digest != change.digest:
            raise Failure.of("op_reused")
        match stored:
            case LogEntry():
                group_id = stored.group_id
            case Stroke():
                group_id = stored.id
            case Deed():
                group_id = self._document.highest_id_upto(stored.payload) if stored.kind == "c" else 0
        return Known(op, stored.seq, group_id, stored.command)

    def _chosen_op(self) -> str:
        while True:
            op = self._new_op()
            if op not in self._fresh and self._document.known(op) is None:
                return op

    def _resolve(self, change: Change) -> tuple[JsonValue, int]:
        """The data as it is stored, with the group id of the entry."""
        data = change.data
        match change.command:
            case "a":
                group_id = self._next_id
                self._next_id += 1
                self._fresh_strokes.append(self._seq + 1)
                return f'<g id="{group_id}"{data[2:]}', group_id
            case "e" if "cuts" in data:
                named = self._given_cuts(data["cuts"])
                self._check_own(named)
                return {"cuts": {str(group_id): cuts for group_id, cuts in named.items()}}, 0
            case "e" if "id" in data:
                ids = self._given_ids([data["id"]])
                self._check_own(ids)
                return ({"type": "g", "id": str(ids[0])} if ids else {"ids": []}), 0
            case "e" | "m" | "s":
                ids = self._given_ids(data["ids"])
                self._check_own(ids)
                return {**data, "ids": [str(group_id) for group_id in ids]}, 0
            case "c":
                self._need(Role.EDIT)
                upto = min(data["upto"], self._seq)
                return {"upto": upto}, self._highest_id_upto(upto)
            case "p":
                self._need(Role.OWNER)
                return data, 0
            case _:
                self._check_target(data["op"], change.command)
                return data, 0

    def _highest_id_upto(self, seq: int) -> int:
        return self._document.highest_id_upto(seq) + sum(fresh <= seq for fresh in self._fresh_strokes)

    def _given(self, reference: str) -> int | None:
        """The id that a reference stands for; None where no such stroke was given."""
        if not reference.startswith("op:"):
            group_id = int(reference)
            return group_id if group_id < self._next_id else None
        op = reference[3:]
        fresh = self._fresh.get(op)
        if fresh is not None:
            return fresh.group_id if fresh.command == "a" else None
        stored = self._document.known(op)
        return stored.id if isinstance(stored, Stroke) else None

    def _given_ids(self, references: Iterable[str]) -> list[int]:
        given = (self._given(reference) for reference in references)
        return list(dict.fromkeys(group_id for group_id in given if group_id is not None))

    def _given_cuts(self, cuts: Mapping[str, list[list[int]]]) -> dict[int, list[list[int]]]:
        named: dict[int, list[list[int]]] = {}
        for reference, pairs in cuts.items():
            group_id = self._given(reference)
            if group_id is not None:
                joined = union((start, end) for start, end in [*named.get(group_id, []), *pairs])
                named[group_id] = [list(pair) for pair in joined]
        return named

    def _need(self, role: Role) -> None:
        if self._role < role:
            raise Failure.of("role_forbids")

    def _is_own(self, author_id: str) -> bool:
        return bool(author_id) and author_id == self._author.id

    def _check_own(self, ids: Iterable[int]) -> None:
        """Below `edit`, only strokes of one's own may be touched."""
        if self._role >= Role.EDIT:
            return
        for group_id in ids:
            fresh = group_id >= self._document.next_id
            if not self._is_own(self._author.id if fresh else self._document.author_of(group_id)):
                raise Failure.of("role_forbids")

    def _check_target(self, op: str, command: str) -> None:
        """Whether a `u` or `r` may name this op."""
        target: Stroke | Deed | LogEntry | None = self._fresh.get(op) or self._document.known(op)
        if target is None or target.command in ("u", "r"):
            raise Failure.of("unknown_op")
        if not self._author.id:
            raise Failure.of("role_forbids")
        if self._role is Role.OWNER or (target.command == "c" and self._role >= Role.EDIT):
            return
        if not self._is_own(target.author_id):
            raise Failure.of("role_forbids")
        if command == "r":
            self._check_again(target)

    def _check_again(self, target: Stroke | Deed | LogEntry) -> None:
        """A change that is put into force again must be one that its author may make now."""
        if target.command == "c":
            self._need(Role.EDIT)
        elif target.command == "p":
            self._need(Role.OWNER)
        elif isinstance(target, Deed):
            self._check_own(target.stroke_ids())
