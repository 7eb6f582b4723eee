"""The document of a notebook: what its log amounts to.

Owns the reducer (C1 to C6): which strokes there are, which are visible, how they look now, and the table of ops.
`apply` takes the log entry by entry; `prepare` judges new changes without altering anything. Every record in it is
immutable, so that a dump stays what it was while later changes are applied. Does no I/O; used by one thread at a
time, except that the iterator of `dump` may be read in another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from server.domain.change import Change
from server.domain.ids import Author, NotebookId, Role
from server.domain.log_entry import Known, LogEntry, json_text
from server.domain.preparation import NotebookLimits, Preparation, new_server_op, payload_of
from server.domain.stroke import Deed, Drawn, Stroke, deed_from_record, drawn, stroke_from_record
from server.domain.svg_page import page_of

DUMP_VERSION = 1
_NONE: frozenset[int] = frozenset()


class NotebookDocument:
    """A notebook as of one number of its log.

    Attributes:
        notebook_id: the notebook.
        seq: the number of the last change applied, 0 for a new notebook.
        size_bytes: the sum of the lengths of all change data, for the quota.
        limits: the quotas that `prepare` holds changes to.
    """

    def __init__(self, notebook_id: NotebookId, limits: NotebookLimits | None = None) -> None:
        self.notebook_id = notebook_id
        self.limits = limits or NotebookLimits()
        self.seq = 0
        self.size_bytes = 0
        self._strokes: list[Stroke] = []
        self._stroke_seqs: list[int] = []
        self._ops: dict[str, Stroke | Deed] = {}
        self._clears: dict[str, int] = {}
        self._cleared_upto = 0
        self._papers: list[tuple[int, str, str]] = []
        self._drawn: dict[int, Drawn] = {}

    # What is there

    @property
    def next_id(self) -> int:
        """The id that the next stroke gets."""
        return len(self._strokes) + 1

    @property
    def paper(self) -> str:
        """The paper in force: `plain`, `ruled`, `squared` or `dotted`."""
        return self._papers[-1][1] if self._papers else "plain"

    @property
    def margin(self) -> str:
        """The margin in force: `left`, `right` or `none`."""
        return self._papers[-1][2] if self._papers else "none"

    def _visible(self, stroke: Stroke) -> bool:
        return stroke.in_force and not stroke.hides and stroke.seq > self._cleared_upto

    def _drawn_now(self, stroke: Stroke) -> str:
        if not stroke.cuts and not stroke.mods:
            return stroke.fragment
        now = self._drawn[stroke.id] = drawn(stroke, self._drawn.get(stroke.id))
        return now.text

    def stroke(self, group_id: int) -> str | None:
        """The canonical fragment of a stroke as it looks now; None where it is hidden or was never given."""
        if not 0 < group_id < self.next_id:
            return None
        stroke = self._strokes[group_id - 1]
        return self._drawn_now(stroke) if self._visible(stroke) else None

    def visible_ids(self) -> list[int]:
        """The ids of all visible strokes, in order."""
        return [stroke.id for stroke in self._strokes if self._visible(stroke)]

    def fragments(self) -> Iterator[str]:
        """The canonical fragments of all visible strokes, in order of id, as of the moment of the call."""
        return map(self._drawn_now, [stroke for stroke in self._strokes if self._visible(stroke)])

    def render_document(self, epoch: str, title: str = "") -> Iterator[bytes]:
        """The whole SVG document (N3, N6), UTF-8, in pieces of some 64 KiB.

        Args:
            epoch: the notebook's epoch, 16 lower-case hex digits.
            title: what `title` of the document says; left out where empty.
        """
        return page_of(
            self.fragments(), seq=self.seq, epoch=epoch, paper=self.paper, margin=self.margin, title=title
        )

    def highest_id_upto(self, seq: int) -> int:
        """The greatest group id whose stroke has a number <= seq, 0 where there is none."""
        return bisect_right(self._stroke_seqs, seq)

    def author_of(self, group_id: int) -> str:
        """`Author.id` of who drew a stroke that was given.

        Raises:
            IndexError: no such stroke was given.
        """
        return self._strokes[group_id - 1].author_id

    def ids_of(self, author_id: str) -> list[tuple[int, int]]:
        """The ids of all strokes of an author, hidden ones too, as ranges (first, last) in order."""
        ranges: list[tuple[int, int]] = []
        for stroke in self._strokes:
            if stroke.author_id != author_id:
                continue
            if ranges and ranges[-1][1] == stroke.id - 1:
                ranges[-1] = (ranges[-1][0], stroke.id)
            else:
                ranges.append((stroke.id, stroke.id))
        return ranges

    def known(self, op: str) -> Stroke | Deed | None:
        """What the op table holds for an op."""
        return self._ops.get(op)

    # What is to come

    def prepare(
        self,
        changes: Sequence[Change],
        author: Author,
        role: Role,
        now_ms: int,
        new_op: Callable[[], str] = new_server_op,
    ) -> list[LogEntry | Known]:
        """Judges changes and numbers them, without altering the document.

        Args:
            changes: the list of one POST, in order.
            author: who sends them.
            role: what they may do here.
            now_ms: the time of the entries.
            new_op: gives an op to a change that came without.

        Returns:
            For each change its log entry, or `Known` where it is stored already or repeated in the list.

        Raises:
            Failure: the first change that is refused, with `op` and `index` (C2).
        """
        return Preparation(self, author, role, now_ms, new_op).judge_all(changes)

    def apply(self, entry: LogEntry) -> frozenset[int]:
        """Takes the next entry of the log.

        Returns:
            What its wire entry does not tell by itself (P1): the strokes that were hidden or shown by a `u` or `r`, or
            altered other than by a plain `m` or `s`; whoever reads them asks the document how they look now.

        Raises:
            ValueError: its number, id or command does not fit.
            KeyError: it names an op that is not there.
        """
        if entry.seq != self.seq + 1 or entry.op in self._ops:
            raise ValueError(f"entry {entry.seq} does not follow on {self.seq}")
        affected = _NONE
        if entry.command == "a":
            self._append(entry)
        elif entry.command in ("u", "r"):
            affected = self._turn(entry.data["op"], entry.command == "r")
            self._ops[entry.op] = self._deed(entry, entry.command, entry.data["op"])
        else:
            deed = self._deed(entry, *payload_of(entry))
            self._ops[entry.op] = deed
            self._put(deed, True)
            if deed.kind == "x":
                affected = frozenset(deed.stroke_ids())
        self.seq = entry.seq
        self.size_bytes += len(entry.data if entry.command == "a" else json_text(entry.data))
        return affected

    @staticmethod
    def _deed(entry: LogEntry, kind: str, payload: Any) -> Deed:
        return Deed(kind, entry.seq, entry.op, entry.author_id, entry.digest, payload)

    def _append(self, entry: LogEntry) -> None:
        if entry.group_id != self.next_id:
            raise ValueError(f"stroke {entry.group_id} does not follow on {self.next_id - 1}")
        stroke = Stroke(entry.group_id, entry.seq, entry.op, entry.author_id, entry.digest, entry.data)
        self._strokes.append(stroke)
        self._stroke_seqs.append(entry.seq)
        self._ops[entry.op] = stroke

    def _turn(self, op: str, on: bool) -> frozenset[int]:
        """Puts a change into force or out of it; the strokes that alters."""
        target = self._ops[op]
        if target.in_force == on:
            return _NONE
        if isinstance(target, Stroke):
            self._set(target._replace(in_force=on))
            return frozenset({target.id})
        if target.kind in ("u", "r"):
            raise ValueError("a change names an undo or redo")
        self._ops[op] = target = target._replace(in_force=on)
        before = self._cleared_upto
        self._put(target, on)
        if target.kind == "c":
            low, high = sorted((before, self._cleared_upto))
            between = self._strokes[self.highest_id_upto(low) : self.highest_id_upto(high)]
            return frozenset(stroke.id for stroke in between if stroke.in_force and not stroke.hides)
        return frozenset(target.stroke_ids())

    def _set(self, stroke: Stroke) -> None:
        self._strokes[stroke.id - 1] = stroke
        self._ops[stroke.op] = stroke

    def _put(self, deed: Deed, on: bool) -> None:
        """Lets a deed that is not `u` or `r` take effect, or takes its effect away."""
        match deed.kind:
            case "e":
                for group_id in deed.payload:
                    self._set(self._strokes[group_id - 1].with_hide(on))
            case "x":
                for group_id, intervals in deed.payload:
                    self._set(self._strokes[group_id - 1].with_cut(deed.op, intervals, on))
            case "m" | "s":
                ids, what = deed.payload
                for group_id in ids:
                    self._set(self._strokes[group_id - 1].with_mod(deed.seq, what, on))
            case "c":
                if on:
                    self._clears[deed.op] = deed.payload
                else:
                    del self._clears[deed.op]
                self._cleared_upto = max(self._clears.values(), default=0)
            case "p":
                others_in_force = [paper for paper in self._papers if paper[0] != deed.seq]
                self._papers = sorted(
                    [*others_in_force, (deed.seq, *deed.payload)] if on else others_in_force
                )
            case _:
                raise ValueError(f"unknown command {deed.kind}")

    # Snapshots

    def dump(self) -> Iterator[tuple[Any, ...]]:
        """The document as records of int, str, bytes, bool and tuples of these, for a snapshot.

        The records are those of the moment of the call, also when they are read later, in another thread.
        """
        head = ("notebook", DUMP_VERSION, self.notebook_id, self.seq, self.size_bytes, len(self._strokes))
        strokes = list(self._strokes)
        deeds = [deed for deed in self._ops.values() if type(deed) is Deed]
        return chain([head], map(tuple, strokes), map(tuple, deeds))

    @classmethod
    def load(
        cls,
        records: Iterable[Sequence[Any]],
        limits: NotebookLimits | None = None,
        notebook_id: NotebookId | None = None,
    ) -> NotebookDocument:
        """The document that `dump` gave as records (lists will do for tuples).

        Args:
            records: all of them, in order.
            limits: the quotas of `prepare`.
            notebook_id: the id of the notebook it is to be, where that is another than the one dumped.

        Raises:
            ValueError, KeyError, TypeError, IndexError: these are not such records.
        """
        rest = iter(records)
        name, version, dumped_id, seq, size_bytes, strokes = next(rest, ("", 0, 0, 0, 0, 0))
        if name != "notebook" or version != DUMP_VERSION:
            raise ValueError("not the records of a notebook")
        document = cls(notebook_id or NotebookId(dumped_id), limits)
        document.seq, document.size_bytes = seq, size_bytes
        for group_id in range(1, strokes + 1):
            stroke = stroke_from_record(next(rest, ()))
            if stroke.id != group_id:
                raise ValueError("a stroke is missing")
            document._strokes.append(stroke)
            document._stroke_seqs.append(stroke.seq)
            document._ops[stroke.op] = stroke
        for record in rest:
            deed = deed_from_record(record)
            document._ops[deed.op] = deed
            if deed.kind in ("c", "p") and deed.in_force:
                document._put(deed, True)
        if len(document._ops) != seq:
            raise ValueError("a change is missing")
        return document
