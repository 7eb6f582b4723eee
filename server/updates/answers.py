"""The JSON bodies that saves and polls are answered with, as bytes.

Owns their form and nothing else: `/SAVE` after storing (C2, C3), `/UPDATE` (P1), refusals with their reason
(H3, C2, P3). Built by joining pieces that are JSON already, so that an entry is encoded once, in the update
process, however many readers it has. Pure; every thread of both processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from json import JSONEncoder
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.log_entry import Known, LogEntry, json_text
from server.domain.stroke import Deed
from server.domain.svg_document import NotebookDocument

MAX_EFFECTS_BYTES = 1 << 20

_ENCODER = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Effects(NamedTuple):
    """The strokes that readers must take over as they are, as of one `seq` (P1).

    Attributes:
        strokes: canonical fragments of the visible ones.
        hidden: the ids of those that are not visible.
        reload: they are more than an answer carries; the reader loads the notebook again.
    """

    strokes: Mapping[int, str]
    hidden: Sequence[int]
    reload: bool = False

    def __bool__(self) -> bool:
        return bool(self.strokes or self.hidden or self.reload)


NO_EFFECTS = Effects({}, ())
RELOAD = Effects({}, (), reload=True)


def failure_body(failure: Failure) -> bytes:
    """`{"code": 1, "data", "reason"}` with the failure's further members."""
    return json_text(
        {"code": 1, "data": failure.sentence, "reason": failure.reason, **failure.extra}
    ).encode()


def saved_body(changes: Iterable[LogEntry | Known], effects: Effects) -> bytes:
    """The answer to a save whose changes are stored: each with its number, strokes and clears with their id."""
    last = 0
    members: list[str] = []
    for change in changes:
        last = max(last, change.seq)
        given = f',"id":"{change.group_id}"' if change.command in "ac" else ""
        members.append(f'{{"op":"{change.op}","seq":{change.seq}{given}}}')
    return (
        f'{{"code":0,"data":"Changes saved","seq":{last},"changes":[{",".join(members)}]'.encode()
        + effects_members(effects)
        + b"}"
    )


def effects_members(effects: Effects) -> bytes:
    """The members `strokes` and `hidden`, or `reload`, each with a comma in front; empty without effects."""
    if effects.reload:
        return b',"reload":true'
    if not effects:
        return b""
    strokes = _ENCODER.encode({str(group_id): text for group_id, text in effects.strokes.items()})
    hidden = ",".join(f'"{group_id}"' for group_id in effects.hidden)
    return f',"strokes":{strokes},"hidden":[{hidden}]'.encode()


def told_entry(entry: LogEntry, document: NotebookDocument) -> bytes:
    """The wire JSON of an entry; a `u` or `r` that names a `p` also carries the paper as the document has it now.

    A reader that loaded the notebook after that `p` knows neither it nor the paper before it (P1).
    """
    wire = entry.wire()
    if entry.command in ("u", "r"):
        named = document.known(entry.data["op"])
        if isinstance(named, Deed) and named.kind == "p":
            paper = json_text({"paper": document.paper, "margin": document.margin}).encode()
            return wire[:-1] + b',"paper":' + paper + b"}"
    return wire


def update_body(
    epoch: str,
    from_seq: int,
    to_seq: int,
    entries: Sequence[bytes],
    *,
    more: bool = False,
    further: bytes = b"",
) -> bytes:
    """The answer to a poll (P1).

    Args:
        epoch: of the notebook.
        from_seq: the poll's `since`.
        to_seq: the number of the last entry, or `from_seq` when there is none.
        entries: the wire JSON of `from_seq + 1` to `to_seq`.
        more: whether the log goes on after `to_seq` already.
        further: more members, each with a comma in front (effects, live).
    """
    head = (
        f'{{"code":0,"epoch":"{epoch}","from":{from_seq},"to":{to_seq},'
        f'"more":{"true" if more else "false"},"data":['
    )
    return b"".join((head.encode(), b",".join(entries), b"]", further, b"}"))
