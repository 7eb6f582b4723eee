"""Outline recipe 1: from captured points to the `d` that is drawn.

Owns the server's half of a promise: the same integers give the same path as in the page, so that what an eraser
left of a stroke looks the same everywhere. The geometry is that of perfect-freehand 1.2.3 with the options of
recipe 1 (size = pen width in tenths of a pixel, thinning 0.6, or 0 for the tools `constant` and `marker`,
smoothing 0.5, streamline 0.4, real pressure, complete stroke, round caps, no taper). Pure; any thread.

The outline becomes a path like this. Its points are rounded to integers, halves up; `mid(a, b)` is the floor of
half their sum, for x and y apart. The path is `M` and mid(P0, P1); then for i = 1 ... n one quadratic with the
control point P[i mod n] and the end mid(P[i mod n], P[i+1 mod n]), all as integers relative to the end before,
under one letter `q`; then `z`. Numbers are parted by a space unless the next begins with a minus.
public/js/core/outline.js is the other half; tests/data/outline_vectors.json holds both to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, pi, sin, sqrt

from server.domain.points import MAX_PRESSURE, Point

PRESSURELESS_TOOLS = frozenset({"constant", "marker"})

_THINNING = 0.6
_SMOOTHING = 0.5
_STEP = 0.15 + (1 - 0.4) * 0.85  # streamline 0.4
_HALF_TURN = pi + 0.0001
_START_SEGMENTS = 13
_END_SEGMENTS = 29
_CORNER_SEGMENTS = 13
_END_NOISE = 3
_MIN_RADIUS = 0.01

Vector = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Sample:
    """A point of the smoothed line: where, how hard, the unit vector back, the length so far."""

    x: float
    y: float
    pressure: float
    vector: Vector
    length: float


def hypot(x: float, y: float) -> float:
    """The length of (x, y), computed as browsers compute `Math.hypot`.

    The squares are scaled by the greater part and the sum is corrected for rounding: the last bit decides, now and
    then, to which side a half is rounded.
    """
    x, y = abs(x), abs(y)
    greatest = max(x, y)
    if greatest == 0:
        return 0.0
    total = correction = 0.0
    for part in (x / greatest, y / greatest):
        summand = part * part - correction
        preliminary = total + summand
        correction = (preliminary - total) - summand
        total = preliminary
    return sqrt(total) * greatest


def _turned(x: float, y: float, about: _Sample, angle: float) -> Vector:
    s, c = sin(angle), cos(angle)
    px, py = x - about.x, y - about.y
    return px * c - py * s + about.x, px * s + py * c + about.y


def _input(points: Sequence[Point]) -> list[tuple[float, float, float | None]]:
    """The points with pressure as a fraction; a line of two gets three between, without pressure."""
    line: list[tuple[float, float, float | None]] = [(x, y, p / MAX_PRESSURE) for x, y, p in points]
    if len(line) == 2:
        (x0, y0, _), (x1, y1, _) = line
        line[1:] = [(x0 + (x1 - x0) * (i / 4), y0 + (y1 - y0) * (i / 4), None) for i in range(1, 5)]
    if len(line) == 1:
        x0, y0, pressure = line[0]
        line.append((x0 + 1, y0 + 1, pressure))
    return line


def _samples(points: Sequence[Point], size: float) -> list[_Sample]:
    line = _input(points)
    x, y, first_pressure = line[0]
    samples: list[_Sample] = []
    length = 0.0
    started = False
    last = len(line) - 1
    for index in range(1, len(line)):
        to_x, to_y, pressure = line[index]
        if index < last:
            to_x, to_y = x + (to_x - x) * _STEP, y + (to_y - y) * _STEP
        if to_x == x and to_y == y:
            continue
        length += hypot(to_y - y, to_x - x)
        if index < last and not started:
            if length < size:
                continue
            started = True
        back_x, back_y = x - to_x, y - to_y
        norm = hypot(back_x, back_y)
        samples.append(
            _Sample(to_x, to_y, 0.5 if pressure is None else pressure, (back_x / norm, back_y / norm), length)
        )
        x, y = to_x, to_y
    vector = samples[0].vector if samples else (0.0, 0.0)
    first_x, first_y, _ = line[0]
    return [
        _Sample(first_x, first_y, 0.25 if first_pressure is None else first_pressure, vector, 0.0),
        *samples,
    ]


def _radius(size: float, thinning: float, pressure: float) -> float:
    if not thinning:
        return max(_MIN_RADIUS, size / 2)
    return max(_MIN_RADIUS, size * (0.5 - thinning * (0.5 - pressure)))


def _steps(count: int, start: float, stop: float, *, closed: bool) -> list[float]:
    """Fractions in steps of 1/count, added up one by one as the browser's loop does."""
    steps: list[float] = []
    t = start
    while t <= stop if closed else t < stop:
        steps.append(t)
        t += 1 / count
    return steps


def _dot(centre: _Sample, radius: float) -> list[Vector]:
    # The unit vector square to (-1, -1), which is the offset perfect-freehand measures a dot by.
    norm = hypot(-1.0, 1.0)
    x, y = centre.x + (-1 / norm) * -radius, centre.y + (1 / norm) * -radius
    return [
        _turned(x, y, centre, _HALF_TURN * 2 * t)
        for t in _steps(_START_SEGMENTS, 1 / _START_SEGMENTS, 1, closed=True)
    ]


def _far(a: Vector, b: Vector, square: float) -> bool:
    dx, dy = a[0] - b[0], a[1] - b[1]
    return dx * dx + dy * dy > square


class _Sides:
    """The left and right side of the outline while they grow."""

    def __init__(self, samples: Sequence[_Sample], size: float, thinning: float) -> None:
        self.left: list[Vector] = []
        self.right: list[Vector] = []
        self._samples = samples
        self._size = size
        self._thinning = thinning
        self._near = (size * _SMOOTHING) * (size * _SMOOTHING)
        self._before = samples[0].vector
        self._left_before: Vector = (samples[0].x, samples[0].y)
        self._right_before = self._left_before
        self._at_corner = False
        self.first_radius = 0.0
        self.radius = 0.0

    def walk(self) -> None:
        last = len(self._samples) - 1
        total = self._samples[-1].length
        for index, sample in enumerate(self._samples):
            if index < last and total - sample.length < _END_NOISE:
                continue
            self.radius = _radius(self._size, self._thinning, sample.pressure)
            if not self.first_radius:
                self.first_radius = self.radius
            following = self._samples[index + 1].vector if index < last else sample.vector
            self._add(index, sample, following, index == last)

    def _add(self, index: int, sample: _Sample, following: Vector, is_last: bool) -> None:
        vx, vy = sample.vector
        ahead = 1.0 if is_last else vx * following[0] + vy * following[1]
        turned = vx * self._before[0] + vy * self._before[1] < 0 and not self._at_corner
        if turned or ahead < 0:
            self._corner(sample)
            if ahead < 0:
                self._at_corner = True
            return
        self._at_corner = False
        radius = self.radius
        if is_last:
            dx, dy = vy * radius, -vx * radius
            self.left.append((sample.x - dx, sample.y - dy))
            self.right.append((sample.x + dx, sample.y + dy))
            return
        blend_x = following[0] + (vx - following[0]) * ahead
        blend_y = following[1] + (vy - following[1]) * ahead
        dx, dy = blend_y * radius, -blend_x * radius
        left = (sample.x - dx, sample.y - dy)
        if index <= 1 or _far(self._left_before, left, self._near):
            self.left.append(left)
            self._left_before = left
        right = (sample.x + dx, sample.y + dy)
        if index <= 1 or _far(self._right_before, right, self._near):
            self.right.append(right)
            self._right_before = right
        self._before = sample.vector

    def _corner(self, sample: _Sample) -> None:
        dx, dy = self._before[1] * self.radius, -self._before[0] * self.radius
        for t in _steps(_CORNER_SEGMENTS, 0.0, 1.0, closed=True):
            self._left_before = _turned(sample.x - dx, sample.y - dy, sample, _HALF_TURN * t)
            self.left.append(self._left_before)
            self._right_before = _turned(sample.x + dx, sample.y + dy, sample, _HALF_TURN * -t)
            self.right.append(self._right_before)


def outline_points(points: Sequence[Point], width: int, tool: str = "pen") -> list[Vector]:
    """The polygon around a stroke.

    Args:
        points: 1 or more captured points.
        width: `data-w`, tenths of a pixel, at least 1.
        tool: `data-t`.
    """
    thinning = 0.0 if tool in PRESSURELESS_TOOLS else _THINNING
    samples = _samples(points, width)
    sides = _Sides(samples, width, thinning)
    sides.walk()
    if len(samples) == 1:
        return _dot(samples[0], sides.first_radius or sides.radius)
    first, last = samples[0], samples[-1]
    right_x, right_y = sides.right[0]
    start_cap = [
        _turned(right_x, right_y, first, _HALF_TURN * t)
        for t in _steps(_START_SEGMENTS, 1 / _START_SEGMENTS, 1, closed=True)
    ]
    direction_x, direction_y = -last.vector[1], last.vector[0]
    x, y = last.x + direction_x * sides.radius, last.y + direction_y * sides.radius
    end_cap = [
        _turned(x, y, last, _HALF_TURN * 3 * t)
        for t in _steps(_END_SEGMENTS, 1 / _END_SEGMENTS, 1, closed=False)
    ]
    return [*sides.left, *end_cap, *reversed(sides.right), *start_cap]


def path_of_outline(outline: Sequence[Vector]) -> str:
    """Closed integer path through the midpoints of a polygon, as the module's first lines say."""
    corners = [(floor(x + 0.5), floor(y + 0.5)) for x, y in outline]
    count = len(corners)
    (x0, y0), (x1, y1) = corners[0], corners[1 % count]
    x, y = (x0 + x1) >> 1, (y0 + y1) >> 1
    numbers: list[int] = []
    start = f"M{x}{y}" if y < 0 else f"M{x} {y}"
    for index in range(1, count + 1):
        ax, ay = corners[index % count]
        bx, by = corners[(index + 1) % count]
        end_x, end_y = (ax + bx) >> 1, (ay + by) >> 1
        numbers += (ax - x, ay - y, end_x - x, end_y - y)
        x, y = end_x, end_y
    return f"{start}q{' '.join(map(str, numbers)).replace(' -', '-')}z"


def outline_path(points: Sequence[Point], width: int, tool: str = "pen") -> str:
    """The `d` of a stroke by recipe 1; arguments as for `outline_points`."""
    return path_of_outline(outline_points(points, width, tool))
