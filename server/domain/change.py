"""A change as a client sends it: its shape, its values, and what it is compared by.

Owns the grammar of every command of C1 and the digest that tells a resend from another change with the same
op (C3). Does not know what is in the notebook: ids are not resolved and rights not judged here (svg_document
does that). Pure; runs in the update process. Rules C1, C2 (the list), C5.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from server.domain import strict_json
from server.domain.cut_intervals import check_intervals
from server.domain.failures import Failure
from server.domain.ids import parse_group_id
from server.domain.log_entry import JsonValue, json_text
from server.domain.svg_first_look import is_plain_ink
from server.domain.svg_vocabulary import parse_fragment

MAX_CHANGES = 512
MAX_IDS = 20_000
MAX_UPTO = 2**53
MAX_MOVE = 2_000_000
MIN_SCALE = 0.05
MAX_SCALE = 20.0

_LONG_BYTES = 64 * 1024
"""A list above this is judged in the order of what its members may cost; no fragment may be longer."""

OP = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COLOUR = re.compile("#[0-9A-Fa-f]{6}")
PAPERS = ("plain", "ruled", "squared", "dotted")
MARGINS = ("left", "right", "none")


@dataclass(frozen=True, slots=True)
class Change:
    """One checked change, before it has a number.

    Attributes:
        command: one of `a e c u r m s p`.
        data: for `a` the canonical fragment without an id; else an object whose ids are strings of digits or
            `op:<op>`, in the form the client chose (`id`, `ids` or `cuts`).
        op: the client's op, None where the server is to choose one.
        digest: 16 bytes over command and data, what C3 compares.
    """

    command: str
    data: JsonValue
    op: str | None
    digest: bytes


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_change", sentence)


def _object(data: object, keys: tuple[str, ...], needed: int) -> dict[str, Any]:
    if type(data) is not dict:
        raise _refuse("The data of this command is an object.")
    unknown = data.keys() - set(keys)
    if unknown:
        raise Failure.of("unknown_key", "The data of the change has a key that does not belong there.")
    if any(key not in data for key in keys[:needed]):
        raise _refuse(f"The data of this command needs {' and '.join(keys[:needed])}.")
    return data


def _reference(value: object) -> str:
    if type(value) is str and value.startswith("op:"):
        if OP.fullmatch(value, 3):
            return value
    else:
        group_id = parse_group_id(value)
        if group_id is not None:
            return str(group_id)
    raise _refuse("An id is 1 to 9 digits, or op: and the op that appended the stroke.")


def _references(value: object) -> list[str]:
    if type(value) is not list or len(value) > MAX_IDS:
        raise _refuse("ids is a list of ids.")
    return list(dict.fromkeys(map(_reference, value)))


def _append(data: object) -> JsonValue:
    if type(data) is not str:
        raise _refuse("The data of a is the SVG text of one stroke.")
    return parse_fragment(data).text


def _erase(data: object) -> JsonValue:
    if type(data) is dict and "cuts" in data:
        cuts = _object(data, ("cuts",), 1)["cuts"]
        if type(cuts) is not dict or len(cuts) > MAX_IDS:
            raise _refuse("cuts is an object from ids to intervals.")
        made = {
            _reference(key): [list(pair) for pair in check_intervals(value)] for key, value in cuts.items()
        }
        return {"cuts": dict(sorted(made.items()))}
    if type(data) is dict and "ids" in data:
        return {"ids": _references(_object(data, ("ids",), 1)["ids"])}
    one = _object(data, ("type", "id"), 2)
    if one["type"] != "g" or type(one["type"]) is not str:
        raise _refuse("What is erased is always of type g.")
    return {"type": "g", "id": _reference(one["id"])}


def _clear(data: object) -> JsonValue:
    upto = _object(data, ("upto",), 1)["upto"]
    if type(upto) is not int or not 0 <= upto <= MAX_UPTO:
        raise _refuse("upto is the number of a change.")
    return {"upto": upto}


def _other(data: object) -> JsonValue:
    op = _object(data, ("op",), 1)["op"]
    if type(op) is not str or not OP.fullmatch(op):
        raise Failure.of("unknown_op")
    return {"op": op}


def _real(value: object, low: float, high: float, what: str) -> int | float:
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise _refuse(f"{what} is a number from {low:,} to {high:,}.")
    assert isinstance(value, int | float)
    return int(value) if math.floor(value) == value else value


def _move(data: object) -> JsonValue:
    move = _object(data, ("ids", "by", "scale"), 2)
    by = move["by"]
    if type(by) is not list or len(by) != 2:
        raise _refuse("by is a list of two numbers.")
    made: dict[str, Any] = {
        "ids": _references(move["ids"]),
        "by": [_real(step, -MAX_MOVE, MAX_MOVE, "A step of by") for step in by],
    }
    if "scale" in move:
        scale = move["scale"]
        if type(scale) is not list or len(scale) != 3:
            raise _refuse("scale is a list of a factor, x and y.")
        factor = _real(scale[0], MIN_SCALE, MAX_SCALE, "The factor of scale")
        made["scale"] = [
            factor,
            *(_real(place, -MAX_MOVE, MAX_MOVE, "A place of scale") for place in scale[1:]),
        ]
    return made


def _style(data: object) -> JsonValue:
    style = _object(data, ("ids", "fill"), 2)
    if type(style["fill"]) is not str or not _COLOUR.fullmatch(style["fill"]):
        raise _refuse("fill is a colour as #rrggbb.")
    return {"ids": _references(style["ids"]), "fill": style["fill"].lower()}


def _paper(data: object) -> JsonValue:
    page = _object(data, ("paper", "margin"), 1)
    paper, margin = page["paper"], page.get("margin", "none")
    if type(paper) is not str or paper not in PAPERS:
        raise _refuse(f"paper is one of {', '.join(PAPERS)}.")
    if type(margin) is not str or margin not in MARGINS:
        raise _refuse(f"margin is one of {', '.join(MARGINS)}.")
    return {"paper": paper, "margin": margin}


COMMANDS: Mapping[str, Callable[[object], JsonValue]] = MappingProxyType(
    {
        "a": _append,
        "e": _erase,
        "c": _clear,
        "u": _other,
        "r": _other,
        "m": _move,
        "s": _style,
        "p": _paper,
    }
)
"""Every command with the function that checks its data and gives the canonical form."""


def make_change(command: str, data: object, op: str | None = None) -> Change:
    """Checks one change.

    Args:
        command: the command word.
        data: what came with it, as JSON values.
        op: the client's op, if it chose one.

    Raises:
        Failure: 422, or 400 for an unknown key; without op and index.
    """
    check = COMMANDS.get(command)
    if check is None:
        raise Failure.of("unknown_command")
    if op is not None and not OP.fullmatch(op):
        raise Failure.of("bad_op")
    canonical = check(data)
    content = canonical if command == "a" else json_text(canonical)
    digest = hashlib.blake2b(f"{command} {content}".encode(), digest_size=16).digest()
    return Change(command, canonical, op, digest)


def read_change(item: object) -> Change:
    """Reads one member of the list: `[command, data]` or `[command, data, op]`.

    Raises:
        Failure: 400 where it is not such a list, otherwise as `make_change`.
    """
    if type(item) is not list or not 2 <= len(item) <= 3 or type(item[0]) is not str:
        raise Failure.of("bad_changes", "A change is a list of command, data and op.")
    if len(item) == 3 and type(item[2]) is not str:
        raise Failure.of("bad_op")
    return make_change(item[0], item[1], item[2] if len(item) == 3 else None)


def parse_changes(body: bytes) -> list[Change]:
    """Reads the body of a SAVE: a JSON list of 1 to 512 changes.

    All of them are checked before the first is of any use to the caller.

    Raises:
        Failure: 400 where the body is not such a list; what is wrong with one change otherwise, with `op` (as
            sent, None without) and `index` in `extra` (C2).
    """
    items = strict_json.loads(body)
    if type(items) is not list or not 1 <= len(items) <= MAX_CHANGES:
        raise Failure.of("bad_changes")
    changes: dict[int, Change] = {}
    for index in _order(items) if len(body) > _LONG_BYTES else range(len(items)):
        item = items[index]
        try:
            changes[index] = read_change(item)
        except Failure as failure:
            named = type(item) is list and len(item) == 3 and type(item[2]) is str and OP.fullmatch(item[2])
            raise failure.at(item[2] if named else None, index) from None
    return [changes[index] for index in range(len(items))]


def _order(items: list[Any]) -> list[int]:
    """In which order a long list is judged: what is no plain ink first, and of this the shortest first.

    A list is refused as a whole, so what will be refused should be found before much ink is worked out.
    """

    def cost(index: int) -> int:
        item = items[index]
        if type(item) is not list or len(item) < 2 or item[0] not in ("a", "e", "m", "s"):
            return 0
        if type(item[1]) is not str:
            return len(json_text(item[1]))
        size = len(item[1])
        if size > _LONG_BYTES:
            return 0
        return size + _LONG_BYTES if is_plain_ink(item[1]) else size

    return sorted(range(len(items)), key=cost)
