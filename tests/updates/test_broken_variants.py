"""The checks of this folder must notice what they are for: each broken variant makes one of them fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from server.domain.change import Change
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.batch import Batch
from server.updates.loop import UpdateLoop
from server.updates.messages import Applied
from server.updates.notebook import Notebook
from server.updates.polls import Poll, PollResult
from tests.updates.faults import FaultyStorage
from tests.updates.world import DirectLoop, FakeExchange, World, stroke

EPOCH = "0123456789abcdef"


class AnswersBeforeCommit(Batch):
    """Broken: the answers are ready before the entries are stored, and stay when storing fails."""

    def store(self, changes: Any) -> None:
        works = list(self._works.values())
        for work in works:
            self._finish(work)
        try:
            changes.append_batch([entry for work in works for entry in work.entries])
        except Failure:
            return


class EagerLoop(UpdateLoop):
    """A loop with such batches."""

    def new_batch(self) -> Batch:
        return AnswersBeforeCommit()


def forgetful(change: Callable[..., Any]) -> Callable[..., Any]:
    """Broken: a known op is not recognised, the change is stored again under another op."""

    def changing(self: Notebook, changes: list[Change], *more: Any) -> Any:
        known = self.document.known
        fresh = [replace(item, op=f"{item.op}-again") if known(item.op or "") else item for item in changes]
        return change(self, fresh, *more)

    return changing


def check_that_no_unstored_change_is_acknowledged(world: World, make_loop: Callable[..., UpdateLoop]) -> None:
    notebook = world.new_notebook()
    faulty = FaultyStorage(world.storage)
    world.wrap_storage = lambda _storage: faulty  # type: ignore[assignment,return-value]
    loop = DirectLoop(world, make_loop)
    faulty.changes.before.append(Failure.of("storage_down"))
    loop.put(notebook, stroke("a1"))
    status, _ = loop.turn_until_answered()[1]
    loop.loop.stop_threads()
    assert status != 200 or world.log_ops(notebook) == ["a1"], "acknowledged, but not stored"


def check_that_a_repeated_op_is_stored_once(world: World) -> None:
    notebook = world.new_notebook()
    loop = DirectLoop(world)
    loop.put(notebook, stroke("a1"))
    loop.turn_until_answered()
    loop.put(notebook, stroke("a1"))
    loop.turn_until_answered()
    loop.loop.stop_threads()
    assert world.log_ops(notebook) == ["a1"]


def check_that_no_wake_up_is_lost(
    world: World, at_the_worst_moment: Callable[[Callable[[], None]], Callable[[], None]]
) -> None:
    """Publishes while a poll is being registered.

    Args:
        world: the world.
        at_the_worst_moment: arranges that its argument runs then; what it returns is called after the poll.
    """
    notebook = NotebookId(1)
    world.clients.open_room(notebook).open_at(EPOCH, 0)
    batch = Applied(notebook, EPOCH, 0, 1, [b"{}"], {}, [], only_appends=True, reload=False)
    finish = at_the_worst_moment(lambda: world.clients.publish([batch]))
    exchange = FakeExchange()
    assert world.clients.poll(Poll(exchange, notebook, 0)) is not PollResult.NEEDS_LOG
    finish()
    world.clock.pass_time(1.0)
    assert exchange.response is not None, "lost wake-up"


def test_acknowledging_before_the_commit_is_caught(world: World) -> None:
    check_that_no_unstored_change_is_acknowledged(world, UpdateLoop)
    with pytest.raises(AssertionError, match="acknowledged, but not stored"):
        check_that_no_unstored_change_is_acknowledged(world, EagerLoop)


def test_no_check_of_known_ops_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check_that_a_repeated_op_is_stored_once(world)
    monkeypatch.setattr(Notebook, "change", forgetful(Notebook.change))
    with pytest.raises(AssertionError):
        check_that_a_repeated_op_is_stored_once(world)


def while_registering(
    world: World, monkeypatch: pytest.MonkeyPatch, publish: Callable[[], None]
) -> Callable[[], None]:
    """Has `publish` begin on another thread in the middle of a poll's registration, and given 50 ms to get in."""
    add = world.clients._waiting.add
    publisher = threading.Thread(target=publish)

    def adding(poll: Poll, now_s: float) -> Poll | None:
        publisher.start()
        publisher.join(0.05)
        return add(poll, now_s)

    monkeypatch.setattr(world.clients._waiting, "add", adding)
    return publisher.join


def test_a_lost_wake_up_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check_that_no_wake_up_is_lost(world, lambda publish: while_registering(world, monkeypatch, publish))
    monkeypatch.undo()
    world.clients = world.new_clients()
    world.clients.open_room(NotebookId(1)).lock = nullcontext()  # type: ignore[assignment]
    with pytest.raises(AssertionError, match="lost wake-up"):
        check_that_no_wake_up_is_lost(world, lambda publish: while_registering(world, monkeypatch, publish))
