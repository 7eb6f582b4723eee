"""The web part over a real database, with a fake exchange in the place of the network.

Requests are bytes that the real parser reads; saves go through the real batch code, in this process; the clock is
turned by hand. What is fake: sockets, the update process' being a process, and the time.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from http_core.limits import Limits
from http_core.packet import EncodedResponse, Request, Response
from http_core.parser import Complete, Head, RequestParser
from http_core.writer import LAST_CHUNK, chunk, encode_head, encode_response
from server.domain.accounts import PasswordHasher
from server.domain.ids import Author, NotebookId, Role
from server.net.application import AccessRecord
from server.net.exchange import ConnectionInfo
from server.storage.contracts import DatabaseConfig
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.updates.batch import Batch
from server.updates.inbox import WaitingSave
from server.updates.messages import Applied, Save
from server.updates.notebook import load_notebook
from server.updates.replicas import Replicas
from server.web.assembly import WebParts, join_web
from server.web.clock import Clock
from server.web.limits import WebLimits
from server.web.services import CertificateFacts, WebSettings
from server.web.static_manifest import read_site

HOST = "notes.example"
ADDRESS = "203.0.113.7"
STROKE = '<g><path d="M10 10L20 20" fill="#000000"/></g>'
PASSWORD = "correct horse battery"


class HandClock:
    """A wall clock and a monotonic clock that move together, when told to."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0

    def forward(self, seconds: float) -> None:
        self.now_s += seconds

    def clock(self) -> Clock:
        return Clock(lambda: int(self.now_s * 1000), lambda: self.now_s)


class HandPacer:
    """Remembers what is due; the test calls it."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        self.due.append((at_s, callback))

    def run_until(self, now_s: float) -> None:
        ready = [item for item in self.due if item[0] <= now_s]
        self.due = [item for item in self.due if item[0] > now_s]
        for _, callback in ready:
            callback()


@dataclass
class FakeTimer:
    delay_s: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeExchange:
    """One request, waited for by the test."""

    def __init__(self, request: Request, peer: str) -> None:
        self.request = request
        self.connection = ConnectionInfo(1, peer, 1234, 0.0)
        self.peer = peer
        self.ended_empty = False
        self.was_parked = False
        self.parked = threading.Event()
        self.timers: list[FakeTimer] = []
        self.gone: Callable[[], None] | None = None
        self.response: Response | EncodedResponse | None = None
        self.answered = threading.Event()
        self._lock = threading.Lock()

    def answer(self, response: Response | EncodedResponse) -> bool:
        with self._lock:
            if self.response is not None:
                return False
            self.response = response
        self.answered.set()
        return True

    def on_gone(self, callback: Callable[[], None]) -> None:
        self.gone = callback

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(delay_s, callback)
        if delay_s == 0.0:
            callback()
        else:
            self.timers.append(timer)
        return timer

    def park(self) -> None:
        self.was_parked = True
        self.parked.set()


@dataclass
class Answer:
    """An answer as a client sees it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    wire: bytes = field(repr=False, default=b"")

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def reason(self) -> str:
        reason: str = self.json["reason"]
        return reason

    @property
    def plain(self) -> bytes:
        return gzip.decompress(self.body) if self.header("content-encoding") == "gzip" else self.body

    def cookie(self, name: str) -> str | None:
        for line in self.all("set-cookie"):
            key, _, rest = line.partition("=")
            if key == name:
                return rest.partition(";")[0]
        return None


def answer_of(response: Response | EncodedResponse, *, head_only: bool = False) -> Answer:
    """What a client would read of a response, through the real writer."""
    if isinstance(response, EncodedResponse):
        wire = response.wire
    elif response.stream is not None:
        head = encode_head(response, http10=False, keep_alive=True, date="Thu, 01 Jan 1970 00:00:00 GMT")
        pieces = [] if head_only else list(response.stream)
        wire = head + b"".join(chunk(piece) for piece in pieces if piece) + LAST_CHUNK
        return Answer(response.status, _fields(head), b"".join(pieces), wire)
    else:
        wire = encode_response(
            response, head_only=head_only, http10=False, keep_alive=True, date="Thu, 01 Jan 1970 00:00:00 GMT"
        )
    head, _, body = wire.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ", 2)[1]), _fields(head), body, wire)


def answer_each(exchanges: Sequence[FakeExchange], encoded: EncodedResponse) -> None:
    for exchange in exchanges:
        exchange.answer(encoded)


def _fields(head: bytes) -> list[tuple[str, str]]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines if line)]


class DirectUpdates:
    """The update process' own code, called directly: check, number, store, answer."""

    def __init__(self, storage: Any, snapshots: SnapshotStore) -> None:
        self.storage = storage
        self.snapshots = snapshots
        self.publish: Callable[[list[Applied]], None] = lambda _applied: None
        self.forgotten: list[int] = []
        self.saves: list[tuple[int, Author, Role]] = []
        self._lock = threading.Lock()

    def submit(
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        answered: Callable[[int, bytes], None],
        epoch: str = "",
    ) -> None:
        with self._lock:
            self.saves.append((int(notebook_id), author, role))
            batch = Batch()
            notebook = load_notebook(self.storage, self.snapshots, notebook_id)
            batch.add(notebook, WaitingSave(Save(1, notebook_id, author, role, body, now_ms, epoch)))
            batch.store(self.storage.changes)
        answer = batch.answers[0]
        answered(answer.status, answer.body)
        self.publish(batch.applied)

    def submit_and_wait(
        self, notebook_id: NotebookId, author: Author, role: Role, body: bytes, now_ms: int
    ) -> tuple[int, bytes]:
        answers: list[tuple[int, bytes]] = []
        self.submit(
            notebook_id, author, role, body, now_ms, lambda status, told: answers.append((status, told))
        )
        return answers[0]

    def forget(self, notebook_id: NotebookId) -> None:
        self.forgotten.append(int(notebook_id))


PUBLIC = {
    "index.html": '<!doctype html><html lang="{{lang}}" dir="{{dir}}"><head>'
    '{{notebook}}\n<script type="module" src="{{v}}/public/js/main.js"></script></head><body>board</body></html>',
    "login.html": '<!doctype html><html lang="{{lang}}"><body>login</body></html>',
    "signUp.html": '<!doctype html><html lang="{{lang}}"><body>sign up</body></html>',
    "connect.html": '<!doctype html><html lang="{{lang}}"><body>connect</body></html>',
    "errors/default.html": '<!doctype html><html lang="{{lang}}" dir="{{dir}}"><body><h1>{{title}}</h1>'
    '<p>{{text}} {{status}}</p><a href="{{home}}">{{home_text}}</a></body></html>',
    "js/main.js": 'import { a } from "./core/a.js";\nimport("./late.js");\nconsole.log(a);\n',
    "js/core/a.js": 'export { a } from "./b.js";\nimport "../../../node_modules/uqr/dist/index.mjs";\n',
    "js/core/b.js": "export const a = 1;\n",
    "js/late.js": "export const late = 1;\n",
    "css/app.css": "body { color: black }\n" * 40,
    "images/favicon.svg": '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
}


def make_public(folder: Path) -> tuple[Path, Path]:
    """A small public/ and node_modules/, with things in it that must not be served."""
    public, modules = folder / "public", folder / "node_modules"
    for name, text in PUBLIC.items():
        path = public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (public / ".env").write_text("SECRET")
    (public / "notes.bak").write_text("SECRET")
    (folder / "secret.txt").write_text("SECRET")
    (public / "link.txt").symlink_to(folder / "secret.txt")
    (public / "linked").symlink_to(folder)
    for name in ("uqr/dist/index.mjs", "uqr/package.json", "uqr/dist/other.mjs"):
        path = modules / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("export const qr = 1;\n")
    return public, modules


class World:
    """The joined web part and what a test does with it."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: WebSettings | None = None,
        limits: WebLimits | None = None,
        guesses_limited: bool = True,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.clock = HandClock()
        self.pacer = HandPacer()
        sealer = Sealer(bytes(range(32)))
        self.config = DatabaseConfig(kind="sqlite", path=str(folder / "notebooks.sqlite3"))
        self.storage = open_storage(self.config, sealer, role="main")
        snapshots = SnapshotStore(folder / "Notebooks", sealer)
        snapshots.prepare()
        self.updates = DirectUpdates(self.storage, snapshots)
        self.hasher = PasswordHasher(memory_kib=64, passes=1)
        self.records: list[AccessRecord] = []
        self.discarded: list[int] = []
        public, modules = make_public(folder)
        clock = self.clock.clock()
        self.site = read_site(public, modules, clock.now_ms)
        self.certificate = CertificateFacts("ab" * 32, True, b"-----BEGIN CERTIFICATE-----\n")
        self.web = join_web(
            WebParts(
                storage=self.storage,
                updates=self.updates,
                replicas=Replicas(self.storage, snapshots),
                hasher=self.hasher,
                site=self.site,
                pacer=self.pacer,
                hosts=lambda: frozenset({HOST, "localhost", "[::1]"}),
                addresses=lambda: [f"https://{HOST}:8443/"],
                certificate=lambda: self.certificate,
                health=lambda: {"status": "ok"},
                access_log=self.records.append,
                discard_files=lambda notebook_id: self.discarded.append(int(notebook_id)),
                settings=settings or WebSettings(version="1.0.0"),
                limits=limits or WebLimits(),
                clock=clock,
                random=Random(1),
                guesses_limited=guesses_limited,
                answer_many=answer_each,
            )
        )
        self.services = self.web.services
        self.application = self.web.application
        self.updates.publish = self.services.online_clients.publish

    def close(self) -> None:
        self.web.pools.stop(5.0)
        self.storage.close()

    # -- requests ------------------------------------------------------------------------------------------------

    def begin(
        self,
        method: str,
        target: str,
        json_body: object = None,
        *,
        body: bytes | None = None,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        host: str = HOST,
        peer: str = ADDRESS,
    ) -> FakeExchange:
        """Sends a request and does not wait."""
        if json_body is not None:
            body = json.dumps(json_body).encode()
        fields = {"Host": host}
        if body is not None:
            fields |= {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        if cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        fields |= headers or {}
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{k}: {v}" for k, v in fields.items() if v is not None),
            "",
            "",
        ]
        return self.begin_raw("\r\n".join(lines).encode("latin-1") + (body or b""), peer=peer)

    def begin_raw(self, raw: bytes, *, peer: str = ADDRESS) -> FakeExchange:
        parser = RequestParser(Limits(max_body_bytes=8 << 20))
        parser.receive(raw)
        event = parser.next_event()
        if isinstance(event, Head):
            event = parser.next_event()
        assert isinstance(event, Complete), event
        exchange = FakeExchange(event.request, peer)
        self.application.handle(exchange)  # type: ignore[arg-type]
        return exchange

    def send(self, method: str, target: str, json_body: object = None, **options: Any) -> Answer:
        """Sends a request and waits for its answer."""
        exchange = self.begin(method, target, json_body, **options)
        return self.wait(exchange)

    def wait(self, exchange: FakeExchange) -> Answer:
        assert exchange.answered.wait(10.0), "no answer"
        assert exchange.response is not None
        return answer_of(exchange.response, head_only=exchange.request.method == "HEAD")

    # -- people --------------------------------------------------------------------------------------------------

    def sign_up(self, username: str, *, peer: str = ADDRESS) -> Visitor:
        answer = self.send("POST", "/SIGNUP", {"username": username, "password": PASSWORD}, peer=peer)
        assert answer.status == 200, answer.body
        token = answer.cookie("__Host-session")
        assert token is not None
        return Visitor(self, {"__Host-session": token}, answer.data["id"], username)

    def nobody(self) -> Visitor:
        return Visitor(self, {}, 0, "")


@dataclass
class Visitor:
    """A browser: it keeps cookies."""

    world: World
    cookies: dict[str, str]
    id: int
    name: str

    def send(self, method: str, target: str, json_body: object = None, **options: Any) -> Answer:
        answer = self.world.send(method, target, json_body, cookies=self.cookies, **options)
        self.keep(answer)
        return answer

    def begin(self, method: str, target: str, json_body: object = None, **options: Any) -> FakeExchange:
        return self.world.begin(method, target, json_body, cookies=self.cookies, **options)

    def keep(self, answer: Answer) -> None:
        for line in answer.all("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    def notebook(self, title: str = "Algebra", description: str = "", **more: object) -> int:
        answer = self.send("POST", "/SAVENEWNB", {"title": title, "description": description, **more})
        assert answer.status == 200, answer.body
        return int(answer.data["id"])

    def share(self, notebook_id: int, role: str = "edit", **more: object) -> str:
        answer = self.send("POST", "/api/notebook/share", {"id": notebook_id, "role": role, **more})
        assert answer.status == 200, answer.body
        return str(answer.data["code"])
