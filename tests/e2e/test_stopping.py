"""SIGTERM in the middle of work, and kill -9 in a few rounds: nobody is left without an answer, nothing acknowledged goes.

The short form of `benchmarks/crash.py` runs here too. Rules C2 and O2.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.crash import run as run_crash_rounds
from tests.e2e.test_shared_writing import make_notebook, sign_up
from tests.support.mariadb import MariaDb
from tests.support.pages import (
    context_for,
    draw,
    saved_state,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Person, Product, stroke

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WRITERS = 6
READERS = 12
MOST_RESTART_S = 1.5
BUSY_MACHINE = 2.0  # the whole suite may be running beside it


class Worker(threading.Thread):
    """Asks again and again until the server stops; notes what was answered, and what was asked in vain."""

    def __init__(self, person: Person, ask: Callable[[Person, str], int]) -> None:
        super().__init__(daemon=True)
        self.person, self.ask = person, ask
        self.answers: list[int] = []
        self.acknowledged: list[str] = []
        self.unanswered: list[str] = []

    def run(self) -> None:
        for number in range(1_000_000):
            op = f"{id(self.person)}-{number}"
            try:
                status = self.ask(self.person, op)
            except (OSError, http.client.HTTPException):
                self.unanswered.append(op)
                return
            self.answers.append(status)
            if status == 200:
                self.acknowledged.append(op)
            elif status == 503:
                return


def test_o2_sigterm_under_load_answers_every_open_request_and_leaves_with_status_0(
    start_product: Callable[..., Product],
) -> None:
    product = start_product()
    owner = Person(product.port).sign_up("Ann")
    notebook = owner.new_notebook("Algebra")

    quiet = owner.new_notebook("Quiet")

    def write(person: Person, op: str) -> int:
        return person.post(f"/SAVE/{notebook}", [["a", stroke(7, 5), op]]).status

    def read(person: Person, _op: str) -> int:
        return person.get(f"/UPDATE?id={quiet}").status

    workers = []
    for ask in [write] * WRITERS + [read] * READERS:
        person = Person(product.port)
        person.cookies = dict(owner.cookies)
        assert person.get("/LOGIN").status == 200
        workers.append(Worker(person, ask))
    for worker in workers:
        worker.start()
    time.sleep(1.0)
    began = time.monotonic()
    status = product.stop()
    stopped_in_s = time.monotonic() - began
    for worker in workers:
        worker.join(10)
        assert not worker.is_alive()
    assert status == 0, product.output[-2000:]
    readers = workers[WRITERS:]
    assert [worker.answers for worker in readers] == [[503]] * READERS  # every waiting poll, at once
    assert {answer for worker in workers[:WRITERS] for answer in worker.answers} <= {
        200,
        429,
        503,
    }  # 429: a quick machine

    product.start()
    print(f"stopped in {stopped_in_s:.2f} s, started again in {product.started_in_s:.2f} s")
    assert product.started_in_s <= MOST_RESTART_S * BUSY_MACHINE
    acknowledged = {op for worker in workers for op in worker.acknowledged}
    assert len(acknowledged) >= 50
    stored: list[str] = []
    head = owner.get(f"/Notebook/{notebook}").data["seq"]
    while len(stored) < head:
        stored += [
            entry["op"] for entry in owner.get(f"/UPDATE?id={notebook}&since={len(stored)}").json["data"]
        ]
    assert acknowledged <= set(stored)
    assert len(set(stored)) == len(stored)
    # A connection at rest is closed: what was sent on it in the same moment was never read, so it is not stored.
    unanswered = {op for worker in workers for op in worker.unanswered}
    assert not unanswered & set(stored), "read and stored, but not answered"
    for worker in workers:
        worker.person.close()
    owner.close()


@pytest.mark.browser
def test_o2_pages_reconnect_by_themselves_after_a_restart(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product()
    context = context_for(browser)
    page = context.new_page()
    sign_up(page, product.url, "Dana")
    make_notebook(page, "Algebra")
    notebook_id = int(page.url.split("id=")[1])
    draw(page, wave(page, 0.35, 0.2))
    wait_ready(page, 1)
    wait_saved(page)
    assert product.stop() == 0
    draw(page, wave(page, 0.35, 0.4))
    wait_until(lambda: saved_state(page) == "offline", what="the page says that it is offline")
    product.start()
    began = time.monotonic()
    wait_saved(page, timeout_s=15)
    print(f"stored {time.monotonic() - began:.1f} s after the server was back")
    person = Person(product.port)
    person.cookies = {
        cookie["name"]: cookie["value"] for cookie in context.cookies() if "session" in cookie["name"]
    }
    assert person.post(f"/SAVE/{notebook_id}", [["a", stroke(3000, 3000), "from-elsewhere"]]).status == 200
    wait_until(lambda: len(visible_paths(page)) == 3, timeout_s=10, what="news from elsewhere on the page")
    person.close()
    context.close()


@pytest.mark.slow
def test_c2_a_few_rounds_of_kill_9_lose_nothing_on_sqlite(tmp_path: Path) -> None:
    run_crash_rounds(Product(tmp_path / "data"), rounds=3, writers_wanted=3, seed=7)


@pytest.mark.slow
@pytest.mark.mysql
def test_c2_a_few_rounds_of_kill_9_lose_nothing_on_mariadb(
    tmp_path: Path, mariadb: MariaDb, mariadb_config: dict[str, object]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "dbconfig.json").write_text(json.dumps(mariadb_config))
    (data / "dbconfig.json").chmod(0o600)
    run_crash_rounds(Product(data), rounds=3, writers_wanted=3, seed=8)
