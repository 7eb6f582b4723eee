"""The timeline in the real page: scrubbed, played, and strokes brought back as ordinary changes (C1, C6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_first_visit import check_axe
from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import (
    context_for,
    open_notebook,
    press,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    watch_errors,
)
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def people(product: Product) -> Iterator[list[Person]]:
    with signed_up(product, "Dana", "יואב") as made:
        yield made


def ink_pixels(page: Page) -> int:
    """How many pixels of the timeline's picture carry ink."""
    return int(
        page.evaluate(
            "() => { const c = document.querySelectorAll('.timeline-stage canvas')[1];"
            " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 40) n++; return n; }"
        )
    )


def scrub(page: Page, seq: int) -> None:
    page.locator(".timeline input[type=range]").evaluate(
        "(node, seq) => { node.value = seq; node.dispatchEvent(new Event('input')); }", seq
    )
    wait_until(lambda: page.locator(".timeline").get_attribute("data-seq") == str(seq), what=f"moment {seq}")


def open_timeline(page: Page, *, menu: str = "timeline") -> None:
    page.locator("#status").click()
    page.get_by_role("button", name=re.compile(r"^(Timeline|ציר הזמן)$")).click()
    page.locator(".timeline[data-prepared=yes]").wait_for()


@pytest.mark.parametrize(("language", "scheme"), [("en-US", "light"), ("he-IL", "dark")])
def test_any_moment_can_be_seen_and_what_was_lost_comes_back(
    browser: Browser, product: Product, people: list[Person], language: str, scheme: str
) -> None:
    owner, friend = people
    notebook = owner.new_notebook("Algebra")
    code = owner.share(notebook)
    mine = save(owner, f"/SAVE/{notebook}", [("a", line(1500, 1500 + 900 * row)) for row in range(3)])
    theirs = save(
        friend, f"/SAVE/?nb={code}", [("a", line(4000, 1500 + 900 * row, "#c92a2a")) for row in range(3)]
    )
    save(owner, f"/SAVE/{notebook}", [("e", {"ids": [theirs[0]["id"]]})])
    context = context_for(browser, language=language, color_scheme=scheme, bypass_csp=True)
    log_in(context, product, friend)
    page = context.new_page()
    errors = watch_errors(page)
    page.goto(f"{product.url}/?nb={code}")
    wait_ready(page, 7)
    assert len(visible_paths(page)) == 5

    open_timeline(page)
    who = page.locator(".timeline-who")
    wait_until(lambda: "Dana" in who.inner_text(), what="the last change is Dana's")
    after = ink_pixels(page)
    scrub(page, 6)
    before = ink_pixels(page)
    assert before > after
    assert "יואב" in who.inner_text()
    scrub(page, 3)
    assert 0 < ink_pixels(page) < after
    scrub(page, 0)
    assert ink_pixels(page) == 0
    scrub(page, 6)
    assert ink_pixels(page) == before
    check_axe(page)

    # Somebody else erased it: it comes back as the same drawing once more, and that can be undone.
    page.get_by_role("button", name=re.compile("Bring everything|להחזיר את כל")).click()
    wait_until(lambda: len(visible_paths(page)) == 6, what="the erased stroke is back")
    wait_saved(page)
    log = owner.get(f"/api/notebook/log?id={notebook}&since=7").json["data"]
    assert [(one["command"], one["author"]["name"]) for one in log] == [("a", "יואב")]
    page.get_by_role("button", name=re.compile(r"^(Undo|ביטול)$")).first.click()
    wait_until(lambda: len(visible_paths(page)) == 5, what="the return was undone")
    wait_saved(page)
    assert errors == []
    assert mine
    context.close()


def test_the_owner_gets_a_cleared_board_back_by_taking_the_clear_back(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner = people[0]
    notebook = owner.new_notebook("Algebra")
    save(owner, f"/SAVE/{notebook}", [("a", line(1500, 1500 + 900 * row)) for row in range(4)])
    save(owner, f"/SAVE/{notebook}", [("c", {"upto": 4})])
    page = open_notebook(browser, product, owner, notebook, seq=5)
    open_timeline(page)
    scrub(page, 4)
    page.get_by_role("button", name="Bring everything from this moment back").click()
    wait_until(lambda: len(visible_paths(page)) == 4, what="everything is back")
    wait_saved(page)
    assert [one["command"] for one in owner.get(f"/api/notebook/log?id={notebook}&since=5").json["data"]] == [
        "u"
    ]
    press(page, "Undo")
    wait_until(lambda: not visible_paths(page), what="cleared again by undo")
    press(page, "Redo")
    wait_until(lambda: len(visible_paths(page)) == 4, what="back by redo")
    page.context.close()


def test_one_stroke_is_chosen_by_touch_and_the_keys_walk_and_play(
    browser: Browser, product: Product, people: list[Person]
) -> None:
    owner = people[0]
    notebook = owner.new_notebook("Algebra")
    made = save(owner, f"/SAVE/{notebook}", [("a", line(1500, 1500 + 900 * row)) for row in range(5)])
    save(owner, f"/SAVE/{notebook}", [("e", {"ids": [made[1]["id"], made[3]["id"]]})])
    page = open_notebook(browser, product, owner, notebook, seq=6, width=390, height=844, has_touch=True)
    open_timeline(page)
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: page.locator(".timeline").get_attribute("data-seq") == "5", what="one step back")
    stage = page.locator(".timeline-stage").bounding_box()
    assert stage is not None
    found = page.evaluate(
        "() => { const c = document.querySelectorAll('.timeline-stage canvas')[1]; const r = c.width / c.clientWidth;"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const rows = [];"
        " for (let y = 0; y < c.height; y++) { let hit = -1; for (let x = 0; x < c.width; x++)"
        " if (d[(y * c.width + x) * 4 + 3] > 200) { hit = x; break; }"
        " if (hit >= 0 && (!rows.length || y - rows.at(-1)[2] > 3)) rows.push([(hit + 2) / r, y / r, y]);"
        " else if (hit >= 0) rows.at(-1)[2] = y; } return rows; }"
    )
    assert len(found) == 5
    page.touchscreen.tap(stage["x"] + found[1][0] + 4, stage["y"] + found[1][1] + 3)
    one = page.get_by_role("button", name="Bring this stroke back")
    wait_until(one.is_enabled, what="the erased stroke is chosen")
    one.tap()
    wait_until(lambda: len(visible_paths(page)) == 4, what="one stroke is back")

    open_timeline(page)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    wait_until(
        lambda: page.get_by_role("button", name="Play").is_visible(), timeout_s=10, what="played to the end"
    )
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator(".timeline").count() == 0, what="the timeline is closed")
    page.context.close()
