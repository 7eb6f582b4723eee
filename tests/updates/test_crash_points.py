"""The update process is killed after every single step of commit and snapshot; then log, snapshot and answers agree.

F1, F3, F26; invariants I1 to I4, I6. The steps are counted inside the child: the database's transaction, the queue,
each call on the file system of a snapshot. Torn and short writes, a failing fsync and a full disk come from the same
layer. The child ends with os._exit, so nothing is flushed that the system would not have had.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.atomic_files import Files
from server.storage.snapshots import SnapshotStore
from server.updates.child import UpdateSettings, run_update_process
from server.updates.generation import SpawnedGeneration
from server.updates.loop import LoopLimits, UpdateLoop
from server.updates.messages import Outcome
from server.updates.notebook import load_notebook
from server.updates.process import UpdateProcess
from tests.updates.world import KEY, NOW_MS, World, stroke

FAULTS = ("kill", "torn", "fsync", "full")


@dataclass(frozen=True, slots=True)
class CrashSettings(UpdateSettings):
    """Where the child ends: after this many steps (0 for never)."""

    step: int = 0
    fault: str = "kill"


class Steps:
    """Counts the steps of the child and ends it, or makes the fault happen, at the right one."""

    def __init__(self, settings: CrashSettings) -> None:
        self._left = settings.step
        self._fault = settings.fault
        self._note = Path(settings.data_dir) / "steps.txt"

    def __call__(self, name: str) -> bool:
        """True when this step is to go wrong by the fault; ends the process for `kill`."""
        with open(self._note, "a") as note:
            note.write(name + "\n")
        self._left -= 1
        if self._left == 0 and self._fault == "kill":
            os._exit(9)
        return self._left == 0


class CrashingFiles(Files):
    """The file system with a step after each call that alters something."""

    def __init__(self, step: Steps, fault: str) -> None:
        self._step, self._fault = step, fault

    def open_new(self, path: Path) -> int:
        handle = super().open_new(path)
        self._step("open")
        return handle

    def write(self, handle: int, data: Any) -> int:
        if self._step("write"):
            if self._fault == "full":
                raise OSError(errno.ENOSPC, "full")
            if self._fault == "torn":
                super().write(handle, bytes(data)[: len(data) // 2])
                os._exit(9)
        size = len(data) // 2 if len(data) > 100 else len(data)  # long writes are short ones
        return super().write(handle, bytes(data)[:size])

    def fsync(self, handle: int) -> None:
        if self._step("fsync") and self._fault == "fsync":
            raise OSError(errno.EIO, "failed")
        super().fsync(handle)

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        self._step("rename")

    def fsync_folder(self, path: Path) -> None:
        super().fsync_folder(path)
        self._step("fsync folder")


class CrashingLoop:
    """The real loop on a storage, a queue and files with steps in them."""

    def __init__(self, settings: CrashSettings) -> None:
        self._step = Steps(settings)
        self._settings = settings

    def __call__(self, inbox: Any, send: Any, storage: Any, _snapshots: Any, **more: Any) -> UpdateLoop:
        from server.storage.sealed import Sealer

        step = self._step
        files = CrashingFiles(step, self._settings.fault)
        snapshots = SnapshotStore(self._settings.snapshot_dir, Sealer(KEY), files)
        append = storage.changes.append_batch

        class Changes:
            def __getattr__(self, name: str) -> Any:
                return getattr(storage.changes, name)

            def append_batch(self, entries: Any) -> None:
                step("before commit")
                append(entries)
                step("after commit")

        class Stepped:
            changes = Changes()

            def __getattr__(self, name: str) -> Any:
                return getattr(storage, name)

        def stepped_send(outcome: Outcome) -> None:
            if outcome.answers and outcome.answers[0].body:
                step("before answer")
            send(outcome)
            if outcome.answers and outcome.answers[0].body:
                time.sleep(0.05)  # the queue's thread has written it by now
                step("after answer")

        return UpdateLoop(
            inbox, stepped_send, Stepped(), snapshots, limits=LoopLimits(snapshot_retry_s=0), **more
        )  # type: ignore[arg-type]


def crashing_child(pipe: Any, outcomes: Any, settings: CrashSettings) -> None:
    """The main function of a child that ends at a step."""
    run_update_process(pipe, outcomes, settings, CrashingLoop(settings))


def crashing_world(folder: Path, step: int, fault: str) -> tuple[World, UpdateProcess]:
    """A world whose first child crashes; those after it do not."""
    import multiprocessing

    world = World(folder, real_process=True)
    context = multiprocessing.get_context("spawn")
    log = logging.getLogger("tests.crash")

    def make(number: int) -> SpawnedGeneration:
        settings = CrashSettings(world.config, str(folder), KEY, step=step if number == 1 else 0, fault=fault)
        return SpawnedGeneration(number, crashing_child, settings, context, log)

    updates = UpdateProcess(make, on_restart=world.clients.recheck, log=log, limits=world.process_limits)
    world._processes.append(updates)
    updates.start()
    import threading

    threading.Thread(target=updates.send_updates, args=(world.publish,), daemon=True).start()
    return world, updates


def play(world: World, updates: UpdateProcess, notebook: NotebookId) -> dict[str, int]:
    """Saves three times and flushes, sending again what was not acknowledged; op to seq of what was."""
    acknowledged: dict[str, int] = {}
    for number in range(3):
        end_s = time.monotonic() + 20
        while time.monotonic() < end_s:
            try:
                answer = world.save(updates, notebook, stroke(f"a{number}"), stroke(f"b{number}"))
            except Failure:
                answer = {"status": 503}
            if answer["status"] == 200:
                acknowledged.update({change["op"]: change["seq"] for change in answer["changes"]})
                break
            assert answer["status"] in (503, 507), answer
            check(world, notebook, acknowledged)
            time.sleep(0.02)
        try:
            updates.flush(timeout_s=10)
        except Failure:
            continue
    return acknowledged


def check(world: World, notebook: NotebookId, acknowledged: dict[str, int]) -> None:
    """Log, snapshot and answers agree."""
    log = world.storage.changes.read(notebook, 0)
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    seq_of = {entry.op: entry.seq for entry in log}
    assert len(seq_of) == len(log) and len(log) % 2 == 0, "a POST is there wholly or not at all"
    assert acknowledged.items() <= seq_of.items()
    header = world.snapshots.header(notebook)
    if header is not None:
        assert header.seq <= len(log)
    loaded = load_notebook(world.storage, world.snapshots, notebook)
    assert loaded.document.seq == len(log) and loaded.document.next_id == len(log) + 1
    aside = world.snapshots.path(notebook).parent / "set-aside"
    assert not aside.exists(), "no snapshot was found damaged"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_every_step(tmp_path: Path, fault: str, request: pytest.FixtureRequest) -> None:
    """In the short mode the steps of the first save and its snapshot, and two of each other fault."""
    wanted = {"torn": "write", "fsync": "fsync", "full": "write"}.get(fault)
    long = request.config.getoption("--long")
    names: list[str] = []
    step = tried = 0
    while step <= len(names):
        step += 1
        if step > 1 and wanted and step <= len(names) and names[step - 1] != wanted:
            continue
        tried += 1
        if not long and tried > (3 if wanted else 14):
            break
        folder = tmp_path / str(step)
        folder.mkdir()
        world, updates = crashing_world(folder, step, fault)
        notebook = world.storage.notebooks.create(world.owner.id, "Algebra", "", NOW_MS).id
        acknowledged = play(world, updates, notebook)
        updates.stop(timeout_s=20)
        check(world, notebook, acknowledged)
        assert len(acknowledged) == 6
        assert not [name for name in os.listdir(world.snapshots.path(notebook).parent) if ".new-" in name]
        if len(names) < step:
            names = (folder / "steps.txt").read_text().split("\n")[:-1]
        world.close()
    assert {
        "before commit",
        "after commit",
        "before answer",
        "after answer",
        "open",
        "write",
        "fsync",
    } <= set(names)
