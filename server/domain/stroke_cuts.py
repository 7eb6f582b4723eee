"""What an eraser leaves of a stroke.

Owns the step from cut intervals to drawn runs: the visible runs along the captured points, their fractional ends,
and one path for each by outline recipe 1. Does not know who cut what (stroke) or how intervals are joined
(cut_intervals). Pure; any thread. Rule C6 (hidden parts), INK "Erase".

A run shorter along its line than the pen is wide goes as well. The point at p/16 between two captured ones is
a + (b - a) * (p mod 16) / 16, rounded to integers, halves up, for x, y and pressure apart. More than 16 runs share
the last path, since a stroke has at most 16. A stroke without points, recipe or width cannot be cut and stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from server.domain.cut_intervals import (
    UNITS_PER_POINT,
    Interval,
    complement,
    format_intervals,
    parse_intervals,
    union,
)
from server.domain.outline import hypot, outline_path
from server.domain.points import Point, decode_points
from server.domain.svg_vocabulary import MAX_PATHS, Shape


def _between(a: Point, b: Point, sixteenths: int) -> Point:
    x, y, pressure = (
        (2 * from_ * UNITS_PER_POINT + 2 * (to - from_) * sixteenths + UNITS_PER_POINT)
        // (2 * UNITS_PER_POINT)
        for from_, to in zip(a, b, strict=True)
    )
    return x, y, pressure


def _point_at(points: Sequence[Point], position: int) -> Point:
    index, sixteenths = divmod(position, UNITS_PER_POINT)
    return _between(points[index], points[index + 1], sixteenths) if sixteenths else points[index]


def run_points(points: Sequence[Point], run: Interval) -> list[Point]:
    """The points of one run: its interpolated ends and the captured points inside."""
    start, end = run
    inner = points[start // UNITS_PER_POINT + 1 : (end + UNITS_PER_POINT - 1) // UNITS_PER_POINT]
    return [_point_at(points, start), *inner, _point_at(points, end)]


def _length(points: Sequence[Point]) -> float:
    total = 0.0
    for (ax, ay, _), (bx, by, _) in pairwise(points):
        total += hypot(bx - ax, by - ay)
    return total


def visible_runs(points: Sequence[Point], cuts: Sequence[Interval], width: int) -> list[list[Point]]:
    """What is left of a stroke.

    Args:
        points: the captured points.
        cuts: joined, sorted intervals.
        width: `data-w`; shorter runs are left out.
    """
    last = UNITS_PER_POINT * (len(points) - 1)
    if last == 0:
        return [] if cuts else [list(points)]
    runs = (run_points(points, run) for run in complement(cuts, last))
    return [run for run in runs if not cuts or _length(run) >= width]


def cut_shape(shape: Shape, cuts: Sequence[Interval]) -> Shape:
    """The stroke with parts of it hidden.

    Args:
        shape: the stroke as it was appended.
        cuts: joined, sorted intervals; those in its own `data-cuts` count besides.
    """
    group = shape.group
    if not cuts or not all(name in group for name in ("data-p", "data-v", "data-w")):
        return shape
    every = union([*cuts, *parse_intervals(group.get("data-cuts", ""))])
    width = int(group["data-w"])
    tool = group.get("data-t", "pen")
    runs = visible_runs(decode_points(group["data-p"]), every, width)
    paths = [outline_path(run, width, tool) for run in runs]
    if len(paths) > MAX_PATHS:
        paths[MAX_PATHS - 1 :] = ["".join(paths[MAX_PATHS - 1 :])]
    style = {name: value for name, value in shape.paths[0].items() if name != "d"} if shape.paths else {}
    return Shape({**group, "data-cuts": format_intervals(every)}, [{"d": d, **style} for d in paths])
