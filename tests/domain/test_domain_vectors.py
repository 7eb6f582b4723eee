"""The promises between server and page: outline recipe 1, the points codec, moves and colours (C1, INK)."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.cut_intervals import complement, format_intervals, parse_intervals, union
from server.domain.failures import Failure
from server.domain.outline import outline_path
from server.domain.path_data import check_path, parse_path
from server.domain.points import decode_points, encode_points
from server.domain.stroke_cuts import cut_shape, run_points, visible_runs
from server.domain.svg_vocabulary import Shape, parse_fragment, take_apart
from server.domain.transform import move_shape, recolour_shape
from tests.domain.writer import INK, POINTS

DATA = Path(__file__).parents[1] / "data"


def vectors(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return loaded


def test_outline_recipe_1_equals_the_pages_on_a_thousand_strokes() -> None:
    strokes = vectors("outline_vectors.json")
    assert len(strokes) >= 1_000
    wrong = [
        number
        for number, stroke in enumerate(strokes)
        if outline_path(decode_points(stroke["points"]), stroke["width"], stroke["tool"]) != stroke["d"]
    ]
    assert wrong == []


def test_outlines_are_canonical_path_data() -> None:
    for stroke in vectors("outline_vectors.json")[:200]:
        assert check_path(stroke["d"]) == stroke["d"]


def test_points_vectors() -> None:
    for vector in vectors("points_vectors.json"):
        points = [tuple(point) for point in vector["points"]]
        assert encode_points(points) == vector["text"]  # type: ignore[arg-type]
        assert decode_points(vector["text"]) == points


def test_transform_vectors() -> None:
    checked = vectors("transform_vectors.json")
    assert len(checked) >= 60
    for vector in checked:
        shape = take_apart(vector["fragment"])
        if "fill" in vector:
            made = recolour_shape(shape, vector["fill"])
        else:
            made = move_shape(shape, (*vector["by"], *vector.get("scale", ())))
        assert made.fragment().text == vector["expect"], vector["why"]


def test_transformed_fragments_are_canonical() -> None:
    for vector in vectors("transform_vectors.json"):
        assert parse_fragment(vector["expect"]).text == vector["expect"]


POINT = st.tuples(st.integers(-1_000_000, 1_000_000), st.integers(-1_000_000, 1_000_000), st.integers(0, 63))


@settings(max_examples=100, deadline=None)
@given(st.lists(POINT, min_size=1, max_size=40))
def test_any_points_come_back(points: list[tuple[int, int, int]]) -> None:
    assert decode_points(encode_points(points)) == points


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_points_have_one_spelling(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    try:
        points = decode_points(text)
    except Failure:
        return
    assert encode_points(points) == text


def test_c5_4096_points_fit_and_no_more() -> None:
    points = [(index % 7, index % 5, 3) for index in range(4_096)]
    assert len(decode_points(encode_points(points))) == 4_096
    with pytest.raises(Failure):
        decode_points(encode_points([*points, (0, 0, 0)]))


@pytest.mark.parametrize(
    "points",
    [
        [(1_000_001, 0, 0)],
        [(0, -1_000_001, 0)],
        [(0, 0, 64)],
        [(0, 0, 5), (0, 0, -1)],
        [(999_999, 0, 0), (1_000_001, 0, 0)],
    ],
)
def test_c1_points_out_of_range_are_refused(points: list[tuple[int, int, int]]) -> None:
    with pytest.raises(Failure):
        decode_points(encode_points(points))


INTERVALS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 90)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(INTERVALS, INTERVALS)
def test_c6_intervals_are_sets(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    def members(intervals: Any) -> set[int]:
        return {place for start, end in intervals for place in range(start, end)}

    both = union([*first, *second])
    assert members(both) == members(first) | members(second)
    assert both == union([*union(second), *union(first)]) == union([*both, *first])
    assert all(one[1] < two[0] for one, two in pairwise(both))
    assert members(complement(both, 304)) == set(range(304)) - members(both)
    assert parse_intervals(format_intervals(both)) == both


def test_c6_a_run_has_interpolated_ends_rounded_half_up() -> None:
    points = [(0, 0, 0), (16, 8, 63), (32, 0, 0)]
    assert run_points(points, (0, 32)) == points
    assert run_points(points, (4, 24)) == [(4, 2, 16), (16, 8, 63), (24, 4, 32)]
    assert run_points(points, (1, 3)) == [(1, 1, 4), (3, 2, 12)]
    assert run_points([(0, 0, 0), (-1, -3, 0)], (8, 16)) == [(0, -1, 0), (-1, -3, 0)]


def test_c6_runs_shorter_than_the_pen_is_wide_go_too() -> None:
    assert len(visible_runs(POINTS, ((16, 300),), 40)) == 1, "the first run is 40 units long"
    assert visible_runs(POINTS, ((16, 300),), 41) == []
    assert visible_runs(POINTS, (), 10_000) == [POINTS]
    assert visible_runs(POINTS, ((0, 65_536),), 1) == []
    assert visible_runs([(5, 5, 5)], ((0, 1),), 1) == []


def test_c6_a_cut_stroke_is_one_path_for_each_visible_run() -> None:
    shape = cut_shape(take_apart(INK), ((64, 128), (200, 232)))
    assert shape.group["data-cuts"] == "64-128.200-232"
    assert [path["d"] for path in shape.paths] == [
        outline_path(run_points(POINTS, run), 30) for run in ((0, 64), (128, 200), (232, 304))
    ]
    assert {path["fill"] for path in shape.paths} == {"#1a2b3c"}
    text = shape.fragment().text
    assert parse_fragment(text).text == text


def test_c6_more_than_sixteen_runs_share_the_last_path() -> None:
    cuts = union((16 * place, 16 * place + 4) for place in range(1, 19))
    shape = cut_shape(Shape({**take_apart(INK).group, "data-w": "5"}, take_apart(INK).paths), cuts)
    assert len(shape.paths) == 16
    assert shape.paths[-1]["d"].count("M") == 4
    text = shape.fragment().text
    assert parse_fragment(text).text == text


def test_c6_cuts_of_an_imported_stroke_count_besides() -> None:
    once = cut_shape(take_apart(INK), ((64, 128),))
    assert cut_shape(once, ((100, 160),)).fragment() == cut_shape(take_apart(INK), ((64, 160),)).fragment()


def test_path_data_of_any_segments_is_read_back() -> None:
    rng = random.Random(3)
    arity = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "z": 0}
    for _ in range(500):
        d = f"M{rng.randint(-9, 9)} {rng.randint(-9, 9)}"
        for _ in range(rng.randint(0, 6)):
            letter = rng.choice(list(arity) + [letter.upper() for letter in arity])
            numbers = [
                rng.choice([f"{rng.randint(-99, 99)}", f"{rng.uniform(-9, 9):.5f}", ".5", "-1e1", "+3"])
                for _ in range(arity[letter.lower()] * rng.randint(1, 3))
            ]
            d += letter + rng.choice([" ", ", ", " ,"]).join(numbers)
        canonical = check_path(d)
        assert check_path(canonical) == canonical
        assert parse_path(canonical) == parse_path(d)


@pytest.mark.parametrize(
    ("d", "canonical"),
    [
        ("M0 0 Q 1 1 2 2", "M0 0Q1 1 2 2"),
        ("M0,0 1,1L2 2", "M0 0L1 1 2 2"),
        ("m.5.5-1e1-2", "m0.5 0.5l-10-2"),
        ("M0 0a1 1 0 011 1", "M0 0a1 1 0 0 1 1 1"),
        ("M0 0A-1-1 0 0 1 1 1", "M0 0A1 1 0 0 1 1 1"),
        ("M-0-0.0004zM+1 007", "M0 0zM1 7"),
        ("M1.2345 1.9996", "M1.235 2"),
        ("M0 0l1 1l2 2L3 3", "M0 0l1 1 2 2L3 3"),
        (" \tM0 0\n", "M0 0"),
    ],
)
def test_c1_path_data_has_one_spelling(d: str, canonical: str) -> None:
    assert check_path(d) == canonical == check_path(canonical)
