"""What the process asks of its machine."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from server.capacity import GARBAGE_EVERY, collect_garbage_seldom


@pytest.fixture
def collector_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collector_as_before")
def test_what_lives_as_long_as_the_server_is_not_searched_for_garbage() -> None:
    kept = [[number] for number in range(20_000)]
    collect_garbage_seldom()
    assert gc.get_freeze_count() > len(kept)
    assert gc.get_threshold() == GARBAGE_EVERY
    assert len(gc.get_objects()) < len(kept)
