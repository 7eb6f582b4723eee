"""A small world for the tests of server.updates: exchanges without sockets, a clock that is moved by hand, and the
same update process behind a real pipe and behind one in memory."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from http_core.packet import EncodedResponse, Response
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.storage.contracts import DatabaseConfig, Notebook, Storage
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.updates.answers import failure_body
from server.updates.child import UpdateSettings
from server.updates.generation import Generation
from server.updates.inbox import Inbox
from server.updates.log_road import LogRoad
from server.updates.loop import LoopLimits, UpdateLoop
from server.updates.messages import Applied, Message, Outcome, Save
from server.updates.online_clients import OnlineClients, PollLimits
from server.updates.packing import packed
from server.updates.polls import Poll, PollResult
from server.updates.process import UpdateProcess, spawned_generations
from server.updates.receiver import Receiver
from server.updates.replicas import Replicas
from server.updates.watch import ProcessLimits

KEY = bytes(range(32))
NOW_MS = 1_790_000_000_000
ANN = Author("u1", "Ann")
BEN = Author("g0123456789abcdef", "Ben")
LOG = logging.getLogger("tests.updates")
STROKE = '<g data-w="50"><path d="M10 20q5 5 7 9z" fill="#1a2b3c"/></g>'
INK = (
    '<g data-p="oB+AMgDIAcgBAMgBxwEAyAHIAQA=" data-v="1" data-w="50">'
    '<path d="M10 20q5 5 7 9z" fill="#1a2b3c"/></g>'
)


def body_of(*changes: Sequence[object]) -> bytes:
    """The body of a SAVE."""
    return json.dumps([list(change) for change in changes]).encode()


def stroke(op: str) -> list[object]:
    return ["a", STROKE, op]


def encode(status: int, body: bytes) -> EncodedResponse:
    """Stands in for the web part's: the wire is the body alone."""
    return EncodedResponse(status, body)


class HandClock:
    """Seconds that pass when a test says so, and the callbacks that are due then (a Pacer)."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now_s

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        self._due.append((at_s, len(self._due), callback))

    def pass_time(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while due := sorted(item for item in self._due if item[0] <= end_s):
            self._due.remove(due[0])
            self.now_s = max(self.now_s, due[0][0])
            due[0][2]()
        self.now_s = end_s


class FakeExchange:
    """An exchange whose answer a test can look at."""

    def __init__(self) -> None:
        self.response: EncodedResponse | Response | None = None
        self.ended_empty = False
        self.parked = False
        self.answered = threading.Event()
        self._gone: Callable[[], None] | None = None

    def answer(self, response: Response | EncodedResponse) -> bool:
        if self.response is not None:
            return False
        self.response = response
        self.answered.set()
        return True

    def on_gone(self, callback: Callable[[], None]) -> None:
        self._gone = callback

    def park(self) -> None:
        self.parked = True

    def go(self) -> None:
        """The connection closes."""
        if self.response is None and self._gone is not None:
            self._gone()

    @property
    def status(self) -> int:
        assert self.response is not None, "not answered"
        return self.response.status

    @property
    def json(self) -> Any:
        assert isinstance(self.response, EncodedResponse), "not answered"
        return json.loads(self.response.wire)


def answer_many(exchanges: Sequence[FakeExchange], encoded: EncodedResponse) -> None:
    for exchange in exchanges:
        exchange.answer(encoded)


class MemoryPipe:
    """A pipe within one process: the bytes of each message, and an end."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._closed = False

    def send_bytes(self, buf: bytes) -> None:
        if self._closed:
            raise BrokenPipeError
        self._messages.put(buf)

    def recv_bytes(self) -> bytes:
        data = self._messages.get()
        if data is None:
            self._messages.put(None)
            raise EOFError
        return data

    def close(self) -> None:
        self._closed = True
        self._messages.put(None)


class MemoryGeneration:
    """The update process as threads of this one, killed by cutting it off from pipe and queue."""

    def __init__(self, number: int, world: World, make_loop: Callable[..., UpdateLoop]) -> None:
        self.number = number
        self._world = world
        self._make_loop = make_loop
        self._pipe = MemoryPipe()
        self._outcomes: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._cut = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        inbox = Inbox()
        Receiver(self._pipe, inbox, lambda note: self._put(Outcome([], [], [note]))).start()
        world = self._world
        try:
            self._make_loop(
                inbox, self._put, world.child_storage(), world.snapshots, limits=world.loop_limits
            ).run()
        finally:
            self._outcomes.put(None)

    def _put(self, outcome: Outcome) -> None:
        if not self._cut:
            self._outcomes.put(outcome)

    def start(self) -> None:
        self._put(Outcome([], [], []))
        self._thread.start()

    def send(self, message: Message) -> None:
        try:
            self._pipe.send_bytes(packed([message]))
        except BrokenPipeError:
            return

    def receive(self) -> Outcome | None:
        return self._outcomes.get()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def kill(self) -> None:
        self._cut = True
        self._pipe.close()
        self._thread.join(10)


@dataclass
class Reply:
    """The answer to one save, when it comes."""

    status: int = 0
    body: bytes = b""

    def __post_init__(self) -> None:
        self.done = threading.Event()

    def __call__(self, status: int, body: bytes) -> None:
        assert not self.done.is_set(), "answered twice"
        self.status, self.body = status, body
        self.done.set()

    @property
    def json(self) -> Any:
        assert self.done.wait(20), "no answer came"
        return json.loads(self.body)


class World:
    """Database, update process, polls and replicas of one server."""

    def __init__(self, folder: Path, *, real_process: bool = False) -> None:
        self.folder = folder
        self.config = DatabaseConfig(kind="sqlite", path=str(folder / "notebooks.sqlite3"))
        self.sealer = Sealer(KEY)
        self.storage: SqlStorage = open_storage(self.config, self.sealer, role="main")
        self.snapshots = SnapshotStore(folder / "Protected" / "Notebooks", self.sealer)
        self.snapshots.prepare()
        self.owner = self.storage.users.create("Ann", "ann", "hash", NOW_MS)
        self.wrap_storage: Callable[[SqlStorage], Storage] = lambda storage: storage
        self.make_loop: Callable[..., UpdateLoop] = UpdateLoop
        self.loop_limits = LoopLimits()
        self.process_limits = ProcessLimits(ping_every_s=0.05)
        self.settings = UpdateSettings(self.config, str(folder), KEY)
        self.real_process = real_process
        self.clock = HandClock()
        self.published: list[Applied] = []
        self.publish: Callable[[Sequence[Applied]], None] = self._publish
        self.replicas = Replicas(self.storage, self.snapshots)
        self.to_log: list[Poll] = []
        self.hold_log = False
        self.clients = self.new_clients()
        self.road = LogRoad(self.storage, self.replicas, lambda: self.clients, encode)
        self._processes: list[UpdateProcess] = []

    def new_clients(self, **limits: Any) -> OnlineClients:
        return OnlineClients(
            encode,
            answer_many=answer_many,
            read_log=self._read_log,
            pacer=self.clock,
            random=Random(7),
            clock=self.clock,
            limits=PollLimits(**limits),
        )

    def child_storage(self) -> Storage:
        return self.wrap_storage(self.storage)

    def new_notebook(self, title: str = "Algebra") -> NotebookId:
        made: Notebook = self.storage.notebooks.create(self.owner.id, title, "", NOW_MS)
        return made.id

    def start(self) -> UpdateProcess:
        """Starts an update process with its send_updates thread."""
        make: Callable[[int], Generation]
        if self.real_process:
            make = spawned_generations(self.settings, LOG)
        else:
            make = lambda number: MemoryGeneration(number, self, self.make_loop)  # noqa: E731
        process = UpdateProcess(
            make,
            on_restart=lambda: self.clients.recheck(),  # noqa: PLW0108 - a test may replace clients
            log=LOG,
            limits=self.process_limits,
        )
        self._processes.append(process)
        process.start()
        threading.Thread(target=process.send_updates, args=(self.publish,), daemon=True).start()
        return process

    def close(self) -> None:
        for process in self._processes:
            process.stop(timeout_s=10)
        self.storage.close()

    def save(
        self,
        process: UpdateProcess,
        notebook_id: NotebookId,
        *changes: Sequence[object],
        author: Author = ANN,
        role: Role = Role.OWNER,
    ) -> Any:
        """Saves and waits; the JSON of the answer with its status as `status`."""
        status, body = process.submit_and_wait(notebook_id, author, role, body_of(*changes), NOW_MS)
        return {"status": status, **json.loads(body)}

    def poll(self, notebook_id: NotebookId, since: int | None = None, **more: Any) -> FakeExchange:
        """Sends a poll, through the log road where that is needed (unless `hold_log`)."""
        exchange = FakeExchange()
        poll = Poll(exchange, notebook_id, since, more.pop("epoch", None), **more)
        try:
            if self.clients.poll(poll) is PollResult.NEEDS_LOG:
                self._read_log(notebook_id, [poll])
        except Failure as failure:
            exchange.answer(encode(failure.status, failure_body(failure)))
        return exchange

    def release_log(self) -> None:
        """Lets the polls that were held go through the log."""
        self.hold_log = False
        polls, self.to_log = self.to_log, []
        self.road.answer_all(polls)

    def epoch(self, notebook_id: NotebookId) -> str:
        row = self.storage.notebooks.get(notebook_id)
        assert row is not None
        return row.epoch

    def log_ops(self, notebook_id: NotebookId) -> list[str]:
        """The ops of the whole log, in order."""
        return [entry.op for entry in self.storage.changes.read(notebook_id, 0, 1_000_000, 1 << 30)]

    def _publish(self, batches: Sequence[Applied]) -> None:
        self.published += batches
        self.clients.publish(batches)

    def _read_log(self, _notebook_id: NotebookId, polls: list[Poll]) -> None:
        if self.hold_log:
            self.to_log += polls
        else:
            self.road.answer_all(polls)


class DirectLoop:
    """An UpdateLoop that is turned by hand, without pipe, queue or process."""

    def __init__(self, world: World, make_loop: Callable[..., UpdateLoop] = UpdateLoop) -> None:
        self.inbox = Inbox()
        self.outcomes: list[Outcome] = []
        self.loop = make_loop(
            self.inbox, self.outcomes.append, world.child_storage(), world.snapshots, limits=world.loop_limits
        )
        self.loop.start_threads()
        self._number = 0

    def put(
        self,
        notebook_id: NotebookId,
        *changes: Sequence[object],
        author: Author = ANN,
        role: Role = Role.OWNER,
        body: bytes = b"",
    ) -> int:
        """Puts a save into the inbox; returns the number its answer carries."""
        self._number += 1
        self.inbox.put([Save(self._number, notebook_id, author, role, body or body_of(*changes), NOW_MS)])
        return self._number

    def turn_until_answered(self, timeout_s: float = 10.0) -> dict[int, tuple[int, Any]]:
        """Turns until every save has its answer; answers by number."""
        end_s = time.monotonic() + timeout_s
        while len(self.answers()) < self._number:
            assert time.monotonic() < end_s, "no answer came"
            self.loop.turn()
            self.inbox.wait(0.01)
        return self.answers()

    def answers(self) -> dict[int, tuple[int, Any]]:
        found = [answer for outcome in self.outcomes for answer in outcome.answers]
        assert len({answer.request_id for answer in found}) == len(found), "answered twice"
        return {answer.request_id: (answer.status, json.loads(answer.body or b"null")) for answer in found}

    def applied(self) -> list[Applied]:
        return [applied for outcome in self.outcomes for applied in outcome.applied if applied.entries]


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Waits for something that another thread brings about."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.002)
