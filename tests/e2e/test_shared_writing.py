"""Two people, two browsers, one notebook: sign up, draw, share, see it live, kill the server, come back.

The main job of the product through the real page in Chromium and the real server, on SQLite and on MariaDB.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.pages import (
    context_for,
    cross_out,
    draw,
    draw_with_pen,
    press,
    ready_seq,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    watch_errors,
    wave,
)
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"


def sign_up(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/signUp.html")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up", exact=True).click()
    page.wait_for_url(lambda address: "signUp" not in address)


def make_notebook(page: Page, title: str) -> None:
    press(page, "New notebook")
    page.get_by_label("Title").first.fill(title)
    page.get_by_label("Title").first.press("Enter")
    page.wait_for_url("**/?id=*")
    wait_ready(page, 0)


def share_link(page: Page, url: str) -> str:
    press(page, "Share")
    page.get_by_role("button", name="Make a link").click()
    field = page.get_by_label("Link", exact=True)
    wait_until(lambda: "nb=" in field.input_value(), what="the share link")
    link = field.input_value()
    assert "localhost" not in link
    assert "127.0.0.1" not in link
    page.keyboard.press("Escape")
    return f"{url}/?nb={link.split('nb=')[1]}"


def same_ink(a: Page, b: Page) -> bool:
    return visible_paths(a) == visible_paths(b)


def stored_document(product: Product, person: Person, notebook_id: int) -> dict[str, Any]:
    answer = person.get(f"/Notebook/{notebook_id}")
    assert answer.status == 200
    return answer.data


def run_story(browser: Browser, product: Product, start_again: Callable[[], None]) -> None:
    a_context, b_context = context_for(browser), context_for(browser)
    a, b = a_context.new_page(), b_context.new_page()
    a_errors, b_errors = watch_errors(a), watch_errors(b)
    sign_up(a, product.url, "Dana")
    make_notebook(a, "Algebra")
    notebook_id = int(a.url.split("id=")[1])
    for row in (0.2, 0.35, 0.5):
        draw(a, wave(a, 0.3, row))
    wait_ready(a, 3)
    wait_saved(a)
    link = share_link(a, product.url)

    b.goto(link)
    wait_ready(b, 3)
    assert len(visible_paths(b)) == 3
    assert same_ink(a, b)

    draw_with_pen(b, wave(b, 0.55, 0.3))
    began = time.monotonic()
    wait_until(lambda: len(visible_paths(a)) == 4, timeout_s=3, what="B's stroke on A's page")
    assert time.monotonic() - began <= 1.0
    wait_until(lambda: same_ink(a, b), what="both pages alike")

    press(b, "Eraser")
    cross_out(b, visible_paths(b)[0])
    wait_until(lambda: len(visible_paths(a)) == 3, what="B's erasing on A's page")

    press(a, "Clear")
    wait_until(lambda: not visible_paths(b), what="A's clear on B's page")
    press(a, "Undo")
    wait_until(lambda: len(visible_paths(b)) == 3 and same_ink(a, b), what="A's undo on B's page")
    wait_saved(a)
    wait_saved(b)
    person = Person(product.port)
    person.cookies = {c["name"]: c["value"] for c in a_context.cookies() if "session" in c["name"]}
    stored = stored_document(product, person, notebook_id)
    seq = stored["seq"]
    # What is stored is painted a frame later.
    wait_until(lambda: ready_seq(a) == ready_seq(b) == seq, what=f"number {seq} painted on both pages")
    before = visible_paths(a)
    for path in before:
        assert path in stored["NotebookData"]

    product.kill()
    start_again()
    again = stored_document(product, person, notebook_id)
    assert again["NotebookData"] == stored["NotebookData"]
    assert again["seq"] == seq
    draw(a, wave(a, 0.6, 0.7))
    wait_until(
        lambda: len(visible_paths(b)) == 4 and same_ink(a, b), timeout_s=20, what="writing goes on by itself"
    )
    # The kill itself, and the service worker under a home-made certificate that was only clicked away.
    expected = ("ERR_CONNECTION", "Failed to load resource", "SSL certificate error")
    assert [e for e in a_errors + b_errors if not any(part in e for part in expected)] == []
    person.close()
    a_context.close()
    b_context.close()


def test_two_browsers_share_a_notebook_on_sqlite(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product("--name", "notes.example")
    run_story(browser, product, lambda: product.start() and None)


@pytest.mark.mysql
def test_two_browsers_share_a_notebook_on_mariadb(
    browser: Browser, start_product: Callable[..., Product], tmp_path: Path, mariadb_config: dict[str, object]
) -> None:
    (tmp_path / "data").mkdir()
    config = tmp_path / "data" / "dbconfig.json"
    config.write_text(json.dumps(mariadb_config))
    config.chmod(0o600)
    product = start_product("--name", "notes.example")
    run_story(browser, product, lambda: product.start() and None)
