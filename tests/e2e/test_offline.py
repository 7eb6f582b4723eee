"""Drawn without a network: kept over a killed page, stored when the line is back, never under another name (INK.md).

The first test draws 500 strokes offline while somebody else clears and draws; the others change who is logged in on
the same browser. What waits in the browser is read from its database as any program on the page could.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_shared_writing import PASSWORD, make_notebook, share_link, sign_up
from tests.support.pages import (
    context_for,
    draw,
    press,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Person, Product, stroke

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

STROKES = 500
MOST_STORED_S = 3.0
BUSY_MACHINE = 2.0  # the whole suite may be running beside it

# Pointer events as the browser itself makes them, many strokes a frame; each a short line at a place of its own.
DRAW_MANY = """async (count) => {
  const board = document.getElementById("board");
  const box = board.getBoundingClientRect();
  const target = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const fire = (type, x, y) => target.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true, clientX: x, clientY: y,
    button: type === "pointermove" ? -1 : 0, buttons: type === "pointerup" ? 0 : 1, pressure: 0.5,
  }));
  for (let n = 0; n < count; n++) {
    const x = box.left + box.width * 0.3 + (n % 25) * 18;
    const y = box.top + box.height * 0.15 + Math.floor(n / 25) * 22;
    fire("pointerdown", x, y);
    for (let i = 1; i <= 6; i++) fire("pointermove", x + 2 * i, y + (i % 3));
    fire("pointerup", x + 12, y);
    if (n % 25 === 24) await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}"""

JOURNAL = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("shared-notebooks");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction("entries").objectStore("entries").getAll();
    all.onsuccess = () => { opening.result.close(); resolve(all.result); };
  };
})"""


def journal(page: Page) -> list[dict[str, Any]]:
    """Every entry that any user left in this browser."""
    found: list[dict[str, Any]] = page.evaluate(JOURNAL)
    return found


def person_of(product: Product, context: BrowserContext) -> Person:
    """A client outside of the browser with the browser's session."""
    person = Person(product.port)
    person.cookies = {
        cookie["name"]: cookie["value"] for cookie in context.cookies() if "session" in cookie["name"]
    }
    return person


def whole_log(person: Person, notebook_id: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    while True:
        head = person.get(f"/Notebook/{notebook_id}").data["seq"]
        if len(entries) >= head:
            return entries
        entries += person.get(f"/UPDATE?id={notebook_id}&since={len(entries)}").json["data"]


def kill_page(page: Page) -> None:
    """The page's process ends as in a crash: no farewell event, nothing written on leaving."""
    with page.expect_event("crash", timeout=10_000), contextlib.suppress(Exception):
        page.goto("chrome://crash", timeout=3000)
    page.close()


def number_of(op: str) -> int:
    return int(op.rpartition(".")[2], 36)


def test_c3_five_hundred_strokes_drawn_offline_survive_a_killed_page(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product()
    context = context_for(browser)
    page = context.new_page()
    sign_up(page, product.url, "Dana")
    make_notebook(page, "Algebra")
    notebook_id = int(page.url.split("id=")[1])
    draw(page, wave(page, 0.3, 0.9))
    wait_ready(page, 1)
    wait_saved(page)
    owner = person_of(product, context)
    code = owner.share(notebook_id)

    context.set_offline(True)
    page.evaluate(DRAW_MANY, STROKES)
    wait_until(lambda: len(journal(page)) == STROKES, timeout_s=30, what=f"{STROKES} entries in the journal")
    assert len(visible_paths(page)) >= STROKES - 25  # what lies outside of the window is not mounted

    friend = Person(product.port)
    assert friend.post(f"/SAVE/?nb={code}", [["c", {"upto": 1}, "friend-clear"]]).status == 200
    assert (
        friend.post(f"/SAVE/?nb={code}", [["a", stroke(9 * n, 50), f"friend-{n}"] for n in range(3)]).status
        == 200
    )

    kill_page(page)
    page = context.new_page()
    with contextlib.suppress(Exception):
        page.goto(f"{product.url}/?id={notebook_id}", timeout=1500)
    context.set_offline(False)
    page.goto(f"{product.url}/?id={notebook_id}", wait_until="commit")
    began = time.monotonic()
    wait_until(
        lambda: owner.get(f"/Notebook/{notebook_id}").data["seq"] == 5 + STROKES,
        timeout_s=20,
        what="every stroke stored",
    )
    took_s = time.monotonic() - began
    print(f"{STROKES} strokes stored {took_s:.2f} s after the page was back")
    assert took_s <= MOST_STORED_S * BUSY_MACHINE

    log = whole_log(owner, notebook_id)
    mine = [entry for entry in log if entry["seq"] > 5]
    assert [number_of(entry["op"]) for entry in mine] == sorted(number_of(entry["op"]) for entry in mine)
    assert len({entry["op"] for entry in log}) == len(log) == 5 + STROKES
    assert {entry["command"] for entry in mine} == {"a"}
    wait_ready(page, 5 + STROKES)
    wait_saved(page)
    wait_until(lambda: journal(page) == [], what="an empty journal")
    svg = owner.get(f"/Notebook/{notebook_id}").data["NotebookData"]
    assert svg.count("<g ") == STROKES + 3
    assert '<g id="1"' not in svg  # the friend's clear holds
    friend.close()
    owner.close()
    context.close()


def log_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/login.html")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda address: "login" not in address)


def authors(log: list[dict[str, Any]]) -> list[str]:
    return [entry["author"]["name"] for entry in log]


def test_a_draws_offline_logs_out_and_b_logs_in_on_the_same_browser(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product()
    context = context_for(browser)
    page = context.new_page()
    sign_up(page, product.url, "Dana")
    make_notebook(page, "Algebra")
    notebook_id = int(page.url.split("id=")[1])
    link = share_link(page, product.url)
    dana = person_of(product, context)
    draw(page, wave(page, 0.35, 0.2))
    wait_saved(page)
    wait_ready(page, 1)
    fetched = "performance.getEntriesByType('resource').some(entry => entry.name.includes('log_out'))"
    wait_until(lambda: page.evaluate(fetched), timeout_s=20, what="what logging out needs without a network")

    context.set_offline(True)
    for row in (0.35, 0.45, 0.55):
        draw(page, wave(page, 0.35, row))
    wait_until(lambda: len(journal(page)) == 3, what="three entries in the journal")
    press(page, "Log out")
    dialog = page.get_by_role("dialog")
    wait_until(dialog.is_visible, timeout_s=15, what="the question about what is not stored")
    assert "3" in dialog.inner_text()
    press(page, "Stay")
    assert len(journal(page)) == 3

    context.set_offline(False)
    wait_until(lambda: dana.get(f"/Notebook/{notebook_id}").data["seq"] == 4, what="Dana's strokes stored")
    press(page, "Log out")
    wait_until(
        lambda: page.get_by_role("button", name="Log out").count() == 0 and "id=" not in page.url,
        what="log-out",
    )
    assert journal(page) == []

    sign_up(page, product.url, "Boaz")
    page.goto(link)
    wait_ready(page, 4)
    draw(page, wave(page, 0.35, 0.7))
    wait_saved(page)
    again = Person(product.port)
    assert again.post("/LOGIN", {"username": "dana", "password": PASSWORD}).status == 200
    wait_until(lambda: again.get(f"/Notebook/{notebook_id}").data["seq"] == 5, what="Boaz's stroke stored")
    assert authors(whole_log(again, notebook_id)) == ["Dana"] * 4 + ["Boaz"]
    again.close()
    dana.close()
    context.close()


def test_what_a_left_unsent_is_neither_sent_nor_shown_under_bs_name(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    """A's session ends while strokes wait (another device logged it out): they wait for A, whoever comes between."""
    product = start_product()
    context = context_for(browser)
    page = context.new_page()
    sign_up(page, product.url, "Dana")
    make_notebook(page, "Algebra")
    notebook_id = int(page.url.split("id=")[1])
    link = share_link(page, product.url)
    dana = person_of(product, context)
    context.set_offline(True)
    for row in (0.3, 0.4, 0.5):
        draw(page, wave(page, 0.35, row))
    wait_until(lambda: len(journal(page)) == 3, what="three entries in the journal")
    secret = [record["entry"]["data"] for record in journal(page)]
    # Without its session first: a page is online again for a moment while the browser closes it.
    context.clear_cookies()
    page.close()
    context.set_offline(False)

    page = context.new_page()
    sign_up(page, product.url, "Boaz")
    make_notebook(page, "Biology")
    boaz_id = int(page.url.split("id=")[1])
    assert visible_paths(page) == []
    draw(page, wave(page, 0.35, 0.6))
    wait_saved(page)
    page.goto(link)
    wait_ready(page, 0)
    page.wait_for_timeout(800)
    assert visible_paths(page) == []
    boaz = person_of(product, context)
    assert authors(whole_log(boaz, boaz_id)) == ["Boaz"]
    assert dana.get(f"/Notebook/{notebook_id}").data["seq"] == 0
    page.goto(product.url + "/")
    press(page, "Log out")
    wait_until(lambda: page.get_by_role("button", name="Log out").count() == 0, what="log-out")
    kept = journal(page)
    assert [record["entry"]["data"] for record in kept] == secret
    assert len({record["owner"] for record in kept}) == 1

    log_in(page, product.url, "Dana")
    page.goto(f"{product.url}/?id={notebook_id}")
    wait_until(
        lambda: dana.get(f"/Notebook/{notebook_id}").data["seq"] == 3, what="Dana's strokes stored at last"
    )
    log = whole_log(dana, notebook_id)
    assert authors(log) == ["Dana"] * 3
    assert [number_of(entry["op"]) for entry in log] == sorted(number_of(entry["op"]) for entry in log)
    wait_until(lambda: journal(page) == [], what="an empty journal")
    assert boaz.post("/LOGIN", {"username": "boaz", "password": PASSWORD}).status == 200
    assert json.dumps(whole_log(boaz, boaz_id)).count("data-p") == 1
    boaz.close()
    dana.close()
    context.close()
