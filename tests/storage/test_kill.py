"""kill -9 at any moment: what was acknowledged is there, in order, whole (I1, I2, I4; F1, F8)."""

from __future__ import annotations

import dataclasses
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from server.storage.contracts import DatabaseConfig
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from tests.storage.conftest import KEY, NOW

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import json, sys
from server.storage.contracts import DatabaseConfig
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from tests.storage.conftest import make_entry
storage = open_storage(DatabaseConfig(**json.loads(sys.argv[1])), Sealer(bytes(range(32))), role="updates")
books = [book.id for book in storage.notebooks.all()]
heads = {book: storage.changes.head(book) for book in books}
while True:
    batch = []
    for book in books:
        for _ in range(3):
            heads[book] += 1
            batch.append(make_entry(book, heads[book], data="x" * 900))
    storage.changes.append_batch(batch)
    print(json.dumps(heads), flush=True)
"""


def test_i1_acknowledged_changes_survive_a_kill(config: DatabaseConfig) -> None:
    storage = open_storage(config, Sealer(KEY), role="main")
    owner = storage.users.create("Ada", "ada", "h", NOW).id
    books = [storage.notebooks.create(owner, f"{number}", "", NOW).id for number in range(3)]
    storage.close()
    noise = random.Random(7)
    arguments = json.dumps(dataclasses.asdict(config))
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(noise.random() * 0.15)
        writer.kill()
        lines = [first, *writer.stdout.read().splitlines(keepends=True)]
        writer.wait()
        writer.stdout.close()
        acknowledged = json.loads([line for line in lines if line.endswith("\n")][-1])
        storage = open_storage(config, Sealer(KEY), role="main")
        heads = set()
        for book in books:
            log = [entry.seq for entry in storage.changes.read(book, 0, 1_000_000, 1 << 30)]
            assert log == list(range(1, storage.changes.head(book) + 1))
            assert len(log) >= acknowledged[str(book)]
            heads.add(len(log))
        assert len(heads) == 1  # a batch is there for every notebook or for none
        storage.close()
