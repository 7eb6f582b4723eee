"""Changes stored per second in group commit, and whether the cost of one grows with its notebook.

Prints, for SQLite (FULL) and, where the program is there, for MariaDB: strokes/s of 68 points in 64 notebooks by
size of batch, sealing included, against the target of 5,000/s; and the ratio of the cost of a commit into a notebook
of 100,000 changes to one of 100 (target: at most 1.2). Run: python benchmarks/storage_commit.py [seconds]
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.storage.contracts import DatabaseConfig
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer

TARGET_PER_S = 5_000
TARGET_RATIO = 1.2
NOTEBOOKS = 64
NOW = 1_790_000_000_000


def stroke(noise: random.Random) -> str:
    """A canonical fragment of 68 points: their base64 and the outline of two sides."""
    outline = "".join(
        f"Q{noise.randrange(12000)} {noise.randrange(16000)} {noise.randrange(12000)} {noise.randrange(16000)}"
        for _ in range(40)
    )
    points = "".join(noise.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=320))
    return f'<g id="1" data-p="{points}" data-v="1" data-w="50" data-t="pen"><path d="M1 2{outline}Z" fill="#1a2b3c"/></g>'


class Writer:
    """Gives every notebook its numbers."""

    def __init__(self, storage: SqlStorage) -> None:
        self.storage = storage
        noise = random.Random(1)
        self.strokes = [stroke(noise) for _ in range(256)]
        owner = storage.users.create("bench", "bench", "h", NOW).id
        self.books = [storage.notebooks.create(owner, f"n{n}", "", NOW).id for n in range(NOTEBOOKS)]
        self.heads: dict[NotebookId, int] = dict.fromkeys(self.books, 0)

    def batch(self, size: int, books: list[NotebookId]) -> list[LogEntry]:
        return list(self._entries(size, books))

    def _entries(self, size: int, books: list[NotebookId]) -> Iterator[LogEntry]:
        for number in range(size):
            book = books[number % len(books)]
            self.heads[book] = seq = self.heads[book] + 1
            yield LogEntry(
                book,
                seq,
                f"{book}-{seq}-bench-op",
                "u1",
                "bench",
                NOW + seq,
                "a",
                self.strokes[seq % 256],
                bytes(16),
                seq,
            )


def rate(writer: Writer, size: int, seconds: float) -> float:
    done = 0
    spent_s = 0.0
    while spent_s < seconds:
        entries = writer.batch(size, writer.books)
        begun = time.perf_counter()
        writer.storage.changes.append_batch(entries)
        spent_s += time.perf_counter() - begun
        done += size
    return done / spent_s


def cost_of_one(writer: Writer, book: NotebookId, rounds: int = 400) -> float:
    """Median seconds of a commit of one stroke."""
    times = []
    for _ in range(rounds):
        entries = writer.batch(1, [book])
        begun = time.perf_counter()
        writer.storage.changes.append_batch(entries)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def measure(name: str, config: DatabaseConfig, seconds: float) -> bool:
    storage = open_storage(config, Sealer(bytes(32)), role="main")
    writer = Writer(storage)
    best = 0.0
    for size in (1, 16, 64, 256, 1024):
        reached = rate(writer, size, seconds)
        best = max(best, reached)
        print(f"{name}: batches of {size:5d}: {reached:8.0f} strokes/s")
    small, big = writer.books[0], storage.notebooks.create(storage.users.list_all()[0].id, "big", "", NOW).id
    fresh = storage.notebooks.create(storage.users.list_all()[0].id, "small", "", NOW).id
    writer.heads[big] = writer.heads[fresh] = 0
    while writer.heads[big] < 100_000:
        storage.changes.append_batch(writer.batch(2000, [big]))
    storage.changes.append_batch(writer.batch(100, [fresh]))
    del small
    costs = [(cost_of_one(writer, fresh, 100), cost_of_one(writer, big, 100)) for _ in range(4)]
    ratio = statistics.median(many / few for few, many in costs)
    print(
        f"{name}: one stroke into 100 changes {costs[0][0] * 1000:.2f} ms, into 100,000 {costs[0][1] * 1000:.2f} ms"
    )
    print(f"{name}: RATIO flat cost {ratio:.2f} (target <= {TARGET_RATIO})")
    print(f"{name}: RATIO changes/s to target {best / TARGET_PER_S:.2f} (target >= 1)")
    storage.close()
    return best >= TARGET_PER_S and ratio <= TARGET_RATIO


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    folder = Path(tempfile.mkdtemp(prefix="bench-storage-", dir=Path.cwd()))
    try:
        good = measure("SQLite FULL", DatabaseConfig(kind="sqlite", path=str(folder / "n.sqlite3")), seconds)
    finally:
        shutil.rmtree(folder)
    from tests.support.mariadb import missing_program, start_mariadb

    if missing_program() is None:
        server = start_mariadb()
        try:
            measure(
                "MariaDB", server.config("bench"), seconds
            )  # no target: it is the slower choice by design
        finally:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
