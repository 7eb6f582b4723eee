"""What the rows of the ink benchmark have in common: a line of the table, the programs that are compared, the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from benchmarks.ink.subjects import Ours, Peer

MANY, VERY_MANY = 10_000, 100_000
"""Strokes in a notebook that is long, and in one that is as long as they come."""
BOARD = (300.0, 70.0, 900.0, 700.0)
"""A part of the window that is sheet in all three programs: x, y, width, height."""


@dataclass
class Row:
    """One line of the table."""

    what: str
    ours: float
    unit: str
    target: float | None = None
    peers: dict[str, float] = field(default_factory=dict)
    at_least: bool = False
    """Whether the target is a lower bound."""

    @property
    def passed(self) -> bool | None:
        if self.target is None:
            return None
        return self.ours >= self.target if self.at_least else self.ours <= self.target


@dataclass
class Bench:
    browser: Browser
    ours: Ours
    peers: list[Peer]
    folder: Path
    runs: int
    sessions: dict[tuple[str, int, float], dict[str, float]] = field(default_factory=dict)

    @property
    def all(self) -> list[Any]:
        return [self.ours, *self.peers]
