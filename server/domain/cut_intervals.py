"""Intervals along a stroke: what an eraser took away.

Owns sets of half-open intervals of integers in 1/16 of a point along `data-p`: reading, joining, writing,
complement. They form a union, so concurrent erasers commute. Does not know geometry (stroke_cuts does). Pure;
any thread and the update process. Rules C1 (cuts), C6 (union).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import ge

from server.domain.failures import Failure

Interval = tuple[int, int]
"""Start and end, 0 <= start < end, in 1/16 of a point; the end is not part of it."""

UNITS_PER_POINT = 16
MAX_END = 65_536
MAX_INTERVALS = 1_024
_MAX_CHARACTERS = MAX_INTERVALS * len("12345-12345.")

_INTERVALS = re.compile(r"(?:[0-9]{1,5}-[0-9]{1,5}(?:\.(?=[0-9])|\Z))+")


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Joins intervals that overlap or touch; the result is sorted."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def complement(cuts: Sequence[Interval], end: int) -> list[Interval]:
    """What is left of [0, end] between joined, sorted cuts; empty runs are left out."""
    runs: list[Interval] = []
    position = 0
    for start, stop in cuts:
        if start >= end:
            break
        if start > position:
            runs.append((position, start))
        position = max(position, stop)
    if position < end:
        runs.append((position, end))
    return runs


def parse_intervals(text: str) -> tuple[Interval, ...]:
    """Reads the value of `data-cuts`: `16-41.160-412`, empty for none.

    Raises:
        Failure: 422 `bad_fragment`.
    """
    if not text:
        return ()
    if len(text) > _MAX_CHARACTERS or not _INTERVALS.fullmatch(text):
        raise Failure.of("bad_fragment", "data-cuts is malformed.")
    places = list(map(int, text.replace("-", ".").split(".")))
    starts, ends = places[::2], places[1::2]
    if len(starts) > MAX_INTERVALS or max(ends) > MAX_END or any(map(ge, starts, ends)):
        raise Failure.of("bad_fragment", "data-cuts has an interval that does not fit.")
    return union(zip(starts, ends, strict=True))


def format_intervals(cuts: Sequence[Interval]) -> str:
    """Writes joined intervals as the value of `data-cuts`."""
    return ".".join(f"{start}-{end}" for start, end in cuts)


def check_intervals(value: object) -> tuple[Interval, ...]:
    """Reads the cuts of one stroke as a client sends them: `[[start, end], ...]`.

    Raises:
        Failure: 422 `bad_change`.
    """
    if type(value) is not list or not 1 <= len(value) <= MAX_INTERVALS:
        raise Failure.of("bad_change", "The cuts of a stroke are a list of 1 to 1,024 intervals.")
    pairs: list[Interval] = []
    for item in value:
        if type(item) is not list or len(item) != 2 or type(item[0]) is not int or type(item[1]) is not int:
            raise Failure.of("bad_change", "An interval is a list of two integers.")
        if not 0 <= item[0] < item[1] <= MAX_END:
            raise Failure.of("bad_change", "An interval begins at 0 or later and before its end.")
        pairs.append((item[0], item[1]))
    return union(pairs)
