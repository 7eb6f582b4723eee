"""Fixtures of the web tests: the whole web part over a real SQLite database, without sockets and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.world import World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds with settings of the test's choosing."""
    made: list[World] = []

    def make(**options: object) -> World:
        world = World(tmp_path / f"world-{len(made)}", **options)  # type: ignore[arg-type]
        made.append(world)
        return world

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One world with the default settings."""
    return make_world()
