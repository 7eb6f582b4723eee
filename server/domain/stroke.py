"""The records a notebook's document is made of: strokes, and the deeds done to them.

Owns the two immutable records, their form in a snapshot, and how a stroke looks now: its base fragment, cut by
the union of the cuts in force, then moved, scaled and recoloured by the changes in force in order of `seq`. Does
not decide what is in force (svg_document does). Pure; update process and readers. Rules C1, C6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from server.domain.cut_intervals import Interval, union
from server.domain.stroke_cuts import cut_shape
from server.domain.svg_vocabulary import Fragment, take_apart
from server.domain.transform import move_shape, recolour_shape

Cut = tuple[str, tuple[Interval, ...]]
"""The op of an `e` with cuts, and what it takes from one stroke."""

Mod = tuple[int, str, Any]
"""The number of an `m` or `s`, its op, and what it does: a colour, or (dx, dy) or (dx, dy, f, x, y)."""


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


def drawn(stroke: Stroke) -> str:
    """The canonical fragment of a stroke as it looks now, with its id."""
    if not stroke.cuts and not stroke.mods:
        return stroke.fragment
    shape = take_apart(stroke.fragment)
    if stroke.cuts:
        shape = cut_shape(shape, union(interval for _, intervals in stroke.cuts for interval in intervals))
    for _, _, what in stroke.mods:
        shape = recolour_shape(shape, what) if type(what) is str else move_shape(shape, what)
    fragment: Fragment = shape.fragment()
    return fragment.render(stroke.id)


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
