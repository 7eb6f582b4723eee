"""One seeded schedule: people, a bad network, kills, and the question whether everybody ends with the same notebook.

Owns the virtual network (loss, delay, duplication, reordering, offline spells), the plan that a seed makes, and the
checks at the end: every change is stored or in its writer's tray, none twice, each writer's in order, all documents
alike. The pages run in a Node process (`clients.mjs`), the server in this one. Rules C2 to C6, P1 to P3.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.convergence.server_side import (
    Breakage,
    Pace,
    Template,
    VirtualExchange,
    VirtualServer,
    VirtualTime,
)

CLIENTS = Path(__file__).with_name("clients.mjs")
ACTIONS = {
    "draw": 46, "erase": 8, "cut": 8, "move": 7, "colour": 5, "clear": 3, "paper": 2, "undo": 9, "redo": 5,
    "import": 2, "turn": 4,
}  # fmt: skip
HEAL_LIMIT_MS = 150_000


class NodeClients:
    """The Node process with all pages; one for any number of schedules."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(CLIENTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CLIENTS.parents[2]
        )

    def call(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the Node process has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@dataclass
class Link:
    """The line between the browsers and the server."""

    latency_ms: tuple[float, float]
    loss: float = 0.0
    silent: float = 0.0
    """Which part of what is lost leaves no trace: no reset, the page waits for its own deadline."""
    twice: float = 0.0
    cut: float = 0.0


@dataclass
class Person:
    """A browser profile: who uses it and what it may do."""

    name: str
    role: str
    target: dict[str, Any]
    owner: str
    cookies: dict[str, str]
    online: bool = True
    tabs: list[str] = field(default_factory=list)
    tabs_opened: int = 0


@dataclass
class Result:
    """What came of a schedule."""

    seed: int
    made: int = 0
    stored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    delivery_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    lossless: bool = False

    def report(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}:",
                *(f"  PROBLEM {one}" for one in self.problems),
                *(f"  {one}" for one in self.story),
            ]
        )


class Schedule:
    """Runs one seed."""

    def __init__(
        self,
        seed: int,
        template: Template,
        folder: Path,
        clients: NodeClients,
        breakage: Breakage | None = None,
    ) -> None:
        self.random = Random(seed)
        self.template = template
        self.time = VirtualTime()
        self.clients = clients
        self.breakage = breakage or Breakage()
        self.result = Result(seed)
        self.lossless = self.result.lossless = seed % 4 == 0
        self.link = self._make_link()
        self.server = VirtualServer(template, folder, self.time, self.random, self.breakage, Pace())
        self.people = self._make_people()
        self.node_next: float | None = None
        self.made: dict[str, tuple[str, float, str, Any]] = {}
        self.doubtful: set[str] = set()
        self.excused: set[str] = set()
        self.sent_again: set[str] = set()
        self.earlier_log: dict[str, Any] = {}
        self.acknowledged: dict[str, int] = {}
        self.ready_since: dict[str, float] = {}
        self.delivered: dict[tuple[str, str], float] = {}
        self.requests: dict[int, VirtualExchange | None] = {}
        self.number = 0
        self.healed = False

    # --- the plan -------------------------------------------------------------------------------------------

    def _make_link(self) -> Link:
        random = self.random
        low = random.uniform(1, 30)
        if self.lossless:
            return Link((low, low + random.uniform(0, 60)))
        return Link(
            (low, low + random.choice([5, 50, 300])),
            loss=random.choice([0.0, 0.05, 0.2, 0.4]),
            silent=random.choice([0.0, 0.2]),
            twice=random.choice([0.0, 0.2]),
            cut=random.choice([0.0, 0.2]),
        )

    def _make_people(self) -> list[Person]:
        t = self.template
        share = {"kind": "share", "code": t.edit_code}
        everybody = [
            Person("ann", "owner", {"kind": "own", "id": int(t.notebook)}, f"u{t.owner_id}", {"__Host-session": t.owner_token}),
            Person("ben", "edit", share, f"u{t.other_id}", {"__Host-session": t.other_token}),
            Person("guest", "edit", share, "guest:client-guest", {}),
            Person("adder", "add", {"kind": "share", "code": t.add_code}, "guest:client-adder", {}),
        ]  # fmt: skip
        return everybody[: self.random.choice([2, 3, 3, 4, 4])]

    def _plan(self) -> list[tuple[float, str, Callable[[], None]]]:
        """(when, words, what) in order of time."""
        random = self.random
        length = random.uniform(2_000, 15_000)
        plan: list[tuple[float, str, Callable[[], None]]] = []
        bursts = [random.uniform(0, length) for _ in range(3)]
        for _ in range(random.randint(15, 50)):
            at = (
                random.choice(bursts) + random.uniform(0, 300)
                if random.random() < 0.5
                else random.uniform(0, length)
            )
            what = random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            plan.append((at, what, lambda what=what: self._act(what)))
        if random.random() < 0.3:
            plan.append((random.uniform(0, length / 2), "second tab", self._second_tab))
        if not self.lossless:
            self._plan_trouble(plan, length)
        return sorted(plan, key=lambda one: one[0])

    def _plan_trouble(self, plan: list[tuple[float, str, Callable[[], None]]], length: float) -> None:
        random = self.random
        for person in self.people:
            if random.random() < 0.4:
                start, spell = random.uniform(0, length), random.choice([300, 3_000, 12_000])
                plan.append(
                    (
                        start,
                        f"{person.name} offline for {spell} ms",
                        lambda p=person: self._set_online(p, False),
                    )
                )
                plan.append(
                    (start + spell, f"{person.name} online", lambda p=person: self._set_online(p, True))
                )
        for _ in range(random.choice([0, 0, 1, 2])):
            plan.append((random.uniform(0, length), "kill a tab", self._kill_tab))
        for _ in range(random.choice([0, 0, 1, 2])):
            plan.append((random.uniform(0, length), "load a page again", self._reload_page))
        for _ in range(random.choice([0, 0, 1, 2])):
            plan.append((random.uniform(0, length), "kill the update process", self._kill_updates))
        if random.random() < 0.35:
            middle = random.uniform(length * 0.3, length)
            what = random.choice(["", "", "trim", "restore"])
            if what == "restore":
                plan.append(
                    (random.uniform(0, middle / 2), "stop, copy, start", lambda: self._kill_server("copy"))
                )
            plan.append((middle, f"kill the server {what}", lambda: self._kill_server(what)))

    # --- running --------------------------------------------------------------------------------------------

    def run(self) -> Result:
        try:
            self._run()
        finally:
            if self.server.up:
                self.server.kill()
        return self.result

    def _run(self) -> None:
        self._node({"do": "reset", "seed": self.random.randrange(1 << 31), "breakage": self.breakage.name})
        self.server.start()
        for person in self.people:
            self._open(person)
        began = self.time.now_ms
        plan = self._plan()
        for at, words, what in plan:
            self.run_until(began + at)
            self._note(words)
            what()
        self.run_until(max(self.time.now_ms, began + plan[-1][0]))
        self._heal()
        self._check()

    def run_until(self, end_ms: float, over: Callable[[], bool] | None = None) -> bool:
        while True:
            if over is not None and over():
                return True
            ours, theirs = self.time.next_ms, self.node_next
            if theirs is not None and theirs <= end_ms and (ours is None or theirs <= ours):
                self.time.now_ms = max(self.time.now_ms, theirs)
                self._node({"do": "advance", "to": self.time.now_ms})
            elif ours is not None and ours <= end_ms:
                self.time.run_next()
            else:
                break
        self.time.now_ms = max(self.time.now_ms, end_ms)
        return False

    def _note(self, words: str) -> None:
        self.result.story.append(f"{self.time.now_ms - 1_790_000_000_000:9.1f} {words}")

    def _node(self, command: dict[str, Any]) -> Any:
        reply = self.clients.call({**command, "now": self.time.now_ms})
        self.node_next = reply["next"]
        for event in reply["happened"]:
            getattr(self, f"_on_{event.pop('kind')}")(**event)
        return reply["result"]

    # --- what pages do --------------------------------------------------------------------------------------

    def _on_request(self, id: int, tab: str, browser: str, method: str, path: str, body: str | None) -> None:
        person = next(one for one in self.people if one.name == browser)
        cookies = dict(person.cookies)  # as they are now, however late a copy of the request may come
        self.requests[id] = None
        if self._lost():
            if self.random.random() >= self.link.silent:
                self.time.call_in(self._latency(), lambda: self._fail(id))
            return
        self.time.call_in(self._latency(), lambda: self._arrive(id, person, cookies, method, path, body))
        if method == "POST" and not self.healed and self.random.random() < self.link.twice:
            late = self._latency() + self.random.choice([0, 500, 5000])
            self.time.call_in(late, lambda: self._arrive(-1, person, cookies, method, path, body))

    def _on_abandoned(self, id: int) -> None:
        exchange = self.requests.pop(id, None)
        if exchange is not None:
            self.time.call_in(self._latency(), exchange.go)

    def _on_made(self, tab: str, at: float, op: str, command: str, data: Any) -> None:
        self.made[op] = (tab, at, command, data)
        self._note(f"  {tab} {command} {op} {'' if command == 'a' else json.dumps(data)}")

    def _on_loaded(self, tab: str, at: float, seq: int) -> None:
        self.ready_since.setdefault(tab, at)
        self._note(f"  {tab} loaded {seq}")

    def _on_applied(self, tab: str, at: float, ops: list[str], seq: int) -> None:
        for op in ops:
            self.delivered.setdefault((tab, op), at)

    def _on_dropped(self, tab: str, at: float, op: str, entry: str | None = None) -> None:
        self._note(f"  {tab} refused {op}: {entry}")

    def _on_gone(self, tab: str, at: float, reason: str) -> None:
        self.result.problems.append(f"{tab} was told that the notebook is gone: {reason}")

    def _on_error(self, text: str) -> None:
        self.result.problems.append(f"a page failed: {text}")

    # --- the network ----------------------------------------------------------------------------------------

    def _latency(self) -> float:
        return self.random.uniform(*self.link.latency_ms)

    def _lost(self) -> bool:
        return not self.healed and self.random.random() < self.link.loss

    def _fail(self, id: int) -> None:
        if id in self.requests:
            del self.requests[id]
            self._node({"do": "fail", "id": id})

    def _arrive(
        self, id: int, person: Person, cookies: dict[str, str], method: str, path: str, body: str | None
    ) -> None:
        if id >= 0 and id not in self.requests:
            return  # given up on its way
        if not self.server.up:
            self.time.call_in(self._latency(), lambda: self._fail(id))
            return

        def deliver(status: int, headers: dict[str, str], answer: bytes) -> None:
            self._note_acknowledged(path, status, answer)
            self._answer(id, person, status, headers, answer)

        exchange = self.server.request(method, path, body, cookies, deliver)
        exchange.broken = lambda: self.time.call_in(self._latency(), lambda: self._fail(id))
        if id in self.requests:
            self.requests[id] = exchange

    def _note_acknowledged(self, path: str, status: int, answer: bytes) -> None:
        if not path.startswith("/SAVE/"):
            return
        told = json.loads(answer)
        if status == 200:
            for change in told["changes"]:
                self.acknowledged[change["op"]] = change["seq"]
        elif status >= 500 and told.get("reason") not in ("updates_down", "storage_down"):
            self.result.problems.append(f"{status} {told}")

    def _answer(self, id: int, person: Person, status: int, headers: dict[str, str], answer: bytes) -> None:
        if self._lost():
            if self.random.random() >= self.link.silent:
                self.time.call_in(self._latency(), lambda: self._fail(id))
            return
        told: dict[str, Any] = {"status": status, "headers": headers, "body": answer.decode()}
        if not self.healed and self.random.random() < self.link.cut and len(answer) > 3:
            told["cut"] = self.random.randrange(len(answer))

        def come() -> None:
            cookie = headers.get("set-cookie")
            if cookie and (id in self.requests):
                name, _, rest = cookie.partition("=")
                person.cookies[name] = rest.partition(";")[0]
            if self.requests.pop(id, self) is not self:
                self._node({"do": "respond", "id": id, "answer": told})

        self.time.call_in(self._latency(), come)

    # --- what happens -----------------------------------------------------------------------------------------

    def _open(self, person: Person, left_behind: dict[str, Any] | None = None) -> str:
        """Opens a tab, or the next page in a tab: that one knows what the page before left behind."""
        person.tabs_opened += 1
        name = f"{person.name}{person.tabs_opened}"
        person.tabs.append(name)
        self._node(
            {
                "do": "open", "tab": name, "browser": person.name, "target": person.target, "owner": person.owner,
                "page": f"page-{name}", "role": person.role, **(left_behind or {}),
            }
        )  # fmt: skip
        return name

    def _somebody(self) -> Person | None:
        open_ones = [person for person in self.people if person.tabs]
        return self.random.choice(open_ones) if open_ones else None

    def _act(self, what: str) -> None:
        person = self._somebody()
        if person is not None:
            self.number += 1
            tab = self.random.choice(person.tabs)
            self._node({"do": "act", "tab": tab, "what": what, "number": self.number})

    def _second_tab(self) -> None:
        person = self._somebody()
        if person is not None:
            self._open(person)

    def _set_online(self, person: Person, online: bool) -> None:
        person.online = online
        self._node(
            {"do": "online", "browser": person.name, "online": online, "told": self.random.random() < 0.7}
        )

    def _kill_tab(self) -> None:
        person = self._somebody()
        if person is None:
            return
        tab = person.tabs.pop(self.random.randrange(len(person.tabs)))
        if self.random.random() < 0.4:
            self.number += 1
            known = set(self.made)
            self._node({"do": "actAndKill", "tab": tab, "what": "draw", "number": self.number})
            self.doubtful |= set(self.made) - known
        else:
            self._node({"do": "kill", "tab": tab})
        self._note(f"  {tab} killed")
        if self.random.random() < 0.8:
            self.time.call_in(self.random.uniform(100, 3000), lambda: self._open(person))

    def _reload_page(self) -> None:
        """The page in a tab is loaded again: the undo stack stays, the journal is read anew."""
        person = self._somebody()
        if person is not None:
            tab = person.tabs.pop(self.random.randrange(len(person.tabs)))
            left_behind = self._node({"do": "leave", "tab": tab})
            self._note(f"  {tab} left")
            self._open(person, left_behind)

    def _kill_updates(self) -> None:
        if self.server.up and self.server.updates.alive:
            self.server.updates.kill(self.random.uniform(50, 800))

    def _kill_server(self, what: str) -> None:
        if not self.server.up:
            return
        log = {entry.op: entry for entry in self.server.log()}
        self.server.kill()
        if what == "trim":
            self.server.trim_log()
            self.earlier_log = log
        elif what == "copy":
            self.server.take_backup()
        down_ms = self.link.latency_ms[1] + 1  # what the old server sent has come
        if what == "restore" and self.server.backup is not None:
            self.time.call_in(down_ms, lambda: self._restore(log))
        self.time.call_in(down_ms + self.random.uniform(200, 3000), self.server.start)

    def _restore(self, log: dict[str, Any]) -> None:
        """Puts the older database back; what pages have seen stored and no longer keep may be gone with it."""
        self.server.restore_backup()
        kept = {entry["op"] for entries in self._node({"do": "journals"}).values() for entry in entries}
        self.excused = set(log) - kept
        self.sent_again = set(log)

    # --- the end ----------------------------------------------------------------------------------------------

    def _heal(self) -> None:
        """The line is good again, everybody is online, whoever was killed comes back; then wait for rest."""
        self._note("healed")
        self.run_until(self.time.now_ms + 4000)  # tabs and server on their way back
        self.healed = True
        for person in self.people:
            self._set_online(person, True)
            self._node({"do": "online", "browser": person.name, "online": True, "told": True})
            self._open(person)
        self.healed_at = self.time.now_ms
        if not self.run_until(self.time.now_ms + HEAL_LIMIT_MS, self._at_rest):
            self.result.problems.append("no rest was found")

    def _at_rest(self) -> bool:
        """Asked after every step; looks closely only now and then."""
        if self.time.now_ms < getattr(self, "_look_at", 0.0):
            return False
        self._look_at = self.time.now_ms + 400
        row = self.server.storage.notebooks.get(self.template.notebook)
        assert row is not None
        states = self._node({"do": "summaries"}).values()
        return all(
            (state["seq"], state["epoch"]) == (row.seq, row.epoch)
            and not state["pending"]
            and not state["waiting"]
            and state["phase"] == "ready"
            for state in states
        )

    def _check(self) -> None:
        result, server = self.result, self.server
        problems = result.problems
        log = server.log()
        entries = {**self.earlier_log, **{entry.op: entry for entry in log}}
        document = server.document()
        truth = {str(group_id): document.stroke(group_id) for group_id in document.visible_ids()}
        with server.replicas.reading(self.template.notebook) as (replica, epoch):
            if list(replica.fragments()) != list(document.fragments()):
                problems.append("the server's own replica differs from its log")
        paper = {"paper": document.paper, "margin": document.margin}
        for tab, state in self._node({"do": "summaries", "strokes": True}).items():
            self._check_tab(tab, state, truth, paper, epoch)
        journals = self._node({"do": "journals"})
        tray = {}
        for browser, kept in journals.items():
            for entry in kept:
                tray[entry["op"]] = entry
                if entry["state"] != "refused":
                    problems.append(f"{browser} still keeps {entry}")
                elif entry["op"] in entries and not self.sent_again:
                    # (After a database went back, a late copy of what was refused before may be accepted.)
                    problems.append(f"{entry['op']} is stored and in the tray")
        result.refused = Counter(str(one["reason"]) for one in tray.values() if one["state"] == "refused")
        self.tray = tray
        for op, (tab, _at, command, _data) in self.made.items():
            if op not in entries and op not in tray and op not in self.excused and op not in self.doubtful:
                problems.append(f"lost: {tab} {command} {op}")
        for op in self.acknowledged:
            if op not in entries and op not in self.excused and op not in tray:
                problems.append(f"acknowledged and lost: {op}")
        self._check_order_and_doubles([*self.earlier_log.values(), *log])
        result.made, result.stored = len(self.made), len(entries)
        if self.lossless:
            self._measure_delivery()

    def _check_tab(
        self, tab: str, state: dict[str, Any], truth: dict[str, str | None], paper: dict[str, str], epoch: str
    ) -> None:
        problems = self.result.problems
        if state["epoch"] != epoch:
            problems.append(f"{tab} is in epoch {state['epoch']}, the server in {epoch}")
        if state["paper"] != paper:
            problems.append(f"diverged: {tab} has paper {state['paper']}, the server {paper}")
        if state["strokes"] != truth:
            theirs = state["strokes"]
            differing = sorted(
                (key for key in theirs.keys() | truth.keys() if theirs.get(key) != truth.get(key)), key=str
            )
            problems.append(
                f"diverged: {tab} at {state['seq']}: "
                + "; ".join(f"{key}: page {theirs.get(key)} server {truth.get(key)}" for key in differing[:3])
            )

    def _check_order_and_doubles(self, log: list[Any]) -> None:
        problems = self.result.problems
        seen: Counter[str] = Counter()
        last: dict[str, int] = {}
        for entry in {entry.seq: entry for entry in log}.values():
            if entry.command == "a":
                seen[entry.data.split('data-p="')[1].split('"')[0]] += 1
            stem, _, count = entry.op.rpartition(".")
            if entry.op not in self.made or entry.op in self.sent_again:
                continue
            number = int(count, 36)
            if number <= last.get(stem, 0):
                problems.append(f"out of order: {entry.op} after {last[stem]}")
            last[stem] = number
        problems += [f"doubled: {points}" for points, times in seen.items() if times > 1]

    def _measure_delivery(self) -> None:
        for op, (tab, at, _command, _data) in self.made.items():
            for other, since in self.ready_since.items():
                if other != tab and since <= at < self.healed_at - 4000:
                    got = self.delivered.get((other, op))
                    if got is None and op not in self.tray:
                        self.result.problems.append(f"{op} never came to {other} by a poll")
                    elif got is not None:
                        self.result.delivery_ms.append(got - at)
