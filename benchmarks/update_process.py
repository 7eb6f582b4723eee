"""Changes stored per second at the update process' input: 68-point strokes, 64 notebooks, SQLite with FULL sync.

Prints the rate with many writers (group commit), the rate of one writer who waits for each answer, the rate of the
same process when every change is a commit of its own, and the ratio. Run: python -m benchmarks.update_process
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from server.domain.ids import Author, NotebookId, Role
from server.domain.outline import outline_path
from server.domain.points import encode_points
from server.storage.contracts import DatabaseConfig
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from server.updates.child import UpdateSettings
from server.updates.process import UpdateProcess, spawned_generations

ANN = Author("u1", "Ann")
LOG = logging.getLogger("benchmark")


def pen_stroke(points: int = 68, wave: int = 9) -> str:
    """A fragment as the page makes it: points at 120 Hz, outline recipe 1."""
    samples = [
        (1000 + 18 * number, 2000 + int(200 * math.sin(number / wave)), 20 + int(10 * math.sin(number / 7)))
        for number in range(points)
    ]
    return (
        f'<g data-p="{encode_points(samples)}" data-v="1" data-w="50" data-t="pen">'
        f'<path d="{outline_path(samples, 50)}" fill="#1a2b3c"/></g>'
    )


class Bench:
    """A data folder with notebooks and a running update process."""

    def __init__(self, folder: Path, notebooks: int) -> None:
        key = os.urandom(32)
        config = DatabaseConfig(kind="sqlite", path=str(folder / "notebooks.sqlite3"))
        self.storage = open_storage(config, Sealer(key), role="main")
        owner = self.storage.users.create("Ann", "ann", "hash", 1)
        self.notebooks = [
            self.storage.notebooks.create(owner.id, f"N{n}", "", 1).id for n in range(notebooks)
        ]
        settings = UpdateSettings(config, str(folder), key)
        self.updates = UpdateProcess(spawned_generations(settings, LOG), on_restart=lambda: None, log=LOG)

    def start(self) -> None:
        self.updates.start()
        threading.Thread(target=self.updates.send_updates, args=(lambda applied: None,), daemon=True).start()
        for notebook in self.notebooks:
            self.updates.submit_and_wait(notebook, ANN, Role.OWNER, b"[]", 1)

    def save(self, notebook: NotebookId, body: bytes) -> None:
        status, answer = self.updates.submit_and_wait(notebook, ANN, Role.OWNER, body, 1)
        if status != 200:
            raise RuntimeError(answer)

    def save_many(self, changes: int, in_flight: int, body: Callable[[int], bytes]) -> float:
        """Saves with a bounded number on their way; returns changes a second."""
        room, refused = threading.Semaphore(in_flight), []

        def answered(status: int, answer: bytes) -> None:
            if status != 200:
                refused.append(answer)
            room.release()

        started = time.perf_counter()
        for number in range(changes):
            room.acquire()
            notebook = self.notebooks[number % len(self.notebooks)]
            self.updates.submit(notebook, ANN, Role.OWNER, body(number), 1, answered)
        for _ in range(in_flight):
            room.acquire()
        if refused:
            raise RuntimeError(refused[0])
        return changes / (time.perf_counter() - started)

    def close(self) -> None:
        self.updates.stop()
        self.storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    fragment = json.dumps(pen_stroke()).encode()
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 64)
        bench.start()
        for part in range(given.rounds):
            rates.append(
                bench.save_many(
                    given.changes, 512, lambda n, part=part: b'[["a",%b,"g%d-%d"]]' % (fragment, part, n)
                )
            )
        alone = bench.save_many(1000, 1, lambda n: b'[["a",%b,"s%d"]]' % (fragment, n))
        bench.close()
    with tempfile.TemporaryDirectory() as folder:
        single = one_commit_each(Path(folder))
    rate = statistics.median(rates)
    print(f"fragment                         {len(fragment):9,} bytes, 68 points")
    print(
        f"stored, group commit, 512 waiting {rate:8,.0f} /s   (to reach: 5,000; rounds: {[round(r) for r in rates]})"
    )
    print(f"stored, one writer who waits      {alone:8,.0f} /s   ({1000 / alone:.2f} ms each)")
    print(f"baseline: a commit for each       {single:8,.0f} /s   (bare SQLite FULL, no process)")
    print(f"ratio to the baseline             {rate / single:8.2f}")


def one_commit_each(folder: Path, count: int = 1000) -> float:
    """The same amount of bytes in SQLite alone, a commit for each."""
    import sqlite3

    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (a INTEGER, b INTEGER, body BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID")
    body = os.urandom(len(pen_stroke()))
    started = time.perf_counter()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", (number % 64, number, body))
        connection.execute("COMMIT")
    rate = count / (time.perf_counter() - started)
    connection.close()
    return rate


if __name__ == "__main__":
    main()
