"""The first ten minutes: what a newcomer does in passing comes out as meant, on a phone and on a desktop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_page_doorway import TOUCH
from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import (
    context_for,
    draw,
    open_notebook,
    press,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844, **TOUCH}


def sidebar_open(page: Page) -> bool:
    return bool(page.evaluate("document.body.classList.contains('sidebar-open')"))


@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_on_a_phone_the_list_closes_by_its_handle_by_a_tap_beside_it_and_by_escape(
    browser: Browser, product: Product, language: str
) -> None:
    context = context_for(browser, language=language, **PHONE)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    handle = page.locator("#handle")
    handle.tap()
    assert sidebar_open(page)
    handle.tap()
    assert not sidebar_open(page)
    handle.tap()
    beside = 25 if language == "he-IL" else 365
    page.touchscreen.tap(beside, 600)
    assert not sidebar_open(page)
    assert visible_paths(page) == [], "the tap that closes the list leaves no ink"
    handle.tap()
    page.locator("#new-notebook").focus()
    page.keyboard.press("Escape")
    assert not sidebar_open(page)
    assert page.evaluate("document.activeElement.id") == "handle"
    context.close()


@pytest.mark.parametrize("drawn", [True, False])
def test_a_name_given_before_there_is_an_account_is_the_notebooks_name(
    browser: Browser, product: Product, drawn: bool
) -> None:
    context = context_for(browser)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    if drawn:
        draw(page, wave(page, 0.5, 0.4))
    press(page, "Save")
    page.locator("#notebook-title").fill("Parabolas")
    page.locator("#notebook-description").fill("for the exam")
    page.get_by_text("Signing up comes next").wait_for()
    press(page, "Create")
    page.locator("#username").fill("Dana")
    page.locator("#password").fill("a good long password")
    press(page, "Sign up")
    page.wait_for_url("**/?id=*")
    page.locator(".entry.current", has_text="for the exam").wait_for()
    assert page.locator("#title").inner_text() == "Parabolas"
    wait_ready(page, 1 if drawn else 0)
    assert len(visible_paths(page)) == (1 if drawn else 0)
    press(page, "New notebook")
    assert page.locator("#notebook-title").input_value() == "", "the name was taken once"
    context.close()


def test_a_press_between_the_fields_of_a_dialog_leaves_it_open(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        context = context_for(browser)
        log_in(context, product, owner)
        page = context.new_page()
        page.goto(product.url + "/")
        wait_ready(page, 0)
        press(page, "Account")
        dialog = page.get_by_role("dialog", name="Your account")
        dialog.get_by_label("Present password").fill("half typed")
        box = dialog.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 6, box["y"] + box["height"] / 2)
        assert dialog.get_by_label("Present password").input_value() == "half typed"
        page.mouse.click(box["x"] - 30, box["y"] + box["height"] / 2)
        wait_until(lambda: dialog.count() == 0, what="a press on the backdrop closes it")
        context.close()


@pytest.mark.parametrize(("language", "x", "y"), [("he-IL", 1000, 9000), ("en-US", 300, 300)])
def test_a_notebook_opens_where_its_ink_is(
    browser: Browser, product: Product, language: str, x: int, y: int
) -> None:
    """On a Hebrew phone the sheet begins at its right edge and the ink is at the left one; on an English one it is at
    the corner, where the title would lie on it."""
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        save(owner, f"/SAVE/{notebook}", [("a", line(x, y))])
        page = open_notebook(browser, product, owner, notebook, seq=1, language=language, **PHONE)
        in_view = """() => [...document.querySelectorAll('#board svg path')].some(path => {
          const box = path.getBoundingClientRect();
          return box.right > 0 && box.left < innerWidth
            && box.top > document.querySelector('#bar').getBoundingClientRect().bottom
            && box.bottom < document.querySelector('#tools').getBoundingClientRect().top;
        })"""
        wait_until(lambda: page.evaluate(in_view), what="the ink is in view")
        page.context.close()


def test_what_one_leaves_behind_is_no_news_and_offers_nothing_elsewhere(
    browser: Browser, product: Product
) -> None:
    with signed_up(product, "Dana") as (owner,):
        first, _ = owner.new_notebook("Algebra"), owner.new_notebook("Biology")
        assert owner.post("/api/notebook/visit", {"id": first, "seq": 0}).status == 200
        page = open_notebook(browser, product, owner, first)
        draw(page, wave(page, 0.5, 0.4))
        wait_saved(page)
        press(page, "Clear")
        page.locator(".toast", has_text="Board cleared").wait_for()
        wait_saved(page)
        page.locator(".entry-open", has_text="Biology").click()
        page.wait_for_url(f"**/?id={first + 1}")
        wait_ready(page, 0)
        assert page.locator(".toast").count() == 0, "Restore would be about the notebook one has left"
        seen = "() => fetch('/NotebookList').then(list => list.json()).then(list => !list.data.some(one => one.news))"
        wait_until(lambda: page.evaluate(seen), timeout_s=3, what="one's own ink is no news")
        page.context.close()


def test_what_went_to_the_trash_is_found_where_it_went_from(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        first, second = owner.new_notebook("Algebra"), owner.new_notebook("Biology")
        page = open_notebook(browser, product, owner, first)
        press(page, "More for Algebra")
        press(page, "Move to the trash")
        page.locator(".entry", has_text="Algebra").wait_for(state="detached")
        page.goto(f"{product.url}/?id={second}")
        wait_ready(page, 0)
        press(page, "More for Biology")
        press(page, "Open the trash")
        dialog = page.get_by_role("dialog", name="Your account")
        back = dialog.get_by_role("button", name="Put back")
        back.wait_for()
        wait_until(
            lambda: page.evaluate(
                "() => document.querySelector('dialog').getBoundingClientRect().bottom >"
                " [...document.querySelectorAll('dialog button')].find(b => b.textContent === 'Put back').getBoundingClientRect().bottom"
            ),
            what="the trash is scrolled into view",
        )
        back.click()
        page.locator(".entry", has_text="Algebra").wait_for()
        page.context.close()


@pytest.mark.parametrize("size", [{}, PHONE])
def test_a_guest_passes_the_link_on_and_comes_back_from_signing_up(
    browser: Browser, start_product: Callable[..., Product], size: dict[str, int]
) -> None:
    """S4 for who has no account: on the server's own machine, too, the link is one that others can open."""
    product = start_product("--name", "notes.example")
    with signed_up(product, "Dana") as (owner,):
        code = owner.share(owner.new_notebook("Algebra"))
        page = context_for(browser, **size).new_page()  # type: ignore[arg-type]
        page.goto(f"{product.url}/?nb={code}")
        wait_ready(page, 0)
        press(page, "Share")
        link = page.get_by_label("Link", exact=True)
        link.wait_for()
        assert link.input_value() == f"https://notes.example/?nb={code}"
        page.keyboard.press("Escape")
        page.locator("#way-in").get_by_role("link", name="Log in").click()
        page.get_by_role("link", name="Sign up").click()
        page.locator("#username").fill("Noa")
        page.locator("#password").fill("a good long password")
        press(page, "Sign up")
        page.wait_for_url(f"**/?nb={code}")
        wait_ready(page, 0)
        wait_until(lambda: page.locator("#way-in").is_hidden(), what="nobody with an account is asked in")
        page.context.close()


def test_s5_the_digits_come_with_the_address_to_type_them_at(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product("--name", "notes.example")
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        owner.share(notebook)
        page = open_notebook(browser, product, owner, notebook)
        press(page, "Share")
        press(page, "Digits to say aloud")
        words = page.locator("dialog .large-words").inner_text()
        assert "https://notes.example," in words
        page.context.close()


def test_s4_on_the_servers_own_machine_connect_names_an_address_that_leads_here(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product("--name", "notes.example", "--name", "notes.test")
    addresses = ["https://notes.example/", "https://notes.test/"]
    context = context_for(browser)
    page = context.new_page()
    page.goto(product.url + "/connect")
    page.locator("#code svg").wait_for()
    assert page.locator("#address").inner_text() == addresses[0]
    shown = page.locator("#other-addresses li").all_inner_texts()
    assert shown[:1] == addresses[1:]
    pairs = page.locator("#fingerprint").inner_text()
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", pairs)
    page.goto(f"https://127.0.0.1:{product.port}/connect")
    page.locator("#code svg").wait_for()
    assert page.locator("#address").inner_text() == addresses[0]
    context.close()


def test_what_takes_long_says_so_and_falls_silent_when_it_is_done(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        page = open_notebook(browser, product, owner, notebook)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/api/notebook/duplicate", hold)
        press(page, "More for Algebra")
        press(page, "Duplicate")
        word = page.locator(".toast", has_text="One moment")
        word.wait_for()
        wait_until(lambda: held, what="the request is under way")
        held[0].continue_()
        elsewhere = f"!location.search.includes('id={notebook}')"
        wait_until(lambda: page.evaluate(elsewhere), what="the copy is open")
        word.wait_for(state="detached")
        page.context.close()


@pytest.mark.parametrize("language", ["en-US", "he-IL"])
@pytest.mark.parametrize(("width", "height"), [(844, 390), (390, 844), (820, 1180), (1440, 900), (1024, 600)])
def test_the_tools_lie_on_nothing_that_is_pressed(
    browser: Browser, product: Product, language: str, width: int, height: int
) -> None:
    context = context_for(browser, language=language, width=width, height=height)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    covered = """() => [...document.querySelectorAll(".page button, .page a")]
      .filter(node => node.checkVisibility({visibilityProperty: true}))
      .filter(node => {
        const box = node.getBoundingClientRect();
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return !(top && (node === top || node.contains(top)));
      })
      .map(node => node.id || node.textContent)"""
    wait_until(lambda: page.evaluate(covered) == [], what="everything is in its place", timeout_s=5)
    if not sidebar_open(page) and width > 700:
        page.locator("#handle").click()
        wait_until(lambda: page.evaluate(covered) == [], what="so is it beside the open list", timeout_s=5)
    context.close()


def test_h3_a_language_chosen_on_the_page_is_the_servers_from_then_on(
    browser: Browser, product: Product
) -> None:
    page = context_for(browser).new_page()
    page.goto(product.url + "/login.html")
    page.get_by_role("button", name="עברית").click()
    page.wait_for_function("document.documentElement.dir === 'rtl' && document.title.startsWith('התחברות')")
    sent = page.evaluate("fetch('/').then(answer => answer.text())")
    assert '<html lang="he" dir="rtl">' in sent
    assert ">מחברת חדשה<" in sent
    # A choice of before there was the cookie is told to the server by the next page.
    page.context.clear_cookies()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    assert 'lang="he"' in page.evaluate("fetch('/').then(answer => answer.text())")
    page.context.close()


LEAVE_WITH_THE_SECOND_STROKE = """() => {
    let strokes = 0;
    addEventListener("pointerup", () => (strokes += 1) === 2 && location.assign("/signUp.html"));
}"""


def test_a_stroke_is_kept_however_soon_after_it_the_page_is_left(browser: Browser, product: Product) -> None:
    """No server has it yet and the page is gone in the same moment: the journal must not need the page to finish."""
    context = context_for(browser)
    page = context.new_page()
    for visit in range(6):
        page.goto(product.url + "/")
        wait_until(lambda visit=visit: len(visible_paths(page)) == 2 * visit, what=f"{2 * visit} strokes")  # type: ignore[misc]
        page.evaluate(LEAVE_WITH_THE_SECOND_STROKE)
        for y in (0.3, 0.6):
            draw(page, wave(page, 0.4, y + 0.02 * visit, samples=6))
        page.wait_for_url("**/signUp.html")
    context.close()
