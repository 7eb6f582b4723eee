"""The closed vocabulary of a stroke, and the canonical fragment that is rebuilt from checked values.

Owns which elements, attributes and values a drawing may have, and the one spelling in which they are kept:
`<g data-p data-v data-w data-t data-cuts data-tilt><path d fill stroke .../></g>`, an id being set in front when
the stroke gets its number. No byte of the client's markup is kept. Does not read XML (svg_reader) or path data
(path_data) itself. Pure; any thread and the update process. Rules C1, C5, N2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from server.domain.colours import check_colour
from server.domain.cut_intervals import format_intervals, parse_intervals
from server.domain.failures import Failure
from server.domain.path_data import MAX_COORDINATE, check_path, format_number, round_number
from server.domain.points import check_points
from server.domain.svg_reader import FRAGMENT_LIMITS, read_elements

TOOLS = frozenset(
    {
        *("pen", "pencil", "marker", "highlighter", "brush", "mouse", "touch", "constant"),
        *("line", "arrow", "rectangle", "ellipse", "shape"),
    }
)
MAX_WIDTH = 99_999
MAX_PATHS = 16


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_fragment", sentence)


_DECIMAL = re.compile(
    r"[+-]?+(?:[0-9]++(?:\.[0-9]++|(?!\.[0-9]))|\.[0-9]++)(?:[eE][+-]?+[0-9]++|(?![eE][+-]?[0-9]))"
)
_WIDTH = re.compile(r"[1-9][0-9]{0,4}")
_TILT = re.compile(r"(?:[0-9a-f]{2}){1,4096}")


def _decimal(low: int, high: int, what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        text = text.strip(" \t\r\n")
        if len(text) > 30 or not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
            raise _refuse(f"{what} is a number from {low} to {high:,}.")
        return format_number(round_number(float(text)))

    return check


def _word(words: frozenset[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text.strip(" \t\r\n") not in words:
            raise _refuse(f"{what} is one of {', '.join(sorted(words))}.")
        return text.strip(" \t\r\n")

    return check


def _pattern(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise _refuse(f"{what} is malformed.")
        return text

    return check


def _points(text: str) -> str:
    check_points(text)
    return text


def _cuts(text: str) -> str:
    return format_intervals(parse_intervals(text))


_opacity = _decimal(0, 1, "An opacity")

GROUP_ATTRIBUTES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "data-p": _points,
        "data-v": _word(frozenset({"1"}), "data-v"),
        "data-w": _pattern(_WIDTH, "data-w"),
        "data-t": _word(TOOLS, "data-t"),
        "data-cuts": _cuts,
        "data-tilt": _pattern(_TILT, "data-tilt"),
    }
)
"""The attributes of `g` in canonical order, each with its grammar: text in, canonical text out."""

PATH_ATTRIBUTES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "d": check_path,
        "fill": check_colour,
        "stroke": check_colour,
        "stroke-width": _decimal(0, MAX_COORDINATE, "A stroke-width"),
        "stroke-linecap": _word(frozenset({"butt", "round", "square"}), "stroke-linecap"),
        "stroke-linejoin": _word(frozenset({"miter", "round", "bevel"}), "stroke-linejoin"),
        "opacity": _opacity,
        "fill-opacity": _opacity,
        "stroke-opacity": _opacity,
    }
)
"""The attributes of `path` in canonical order, each with its grammar."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One checked stroke.

    Attributes:
        text: the canonical fragment without an id. Every value in it has passed its grammar.
    """

    text: str

    def render(self, group_id: int) -> str:
        """The canonical fragment with its id, as it is stored, pushed and exported."""
        return f'<g id="{group_id}"{self.text[2:]}'


@dataclass(frozen=True, slots=True)
class Shape:
    """A stroke taken apart: the canonical attributes of its `g` and of each `path`."""

    group: dict[str, str]
    paths: Sequence[dict[str, str]]

    def fragment(self) -> Fragment:
        """The canonical fragment of these values."""
        return written_stroke(self.group, map(written_path, self.paths))


def _attributes(values: Mapping[str, str], order: Mapping[str, object]) -> str:
    return "".join(f' {name}="{values[name]}"' for name in order if name in values)


def written_path(path: Mapping[str, str]) -> str:
    """The canonical `path` with these values."""
    return f"<path{_attributes(path, PATH_ATTRIBUTES)}/>"


def written_stroke(group: Mapping[str, str], paths: Iterable[str]) -> Fragment:
    """The canonical fragment with these values of its `g` around paths that are written already."""
    return Fragment(f"<g{_attributes(group, GROUP_ATTRIBUTES)}>{''.join(paths)}</g>")


def checked_group(attributes: Mapping[str, str]) -> dict[str, str]:
    """The known attributes of a `g` in canonical form; unknown ones are dropped, bad values refused."""
    group = {name: check(attributes[name]) for name, check in GROUP_ATTRIBUTES.items() if name in attributes}
    if not group.get("data-cuts") or "data-p" not in group:
        group.pop("data-cuts", None)
    return group


def checked_path(
    attributes: Mapping[str, str], check_d: Callable[[str], str] = check_path
) -> dict[str, str] | None:
    """The known attributes of a `path` in canonical form, None where there is nothing to draw.

    Args:
        attributes: as they were sent.
        check_d: what reads `d`; the others have their own grammar.
    """
    path = {
        name: check(attributes[name])
        for name, check in PATH_ATTRIBUTES.items()
        if name != "d" and name in attributes
    }
    d = attributes.get("d", "").strip(" \t\r\n")
    return {"d": check_d(d), **path} if d else None


# What the page itself sends: canonical already but for the namespace, one filled path.
_OWN_STROKE = re.compile(
    r'<g(?: xmlns="http://www\.w3\.org/2000/svg")?(?: data-p="([A-Za-z0-9+/]++={0,2})")?(?: data-v="(1)")?'
    r'(?: data-w="([1-9][0-9]{0,4})")?(?: data-t="([a-z]++)")?>'
    r'<path d="([MqzQLl0-9 -]++)" fill="(#[0-9a-f]{6})"/></g>'
)


def _own_stroke(text: str) -> Fragment | None:
    match = _OWN_STROKE.fullmatch(text)
    if match is None:
        return None
    points, recipe, width, tool, d, fill = match.groups()
    if tool is not None and tool not in TOOLS:
        return None
    if points is not None:
        check_points(points)
    return Fragment(
        "<g"
        + (f' data-p="{points}"' if points else "")
        + (f' data-v="{recipe}"' if recipe else "")
        + (f' data-w="{width}"' if width else "")
        + (f' data-t="{tool}"' if tool else "")
        + f'><path d="{check_path(d)}" fill="{fill}"/></g>'
    )


def parse_fragment(text: str) -> Fragment:
    """Checks the data of an `a` change and rebuilds it.

    Args:
        text: one `g` with 0 to 16 `path` children, at most 64 KiB.

    Returns:
        The canonical fragment; `parse_fragment` of it gives the same again.

    Raises:
        Failure: 422 `bad_fragment`, with the rule that is broken as its sentence.
    """
    if len(text) <= FRAGMENT_LIMITS.max_bytes:
        own = _own_stroke(text)
        if own is not None:
            return own
    group: dict[str, str] = {}
    paths: list[dict[str, str]] = []

    def start(depth: int, name: str, attributes: dict[str, str]) -> None:
        if depth == 1 and name == "g":
            group.update(checked_group(attributes))
        elif depth == 2 and name == "path":
            path = checked_path(attributes)
            if path is not None:
                paths.append(path)
        else:
            raise _refuse("A stroke is one g element with path elements in it, and nothing else.")

    read_elements(text, FRAGMENT_LIMITS, start)
    fragment = Shape(group, paths).fragment()
    if len(fragment.text) > FRAGMENT_LIMITS.max_bytes:
        raise _refuse("The drawing is longer than 64 KiB.")
    return fragment


_CANONICAL_GROUP = re.compile(r'<g((?: [a-z-]+="[^"]*")*)>')
_CANONICAL_PATH = re.compile(r"<path([^>]*)/>")
_CANONICAL_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')


def take_apart(canonical: str) -> Shape:
    """The values of a canonical fragment, with or without an id (which is left out)."""
    head = _CANONICAL_GROUP.match(canonical)
    assert head is not None, "only canonical fragments are taken apart"
    group = dict(_CANONICAL_ATTRIBUTE.findall(head[1]))
    group.pop("id", None)
    inner = _CANONICAL_PATH.findall(canonical, head.end())
    return Shape(group, [dict(_CANONICAL_ATTRIBUTE.findall(attributes)) for attributes in inner])
