"""Fixtures of the tests of server.updates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.domain.ids import NotebookId
from server.updates.process import UpdateProcess
from tests.updates.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server's database, polls and replicas; its update process lives in threads."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["memory", pytest.param("process", marks=pytest.mark.slow)])
def any_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The same, once in threads and once with a real pipe, queue and process."""
    made = World(tmp_path, real_process=request.param == "process")
    yield made
    made.close()


@pytest.fixture
def notebook(world: World) -> NotebookId:
    """An empty notebook."""
    return world.new_notebook()


@pytest.fixture
def updates(world: World) -> UpdateProcess:
    """A running update process."""
    return world.start()
