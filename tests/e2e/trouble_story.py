"""A page and a writer while the database behind the server is in trouble, and after it.

Owns the story that `test_database_trouble.py` tells with each kind of trouble: nothing is acknowledged that is not
stored, nothing acknowledged is lost, the page says what is wrong, and the service returns by itself. Run as a program
it tells the one of the full disk, in a file system of its own: `python -m tests.e2e.trouble_story FOLDER`.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.pages import (
    draw,
    open_notebook,
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

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
BACK_WITHIN_S = 30


class Writer(threading.Thread):
    """Sends one stroke after the other, each until it is stored."""

    def __init__(self, person: Person, notebook: int) -> None:
        super().__init__(daemon=True)
        self.person, self.notebook = person, notebook
        self.stored: list[str] = []
        self.refusals: set[tuple[int, str]] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            op = f"w{len(self.stored)}"
            answer = self.person.post(f"/SAVE/{self.notebook}", [["a", stroke(3000, 4000), op]])
            if answer.status == 200:
                self.stored.append(op)
            else:
                self.refusals.add((answer.status, answer.json["reason"]))
            self._over.wait(0.02)

    def stop(self) -> None:
        self._over.set()
        self.join(60)
        assert not self.is_alive()


def live_through(
    browser: Browser,
    product: Product,
    *,
    begin: Callable[[], None],
    end: Callable[[], None],
    refusal: tuple[int, str] | None,
    words: str = "",
) -> None:
    """The story.

    Args:
        browser: for the page.
        product: running.
        begin: makes the trouble.
        end: mends it; nothing is done to the server.
        refusal: status and reason that writers get meanwhile; None where they only wait.
        words: what the status line says then.
    """
    owner = Person(product.port).sign_up("Dana")
    notebook = owner.new_notebook("Algebra")
    page = open_notebook(browser, product, owner, notebook)
    draw(page, wave(page, 0.3, 0.2))
    wait_saved(page)
    writer = Writer(owner, notebook)
    writer.start()
    try:
        wait_until(lambda: len(writer.stored) >= 5, what="the writer's first strokes")
        begin()
        try:
            if refusal:
                wait_until(lambda: refusal in writer.refusals, what=f"{refusal} for the writer")
            draw(page, wave(page, 0.5, 0.25))
            if refusal:
                wait_until(lambda: saved_state(page) == "offline", what="the page's mark")
                status = page.locator("#status-text")
                wait_until(lambda: words in status.inner_text(), what=f"'{words}' on the page")
        finally:
            end()
        before = len(writer.stored)
        wait_until(
            lambda: len(writer.stored) > before + 3, timeout_s=BACK_WITHIN_S, what="writing goes on by itself"
        )
        wait_saved(page, timeout_s=BACK_WITHIN_S)
    finally:
        writer.stop()
    log: list[str] = []
    while len(log) < owner.get(f"/api/notebook/log?id={notebook}&limit=1").json["to"] or not log:
        page_of_log = owner.get(f"/api/notebook/log?id={notebook}&since={len(log)}").json
        log += [entry["op"] for entry in page_of_log["data"]]
        if not page_of_log["more"]:
            break
    written = [op for op in log if op.startswith("w")]
    assert written[: len(writer.stored)] == writer.stored, "each acknowledged stroke once, in order"
    assert len(written) <= len(writer.stored) + 1, "at most the one whose answer was not waited for"
    assert len(log) - len(written) == 2, "both strokes of the page"
    wait_ready(page, len(log))
    assert len(visible_paths(page)) == 3  # the writer's strokes are all alike
    assert {status for status, _reason in writer.refusals} <= {503, 507}
    owner.close()
    page.context.close()


def full_disk(folder: Path) -> None:
    """SQLite on a file system that somebody fills; `folder` is its root."""
    from playwright.sync_api import sync_playwright

    filler = folder / "filler"

    def fill() -> None:
        free = shutil.disk_usage(folder).free
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - 4 * 1024 * 1024)

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        product = Product(folder / "data").start()
        try:
            live_through(
                chromium,
                product,
                begin=fill,
                end=filler.unlink,
                refusal=(507, "disk_full"),
                words="Server full",
            )
            assert product.stop() == 0, product.output
        finally:
            if product.process is not None and product.process.poll() is None:
                product.kill()
            chromium.close()


if __name__ == "__main__":
    began = time.monotonic()
    full_disk(Path(sys.argv[1]))
    print(f"told in {time.monotonic() - began:.1f} s")
