"""A storm of password guesses beside people who log in and draw: who is stopped, and what the others feel.

    .venv/bin/python benchmarks/login_storm.py [--guesses 10000] [--accounts 1000] [--seconds 20]

Starts the product on an empty data folder. First a few people draw alone (the baseline), then while one address sends
all guesses against one account, then while it spreads them over many accounts. The attacker is a process of its own, so
that its work is not counted as the drawers' time; it shares the processors with the server all the same. Prints, for
each part: guesses by status, log-ins of others and their time, and the drawing's p50 and p99 with the ratio to the
baseline.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.net.wire import Wire
from tests.support.product import Product, running, stroke

PASSWORD = "a good long password"
ATTACKER = "127.0.0.66"
CONNECTIONS = 8
DRAWERS = 4
STROKES_PER_S = 10


def request(path: str, body: object, *fields: str) -> bytes:
    content = json.dumps(body).encode()
    head = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *fields,
    ]
    return "\r\n".join((*head, "", "")).encode() + content


class Caller:
    """One keep-alive connection from an address of its own."""

    def __init__(self, port: int, source: str) -> None:
        self.wire = Wire(port, source=source, timeout_s=60)
        self.cookie = ""

    def post(self, path: str, body: object) -> int:
        fields = (f"Cookie: {self.cookie}",) if self.cookie else ()
        self.wire.send(request(path, body, *fields))
        answer = self.wire.read()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        self.body = answer.body
        return answer.status

    def close(self) -> None:
        self.wire.sock.close()


def attack(port: int, guesses: int, accounts: int) -> Counter[int]:
    """Sends the guesses over a few connections; returns how they were answered."""
    found: Counter[int] = Counter()
    lock = threading.Lock()

    def guess(first: int) -> None:
        caller = Caller(port, ATTACKER)
        mine: Counter[int] = Counter()
        for number in range(first, guesses, CONNECTIONS):
            mine[
                caller.post(
                    "/LOGIN", {"username": f"Victim {number % accounts}", "password": f"guess {number:08d}"}
                )
            ] += 1
        caller.close()
        with lock:
            found.update(mine)

    threads = [threading.Thread(target=guess, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@dataclass
class Part:
    """What one part of the run measured; times in milliseconds."""

    name: str
    guesses: dict[int, int] = field(default_factory=dict)
    took_s: float = 0.0
    drawn: list[float] = field(default_factory=list)
    logins: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def p(self, percent: float) -> float:
        ordered = sorted(self.drawn)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class School:
    """The people who have nothing to do with the guesses: they draw, and some come in meanwhile."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.owner = Caller(port, "127.0.0.2")
        assert self.owner.post("/SIGNUP", {"username": "Teacher", "password": PASSWORD}) == 200
        assert self.owner.post("/SAVENEWNB", {"title": "Lesson", "description": ""}) == 200
        self.notebook = json.loads(self.owner.body)["data"]["id"]
        assert self.owner.post("/api/notebook/create", self.notebook) == 200
        self.code = json.loads(self.owner.body)["data"]["code"]
        for number in range(5):
            pupil = Caller(port, "127.0.0.3")
            assert pupil.post("/SIGNUP", {"username": f"Pupil {number}", "password": PASSWORD}) == 200
            pupil.close()
        self.owner.close()

    def work(self, part: Part, done: threading.Event) -> list[threading.Thread]:
        def draw(number: int) -> None:
            caller = Caller(self.port, f"127.0.0.{10 + number}")
            caller.post(f"/SAVE/?nb={self.code}", [["a", stroke()]])  # the first one makes the guest
            while not done.is_set():
                began = time.monotonic()
                status = caller.post(f"/SAVE/?nb={self.code}", [["a", stroke()]])
                took = time.monotonic() - began
                part.drawn.append(took * 1000)
                if status != 200:
                    part.refused.append(f"stroke {status}")
                time.sleep(max(0.0, 1 / STROKES_PER_S - took))
            caller.close()

        def log_in() -> None:
            number = 0
            while not done.is_set():
                caller = Caller(self.port, f"127.0.0.{30 + number % 5}")
                began = time.monotonic()
                status = caller.post("/LOGIN", {"username": f"Pupil {number % 5}", "password": PASSWORD})
                part.logins.append((time.monotonic() - began) * 1000)
                if status != 200:
                    part.refused.append(f"log-in {status}")
                caller.close()
                number += 1
                done.wait(0.2)

        threads = [threading.Thread(target=draw, args=(number,)) for number in range(DRAWERS)]
        threads.append(threading.Thread(target=log_in))
        for thread in threads:
            thread.start()
        return threads


def quiet(school: School, seconds: float) -> Part:
    part, done = Part("quiet"), threading.Event()
    threads = school.work(part, done)
    time.sleep(seconds)
    done.set()
    for thread in threads:
        thread.join()
    return part


def storm(school: School, name: str, guesses: int, accounts: int) -> Part:
    part, done = Part(name), threading.Event()
    threads = school.work(part, done)
    began = time.monotonic()
    command = [sys.executable, __file__, "--attack", str(school.port), str(guesses), str(accounts)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    part.took_s = time.monotonic() - began
    part.guesses = {int(status): count for status, count in json.loads(output).items()}
    done.set()
    for thread in threads:
        thread.join()
    return part


def run(product: Product, *, guesses: int, accounts: int, seconds: float) -> list[Part]:
    """The three parts on a product with an empty data folder."""
    school = School(product.port)
    return [
        quiet(school, seconds),
        storm(school, "one account", guesses, 1),
        storm(school, f"{accounts} accounts", guesses, accounts),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--guesses", type=int, default=10_000)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--attack", nargs=3, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        print(json.dumps(attack(*options.attack)))
        return 0
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as product:
        parts = run(product, guesses=options.guesses, accounts=options.accounts, seconds=options.seconds)
    base = parts[0].p(99)
    for part in parts:
        print(
            f"{part.name:>15}: guesses {part.guesses or '-'} in {part.took_s:.1f} s; {len(part.logins)} log-ins of others, "
            f"median {statistics.median(part.logins):.0f} ms, worst {max(part.logins):.0f} ms; {len(part.drawn)} strokes, "
            f"p50 {part.p(50):.1f} ms, p99 {part.p(99):.1f} ms ({part.p(99) / base:.2f} x quiet); refused {part.refused or 'nobody'}"
        )
    stopped = all(part.guesses.get(401, 0) <= 100 for part in parts[1:])
    well = stopped and not any(part.refused for part in parts) and max(part.p(99) for part in parts[1:]) < 50
    print("stopped, and nobody else noticed" if well else "NOT as it should be")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
