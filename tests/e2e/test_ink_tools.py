"""Every tool by pen, by finger and by mouse, on the real page with the real server: key, effect, undo and redo.

One table holds the tools. Each kind of pointer works through it in one notebook; what the sheet showed after every
step is kept. Then the page is loaded anew and undo has to show all of it backwards, redo forwards, and the server
has to hold the same ink at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.ink_hands import HANDS, Hand, InkPage, opened, stored_ink
from tests.support.pages import stroke_box, wait_until
from tests.support.product import Person, Product, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(Path(tmp_path_factory.mktemp("tools")) / "data") as product:
        yield product


@pytest.fixture(scope="module")
def person(server: Product) -> Iterator[Person]:
    dana = Person(server.port).sign_up("Dana")
    yield dana
    dana.close()


@dataclass(frozen=True)
class Step:
    """One use of a tool; `changes` is what it does to the number of strokes, None for none to count."""

    name: str
    use: Callable[[InkPage, Hand], None]
    changes: int
    keys: tuple[str, ...] = ()


def draw_row(row: float, key: str) -> Callable[[InkPage, Hand], None]:
    def use(ink: InkPage, hand: Hand) -> None:
        ink.page.keyboard.press(key)
        hand.draw(ink.wave(0.2, row))

    return use


def draw_from_menu(kind: str, row: float) -> Callable[[InkPage, Hand], None]:
    def use(ink: InkPage, hand: Hand) -> None:
        ink.page.keyboard.press("p")
        hand.press("Pen")
        item = ink.page.locator(".menu-item", has_text=kind)
        item.wait_for()
        hand.tap(item)
        wait_until(lambda: ink.page.locator(".menu-item").count() == 0, what="the menu closed")
        hand.draw(ink.wave(0.2, row))

    return use


def erase(ink: InkPage, hand: Hand) -> None:
    ink.page.keyboard.press("e")
    hand.draw(ink.line(0.25, 0.25, 0.25, 0.35))


def cut(ink: InkPage, hand: Hand) -> None:
    ink.page.keyboard.press("Shift+E")
    hand.draw(ink.line(0.29, 0.12, 0.29, 0.28))


def choose_by_lasso(ink: InkPage, hand: Hand) -> None:
    ink.page.keyboard.press("Escape")
    ink.page.keyboard.press("l")
    hand.draw(ink.ring(0.17, 0.43, 0.43, 0.57))
    wait_until(ink.is_choosing, what="a choice by the lasso")


def choose_by_box(ink: InkPage, hand: Hand) -> None:
    ink.page.keyboard.press("Escape")
    ink.page.keyboard.press("r")
    hand.draw(ink.line(0.17, 0.63, 0.43, 0.77))
    wait_until(ink.is_choosing, what="a choice by the box")


def move(ink: InkPage, hand: Hand) -> None:
    choose_by_lasso(ink, hand)
    hand.draw(ink.line(0.3, 0.5, 0.7, 0.5))


def scale(ink: InkPage, hand: Hand) -> None:
    choose_by_box(ink, hand)
    x, y, width, height = lowest_box(ink)
    hand.draw([(x + width + i * 4, y + height + i * 2) for i in range(20)])


def recolour(ink: InkPage, hand: Hand) -> None:
    choose_by_lasso_moved(ink, hand)
    hand.press("Colour")
    swatch = ink.page.get_by_role("button", name="Red", exact=True)
    swatch.wait_for()
    hand.tap(swatch)
    ink.page.keyboard.press("Escape")
    wait_until(lambda: any("#c81e1e" in stroke for stroke in ink.ink()), what="red ink")


def choose_by_lasso_moved(ink: InkPage, hand: Hand) -> None:
    ink.page.keyboard.press("Escape")
    ink.page.keyboard.press("l")
    hand.draw(ink.ring(0.57, 0.43, 0.83, 0.57))
    wait_until(ink.is_choosing, what="the moved stroke chosen")


def duplicate(ink: InkPage, hand: Hand) -> None:
    choose_by_lasso_moved(ink, hand)
    ink.page.keyboard.press("Control+d")


def copy_and_paste(ink: InkPage, hand: Hand) -> None:
    choose_by_lasso_moved(ink, hand)
    ink.page.keyboard.press("Control+c")
    ink.page.keyboard.press("Control+v")


def cut_out(ink: InkPage, hand: Hand) -> None:
    choose_by_box(ink, hand)
    ink.page.keyboard.press("Control+x")


def delete(ink: InkPage, hand: Hand) -> None:
    choose_by_lasso_moved(ink, hand)
    ink.page.keyboard.press("Delete")


def clear(ink: InkPage, hand: Hand) -> None:
    hand.press("Clear")


STEPS = (
    Step("pen", draw_row(0.2, "p"), 1),
    Step("pen to erase", draw_row(0.3, "p"), 1),
    Step("highlighter", draw_row(0.4, "m"), 1),
    Step("fine pen", draw_from_menu("Fine pen", 0.5), 1),
    Step("even line", draw_from_menu("Even line", 0.7), 1),
    Step("whole-stroke eraser", erase, -1),
    Step("partial eraser", cut, 0),
    Step("lasso and move", move, 0),
    Step("rectangle and scale", scale, 0),
    Step("recolour", recolour, 0),
    Step("duplicate", duplicate, 1),
    Step("copy and paste", copy_and_paste, 2),
    Step("cut out", cut_out, -1),
    Step("delete", delete, -4),
    Step("clear", clear, -2),
)


def lowest_box(ink: InkPage) -> tuple[float, float, float, float]:
    boxes = [stroke_box(ink.page, stroke.split(" #")[0]) for stroke in ink.ink() if "|" not in stroke]
    return max(boxes, key=lambda box: box[1])


@pytest.mark.parametrize("kind", HANDS)
def test_every_tool_and_its_undo_also_after_a_reload(
    browser: Browser, server: Product, person: Person, kind: str
) -> None:
    notebook_id = person.new_notebook(kind)
    with opened(browser, server, person, f"/?id={notebook_id}", has_touch=True) as ink:
        hand, press = ink.hands[kind], ink.page.keyboard.press
        shown = [ink.ink()]
        for step in STEPS:
            step.use(ink, hand)
            expected = len(shown[-1]) + step.changes
            ink.wait_count(expected, step.name)
            wait_until(lambda: ink.ink() != shown[-1], what=f"an effect of {step.name}")
            ink.settle()
            after = ink.ink()
            press("Escape")
            press("Control+z")
            ink.wait_ink(shown[-1], f"undo of {step.name}")
            press("Control+Shift+z")
            ink.wait_ink(after, f"redo of {step.name}")
            shown.append(after)
        ink.settle()
        ink.reload()
        ink.wait_ink(shown[-1], "the same ink after a reload")
        for step, before in zip(reversed(STEPS), reversed(shown[:-1]), strict=True):
            press("Control+z")
            ink.wait_ink(before, f"undo of {step.name} after the reload")
        for step, after in zip(STEPS, shown[1:], strict=True):
            press("Control+y")
            ink.wait_ink(after, f"redo of {step.name} after the reload")
        press("Control+z")
        ink.wait_ink(shown[-2], "the clear taken back")
        ink.settle()
        wait_until(lambda: stored_ink(person, notebook_id) == shown[-2], what="the same ink on the server")


@pytest.mark.parametrize("kind", HANDS)
def test_pan_and_zoom_move_the_view_and_no_ink(
    browser: Browser, server: Product, person: Person, kind: str
) -> None:
    notebook_id = person.new_notebook(f"view {kind}")
    with opened(browser, server, person, f"/?id={notebook_id}", has_touch=True) as ink:
        hand, press = ink.hands[kind], ink.page.keyboard.press
        hand.draw(ink.wave(0.4, 0.4))
        ink.wait_count(1, "a stroke")
        ink.settle()
        drawn = ink.ink()
        d = drawn[0].split(" #")[0]

        def box() -> tuple[float, float, float, float]:
            return stroke_box(ink.page, d)

        def seen(x: float, y: float, factor: float) -> bool:
            now = box()
            size = abs(now[2] / start[2] - factor) < 0.04
            return size and abs(now[0] - x) < 8 and abs(now[1] - y) < 8

        start = box()
        press("h")
        hand.draw(ink.line(0.5, 0.7, 0.6, 0.6))
        (ax, ay), (bx, by) = ink.at(0.5, 0.7), ink.at(0.6, 0.6)
        wait_until(lambda: seen(start[0] + bx - ax, start[1] + by - ay, 1), what="the sheet under the hand")
        hand.draw(ink.line(0.6, 0.6, 0.5, 0.7))
        wait_until(lambda: seen(start[0], start[1], 1), what="the way back")
        press("ArrowDown")
        wait_until(lambda: box()[1] < start[1] - 30, what="an arrow key pans")
        press("ArrowUp")
        press("Control+Equal")
        wait_until(lambda: abs(box()[2] / start[2] - 1.25) < 0.04, what="zoom in")
        press("Control+Minus")
        wait_until(lambda: seen(start[0], start[1], 1), what="zoom out")
        zoom_by(ink, kind)
        wait_until(lambda: box()[2] / start[2] > 1.3, what=f"zoom by {kind}")
        press("Control+Digit0")
        wait_until(lambda: abs(box()[2] / start[2] - 1) < 0.04, what="zoom to 100 %")
        press("PageDown")
        press("Shift+Digit1")
        wait_until(lambda: 0 < box()[1] < 800, what="zoom to fit")
        press("p")
        assert ink.ink() == drawn
        assert stored_ink(person, notebook_id) == drawn


def zoom_by(ink: InkPage, kind: str) -> None:
    """Two fingers apart; pen and mouse have the wheel with Ctrl."""
    x, y = ink.at(0.5, 0.5)
    if kind != "touch":
        ink.page.mouse.move(x, y)
        ink.page.keyboard.down("Control")
        ink.page.mouse.wheel(0, -240)
        ink.page.keyboard.up("Control")
        return
    ink.page.keyboard.press("p")
    cdp = ink.hands["touch"].cdp
    for kind_of_event, apart in (("touchStart", 60), ("touchMove", 80), ("touchMove", 100)):
        fingers = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        if kind_of_event == "touchStart":
            cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": fingers[:1]})
        cdp.send("Input.dispatchTouchEvent", {"type": kind_of_event, "touchPoints": fingers})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize("kind", HANDS)
def test_copied_strokes_go_into_another_notebook(
    browser: Browser, server: Product, person: Person, kind: str
) -> None:
    here, there = person.new_notebook("from"), person.new_notebook("to")
    with opened(browser, server, person, f"/?id={here}", has_touch=True) as ink:
        hand, press = ink.hands[kind], ink.page.keyboard.press
        hand.draw(ink.wave(0.3, 0.3))
        hand.draw(ink.wave(0.3, 0.5))
        ink.wait_count(2, "two strokes")
        ink.settle()
        press("Control+a")
        wait_until(ink.is_choosing, what="all strokes chosen")
        press("Control+c")
        press("Escape")
        ink.page.goto(f"{server.url}/?id={there}")
        ink.page.wait_for_selector("html[data-ready-seq]", state="attached")
        press("Control+v")
        ink.wait_count(2, "both pasted")
        ink.settle()
        wait_until(lambda: len(stored_ink(person, there)) == 2, what="both in the other notebook")
        press("Control+z")
        ink.wait_count(0, "paste undone")
        press("Control+Shift+z")
        ink.wait_count(2, "paste redone")
        ink.settle()
    assert len(stored_ink(person, here)) == 2


def test_every_control_has_a_tooltip_and_every_tool_a_key_that_works(
    browser: Browser, server: Product, person: Person
) -> None:
    notebook_id = person.new_notebook("keys")
    with opened(browser, server, person, f"/?id={notebook_id}") as ink:
        page = ink.page
        for name in ("Pen", "Eraser", "Size", "Colour", "Undo", "Redo", "Clear", "Save", "Share"):
            title = page.get_by_role("button", name=name, exact=True).first.get_attribute("title")
            assert title and title.startswith(name), f"{name}: {title}"
        without_key, deaf = [], []
        for opener in ("Pen", "Eraser"):
            page.locator("#board").press("p" if opener == "Pen" else "e")
            page.get_by_role("button", name=opener, exact=True).first.click()
            page.locator(".menu-item").first.wait_for()
            items = page.eval_on_selector_all(
                ".menu-item",
                "(all) => all.map((one) => [one.firstChild.textContent, one.querySelector('kbd')?.textContent ?? ''])",
            )
            page.keyboard.press("Escape")
            for words, key in items:
                if not key:
                    without_key.append(words)
                    continue
                page.locator("#board").press(key if "+" in key else key.lower())
                page.get_by_role("button", name=opener, exact=True).first.click()
                pressed = page.locator(".menu-item[aria-pressed=true]")
                pressed.wait_for()
                if pressed.locator("span").first.text_content() != words:
                    deaf.append((words, key))
                page.keyboard.press("Escape")
        assert deaf == []
        assert without_key == [], "tools without a key"


def test_a_tool_that_could_not_be_had_says_so_and_comes_with_the_network(
    browser: Browser, server: Product, person: Person
) -> None:
    notebook_id = person.new_notebook("out of reach")
    tools = "**/board_extras.js"
    with opened(browser, server, person, f"/?id={notebook_id}", out_of_reach=tools) as ink:
        page = ink.page
        ink.hands["pen"].draw(ink.wave(0.3, 0.4))
        ink.wait_count(1, "a stroke")
        page.keyboard.press("Shift+E")
        words = "Not loaded yet: it comes with the network"
        page.get_by_text(words).first.wait_for()
        assert page.locator("#board").get_attribute("data-tool") == "pen"
        page.context.unroute(tools)
        page.keyboard.press("Shift+E")
        page.wait_for_selector("#board[data-tool=partial_eraser]")
        ink.hands["pen"].draw(ink.line(0.39, 0.3, 0.39, 0.5))
        wait_until(lambda: "|" in ink.ink()[0], what="the stroke in two parts")


def test_the_share_sheet_gets_the_notebook_as_pdf_where_the_device_has_one(
    browser: Browser, server: Product, person: Person
) -> None:
    notebook_id = person.new_notebook("to be sent")
    with opened(browser, server, person, f"/?id={notebook_id}") as ink:
        page = ink.page
        ink.hands["pen"].draw(ink.wave(0.3, 0.4))
        ink.settle()
        item = page.locator(".menu-item", has_text="Send as PDF")
        for has_sheet in (False, True):
            page.evaluate(
                """(has) => {
                  navigator.canShare = (data) => has && data.files.length === 1;
                  navigator.share = async ({ title, files: [file] }) => {
                    const start = (await file.text()).slice(0, 5);
                    window.sent = [title, file.name, file.type, start];
                  };
                }""",
                has_sheet,
            )
            page.locator("#status").click()
            page.get_by_role("button", name="Download as PDF").wait_for()
            assert item.count() == int(has_sheet)
            if not has_sheet:
                page.keyboard.press("Escape")
                page.locator(".menu-item").first.wait_for(state="detached")
        item.click()
        wait_until(lambda: page.evaluate("window.sent !== undefined"), what="something sent")
        assert page.evaluate("window.sent") == [
            "to be sent",
            "to be sent.pdf",
            "application/pdf",
            "%PDF-",
        ]
