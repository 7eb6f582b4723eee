"""Reading a whole SVG document into strokes.

Owns what a document may hold beside strokes, and its unit: a document of ours (it has `data-seq`) counts tenths of
a CSS pixel, any other CSS pixels, and is scaled by ten. Does not make a notebook of it. Pure; any thread.
Rules N2, N6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.domain.change import MARGINS, PAPERS, Change, make_change
from server.domain.failures import Failure
from server.domain.path_data import (
    MAX_COORDINATE,
    Number,
    Segment,
    format_number,
    format_path,
    parse_path,
    round_number,
    within_bounds,
)
from server.domain.points import decode_points, encode_points
from server.domain.svg_first_look import without_plain_ink
from server.domain.svg_reader import (
    DOCUMENT_LIMITS,
    check_attributes,
    check_well_formed,
    first_reading,
    read_elements,
)
from server.domain.svg_vocabulary import (
    MAX_PATHS,
    Fragment,
    checked_group,
    checked_path,
    written_path,
    written_stroke,
)

UNITS_PER_PIXEL = 10
_SKIPPED = frozenset({"title", "desc", "metadata"})
_ARC_LENGTHS = frozenset({0, 1, 5, 6})
_LONG_CHARACTERS = 16 * 1024
_SHORT_CHARACTERS = 160
_FEW = 16
"""What is not plain ink is little where it is less than this part of a document."""
_MOST_WRITTEN = 4_096
"""How long a path may be, and how many of them, to be looked up when the same comes again."""


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_document", sentence)


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """What a document amounts to.

    Attributes:
        fragments: its strokes in order.
        paper: the page setup it names, a word of `change.PAPERS`, or None.
        margin: a word of `change.MARGINS`.
    """

    fragments: list[Fragment]
    paper: str | None
    margin: str

    def page_setup(self) -> list[dict[str, str]]:
        """The data of the `p` that makes a blank page like this one; none where it is like this already."""
        if self.paper is None or (self.paper, self.margin) == ("plain", "none"):
            return []
        return [{"paper": self.paper, "margin": self.margin}]

    def changes(self) -> list[Change]:
        """The first changes of a notebook with this content: the paper, then the strokes."""
        setup = [make_change("p", page) for page in self.page_setup()]
        return setup + [make_change("a", fragment.text) for fragment in self.fragments]


def _scaled_segment(segment: Segment) -> Segment:
    letter, numbers = segment
    if letter in "Aa":
        scaled: list[Number] = [
            number * UNITS_PER_PIXEL if place % 7 in _ARC_LENGTHS else number
            for place, number in enumerate(numbers)
        ]
    else:
        scaled = [number * UNITS_PER_PIXEL for number in numbers]
    return letter, [round_number(number) for number in scaled]


def _scaled_d(d: str) -> str:
    """Path data in pixels, as it is kept."""
    segments = [_scaled_segment(segment) for segment in parse_path(d)]
    too_far = any(abs(number) > MAX_COORDINATE for _, numbers in segments for number in numbers)
    if too_far or not within_bounds(segments):
        raise _refuse("The drawing leads beyond 100,000 pixels.")
    return format_path(segments)


def _scaled_path(attributes: Mapping[str, str]) -> dict[str, str] | None:
    path = checked_path(attributes, _scaled_d)
    if path is not None and ("stroke-width" in path or path.get("stroke", "none") != "none"):
        width = round_number(float(path.get("stroke-width", "1")) * UNITS_PER_PIXEL)
        path["stroke-width"] = format_number(min(width, MAX_COORDINATE))
    return path


def _scaled_group(attributes: Mapping[str, str]) -> dict[str, str]:
    group = checked_group(attributes)
    scaled = dict(group)
    if "data-p" in group:
        points = decode_points(group["data-p"])
        if any(abs(value) * UNITS_PER_PIXEL > MAX_COORDINATE for point in points for value in point[:2]):
            raise _refuse("The drawing leads beyond 100,000 pixels.")
        scaled["data-p"] = encode_points((x * UNITS_PER_PIXEL, y * UNITS_PER_PIXEL, p) for x, y, p in points)
    if "data-w" in group:
        scaled["data-w"] = str(min(int(group["data-w"]) * UNITS_PER_PIXEL, 99_999))
    return scaled


@dataclass(slots=True)
class _Collector:
    """Takes the elements of a document one by one and keeps of each what it is written as."""

    in_pixels: bool = True
    paper: str | None = None
    margin: str = "none"
    fragments: list[Fragment] = field(default_factory=list)
    _inside: str = ""  # the child of the root that is open
    _group: dict[str, str] | None = None  # of the group whose paths may still come
    _paths: list[str] = field(default_factory=list)
    _written: dict[tuple[str, ...], str] = field(default_factory=dict)  # what short paths came to

    def start(self, depth: int, name: str, attributes: dict[str, str]) -> None:
        if depth == 1:
            self._root(name, attributes)
        elif depth == 2:
            self.finish()
            self._inside = name
            if name == "g":
                self._group = _scaled_group(attributes) if self.in_pixels else checked_group(attributes)
            elif name == "path":
                path = self._path(attributes)
                if path:
                    self.fragments.append(written_stroke({}, [path]))
            elif name not in _SKIPPED and name != "defs":
                raise _refuse("The drawing has an element that is not a path or a group of paths.")
        elif self._inside == "g" and depth == 3 and name == "path":
            path = self._path(attributes)
            if path:
                self._paths.append(path)
            if len(self._paths) > MAX_PATHS:
                raise _refuse("A group of the drawing has more than 16 paths.")
        elif self._inside not in _SKIPPED:
            raise _refuse("The drawing has an element that is not a path or a group of paths.")

    def finish(self) -> None:
        """The group that was open has no more paths."""
        if self._group is not None:
            self.fragments.append(written_stroke(self._group, self._paths))
            self._group = None
            self._paths = []

    def _path(self, attributes: dict[str, str]) -> str:
        """A path as it is kept, empty where there is nothing to draw."""
        key: tuple[str, ...] = (*attributes, *attributes.values())
        known = self._written.get(key)
        if known is not None:
            return known
        path = _scaled_path(attributes) if self.in_pixels else checked_path(attributes)
        written = "" if path is None else written_path(path)
        if len(self._written) < _MOST_WRITTEN and sum(map(len, key)) < _SHORT_CHARACTERS:
            self._written[key] = written
        return written

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "svg":
            raise _refuse("The drawing is not an SVG document.")
        self.in_pixels = "data-seq" not in attributes
        paper, margin = attributes.get("data-paper"), attributes.get("data-margin", "none")
        self.paper = paper if paper in PAPERS else None
        self.margin = margin if margin in MARGINS else "none"


def _collected(text: str) -> _Collector:
    collector = _Collector()
    read_elements(text, DOCUMENT_LIMITS, collector.start)
    collector.finish()
    return collector


def _look_first(text: str) -> None:
    """Refuses a long document by what is not plain ink in it, or because it is not well-formed: the shorter first."""
    seen = first_reading(text, DOCUMENT_LIMITS)
    odd = without_plain_ink(seen, in_pixels="data-seq" not in seen[: seen.find(">")])
    check_attributes(odd, DOCUMENT_LIMITS)
    if len(odd) < len(text) // _FEW:
        _collected(odd)
        check_well_formed(text)
    else:
        check_well_formed(text)
        if len(odd) < len(seen):
            _collected(odd)


def read_document(text: str) -> ImportedDocument:
    """Reads the `svgData` of a new notebook.

    What is not plain ink is judged first, by the same rules: a long document with a script at its end is refused
    before the values of its strokes are worked out.

    Args:
        text: the document, at most 1 MiB.

    Raises:
        Failure: 422 `bad_fragment` or `bad_document`, with the rule that is broken as its sentence.
    """
    if len(text) > _LONG_CHARACTERS:
        _look_first(text)
    collector = _collected(text)
    return ImportedDocument(collector.fragments, collector.paper, collector.margin)


def parse_document(text: str) -> list[Fragment]:
    """The strokes of a document in order; see `read_document`."""
    return read_document(text).fragments
