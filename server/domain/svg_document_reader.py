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
from server.domain.svg_reader import DOCUMENT_LIMITS, read_elements
from server.domain.svg_vocabulary import MAX_PATHS, Fragment, Shape, checked_group, checked_path

UNITS_PER_PIXEL = 10
_SKIPPED = frozenset({"title", "desc", "metadata"})
_ARC_LENGTHS = frozenset({0, 1, 5, 6})


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

    def changes(self) -> list[Change]:
        """The first changes of a notebook with this content: the paper, then the strokes."""
        setup = (
            [make_change("p", {"paper": self.paper, "margin": self.margin})]
            if self.paper is not None and (self.paper, self.margin) != ("plain", "none")
            else []
        )
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


def _scaled_path(path: Mapping[str, str]) -> dict[str, str]:
    segments = [_scaled_segment(segment) for segment in parse_path(path["d"])]
    too_far = any(abs(number) > MAX_COORDINATE for _, numbers in segments for number in numbers)
    if too_far or not within_bounds(segments):
        raise _refuse("The drawing leads beyond 100,000 pixels.")
    scaled = {**path, "d": format_path(segments)}
    if "stroke-width" in path or path.get("stroke", "none") != "none":
        width = round_number(float(path.get("stroke-width", "1")) * UNITS_PER_PIXEL)
        scaled["stroke-width"] = format_number(min(width, MAX_COORDINATE))
    return scaled


def _scaled_group(group: Mapping[str, str]) -> dict[str, str]:
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
    """Takes the elements of a document one by one."""

    in_pixels: bool = True
    paper: str | None = None
    margin: str = "none"
    shapes: list[tuple[dict[str, str], list[dict[str, str]]]] = field(default_factory=list)
    _inside: str = ""  # the child of the root that is open

    def start(self, depth: int, name: str, attributes: dict[str, str]) -> None:
        if depth == 1:
            self._root(name, attributes)
        elif depth == 2:
            self._inside = name
            if name == "g":
                self.shapes.append((checked_group(attributes), []))
            elif name == "path":
                path = checked_path(attributes)
                if path is not None:
                    self.shapes.append(({}, [path]))
            elif name not in _SKIPPED and name != "defs":
                raise _refuse("The drawing has an element that is not a path or a group of paths.")
        elif self._inside == "g" and depth == 3 and name == "path":
            path = checked_path(attributes)
            if path is not None:
                self.shapes[-1][1].append(path)
            if len(self.shapes[-1][1]) > MAX_PATHS:
                raise _refuse("A group of the drawing has more than 16 paths.")
        elif self._inside not in _SKIPPED:
            raise _refuse("The drawing has an element that is not a path or a group of paths.")

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "svg":
            raise _refuse("The drawing is not an SVG document.")
        self.in_pixels = "data-seq" not in attributes
        paper, margin = attributes.get("data-paper"), attributes.get("data-margin", "none")
        self.paper = paper if paper in PAPERS else None
        self.margin = margin if margin in MARGINS else "none"


def read_document(text: str) -> ImportedDocument:
    """Reads the `svgData` of a new notebook.

    Args:
        text: the document, at most 1 MiB.

    Raises:
        Failure: 422 `bad_fragment` or `bad_document`, with the rule that is broken as its sentence.
    """
    collector = _Collector()
    read_elements(text, DOCUMENT_LIMITS, collector.start)
    fragments = [
        Shape(_scaled_group(group), [_scaled_path(path) for path in paths]).fragment()
        if collector.in_pixels
        else Shape(group, paths).fragment()
        for group, paths in collector.shapes
    ]
    return ImportedDocument(fragments, collector.paper, collector.margin)


def parse_document(text: str) -> list[Fragment]:
    """The strokes of a document in order; see `read_document`."""
    return read_document(text).fragments
