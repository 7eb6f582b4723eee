"""Handwriting-like strokes from a seed, and notebooks full of them.

Owns the shape of the ink that every row of the ink benchmark works on, ours and the peers': strokes of 40 to 68
points, as a pen gives them at 120 Hz for a few letters, set in lines like writing. Saves them through the API in
big batches. A few hundred shapes are outlined and then moved by whole units, which moves their outline along.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from server.domain.outline import outline_path
from server.domain.points import decode_points, encode_points
from tests.support.product import Person

Point = tuple[int, int, int]

WIDTH = 30
"""`data-w` of the pen a new page starts with, tenths of a pixel."""
COLUMNS = 48
PITCH_X = 240
PITCH_Y = 400
SHAPES = 400
BATCH = 512
INKS = ("#000000", "#000000", "#000000", "#1d4ed8", "#c81e1e", "#15803d")


@dataclass(frozen=True)
class Shape:
    """One stroke at the origin, with its outline."""

    points: tuple[Point, ...]
    path: str

    def at(self, x: int, y: int, colour: str) -> str:
        """The fragment of this stroke moved by whole units."""
        first, *rest = self.points
        moved = [(first[0] + x, first[1] + y, first[2]), *((a + x, b + y, p) for a, b, p in rest)]
        start, outline = self.path.split("q", 1)
        px, py = _start_of(start)
        d = f"M{px + x}{_spaced(py + y)}q{outline}"
        return (
            f'<g data-p="{encode_points(moved)}" data-v="1" data-w="{WIDTH}" data-t="pen">'
            f'<path d="{d}" fill="{colour}"/></g>'
        )


def _start_of(text: str) -> tuple[int, int]:
    numbers = text[1:].replace("-", " -").split()
    return int(numbers[0]), int(numbers[1])


def _spaced(value: int) -> str:
    return str(value) if value < 0 else f" {value}"


def letters(dice: random.Random, count: int) -> tuple[Point, ...]:
    """Points of a few joined letters, 22 pixels wide."""
    turns = dice.uniform(1.3, 2.3)
    high, wide = dice.uniform(45, 85), dice.uniform(20, 45)
    lean, phase = dice.uniform(0.1, 0.5), dice.uniform(0, 2 * math.pi)
    points = []
    for i in range(count):
        along = i / (count - 1)
        angle = phase + 2 * math.pi * turns * along
        y = 200 + high * math.sin(angle) * (0.7 + 0.3 * math.sin(3 * along + phase))
        x = 10 + 180 * along + wide * math.cos(angle) - lean * (y - 200) * 0.4
        pressure = 34 + 16 * math.sin(angle + 1) + 8 * math.sin(math.pi * along) + dice.uniform(-1.5, 1.5)
        jitter_x, jitter_y = dice.uniform(-0.8, 0.8), dice.uniform(-0.8, 0.8)
        points.append((round(x + jitter_x), round(y + jitter_y), max(0, min(63, round(pressure)))))
    return tuple(points)


def shapes(seed: int = 7, *, points: int | None = None, count: int = SHAPES) -> list[Shape]:
    """Shapes of 40 to 68 points each, or of exactly `points`."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        way = letters(dice, points or dice.randint(40, 68))
        made.append(Shape(way, outline_path(list(way), WIDTH)))
    return made


def fragments(count: int, *, points: int | None = None) -> Iterator[str]:
    """`count` strokes set in lines from the upper left corner of the sheet."""
    known = shapes(points=points)
    dice = random.Random(count)
    for index in range(count):
        row, column = divmod(index, COLUMNS)
        colour = dice.choice(INKS)
        yield dice.choice(known).at(column * PITCH_X, row * PITCH_Y, colour)


def fill(person: Person, notebook_id: int, count: int, *, points: int | None = None) -> None:
    """Store `count` strokes in a notebook."""
    batch: list[list[str]] = []
    for index, fragment in enumerate(fragments(count, points=points)):
        batch.append(["a", fragment, f"s{index}"])
        if len(batch) == BATCH or index == count - 1:
            answer = person.post(f"/SAVE/{notebook_id}", batch)
            if answer.status != 200:
                raise RuntimeError(f"the server refused the strokes: {answer.status} {answer.body[:300]!r}")
            batch = []


def plain_strokes(count: int) -> list[list[list[float]]]:
    """The same strokes for programs with other formats: x and y in CSS pixels, pressure 0 to 1."""
    made = []
    for fragment in fragments(count):
        text = fragment.split('data-p="', 1)[1].split('"', 1)[0]
        made.append([[x / 10, y / 10, round(p / 63, 3)] for x, y, p in decode_points(text)])
    return made
