"""The records a notebook's document is made of: strokes, and the deeds done to them.

Owns the two immutable records, their form in a snapshot, and how a stroke looks now: its base fragment, cut by
the union of the cuts in force, then moved, scaled and recoloured by the changes in force in order of `seq`. Does
not decide what is in force (svg_document does). Pure; update process and readers. Rules C1, C6.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

from server.domain.cut_intervals import Interval, union
from server.domain.path_data import MAX_COORDINATE
from server.domain.stroke_cuts import cut_shape
from server.domain.svg_vocabulary import Shape, take_apart
from server.domain.transform import move_shape, reach, recolour_shape

Cut = tuple[str, tuple[Interval, ...]]
"""The op of an `e` with cuts, and what it takes from one stroke."""

Mod = tuple[int, Any]
"""The number of an `m` or `s`, and what it does: a colour, or (dx, dy), or (dx, dy, f, x, y)."""


class Stroke(NamedTuple):
    """An appended stroke, visible or not. It is also what the op table holds for its `a`.

    Attributes:
        id: its group id.
        seq: the number of its `a`.
        op: the op of its `a`.
        author_id: who drew it.
        digest: 16 bytes, as in `LogEntry`.
        fragment: the canonical fragment as it was appended, with its id.
        in_force: whether its `a` is in force.
        hides: how many `e` in force name it.
        cuts: the cuts of it in force, in no particular order.
        mods: the `m` and `s` in force that name it, in order of number.
    """

    id: int
    seq: int
    op: str
    author_id: str
    digest: bytes
    fragment: str
    in_force: bool = True
    hides: int = 0
    cuts: tuple[Cut, ...] = ()
    mods: tuple[Mod, ...] = ()

    @property
    def command(self) -> str:
        """The command of its change, for those who meet it in the op table."""
        return "a"

    def with_hide(self, on: bool) -> Stroke:
        """The record with one `e` more, or one less, that names it."""
        return self._replace(hides=self.hides + (1 if on else -1))

    def with_cut(self, op: str, intervals: tuple[Interval, ...], on: bool) -> Stroke:
        """The record with a cut in force, or out of it."""
        others = tuple(cut for cut in self.cuts if cut[0] != op)
        return self._replace(cuts=(*others, (op, intervals)) if on else others)

    def with_mod(self, seq: int, what: Any, on: bool) -> Stroke:
        """The record with an `m` or `s` in force, at its place in the order of numbers, or out of it."""
        place = bisect_left(self.mods, seq, key=lambda mod: mod[0])
        after = self.mods[place:] if on else self.mods[place + 1 :]
        return self._replace(mods=(*self.mods[:place], *([(seq, what)] if on else []), *after))


class Deed(NamedTuple):
    """Any change that is not an `a`, as the op table holds it.

    Attributes:
        kind: its command, but `x` for an `e` with cuts.
        seq: its number.
        op: its op.
        author_id: who did it.
        digest: 16 bytes, as in `LogEntry`.
        payload: `e`: ids; `x`: (id, intervals) pairs; `c`: upto; `m`: (ids, move); `s`: (ids, colour);
            `p`: (paper, margin); `u` and `r`: the op they name.
        in_force: whether it is in force; of no meaning for `u` and `r`.
    """

    kind: str
    seq: int
    op: str
    author_id: str
    digest: bytes
    payload: Any
    in_force: bool = True

    @property
    def command(self) -> str:
        """The command of the change."""
        return "e" if self.kind == "x" else self.kind

    def stroke_ids(self) -> Sequence[int]:
        """The strokes that an `e`, `m` or `s` names; empty for the others."""
        match self.kind:
            case "e":
                ids: Sequence[int] = self.payload
                return ids
            case "x":
                return [group_id for group_id, _ in self.payload]
            case "m" | "s":
                named: Sequence[int] = self.payload[0]
                return named
            case _:
                return ()


class Drawn(NamedTuple):
    """How a stroke looked when somebody last asked.

    Attributes:
        stroke: the record at that time.
        text: the canonical fragment with its id.
        cuts: the union of its cuts.
    """

    stroke: Stroke
    text: str
    cuts: tuple[Interval, ...] = ()


def drawn(stroke: Stroke, before: Drawn | None = None) -> Drawn:
    """How a stroke looks now.

    Args:
        stroke: the record.
        before: how the same stroke looked earlier; where only moves and colours have come since, no more than
            these are worked in.
    """
    if before is not None and before.stroke is stroke:
        return before
    if not stroke.cuts and not stroke.mods:
        return Drawn(stroke, stroke.fragment)
    cuts = _union_of_cuts(stroke, before)
    done = 0
    if (
        before is not None
        and before.cuts == cuts
        and before.stroke.mods == stroke.mods[: len(before.stroke.mods)]
    ):
        done = len(before.stroke.mods)
        shape = take_apart(before.text)
    else:
        shape = cut_shape(take_apart(stroke.fragment), cuts)
    for what in joined_moves(shape, [mod[1] for mod in stroke.mods[done:]]):
        shape = recolour_shape(shape, what) if type(what) is str else move_shape(shape, what)
    return Drawn(stroke, shape.fragment().render(stroke.id), cuts)


def _union_of_cuts(stroke: Stroke, before: Drawn | None) -> tuple[Interval, ...]:
    known: tuple[Interval, ...] = ()
    rest = stroke.cuts
    if before is not None and before.stroke.cuts == rest[: len(before.stroke.cuts)]:
        known, rest = before.cuts, rest[len(before.stroke.cuts) :]
    return union([*known, *(interval for _, intervals in rest for interval in intervals)]) if rest else known


def joined_moves(shape: Shape, mods: Sequence[Any]) -> list[Any]:
    """The same mods with neighbouring plain moves by whole steps added up, so that many cost no more than one.

    Left as they are where a stroke might leave the sheet on the way: such a move has no effect of its own.
    """
    steps = [abs(step) for what in mods if type(what) is not str for step in what[:2]]
    scaled = any(type(what) is not str and len(what) != 2 for what in mods)
    if len(mods) < 2 or scaled or reach(shape) + sum(steps) > MAX_COORDINATE:
        return list(mods)
    joined: list[Any] = []
    for what in mods:
        both_move = joined and type(what) is not str and type(joined[-1]) is not str
        if both_move and all(type(step) is int for step in (*what, *joined[-1])):
            joined[-1] = (joined[-1][0] + what[0], joined[-1][1] + what[1])
        else:
            joined.append(what)
    return joined


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if type(value) in (list, tuple) else value


def stroke_from_record(record: Sequence[Any]) -> Stroke:
    """The stroke that a snapshot holds as a tuple or list of its attributes.

    Raises:
        ValueError, TypeError, IndexError: it is no such record.
    """
    stroke = Stroke._make(record)
    if stroke.cuts or stroke.mods:
        return stroke._replace(cuts=_frozen(stroke.cuts), mods=_frozen(stroke.mods))
    return stroke if type(stroke.cuts) is tuple else stroke._replace(cuts=(), mods=())


def deed_from_record(record: Sequence[Any]) -> Deed:
    """The deed that a snapshot holds as a tuple or list of its attributes.

    Raises:
        ValueError, TypeError, IndexError: it is no such record.
    """
    deed = Deed._make(record)
    return deed._replace(payload=_frozen(deed.payload))
