"""The others in a notebook: what they wrote since one's last visit, who wrote what, taking it back, and hearing of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_first_visit import check_axe
from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import (
    context_for,
    cross_out,
    draw,
    open_notebook,
    press,
    stroke_box,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def people(product: Product) -> Iterator[list[Person]]:
    with signed_up(product, "Dana", "יואב") as made:
        yield made


def rows(x: int, n: int, colour: str = "#1f4fd8") -> list[tuple[str, str]]:
    return [("a", line(x, 1500 + 700 * row, colour)) for row in range(n)]


@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_news_are_marked_and_glow_for_two_seconds_in_their_authors_colour(
    browser: Browser, product: Product, people: list[Person], language: str
) -> None:
    owner, friend = people
    notebook = owner.new_notebook("Algebra")
    owner.new_notebook("Geometry")
    code = owner.share(notebook)
    save(owner, f"/SAVE/{notebook}", rows(1500, 2))
    assert owner.post("/api/notebook/visit", {"id": notebook, "seq": 2}).status == 200
    save(friend, f"/SAVE/?nb={code}", rows(4000, 3, "#c92a2a"))
    context = context_for(browser, language=language, width=1400)
    log_in(context, product, owner)
    page = context.new_page()
    page.goto(product.url + "/")
    news = page.locator(".entry-news")
    news.wait_for()
    assert news.count() == 1
    page.get_by_role("button", name=re.compile("Algebra")).first.click()
    layer = page.locator("#board .glow")
    layer.wait_for(state="attached")
    began = time.monotonic()
    assert layer.locator("path").count() == 3
    fill = layer.locator("path").first.evaluate("node => getComputedStyle(node).fill")
    assert fill.startswith("rgb(")
    layer.wait_for(state="detached", timeout=4000)
    assert 1.2 <= time.monotonic() - began <= 3.0
    wait_until(
        lambda: owner.get(f"/api/notebook/visit?id={notebook}").data["seq"] == 5,
        timeout_s=8,
        what="the visit is noted",
    )
    page.reload()
    wait_ready(page, 5)
    time.sleep(0.5)
    assert page.locator("#board .glow").count() == 0
    assert page.locator(".entry-news").count() == 0
    context.close()


def test_s3_who_may_only_add_erases_their_own_strokes_also_after_a_reload(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner, _friend = people
    notebook = owner.new_notebook("Algebra")
    save(owner, f"/SAVE/{notebook}", rows(1500, 1, "#c92a2a"))
    code = owner.post("/api/notebook/share", {"id": notebook, "role": "add"}).data["code"]
    context = context_for(browser, width=1400)
    page = context.new_page()
    page.goto(f"{product.url}/?nb={code}")
    wait_ready(page, 1)
    [theirs] = visible_paths(page)
    draw(page, wave(page, 0.6, 0.5))
    wait_ready(page, 2)
    wait_saved(page)
    own = next(path for path in visible_paths(page) if path != theirs)
    with page.expect_response(lambda response: "/api/notebook/own" in response.url) as told:
        page.reload()
    assert told.value.status == 200
    wait_ready(page, 2)
    press(page, "Eraser")
    cross_out(page, theirs)

    def erased() -> bool:
        if own in visible_paths(page):
            cross_out(page, own)
        return visible_paths(page) == [theirs]

    wait_until(erased, what="the own stroke erased, and only that")
    wait_saved(page)
    assert owner.get(f"/Notebook/{notebook}").data["NotebookData"].count("<g ") == 1
    context.close()


def test_holding_a_stroke_tells_who_wrote_it_and_draws_nothing(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner, friend = people
    notebook = owner.new_notebook("Algebra")
    code = owner.share(notebook)
    save(owner, f"/SAVE/{notebook}", rows(3500, 40))
    save(friend, f"/SAVE/?nb={code}", [("a", line(5500, 4000, "#c92a2a", 1600))])
    page = open_notebook(browser, product, owner, notebook, seq=41, width=1400)
    time.sleep(0.3)
    theirs = page.evaluate(
        "[...document.querySelectorAll('#board svg path')].find(p => p.getAttribute('fill') === '#c92a2a').getAttribute('d')"
    )
    drawn = visible_paths(page)
    x, y, width, height = stroke_box(page, theirs)
    page.mouse.move(x + width / 2, y + height / 2)
    page.mouse.down()
    answer = page.get_by_role("dialog", name="Who wrote this")
    wait_until(lambda: answer.count() and "יואב" in answer.inner_text(), what="the writer's name")
    page.mouse.up()
    page.keyboard.press("Escape")
    assert visible_paths(page) == drawn
    assert page.evaluate("document.documentElement.dataset.readySeq") == "41"
    page.context.close()


def test_the_owner_takes_back_what_one_person_did_and_may_undo_that(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner, friend = people
    notebook = owner.new_notebook("Algebra")
    code = owner.share(notebook)
    mine = save(owner, f"/SAVE/{notebook}", rows(1500, 3))
    save(friend, f"/SAVE/?nb={code}", rows(4000, 90, "#c92a2a"))
    save(friend, f"/SAVE/?nb={code}", [("e", {"ids": [mine[0]["id"]]})])
    page = open_notebook(browser, product, owner, notebook, seq=94, bypass_csp=True)
    page.locator("#status").click()
    press(page, "What each person did")
    page.get_by_role("button", name="Take back what יואב did").wait_for()
    check_axe(page)
    page.get_by_role("button", name="Take back what יואב did").click()
    wait_until(lambda: len(visible_paths(page)) == 3, what="only Dana's ink is left, all of it")
    wait_saved(page)
    log = owner.get(f"/api/notebook/log?id={notebook}&since=94").json["data"]
    assert [one["command"] for one in log] == ["u"] * 91
    press(page, "Undo")
    wait_saved(page)
    stored = owner.get(f"/Notebook/{notebook}.svg").body.decode()
    assert stored.count("<g ") == 92
    page.context.close()


def test_what_others_do_is_told_politely_and_not_flooding(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner, friend = people
    notebook = owner.new_notebook("Algebra")
    code = owner.share(notebook)
    page = open_notebook(browser, product, owner, notebook)
    page.evaluate(
        "window.told = []; new MutationObserver(() => told.push(document.getElementById('announcer').textContent))"
        ".observe(document.getElementById('announcer'), { childList: true })"
    )
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"
    for row in rows(2000, 6):
        save(friend, f"/SAVE/?nb={code}", [row])
        time.sleep(0.1)
    wait_until(lambda: page.evaluate("told.length"), timeout_s=6, what="something is told")
    assert page.evaluate("told") == ["יואב added 6 strokes"]
    page.context.close()
