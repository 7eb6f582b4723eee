"""Many polls waiting on one notebook: memory per poll, CPU while nothing happens, time until all are answered.

    .venv/bin/python benchmarks/waiting_polls.py [--polls 10000] [--rounds 3] [--idle 15] [--expiring 30] [--slow 1000]

Runs the product (`python main.py`), holds the polls from several client processes and at least forty loopback
addresses, and lets the owner save one stroke per round. Beside the memory of a poll it prints that of a bare
`SSLSocket` in a process of its own (the baseline). `--expiring` watches the CPU for some seconds in which polls come to
their end and are sent again. `--slow` then opens so many slow connections of each kind, one kind after the other, beside
a normal client and the polls (benchmarks/slow_clients.py). Linux only (reads /proc); loopback only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.http_throughput import nearest_file  # noqa: E402
from benchmarks.slow_clients import DEADLINE_S, HEADING, Victim  # noqa: E402
from benchmarks.slow_clients import measure as measure_slow  # noqa: E402
from tests.support.probe_app import make_certificate  # noqa: E402
from tests.support.product import Person, Product  # noqa: E402

ADDRESSES = 40
GOAL_KIB, GOAL_IDLE, GOAL_EXPIRING, GOAL_WAKE_S = 36.0, 0.01, 0.05, 1.5
LARGEST_FILE = "/node_modules/@svgdotjs/svg.js/dist/svg.esm.js"
BARE = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4

def pair(keep):
    here, there = socket.socketpair()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    far = client.wrap_bio(incoming, outgoing)
    near = context.wrap_socket(there, server_side=True, do_handshake_on_connect=False)
    near.setblocking(False)
    here.setblocking(False)
    for _ in range(4):
        for step in (far.do_handshake, near.do_handshake):
            try:
                step()
            except ssl.SSLWantReadError:
                pass
            if outgoing.pending:
                here.send(outgoing.read())
            try:
                incoming.write(here.recv(65536))
            except BlockingIOError:
                pass
    keep.append(near)
    return here

kept, ends = [], []
for _ in range(100):
    ends.append(pair(kept))
before = rss()
for _ in range(600):
    ends.append(pair(kept).detach())
print((rss() - before) / 600)
"""


def rss_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def raise_descriptor_limit() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def start_holders(
    port: int, code: str, polls: int, processes: int, since: int
) -> list[subprocess.Popen[str]]:
    share = ADDRESSES // processes
    holders = []
    for number in range(processes):
        count = polls // processes + (number < polls % processes)
        script = [
            sys.executable,
            str(ROOT / "benchmarks" / "poll_holder.py"),
            "--port",
            str(port),
            f"--code={code}",
        ]
        sizes = ["--count", str(count), "--since", str(since), "--addresses", str(share)]
        first = ["--first-address", str(1 + number * share)]
        holders.append(
            subprocess.Popen(
                [*script, *sizes, *first], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
    return holders


def line_of(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def wait_until_held(person: Person, holders: list[subprocess.Popen[str]], polls: int) -> None:
    for holder in holders:
        said = line_of(holder)
        if not said.startswith("held"):
            raise SystemExit(f"a client process failed: {said}")
    until = time.monotonic() + 60
    while (waiting := person.get("/health").data.get("waiting_polls", 0)) < polls:
        if time.monotonic() > until:
            raise SystemExit(f"only {waiting} of {polls} polls wait")
        time.sleep(0.1)


def main() -> int:
    """Measure; exit status 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--polls", type=int, default=10_000)
    arguments.add_argument("--processes", type=int, default=5)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--idle", type=float, default=15.0, help="seconds to watch the CPU; polls expire at 22.5 s"
    )
    arguments.add_argument("--expiring", type=float, default=0.0, help="seconds to watch polls expire")
    arguments.add_argument("--slow", type=int, default=0, help="slow connections of each kind")
    options = arguments.parse_args()
    limit = raise_descriptor_limit()
    spare = 600 + options.slow
    if limit < options.polls + spare:
        print(f"the descriptor limit of {limit} holds only {limit - spare} polls")
        options.polls = limit - spare
    with tempfile.TemporaryDirectory(prefix="polls-") as name:
        folder = Path(name)
        pair = [str(path) for path in make_certificate(folder)]
        bare = float(
            subprocess.run(
                [sys.executable, "-c", BARE, *pair], capture_output=True, text=True, check=True
            ).stdout
        )
        product = Product(folder / "data").start()
        try:
            return measure(product, options, bare)
        finally:
            product.stop()


class Figures(NamedTuple):
    """What so many waiting polls cost and how fast they are answered."""

    per_poll_kib: float
    after_rounds_kib: float
    idle: float
    wake_s: float
    per_answer_us: float
    expiring: float | None

    @property
    def missed(self) -> bool:
        """Whether a goal is."""
        if self.per_poll_kib > GOAL_KIB or self.idle > GOAL_IDLE or self.wake_s > GOAL_WAKE_S:
            return True
        return (self.expiring or 0) > GOAL_EXPIRING


def measure(product: Product, options: argparse.Namespace, bare: float) -> int:
    assert product.process is not None
    owner = Person(product.port)
    owner.post("/SIGNUP", {"username": "bench", "password": "a long bench password"})
    notebook = owner.post("/SAVENEWNB", {"title": "Polls", "description": ""}).data
    code = owner.post("/api/notebook/create", notebook["id"]).data["code"]
    warm = start_holders(product.port, code, 50, 1, 0)  # whatever is made once is made before we weigh
    wait_until_held(owner, warm, 50)
    save(owner, notebook["id"], 0)
    line_of(warm[0])
    warm[0].communicate("end\n")
    time.sleep(0.5)
    before, began = rss_kib(product.process.pid), time.monotonic()
    holders = start_holders(product.port, code, options.polls, options.processes, 1)
    wait_until_held(owner, holders, options.polls)
    opened_s = time.monotonic() - began
    print(
        f"{options.polls} polls from {options.processes} processes and {ADDRESSES} addresses, opened in {opened_s:.1f} s"
    )
    numbers = itertools.count(1)

    def save_next() -> None:
        save(owner, notebook["id"], next(numbers))

    figures = weigh(product.process.pid, before, options, owner=owner, holders=holders, save_next=save_next)
    tell(figures, options, bare)
    missed = figures.missed
    if options.slow:
        print(f"\n{options.slow} slow connections of each kind beside these polls\n{HEADING}", flush=True)
        victim = Victim(product.port, nearest_file()[0], LARGEST_FILE, "/LOGIN", 16)
        reached = [measure_slow(kind, options.slow, victim) for kind in DEADLINE_S]
        missed |= not all(reached)
    for holder in holders:
        holder.communicate("end\n")
    return 1 if missed else 0


def weigh(
    pid: int,
    before_kib: int,
    options: argparse.Namespace,
    *,
    owner: Person,
    holders: list[subprocess.Popen[str]],
    save_next: Callable[[], None],
) -> Figures:
    """Takes the figures of polls that wait, were woken, wait again, and come to their end."""
    per_poll = (rss_kib(pid) - before_kib) / options.polls
    wakes, used_s = [], 0.0
    for _ in range(options.rounds):
        sent, used = time.monotonic(), cpu_s(pid)
        save_next()
        answers = [json.loads(line_of(holder)) for holder in holders]
        used_s += cpu_s(pid) - used
        wakes.append(max(answer["last"] for answer in answers) - sent)
        wait_until_held(owner, holders, options.polls)
    after = (rss_kib(pid) - before_kib) / options.polls
    idle = cpu_share(
        pid, options.idle
    )  # all were sent again a moment ago: none comes to its own end meanwhile
    expiring = cpu_share(pid, options.expiring) if options.expiring else None
    per_answer_us = used_s / options.rounds / options.polls * 1e6
    return Figures(per_poll, after, idle, statistics.median(wakes), per_answer_us, expiring)


def cpu_share(pid: int, seconds: float) -> float:
    """The part of a core that a process uses from now on for so long."""
    used = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - used) / seconds


def tell(figures: Figures, options: argparse.Namespace, bare: float) -> None:
    """Prints the figures beside their goals."""
    per_poll, after, idle, wake, per_answer_us, expiring = figures
    print(
        f"memory per waiting poll   {per_poll:7.1f} KiB   goal {GOAL_KIB} KiB (bare SSLSocket {bare:.1f} KiB)"
    )
    print(f"  after {options.rounds} rounds          {after:7.1f} KiB")
    print(f"CPU while all wait        {idle:7.2%}       goal {GOAL_IDLE:.0%}, over {options.idle:.0f} s")
    print(
        f"one change to all         {wake:7.2f} s     goal {GOAL_WAKE_S} s, from sending the save to the last answer read"
    )
    print(f"CPU of the server         {per_answer_us:7.0f} us    per answered poll")
    if expiring is not None:
        print(
            f"CPU while polls expire    {expiring:7.2%}       goal {GOAL_EXPIRING:.0%}, over {options.expiring:.0f} s"
        )


def save(owner: Person, notebook_id: int, number: int) -> None:
    stroke = f'<g><path d="M{number} 0 L10 10 L0 10 Z" fill="#000000"/></g>'
    answer = owner.post(f"/SAVE/{notebook_id}", [["a", stroke, f"bench-{number}"]])
    if answer.status != 200:
        raise SystemExit(f"the save was refused: {answer.body!r}")


if __name__ == "__main__":
    sys.exit(main())
