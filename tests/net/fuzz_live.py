"""Mutated requests against the live TLS server with the product's whole route table behind it.

    python -m tests.net.fuzz_live --count 200000 --seed 1

Each connection says a few mutated streams one after the other and then FIN, and reads to the end; every other one
resumes the TLS session of an earlier one, as a browser does. There may be no 500,
no error in the log, no crash, no answer that never ends; and when all are gone no thread, no descriptor and no
connection may be left. A finding prints seed and number of the connection; `--first NUMBER` begins there. Linux only
(reads /proc).
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.http_core.fuzz_parser import mutate, seeds
from tests.net.wire import Wire

ROOT = Path(__file__).resolve().parents[2]
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Z]")
STREAMS = (1, 2, 3, 5)
FULL_HANDSHAKES = 2
"""One connection in so many begins with a full handshake, the others resume a session."""
CLIENTS = 3
PATIENCE_S = 20.0
SLICE = 50_000
"""Answers between two looks at the log, which keeps some hundred thousand lines."""
LAZY = 16
"""Pools start threads, and those open the database, when they are first needed; a leak would show in thousands."""


class Server:
    """The probe server with the product, in a process of its own, and what can be seen of it from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = (folder / "said").open("w+")
        for _ in range(5):  # a port that was free a moment ago may be taken by now
            if self._started():
                return
        raise SystemExit(f"the server did not start: {(folder / 'said').read_text()}")

    def _started(self) -> bool:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.executable, "tests/support/probe_app.py", "--app", "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + 30
        while "CODE=" not in (self.folder / "said").read_text():
            if self.process.poll() is not None:
                return False
            if time.monotonic() > until:
                self.process.kill()
                raise SystemExit("the server did not say that it is ready")
            time.sleep(0.05)
        self._said.truncate(0)
        return True

    @property
    def used(self) -> tuple[int, int]:
        """Open descriptors and threads."""
        proc = Path(f"/proc/{self.process.pid}")
        return len(os.listdir(proc / "fd")), len(os.listdir(proc / "task"))

    def complaints(self) -> list[str]:
        """Lines of the log and of the terminal that tell of an error."""
        texts = [path.read_text() for path in self.folder.glob("probe-*/data/logs/logs.log*")]
        lines = "\n".join([*texts, (self.folder / "said").read_text()]).splitlines()
        return [line for line in lines if " ERROR " in line or "Traceback" in line]

    def stop(self) -> int:
        """End it; its exit status."""
        self.process.terminate()
        status = self.process.wait(30)
        self._said.close()
        return status


class Fuzz:
    """What the clients share: the next number, the tally, the first finding."""

    def __init__(self, port: int, seed: int, first: int) -> None:
        self.port, self.seed, self.number = port, seed, first
        self.statuses: collections.Counter[int] = collections.Counter()
        self.streams = seeds()
        self.sent = self.resumed = 0
        self.finding = ""
        self._lock = threading.Lock()
        self._session: ssl.SSLSession | None = None

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    def run(self, until: int) -> None:
        """Until so many answers were read, or something was found."""
        clients = [threading.Thread(target=self._work, args=(until,)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _work(self, until: int) -> None:
        while self.answers < until and not self.finding:
            with self._lock:
                number = self.number
                self.number += 1
            chance = random.Random(f"{self.seed}/{number}")
            said = [
                mutate(chance.choice(self.streams), chance, self.streams)
                for _ in range(chance.choice(STREAMS))
            ]
            try:
                heard = self._say(number, b"".join(said))
            except TimeoutError:
                self.finding = f"seed {self.seed}, connection {number}: it never ended"
                return
            found = [int(status) for status in STATUS.findall(heard)]
            with self._lock:
                self.statuses.update(found)
                self.sent += len(said)
            if 500 in found:
                self.finding = f"seed {self.seed}, connection {number}: 500\n{said!r}"

    def _say(self, number: int, data: bytes) -> bytes:
        """One connection from its beginning to its end; what was heard on it. Raises TimeoutError."""
        session = self._session if number % FULL_HANDSHAKES else None
        with Wire(self.port, timeout_s=PATIENCE_S, session=session) as wire:
            wire.send_all([data])
            wire.half_close()
            heard = wire.rest()
            self.resumed += wire.sock.session_reused
            if session is None and wire.sock.session.has_ticket:
                self._session = wire.sock.session
            return heard


def settled(server: Server, at_most: tuple[int, int]) -> bool:
    """Whether descriptors and threads come back to what they were."""
    until = time.monotonic() + PATIENCE_S
    while any(now > then + LAZY for now, then in zip(server.used, at_most, strict=True)):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def run(count: int, seed: int, first: int = 0) -> tuple[Fuzz, list[str]]:
    """Fuzz until `count` answers were read; returns the tally and what was found."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        server = Server(Path(name))
        try:
            fuzz = Fuzz(server.port, seed, first)
            before, found = server.used, []
            while fuzz.answers < count and not found:
                fuzz.run(min(count, fuzz.answers + SLICE))
                found = server.complaints()
                if fuzz.finding:
                    found.append(fuzz.finding)
                if server.process.poll() is not None:
                    found.append("the server has ended")
            if server.process.poll() is None and not settled(server, before):
                found.append(f"(descriptors, threads) {before} before, {server.used} after")
            time.sleep(0.2)  # the log is written a moment later
            found = list(dict.fromkeys([*found, *server.complaints()]))
        finally:
            status = server.stop()
        return fuzz, found if status == 0 else [*found, f"exit status {status}"]


def main() -> int:
    """Command line entry; exit status 1 when something was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=200_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--first", type=int, default=0)
    given = arguments.parse_args()
    started = time.perf_counter()
    fuzz, found = run(given.count, given.seed, given.first)
    print(
        f"live, seed {given.seed}: {fuzz.answers} answers to {fuzz.sent} mutated streams on "
        f"{fuzz.number - given.first} connections ({fuzz.resumed} resumed) in {time.perf_counter() - started:.0f} s: "
        f"{dict(sorted(fuzz.statuses.items()))}"
    )
    print("\n".join(found) or "no 500, no error in the log, no thread, descriptor or connection left")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
