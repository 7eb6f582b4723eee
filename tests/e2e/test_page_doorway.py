"""The class doorway (S5): eight digits to a first stroke by touch, and thirty guests through one code."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import board_point, context_for, wait_ready, wait_saved, wait_until
from tests.support.product import Person, Product, stroke

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOUCH = {"has_touch": True, "is_mobile": True}


def draw_by_finger(page: Page, x: float, y: float) -> None:
    session = page.context.new_cdp_session(page)
    left, top = board_point(page, x, y)
    points = [(left + 6 * i, top + (i % 5)) for i in range(14)]
    for index, (px, py) in enumerate(points):
        kind = "touchStart" if index == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": px, "y": py}]})
        time.sleep(0.012)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_s5_from_the_digits_to_the_first_own_stroke_by_touch(
    browser: Browser, start_product: Callable[..., Product], language: str
) -> None:
    product = start_product("--name", "notes.example")
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        save(owner, f"/SAVE/{notebook}", [("a", line(2000, 30_000 + 500 * row)) for row in range(3)])
        teacher = context_for(browser, language=language)
        log_in(teacher, product, owner)
        board = teacher.new_page()
        board.goto(f"{product.url}/?id={notebook}")
        wait_ready(board, 3)
        board.locator("#share").click()
        board.get_by_role("button", name=re.compile("Make a link|יצירת קישור")).click()
        board.get_by_role("button", name=re.compile("Digits to say|ספרות")).click()
        digits = re.sub(r"\D", "", board.locator(".digits").inner_text())
        assert len(digits) == 8
        assert board.locator("dialog .qr svg").bounding_box()["width"] >= 200  # type: ignore[index]

        pupil = context_for(browser, language=language, width=390, height=844, **TOUCH)
        page = pupil.new_page()
        page.goto(product.url + "/")
        wait_ready(page, 0)
        began = time.monotonic()
        taps = 0
        page.locator("#share").tap()
        taps += 1
        field = page.get_by_placeholder(re.compile("8"))
        field.wait_for()
        if not field.evaluate("node => node === document.activeElement"):
            field.tap()
            taps += 1
        page.keyboard.type(digits, delay=20)
        page.wait_for_url("**/?nb=*")
        wait_ready(page, 3)
        # The others are far down the sheet: their ink is in view without a touch of the pupil's.
        seen = "() => [...document.querySelectorAll('#board svg path')].some(p => { const b = p.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight && b.right > 0 && b.left < innerWidth; })"
        wait_until(lambda: page.evaluate(seen), timeout_s=2, what="the others' ink is in view")
        draw_by_finger(page, 0.3, 0.3)
        wait_until(
            lambda: page.evaluate("document.documentElement.dataset.readySeq") == "4", what="own stroke"
        )
        wait_saved(page)
        took = time.monotonic() - began
        print(f"digits to first own stroke: {took:.2f} s, {taps} taps besides the digits")
        assert took <= 5.0
        assert taps <= 4
        last = owner.get(f"/api/notebook/log?id={notebook}&since=3").json["data"][0]
        assert last["author"]["id"].startswith("g")

        # A name and a colour without an account, in the list of people.
        page.locator("#status").tap()
        page.locator("#guest-name").fill("נועה")
        page.get_by_role("button", name=re.compile("^(Green|ירוק)$")).tap()
        page.get_by_role("button", name=re.compile("That’s me|זה אני|זאת אני|זה השם")).tap()
        # The list closes when the server has the name: until then a finger there is in the list.
        page.locator("#guest-name").wait_for(state="hidden")
        draw_by_finger(page, 0.3, 0.45)
        wait_until(
            lambda: page.evaluate("document.documentElement.dataset.readySeq") == "5", what="second stroke"
        )
        last = owner.get(f"/api/notebook/log?id={notebook}&since=4").json["data"][0]
        assert last["author"]["name"] == "נועה"
        assert 'fill="#1d7a46"' in last["data"]
        teacher.close()
        pupil.close()


def test_s5_thirty_guests_join_by_one_code_within_ten_seconds(product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        code = owner.share(notebook)
        digits = owner.post("/api/notebook/classcode", {"code": code, "minutes": 15}).data["classcode"]
        failures: list[str] = []

        def join(number: int) -> None:
            pupil = Person(product.port)
            try:
                answer = pupil.post("/api/join", {"classcode": digits})
                shared = answer.json.get("code") or answer.data["code"]
                assert pupil.get("/").status == 200
                assert pupil.get(f"/Notebook.svg?nb={shared}").status == 200
                saved = pupil.post(
                    f"/SAVE/?nb={shared}", [["a", stroke(100 + number * 60), f"guest.{number}"]]
                )
                assert saved.status == 200, saved.body
            except Exception as error:
                failures.append(f"{number}: {error!r}")
            finally:
                pupil.close()

        began = time.monotonic()
        threads = [threading.Thread(target=join, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        took = time.monotonic() - began
        print(f"thirty guests: {took:.2f} s")
        assert failures == []
        assert took <= 10
        assert owner.get(f"/Notebook/{notebook}.svg").headers["x-notebook-seq"] == "30"
