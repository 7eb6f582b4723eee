"""The server of a virtual world: the real web part, the real update loop, the real SQLite, no thread and no clock.

Owns how the parts that are threads or processes in the product are turned by hand here: handler pools, the loader,
the snapshot writer and the update process, whose pipe and queue are delays in virtual time. A kill throws away what
was in memory and keeps what was committed. Requests are bytes that the real parser reads.
"""

from __future__ import annotations

import heapq
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from http_core.limits import Limits
from http_core.packet import EncodedResponse, Request, Response
from http_core.parser import Complete, Head, RequestParser
from http_core.writer import encode_response
from server.domain.accounts import PasswordHasher
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.domain.share_code import generate_notebook_code
from server.domain.svg_document import NotebookDocument
from server.domain.tokens import new_token, token_hash
from server.net.exchange import ConnectionInfo
from server.storage.contents import settle_contents
from server.storage.contracts import DatabaseConfig
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.updates.answers import failure_body
from server.updates.inbox import Inbox
from server.updates.loop import UpdateLoop
from server.updates.messages import Answer, Applied, Outcome, Save
from server.updates.notebook import load_notebook
from server.updates.open_notebooks import OpenNotebooks
from server.updates.replicas import Replicas
from server.updates.snapshot_writer import SnapshotWriter
from server.web import assembly
from server.web.assembly import WebParts, join_web
from server.web.clock import Clock
from server.web.limits import WebLimits
from server.web.static_manifest import Site, read_site

HOST = "notes.example"
START_MS = 1_790_000_000_000
KEY = bytes(range(32))
Answered = Callable[[int, bytes], None]


class VirtualTime:
    """The one clock, and what is due when."""

    def __init__(self) -> None:
        self.now_ms = float(START_MS)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def seconds(self) -> float:
        return (self.now_ms - START_MS) / 1000 + 1000

    def call_in(self, delay_ms: float, callback: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.now_ms + max(0.0, delay_ms), self._count, callback))

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        """As a pacer."""
        self.call_in((at_s - self.seconds()) * 1000, callback)

    @property
    def next_ms(self) -> float | None:
        return self._due[0][0] if self._due else None

    def run_next(self) -> None:
        at_ms, _, callback = heapq.heappop(self._due)
        self.now_ms = max(self.now_ms, at_ms)
        callback()


class VirtualExchange:
    """A request that was read whole; its answer is carried away by whoever made it."""

    def __init__(
        self, request: Request, time: VirtualTime, deliver: Callable[[int, dict[str, str], bytes], None]
    ) -> None:
        self.request = request
        self.peer = "203.0.113.7"
        self.connection = ConnectionInfo(1, self.peer, 1, 0.0)
        self.ended_empty = False
        self._time = time
        self._deliver = deliver
        self._gone: Callable[[], None] | None = None
        self._done = False
        self.broken: Callable[[], None] = lambda: None

    def answer(self, response: Response | EncodedResponse) -> bool:
        if self._done:
            return False
        self._done = True
        self._deliver(*_read(response))
        return True

    def on_gone(self, callback: Callable[[], None]) -> None:
        self._gone = callback

    def park(self) -> None:
        return

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Any:
        self._time.call_in(delay_s * 1000, callback)
        return mock.Mock()

    def go(self) -> None:
        """The connection closes, perhaps before the answer."""
        if not self._done:
            self._done = True
            if self._gone is not None:
                self._gone()


def _read(response: Response | EncodedResponse) -> tuple[int, dict[str, str], bytes]:
    if isinstance(response, EncodedResponse):
        wire = response.wire
    elif response.stream is not None:
        body = b"".join(response.stream)
        return response.status, {name.lower(): value for name, value in response.headers}, body
    else:
        wire = encode_response(
            response, head_only=False, http10=False, keep_alive=True, date="Thu, 01 Jan 1970 00:00:00 GMT"
        )
    head, _, body = wire.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return response.status, headers, body


class Jobs:
    """A handler pool without threads: jobs run when the world lets them."""

    def __init__(self, run_later: Callable[[Callable[[], None]], None]) -> None:
        self.run_later = run_later
        self.waiting = 0

    def submit(self, job: Callable[[], None]) -> bool:
        self.run_later(job)
        return True

    def stop(self, timeout_s: float) -> None:
        return


@dataclass
class Pace:
    """How long the server's own steps take, in virtual ms; each a range."""

    handler_ms: tuple[float, float] = (0.0, 3.0)
    batch_ms: tuple[float, float] = (0.5, 6.0)
    queue_ms: tuple[float, float] = (0.2, 2.0)


class SteppedUpdates:
    """The update process behind `Updates`: the real loop, turned by hand, its outcomes late by the queue's delay."""

    def __init__(self, server: VirtualServer) -> None:
        self._server = server
        self._answered: dict[int, Answered] = {}
        self._count = 0
        self.generation = 0
        self._start()

    def _start(self) -> None:
        self.generation += 1
        self._turn_due = False
        self.alive = True
        self._inbox = Inbox()
        self._outcomes: deque[Outcome] = deque()
        server = self._server
        self._loop = server.breakage.make_loop(
            self._inbox, self._outcomes.append, server.storage, server.snapshots
        )

    def submit(
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        answered: Answered,
        epoch: str = "",
    ) -> None:
        if not self.alive:
            raise Failure.of("updates_down", retry_after_s=1)
        self._count += 1
        self._answered[self._count] = answered
        self._inbox.put([Save(self._count, notebook_id, author, role, body, now_ms, epoch)])
        self._wake()

    def _wake(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            generation = self.generation
            self._server.later(
                self._server.pace.batch_ms, lambda: generation == self.generation and self._turn()
            )

    def _turn(self) -> None:
        """One round of the loop; loads and snapshots happen at once."""
        self._turn_due = False
        if not self.alive:
            return
        loop: Any = self._loop
        for _ in range(4):
            loop.turn()
            _run_thread_inline(loop._notebooks)
            _run_thread_inline(loop._writer)
            if not self._inbox.notebooks():
                break
        if self._inbox.notebooks():
            self._wake()
        while self._outcomes:
            outcome = self._outcomes.popleft()
            generation = self.generation
            self._server.later(
                self._server.pace.queue_ms,
                lambda o=outcome, g=generation: g == self.generation and self._hear(o),
            )

    def _hear(self, outcome: Outcome) -> None:
        for answer in outcome.answers:
            self._answer(answer)
        if outcome.applied:
            self._server.breakage.publish(self._server, outcome.applied)

    def _answer(self, answer: Answer) -> None:
        answered = self._answered.pop(answer.request_id, None)
        if answered is not None:
            answered(answer.status, answer.body)

    def kill(self, restart_after_ms: float) -> None:
        """What is in pipe, loop or queue is gone; unanswered writers get 503, waiting polls look at the log."""
        self.alive = False
        self.generation += 1
        failure = Failure.of("updates_down", retry_after_s=1)
        unanswered, self._answered = self._answered, {}
        for answered in unanswered.values():
            answered(failure.status, failure_body(failure))
        self._server.time.call_in(restart_after_ms, self._restart)

    def _restart(self) -> None:
        if self._server.up:
            self._start()
            self._server.web.services.online_clients.recheck()


def _run_thread_inline(part: OpenNotebooks | SnapshotWriter) -> None:
    """Does what the thread of a part would do by now."""
    if isinstance(part, OpenNotebooks):
        part._wanted.put(None)
        part._run_loader()
    else:
        part._jobs.put(None)
        part.run()


class Breakage:
    """How the server is broken on purpose; this one is not."""

    name = "none"

    def make_loop(
        self, inbox: Inbox, send: Callable[[Outcome], None], storage: Any, snapshots: Any
    ) -> UpdateLoop:
        return UpdateLoop(inbox, send, storage, snapshots)

    def publish(self, server: VirtualServer, applied: list[Applied]) -> None:
        server.web.services.online_clients.publish(applied)


@dataclass
class Template:
    """A data folder with an owner, a second user, one notebook and its shares; copied for each schedule."""

    folder: Path
    notebook: NotebookId
    owner_id: int
    other_id: int
    owner_token: str
    other_token: str
    edit_code: str
    add_code: str
    site: Site = field(repr=False)


def make_template(folder: Path) -> Template:
    """Made once; costs a tenth of a second."""
    folder.mkdir(parents=True)
    sealer = Sealer(KEY)
    storage = open_storage(_config(folder), sealer, role="main")
    snapshots = SnapshotStore(folder / "Protected" / "Notebooks", sealer)
    _settle(storage, snapshots, folder)
    owner = storage.users.create("Ann", "ann", "hash", START_MS)
    other = storage.users.create("Ben", "ben", "hash", START_MS)
    notebook = storage.notebooks.create(owner.id, "Algebra", "", START_MS)
    tokens = []
    for user in (owner, other):
        token = new_token()
        storage.sessions.create(token_hash(token), user.id, START_MS, START_MS + 10**10, START_MS + 10**11)
        tokens.append(token)
    codes = []
    for role in (Role.EDIT, Role.ADD):
        code = generate_notebook_code()
        storage.shares.create(notebook.id, role, code, START_MS)
        codes.append(code)
    storage.close()
    _checkpoint(folder / "notebooks.sqlite3")
    public, modules = folder / "public", folder / "node_modules"
    public.mkdir()
    modules.mkdir()
    return Template(
        folder, notebook.id, int(owner.id), int(other.id), *tokens, *codes, site=_empty_site(public, modules)
    )  # fmt: skip


def _empty_site(public: Path, modules: Path) -> Site:
    for name in ("index.html", "login.html", "signUp.html", "connect.html", "errors/default.html"):
        path = public / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("<!doctype html><html><body>{{v}}</body></html>")
    return read_site(public, modules, lambda: START_MS)


def _config(folder: Path) -> DatabaseConfig:
    return DatabaseConfig(kind="sqlite", path=str(folder / "notebooks.sqlite3"))


def _settle(storage: SqlStorage, snapshots: SnapshotStore, folder: Path) -> None:
    (folder / "Protected").mkdir(exist_ok=True)
    settle_contents(
        storage, snapshots, folder / "Protected",
        hash_password=PasswordHasher(memory_kib=64, passes=1).hash, now_ms=START_MS,
    )  # fmt: skip


def _checkpoint(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


class VirtualServer:
    """One server on one data folder, started and killed as the schedule says."""

    def __init__(
        self,
        template: Template,
        folder: Path,
        time: VirtualTime,
        random: Random,
        breakage: Breakage,
        pace: Pace,
    ) -> None:
        self.template = template
        self.folder = folder
        self.time = time
        self.random = random
        self.breakage = breakage
        self.pace = pace
        self.up = False
        self.incarnation = 0
        self.exchanges: set[VirtualExchange] = set()
        self.sealer = Sealer(KEY)
        self.backup: Path | None = None
        folder.mkdir(parents=True)
        shutil.copy(template.folder / "notebooks.sqlite3", folder / "notebooks.sqlite3")
        shutil.copytree(template.folder / "Protected", folder / "Protected")

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.incarnation += 1
        self.storage = open_storage(_config(self.folder), self.sealer, role="main")
        self.snapshots = SnapshotStore(self.folder / "Protected" / "Notebooks", self.sealer)
        _settle(self.storage, self.snapshots, self.folder)
        self.replicas = Replicas(self.storage, self.snapshots)
        self.updates = SteppedUpdates(self)
        jobs = Jobs(lambda job: self.later(self.pace.handler_ms, job))
        clock = Clock(lambda: int(self.time.now_ms), self.time.seconds)
        with mock.patch.object(assembly, "Pools") as pools:
            pools.of.return_value = mock.Mock(handlers=jobs, hashing=jobs, documents=jobs)
            self.web = join_web(
                WebParts(
                    storage=self.storage,
                    updates=self.updates,  # type: ignore[arg-type]
                    replicas=self.replicas,
                    hasher=PasswordHasher(memory_kib=64, passes=1),
                    site=self.template.site,
                    pacer=_Pacer(self),
                    hosts=lambda: frozenset({HOST}),
                    addresses=list,
                    certificate=lambda: None,
                    health=dict,
                    access_log=lambda _record: None,
                    discard_files=lambda _id: None,
                    clock=clock,
                    limits=WebLimits(saves_per_s=100_000, save_bytes_per_s=1 << 40),
                    random=Random(self.random.random()),
                    guesses_limited=False,
                    answer_many=lambda exchanges, encoded: [e.answer(encoded) for e in exchanges] and None,
                )
            )
        self.up = True

    def kill(self) -> None:
        """As kill -9 of the whole process group: connections break, what was committed stays."""
        self.up = False
        self.incarnation += 1
        self.updates.alive = False
        self.updates.generation += 1
        exchanges, self.exchanges = self.exchanges, set()
        for exchange in exchanges:
            exchange.go()
            exchange.broken()
        self.storage.close()

    def later(self, range_ms: tuple[float, float], job: Callable[[], Any]) -> None:
        """Runs a step of this server a moment later, unless the server is killed before."""
        incarnation = self.incarnation
        self.time.call_in(self.random.uniform(*range_ms), lambda: self.incarnation == incarnation and job())

    # --- requests -------------------------------------------------------------------------------------------

    def request(
        self, method: str, path: str, body: str | None, cookies: dict[str, str],
        deliver: Callable[[int, dict[str, str], bytes], None],
    ) -> VirtualExchange:  # fmt: skip
        raw = (body or "").encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", "Accept-Encoding: identity"]
        if method == "POST":
            lines += [f"Content-Length: {len(raw)}", "Content-Type: application/json"]
        if cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
        parser = RequestParser(Limits(max_body_bytes=2 << 20))
        parser.receive("\r\n".join([*lines, "", ""]).encode("latin-1") + raw)
        event = parser.next_event()
        if isinstance(event, Head):
            event = parser.next_event()
        assert isinstance(event, Complete), event

        def delivered(status: int, headers: dict[str, str], answer: bytes) -> None:
            self.exchanges.discard(exchange)
            deliver(status, headers, answer)

        exchange = VirtualExchange(event.request, self.time, delivered)
        self.exchanges.add(exchange)
        self.web.application.handle(exchange)  # type: ignore[arg-type]
        return exchange

    # --- what an operator or a disk does ----------------------------------------------------------------------

    def take_backup(self) -> None:
        self.backup = self.folder / "backup.sqlite3"
        source = sqlite3.connect(self.folder / "notebooks.sqlite3")
        target = sqlite3.connect(self.backup)
        source.backup(target)
        source.close()
        target.close()

    def restore_backup(self) -> None:
        """Puts the older database back while the server is down."""
        assert not self.up and self.backup is not None
        for name in ("notebooks.sqlite3", "notebooks.sqlite3-wal", "notebooks.sqlite3-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self.backup, self.folder / "notebooks.sqlite3")

    def trim_log(self) -> None:
        """While the server is down: the log begins after a base from now on, as after a move of the tables."""
        assert not self.up
        storage = open_storage(_config(self.folder), self.sealer, role="main")
        notebook = self.template.notebook
        document = load_notebook(storage, self.snapshots, notebook).document
        records = list(document.dump())
        if storage.changes.base(notebook) == 0 and document.seq > 0:
            storage.database.write(
                lambda connection: storage.bases.add(connection, notebook, document.seq, records)
            )
        base = storage.changes.base(notebook)
        storage.close()
        database = sqlite3.connect(self.folder / "notebooks.sqlite3")
        database.execute("DELETE FROM changes WHERE notebook_id = ? AND seq <= ?", (int(notebook), base))
        database.commit()
        database.close()

    # --- what is stored ---------------------------------------------------------------------------------------

    def log(self) -> list[Any]:
        base = self.storage.changes.base(self.template.notebook)
        return self.storage.changes.read(self.template.notebook, base, 1_000_000, 1 << 30)

    def document(self) -> NotebookDocument:
        """Reduced afresh from what is stored, without any snapshot."""
        nothing = mock.Mock(load=lambda _id: None)
        return load_notebook(self.storage, nothing, self.template.notebook).document


class _Pacer:
    """Calls back in virtual time, unless the server was killed meanwhile."""

    def __init__(self, server: VirtualServer) -> None:
        self._server = server
        self._incarnation = server.incarnation

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        self._server.time.call_at(
            at_s, lambda: (self._server.incarnation == self._incarnation and callback()) or None
        )
