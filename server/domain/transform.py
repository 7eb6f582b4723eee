"""Moving, scaling and recolouring a stroke, bit for bit as the page does it.

Owns the arithmetic of `m` and `s` on a canonical fragment; there is no `transform` attribute, everything is worked
into `d`, `data-p`, `data-w` and `stroke-width`. Does not know which changes are in force (stroke). Pure; any
thread. Rule C1 (m, s); public/js/core/transform.js is its twin, tests/data/transform_vectors.json holds both to it.

All arithmetic is in IEEE doubles, in the order written. `by` is [dx, dy]; `scale` is [f, x0, y0].

1. A coordinate x becomes `x0 + f*(x - x0) + dx`, without scale `x + dx`; y likewise with y0 and dy.
2. The result v is rounded: to `floor(v + 0.5)` where no `d` of the fragment has a decimal point, else to
   `floor(v*1000 + 0.5)/1000`. Radii of arcs become `f*r`, rounded in the same way.
3. Without scale only the first M or m and the absolute commands (M L H V C S Q T A) change; relative ones stay.
   With scale every command is first made absolute (upper-case), each coordinate being the sum of the number and the
   current point, and stays absolute.
4. Flags and rotation of arcs stay. Neighbouring commands with the same letter, except M and Z, share one letter.
5. Points in `data-p` follow rule 1 and are always rounded to `floor(v + 0.5)`; pressure stays. With scale `data-w`
   becomes `max(1, floor(f*w + 0.5))`, and `stroke-width` (1 where a path has a stroke, not `none`, but no width)
   becomes `floor(f*w*1000 + 0.5)/1000`. `data-cuts` and `data-tilt` stay: they go by the points.
6. If a number of the result, or a coordinate made absolute, or a `stroke-width` lies beyond 1,000,000, or `data-w`
   above 99,999, the stroke stays as it was.
7. `s` sets `fill` of each path, but `stroke` of a path whose `fill` is `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor

from server.domain.path_data import (
    ARITY,
    MAX_COORDINATE,
    Number,
    Segment,
    absolute,
    format_number,
    format_path,
    parse_path,
    round_number,
    within_bounds,
)
from server.domain.points import decode_points, encode_points
from server.domain.svg_vocabulary import MAX_WIDTH, Shape

Place = Callable[[Number], Number]


class _OutOfRange(Exception):
    """The result would not be a stroke of the notebook."""


def _whole(value: float) -> int:
    return floor(value + 0.5)


def _placer(step: Number, factor: Number, centre: Number, rounded: Callable[[float], Number]) -> Place:
    if factor == 1 and centre == 0:
        return lambda value: rounded(value + step)
    return lambda value: rounded(centre + factor * (value - centre) + step)


def _placed(segment: Segment, to_x: Place, to_y: Place, radius: Place) -> Segment:
    letter, numbers = segment
    match letter:
        case "H":
            return letter, [to_x(x) for x in numbers]
        case "V":
            return letter, [to_y(y) for y in numbers]
        case "A":
            made: list[Number] = []
            for index in range(0, len(numbers), ARITY["A"]):
                rx, ry, rotation, large, sweep, x, y = numbers[index : index + ARITY["A"]]
                made += [radius(rx), radius(ry), rotation, large, sweep, to_x(x), to_y(y)]
            return letter, made
        case _:
            return letter, [to_y(value) if index % 2 else to_x(value) for index, value in enumerate(numbers)]


def _path(d: str, to_x: Place, to_y: Place, radius: Place, *, scaled: bool) -> str:
    segments = parse_path(d)
    if scaled:
        made = [_placed(segment, to_x, to_y, radius) for segment in absolute(segments)]
    else:
        made = [
            _placed(segment, to_x, to_y, lambda value: value)
            if index == 0 or segment[0].isupper()
            else segment
            for index, segment in enumerate(segments)
        ]
    if not within_bounds(made) or any(abs(value) > MAX_COORDINATE for _, part in made for value in part):
        raise _OutOfRange
    return format_path(made)


def _stroke_width(path: dict[str, str], factor: Number) -> dict[str, str]:
    if path.get("stroke", "none") == "none" and "stroke-width" not in path:
        return path
    width = round_number(factor * float(path.get("stroke-width", "1")))
    if width > MAX_COORDINATE:
        raise _OutOfRange
    return {**path, "stroke-width": format_number(width)}


def _points(text: str, to_x: Place, to_y: Place) -> str:
    points = [(int(to_x(x)), int(to_y(y)), pressure) for x, y, pressure in decode_points(text)]
    if any(abs(x) > MAX_COORDINATE or abs(y) > MAX_COORDINATE for x, y, _ in points):
        raise _OutOfRange
    return encode_points(points)


def _moved(shape: Shape, what: Sequence[Number]) -> Shape:
    dx, dy = what[0], what[1]
    factor, x0, y0 = what[2:5] if len(what) == 5 else (1, 0, 0)
    scaled = len(what) == 5
    rounded = round_number if any("." in path["d"] for path in shape.paths) else _whole
    to_x, to_y = _placer(dx, factor, x0, rounded), _placer(dy, factor, y0, rounded)
    paths = [
        {**path, "d": _path(path["d"], to_x, to_y, lambda value: rounded(factor * value), scaled=scaled)}
        for path in shape.paths
    ]
    group = dict(shape.group)
    if "data-p" in group:
        group["data-p"] = _points(
            group["data-p"], _placer(dx, factor, x0, _whole), _placer(dy, factor, y0, _whole)
        )
    if scaled:
        paths = [_stroke_width(path, factor) for path in paths]
        if "data-w" in group:
            width = max(1, _whole(factor * int(group["data-w"])))
            if width > MAX_WIDTH:
                raise _OutOfRange
            group["data-w"] = str(width)
    return Shape(group, paths)


def move_shape(shape: Shape, what: Sequence[Number]) -> Shape:
    """Moves a stroke and scales it.

    Args:
        shape: the stroke as it looks now.
        what: (dx, dy), or (dx, dy, f, x0, y0).
    """
    try:
        return _moved(shape, what)
    except _OutOfRange:
        return shape


def reach(shape: Shape) -> Number:
    """The greatest distance from zero, along x or y, of anything that gives the stroke its place."""
    places: list[Number] = [0]
    for path in shape.paths:
        for letter, numbers in absolute(parse_path(path["d"])):
            places += [*numbers[5::7], *numbers[6::7]] if letter == "A" else numbers
    if "data-p" in shape.group:
        places += [place for x, y, _ in decode_points(shape.group["data-p"]) for place in (x, y)]
    return max(map(abs, places))


def recolour_shape(shape: Shape, colour: str) -> Shape:
    """Gives a stroke another colour.

    Args:
        shape: the stroke as it looks now.
        colour: `#rrggbb`.
    """
    return Shape(
        shape.group,
        [{**path, "stroke" if path.get("fill") == "none" else "fill": colour} for path in shape.paths],
    )
