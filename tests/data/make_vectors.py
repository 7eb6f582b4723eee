"""Writes transform_vectors.json and points_vectors.json next to itself, from fixed seeds.

Run it by hand (`python tests/data/make_vectors.py`) when a rule of server/domain/transform.py or points.py changes;
the tests of both sides read the files. Outline vectors come from make_outline_vectors.mjs.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent.parent))

from server.domain.outline import outline_path  # noqa: E402
from server.domain.points import encode_points  # noqa: E402
from server.domain.svg_vocabulary import take_apart  # noqa: E402
from server.domain.transform import move_shape, recolour_shape  # noqa: E402

PATHS = {
    "lines": "M0 0L100 50 200-50",
    "relative lines": "M10 20l5 5-5 5l-5-5z",
    "first move relative": "m10 20l5 5m3 3l1 1",
    "horizontal and vertical": "M0 0H100V100h-50v-25z",
    "cubics": "M0 0C10 20 30 40 50 60S70 80 90 100",
    "relative cubics": "M5 5c10 20 30 40 50 60s10 10 20 20",
    "quadratics": "M0 0Q10 20 30 40T50 60",
    "relative quadratics": "M1204 933q3-4 7-9 2 1 5 0z",
    "mixed letters join": "M0 0Q1 1 2 2q1 1 2 2",
    "arc": "M0 0A30 20 45 0 1 50 60",
    "relative arcs": "M0 0a30 20 45 0 1 50 60 3 4 0 1 0 5 5",
    "two subpaths": "M0 0L5 5zM20 20l5 5z",
    "relative after close": "M10 10l5 0 0 5zl3 3",
    "decimals": "M0.5 0.25L10.125 20.875",
    "relative decimals": "M0.1 0.2l0.3 0.4 0.1 0.1",
    "negative": "M-100-200L-1-1 0 0",
    "halves": "M1 1L2 2 3 3 5 5",
}
MOVES = [
    ([10, 20], None),
    ([-5, -7], None),
    ([0.5, -0.5], None),
    ([0, 0], None),
    ([0, 0], [2, 0, 0]),
    ([0, 0], [0.5, 1, 1]),
    ([3, -4], [1.5, 100, 50]),
    ([0, 0], [0.05, 33.3, -12.7]),
    ([7, 7], [20, 0, 0]),
    ([0, 0], [1, 5, 5]),
    ([12, 0], [0.3333333333333333, 6000, 8000]),
]
RANGE = [
    ("moved beyond the edge", 'M999990 0L999995 5"', [100, 0], None),
    ("a relative part leads beyond the edge", 'M999000 0l900 0"', [500, 0], None),
    ("scaled beyond the edge", 'M0 0L600000 5"', [0, 0], [2, 0, 0]),
    ("to the very edge", 'M999990 0L999995 5"', [5, 0], None),
    ("a radius beyond the edge", 'M0 0A900000 5 0 0 1 5 5"', [0, 0], [2, 0, 0]),
    ("a stroke-width beyond the edge", 'M0 0L5 5" stroke="#000000" stroke-width="600000"', [0, 0], [2, 0, 0]),
]


def ink(rng: random.Random, tool: str, width: int, count: int) -> str:
    x, y, pressure = rng.randint(0, 12_000), rng.randint(0, 16_000), 30
    points = []
    for _ in range(count):
        points.append((x, y, pressure))
        x, y = x + rng.randint(-40, 60), y + rng.randint(-40, 60)
        pressure = max(0, min(63, pressure + rng.randint(-4, 4)))
    data = f'data-p="{encode_points(points)}" data-v="1" data-w="{width}" data-t="{tool}"'
    return f'<g {data}><path d="{outline_path(points, width, tool)}" fill="#1a2b3c"/></g>'


def moved(why: str, fragment: str, by: list[float], scale: list[float] | None) -> dict[str, object]:
    shape = move_shape(take_apart(fragment), (*by, *(scale or ())))
    vector: dict[str, object] = {"why": why, "fragment": fragment, "by": by}
    if scale:
        vector["scale"] = scale
    return {**vector, "expect": shape.fragment().text}


def recoloured(why: str, fragment: str, fill: str) -> dict[str, object]:
    expect = recolour_shape(take_apart(fragment), fill).fragment().text
    return {"why": why, "fragment": fragment, "fill": fill, "expect": expect}


def transform_vectors() -> list[dict[str, object]]:
    rng = random.Random(20261122)
    vectors = [
        moved(why, f'<g><path d="{d}" fill="#000000"/></g>', by, scale)
        for why, d in PATHS.items()
        for by, scale in MOVES
    ]
    for tool, width in (("pen", 50), ("mouse", 30), ("constant", 1), ("marker", 240)):
        fragment = ink(rng, tool, width, 24)
        vectors += [moved(f"own ink, {tool}", fragment, by, scale) for by, scale in MOVES]
    vectors += [moved(why, f'<g><path d="{rest}/></g>', by, scale) for why, rest, by, scale in RANGE]
    edge = encode_points([(0, 0, 5), (600_000, 5, 6)])
    vectors += [
        moved("points beyond the edge", f'<g data-p="{edge}"><path d="M0 0L1 1"/></g>', [0, 0], [2, 0, 0]),
        moved("width beyond its range", '<g data-w="60000"><path d="M0 0L1 1"/></g>', [0, 0], [2, 0, 0]),
        moved(
            "stroke-width",
            '<g><path d="M0 0h9" fill="none" stroke="#000000" stroke-width="1.5"/></g>',
            [1, 1],
            [1.1, 0, 0],
        ),
        moved(
            "stroke-width without scale",
            '<g><path d="M0 0h9" stroke="#000000" stroke-width="1.5"/></g>',
            [1, 1],
            None,
        ),
        moved(
            "two paths and cuts",
            '<g data-p="AAAAAgICAgIC" data-v="1" data-w="5" data-cuts="3-7"><path d="M0 0h9"/><path d="M5 5v9"/></g>',
            [8, 9],
            [0.7, 2, 3],
        ),
        moved("no path", "<g></g>", [8, 9], [0.7, 2, 3]),
        recoloured("filled", '<g><path d="M0 0h9" fill="#000000"/></g>', "#ff8800"),
        recoloured("no fill given", '<g><path d="M0 0h9"/></g>', "#ff8800"),
        recoloured("line only", '<g><path d="M0 0h9" fill="none" stroke="#000000"/></g>', "#ff8800"),
        recoloured(
            "fill and line",
            '<g><path d="M0 0h9" fill="#111111" stroke="#222222" opacity="0.5"/></g>',
            "#ff8800",
        ),
        recoloured("line none", '<g><path d="M0 0h9" fill="#111111" stroke="none"/></g>', "#ff8800"),
        recoloured("nothing drawn", '<g><path d="M0 0h9" fill="none"/></g>', "#ff8800"),
    ]
    return vectors


def points_vectors() -> list[dict[str, object]]:
    rng = random.Random(7)
    lists = [
        [(0, 0, 0)],
        [(0, 0, 63)],
        [(-1, 1, 1), (1, -1, 0)],
        [(1_000_000, -1_000_000, 32), (-1_000_000, 1_000_000, 32)],
        [(63, 64, 63), (8191, 8192, 0), (-64, -65, 1)],
        [(5, 5, 5)] * 6,
    ]
    for count in (1, 2, 3, 10, 68, 344):
        for step in (1, 40, 3_000):
            x = y = 5_000
            points = []
            for _ in range(count):
                x, y = x + rng.randint(-step, step), y + rng.randint(-step, step)
                points.append((x, y, rng.randint(0, 63)))
            lists.append(points)
    return [{"points": points, "text": encode_points(points)} for points in lists]


def write(name: str, vectors: list[dict[str, object]]) -> None:
    lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write("transform_vectors.json", transform_vectors())
    write("points_vectors.json", points_vectors())
