"""DESIGN 2: what the cache keeps, for how long, and what a drop does to a look-up under way."""

from __future__ import annotations

import pytest

from server.web.access_cache import AccessCache, NotCached
from tests.web.world import HandClock


def test_an_answer_holds_for_a_second_and_an_io_thread_never_asks() -> None:
    clock = HandClock()
    cache = AccessCache(10, 1.0, lambda: clock.now_s)
    with pytest.raises(NotCached):
        cache.get("key", lambda: 1, blocking=False)
    assert cache.get("key", lambda: 1, blocking=True) == 1
    assert cache.get("key", lambda: 2, blocking=False) == 1
    clock.forward(1.0)
    with pytest.raises(NotCached):
        cache.get("key", lambda: 2, blocking=False)
    assert cache.get("key", lambda: None, blocking=True) is None
    assert cache.get("key", lambda: 3, blocking=False) is None


def test_t48_an_answer_asked_for_before_a_drop_is_not_kept_after_it() -> None:
    cache = AccessCache(10, 1.0, lambda: 0.0)

    def revoked_meanwhile() -> str:
        cache.drop("key")
        return "granted"

    assert cache.get("key", revoked_meanwhile, blocking=True) == "granted"
    with pytest.raises(NotCached):
        cache.get("key", lambda: "granted", blocking=False)


def test_the_cache_is_bounded() -> None:
    cache = AccessCache(3, 1.0, lambda: 0.0)
    for key in range(10):
        cache.get(key, lambda: 1, blocking=True)
    assert len(cache._entries) == 3


def test_who_may_block_renews_what_is_half_as_old_as_it_may_be() -> None:
    """Else the several answers of one request grow old one after the other, and each sends a request to the pool."""
    clock = HandClock()
    cache = AccessCache(10, 1.0, lambda: clock.now_s)
    cache.get("key", lambda: 1, blocking=True)
    clock.forward(0.4)
    assert cache.get("key", lambda: 2, blocking=True) == 1
    clock.forward(0.2)
    assert cache.get("key", lambda: 2, blocking=False) == 1
    assert cache.get("key", lambda: 2, blocking=True) == 2
    clock.forward(0.9)
    assert cache.get("key", lambda: 3, blocking=False) == 2
