"""The life of the update process: killed, hung, replaced, stopped (F26, F27; C2: never a false "saved")."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.updates.generation import SpawnedGeneration
from server.updates.process import UpdateProcess
from server.updates.watch import ProcessLimits
from tests.updates.world import ANN, KEY, NOW_MS, Reply, World, body_of, stroke, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, real_process=True)
    yield made  # type: ignore[misc]
    made.close()


def pid_of(updates: UpdateProcess) -> int:
    generation = updates.generation
    assert isinstance(generation, SpawnedGeneration) and generation.pid is not None
    return generation.pid


class Writer(threading.Thread):
    """Saves one change after the other and keeps what was acknowledged; sends the unanswered again, as a page does."""

    def __init__(self, updates: UpdateProcess, notebook: NotebookId, name: str) -> None:
        super().__init__(daemon=True)
        self.updates, self.notebook, self.label = updates, notebook, name
        self.acknowledged: dict[str, int] = {}
        self.refused = 0
        self.stopping = False

    def run(self) -> None:
        number = 0
        while not self.stopping:
            op = f"{self.label}-{number}"
            try:
                status, body = self.updates.submit_and_wait(
                    self.notebook, ANN, Role.EDIT, body_of(stroke(op)), NOW_MS, timeout_s=20
                )
            except Failure as failure:
                status, body = failure.status, b""
            if status == 200:
                self.acknowledged[op] = json.loads(body)["seq"]
                number += 1
            else:
                assert status == 503, body
                self.refused += 1
                time.sleep(0.02)


def test_f26_kill_9_under_load_loses_nothing_that_was_acknowledged(world: World) -> None:
    """I1, I4, C4: every acknowledged change is present, in order, once; the unanswered were told 503."""
    updates = world.start()
    notebooks = [world.new_notebook() for _ in range(3)]
    waiting = [world.poll(notebook, 0) for notebook in notebooks]
    writers = [Writer(updates, notebooks[number % 3], f"w{number}") for number in range(6)]
    for writer in writers:
        writer.start()
    for _ in range(4):
        time.sleep(0.4)
        os.kill(pid_of(updates), signal.SIGKILL)
        restarts = updates.restarts
        wait_until(lambda restarts=restarts: updates.restarts > restarts, 5)  # type: ignore[misc]
    wait_until(lambda: updates.state.value == "running")
    time.sleep(0.3)
    for writer in writers:
        writer.stopping = True
    for writer in writers:
        writer.join(20)
    assert sum(writer.refused for writer in writers) > 0
    for notebook in notebooks:
        log = world.storage.changes.read(notebook, 0, 10**6, 1 << 30)
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        seq_of = {entry.op: entry.seq for entry in log}
        assert len(seq_of) == len(log)
        own = [writer for writer in writers if writer.notebook == notebook]
        for writer in own:
            assert {op: seq_of.get(op) for op in writer.acknowledged} == writer.acknowledged
            assert list(writer.acknowledged.values()) == sorted(writer.acknowledged.values())
        acknowledged = sum(len(writer.acknowledged) for writer in own)
        assert acknowledged <= len(log) <= acknowledged + len(own), "nothing was stored that nobody sent"
    assert all(poll.answered.is_set() for poll in waiting)


def test_f26_restart_takes_less_than_two_seconds_and_readers_miss_nothing(world: World) -> None:
    updates, notebook = world.start(), world.new_notebook()
    world.save(updates, notebook, stroke("a1"))
    wait_until(lambda: updates.state.value == "running")
    waiting = world.poll(notebook, 1)
    os.kill(pid_of(updates), signal.SIGKILL)
    started = time.monotonic()
    while True:
        with contextlib.suppress(Failure):
            if world.save(updates, notebook, stroke("a2"))["status"] == 200:
                break
        time.sleep(0.01)
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - started < 2.0 * busy
    assert waiting.answered.wait(5)
    assert [entry["op"] for entry in waiting.json["data"]] == ["a2"]


def test_f27_a_stopped_child_is_noticed_by_its_silence(world: World) -> None:
    world.process_limits = ProcessLimits(ping_every_s=0.05, ping_timeout_s=0.6)
    updates, notebook = world.start(), world.new_notebook()
    world.save(updates, notebook, stroke("a1"))
    os.kill(pid_of(updates), signal.SIGSTOP)
    reply = Reply()
    try:
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke("a2")), NOW_MS, reply)
        reason = reply.json["reason"]
    except Failure as failure:  # the silence was noticed before this thread had its turn
        reason = failure.reason
    assert reason == "updates_down"
    wait_until(lambda: updates.state.value == "running")
    assert world.save(updates, notebook, stroke("a2"))["seq"] == 2


def test_restart_answers_the_unanswered_503(world: World) -> None:
    updates, notebook = world.start(), world.new_notebook()
    world.save(updates, notebook, stroke("a1"))
    os.kill(pid_of(updates), signal.SIGSTOP)
    replies = [Reply() for _ in range(20)]
    for number, reply in enumerate(replies):
        updates.submit(notebook, ANN, Role.OWNER, body_of(stroke(f"b{number}")), NOW_MS, reply)
    updates.restart()
    assert {reply.json["reason"] for reply in replies} == {"updates_down"}
    assert {reply.status for reply in replies} == {503}


def test_o2_the_child_ignores_sigint_and_sigterm(world: World) -> None:
    updates, notebook = world.start(), world.new_notebook()
    world.save(updates, notebook, stroke("a1"))
    os.kill(pid_of(updates), signal.SIGTERM)
    os.kill(pid_of(updates), signal.SIGINT)
    assert world.save(updates, notebook, stroke("a2"))["seq"] == 2
    assert updates.restarts == 0


def test_no_thread_handle_or_child_is_left_by_restarts(world: World) -> None:
    updates, notebook = world.start(), world.new_notebook()
    world.save(updates, notebook, stroke("a0"))

    def restart_once(number: int) -> None:
        before = updates.restarts
        updates.restart()
        wait_until(lambda: updates.restarts > before and updates.state.value == "running", 5)
        assert world.save(updates, notebook, stroke(f"a{number}"))["status"] == 200

    restart_once(1)
    threads, handles = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for number in range(2, 6):
        restart_once(number)
    time.sleep(0.2)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= handles + 2


PARENT = """
import logging, sys, threading, time
sys.path.insert(0, {root!r})
from server.storage.contracts import DatabaseConfig
from server.updates.child import UpdateSettings
from server.updates.process import UpdateProcess, spawned_generations

if __name__ == "__main__":
    log = logging.getLogger("parent")
    settings = UpdateSettings(DatabaseConfig(kind="sqlite", path={path!r}), {folder!r}, {key!r})
    updates = UpdateProcess(spawned_generations(settings, log), on_restart=lambda: None, log=log)
    updates.start()
    threading.Thread(target=updates.send_updates, args=(lambda applied: None,), daemon=True).start()
    updates.ping(timeout_s=20)
    print(updates.generation.pid, flush=True)
    time.sleep(60)
"""


def test_a_killed_parent_leaves_no_orphan_and_the_next_start_waits_for_it(
    world: World, tmp_path: Path
) -> None:
    root = Path(__file__).resolve().parents[2]
    script = tmp_path / "parent.py"
    script.write_text(
        PARENT.format(root=str(root), path=world.config.path, folder=str(world.folder), key=KEY)
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, cwd=root)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(child, signal.SIGSTOP)  # an orphan that takes its time
    parent.kill()
    parent.wait()
    parent.stdout.close()
    updates, notebook = world.start(), world.new_notebook()
    reply = Reply()
    updates.submit(notebook, ANN, Role.OWNER, body_of(stroke("a1")), NOW_MS, reply)
    assert not reply.done.wait(1.0), "two children at once"
    os.kill(child, signal.SIGCONT)
    assert reply.json["seq"] == 1
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "Z" in _state(child), 5)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def test_f19_a_database_that_is_not_there_is_waited_for_and_saves_are_refused(world: World) -> None:
    notebook = world.new_notebook()
    path = Path(world.config.path)
    world.storage.close()
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    updates = world.start()
    status, body = updates.submit_and_wait(notebook, ANN, Role.OWNER, body_of(stroke("a1")), NOW_MS)
    assert (status, json.loads(body)["reason"]) == (503, "storage_down")
    hidden.rename(path)

    def saved() -> bool:
        return updates.submit_and_wait(notebook, ANN, Role.OWNER, body_of(stroke("a1")), NOW_MS)[0] == 200

    wait_until(saved, 5)
    assert updates.restarts == 0
