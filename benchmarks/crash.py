"""Writers at full speed over TLS, and kill -9 of the update process, the main process or both, again and again.

After each round a reader follows the log by `/UPDATE` and checks: numbers without a gap, no op twice, every
acknowledged change present with the number that was acknowledged, each writer's changes in their order. Writers send
what was not acknowledged again, as pages do. Run: python -m benchmarks.crash [--rounds 200] [--database sqlite|mysql|both]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.support.mariadb import start_mariadb
from tests.support.product import Person, Product, stroke

KINDS = ("update process", "main process", "both")


class Writer(threading.Thread):
    """One page: one POST in flight, the same again until it is acknowledged."""

    def __init__(self, person: Person, notebook: int, name: str) -> None:
        super().__init__(daemon=True)
        self.person, self.notebook, self.label = person, notebook, name
        self.acknowledged: dict[str, int] = {}
        self.wrong: list[str] = []
        self.stopping = False

    def run(self) -> None:
        number = 0
        while not self.stopping:
            ops = [f"{self.label}-{number}-{part}" for part in range(3)]
            try:
                answer = self.person.post(f"/SAVE/{self.notebook}", [["a", stroke(), op] for op in ops])
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
                continue
            if answer.status == 200:
                self.acknowledged |= {change["op"]: change["seq"] for change in answer.json["changes"]}
                number += 1
            elif answer.status in (429, 500, 502, 503, 504):
                time.sleep(0.01)
            else:
                self.wrong.append(f"{answer.status} {answer.body[:100]!r}")
                return


class Reader:
    """Follows the log and checks it."""

    def __init__(self, person: Person, notebook: int) -> None:
        self.person, self.notebook = person, notebook
        self.seq_of: dict[str, int] = {}
        self.since = 0

    def follow_to(self, seq: int, limit_s: float = 30.0) -> None:
        end_s = time.monotonic() + limit_s
        while self.since < seq:
            if time.monotonic() > end_s:
                raise AssertionError(f"change {seq} was acknowledged, but the log ends at {self.since}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.person.get(f"/UPDATE?id={self.notebook}&since={self.since}")
                if answer.status == 200:
                    self._take(answer.json)
                elif answer.status not in (503,):
                    raise AssertionError(f"a reader was answered {answer.status} {answer.body[:200]!r}")

    def _take(self, answer: dict[str, object]) -> None:
        entries = answer["data"]
        assert isinstance(entries, list)
        assert [entry["seq"] for entry in entries] == list(range(self.since + 1, int(str(answer["to"])) + 1))
        for entry in entries:
            assert entry["op"] not in self.seq_of, f"{entry['op']} is stored twice"
            self.seq_of[entry["op"]] = entry["seq"]
        self.since = int(str(answer["to"]))


def check(reader: Reader, writers: list[Writer]) -> None:
    for writer in writers:
        assert not writer.wrong, writer.wrong
        for op, seq in writer.acknowledged.items():
            assert reader.seq_of.get(op) == seq, (
                f"{op} was acknowledged as {seq}, the log says {reader.seq_of.get(op)}"
            )
        assert list(writer.acknowledged.values()) == sorted(writer.acknowledged.values())


def wait_for_a_save(writers: list[Writer], before: int, limit_s: float = 30.0) -> None:
    """Until more than `before` changes are acknowledged; time in which this process was stopped does not count."""
    waited_s, looked_s = 0.0, time.monotonic()
    while sum(len(writer.acknowledged) for writer in writers) <= before:
        wrong = [word for writer in writers for word in writer.wrong]
        assert waited_s < limit_s, f"no save went through after the restart; the writers were told {wrong}"
        time.sleep(0.005)
        now_s = time.monotonic()
        waited_s += min(now_s - looked_s, 0.5)
        looked_s = now_s


def kill(product: Product, kind: str) -> None:
    """kill -9 of what `KINDS` says; where the main process was among it, the server is started again."""
    assert product.process is not None
    if kind == "update process":
        os.kill(product.update_process_pid(), signal.SIGKILL)
        return
    if kind == "main process":
        product.process.kill()
        product.process.wait()
    else:
        product.kill()
    product.start()


def run(product: Product, rounds: int, writers_wanted: int, seed: int) -> None:
    dice = random.Random(seed)
    product.start()
    owner = Person(product.port).sign_up("Ann")
    reader_person = Person(product.port)
    recovered: list[float] = []
    acknowledged = 0
    for number in range(rounds):
        if number % 20 == 0:
            owner.close()  # its connection ended with the server that was killed
            notebook = owner.new_notebook(f"Round {number}")
            reader_person.close()
            reader_person.cookies = dict(owner.cookies)
            reader = Reader(reader_person, notebook)
        writers = []
        for count in range(writers_wanted):
            person = Person(product.port, timeout_s=10)
            person.cookies = dict(owner.cookies)
            writers.append(Writer(person, notebook, f"r{number}w{count}"))
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(0.05, 0.5))
        before = sum(len(writer.acknowledged) for writer in writers)
        killed_s = time.monotonic()
        kill(product, KINDS[number % len(KINDS)])
        wait_for_a_save(writers, before)
        recovered.append(time.monotonic() - killed_s)
        for writer in writers:
            writer.stopping = True
        for writer in writers:
            writer.join(30)
            writer.person.close()
        reader.follow_to(max((seq for writer in writers for seq in writer.acknowledged.values()), default=0))
        check(reader, writers)
        acknowledged += sum(len(writer.acknowledged) for writer in writers)
    reader_person.close()
    owner.close()
    status = product.stop()
    assert status == 0, f"the server left with status {status}"
    print(
        f"  {rounds} rounds, {acknowledged:,} changes acknowledged: 0 lost, 0 doubled, 0 out of order; "
        f"service back after {statistics.median(recovered):.2f} s (median), {max(recovered):.2f} s (most)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "mysql", "both"), default="both")
    given = parser.parse_args()
    if given.database != "mysql":
        with tempfile.TemporaryDirectory() as folder:
            print("SQLite")
            run(Product(Path(folder) / "data"), given.rounds, given.writers, given.seed)
    if given.database != "sqlite":
        server = start_mariadb()
        try:
            with tempfile.TemporaryDirectory() as folder:
                print("MariaDB")
                data = Path(folder) / "data"
                data.mkdir()
                made = server.config()
                (data / "dbconfig.json").write_text(
                    json.dumps(
                        {
                            "host": made.host,
                            "port": made.port,
                            "username": made.username,
                            "password": made.password,
                            "database": made.database,
                            "pool_name": "updateNotebooks",
                            "autocommit": "True",
                        }
                    )
                )
                (data / "dbconfig.json").chmod(0o600)
                run(Product(data), given.rounds, given.writers, given.seed)
        finally:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
