"""What the menu changes on this device: hands, fingers and pens; an SVG file comes in; refused ink is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_page_doorway import TOUCH, draw_by_finger
from tests.support.history import signed_up
from tests.support.pages import (
    context_for,
    draw,
    import_svg,
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
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_left_handed_tools_stand_on_the_other_side(browser: Browser, product: Product, language: str) -> None:
    context = context_for(browser, language=language)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    page.locator("#handle").click()
    page.wait_for_timeout(400)
    before = page.locator("#tools").bounding_box()
    page.locator("#status").click()
    page.get_by_role("switch").nth(2).click()
    page.keyboard.press("Escape")
    after = page.locator("#tools").bounding_box()
    assert before is not None and after is not None
    middle = 1280 / 2
    assert (before["x"] > middle) != (after["x"] > middle)
    page.reload()
    wait_ready(page, 0)
    again = page.locator("#tools").bounding_box()
    assert again is not None and (again["x"] > middle) == (after["x"] > middle)
    context.close()


def test_with_the_pen_only_switch_a_finger_moves_the_sheet(browser: Browser, product: Product) -> None:
    context = context_for(browser, width=390, height=844, **TOUCH)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    draw_by_finger(page, 0.3, 0.3)
    wait_until(lambda: len(visible_paths(page)) == 1, what="a finger draws")
    page.locator("#status").tap()
    page.get_by_role("switch", name="Only a pen draws").tap()
    page.keyboard.press("Escape")
    draw_by_finger(page, 0.3, 0.5)
    page.wait_for_timeout(300)
    assert len(visible_paths(page)) == 1
    page.locator("#status").tap()
    page.get_by_role("switch", name="Fingers always draw").tap()
    assert page.get_by_role("switch", name="Only a pen draws").get_attribute("aria-checked") == "false"
    page.keyboard.press("Escape")
    draw_by_finger(page, 0.3, 0.6)
    wait_until(lambda: len(visible_paths(page)) == 2, what="a finger draws again")
    context.close()


def test_n2_an_svg_file_comes_in_as_strokes_and_one_undo_takes_it_out(
    browser: Browser, product: Product
) -> None:
    paths = "".join(
        f'<path d="M{40 + i % 20 * 30} {120 + i // 20 * 20}l20 0 0 6-20 0z" fill="teal"/>' for i in range(300)
    )
    document = f'<svg xmlns="http://www.w3.org/2000/svg"><title>x</title>{paths}</svg>'
    hostile = '<svg xmlns="http://www.w3.org/2000/svg"><script>window.bad = 1</script></svg>'
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        page = open_notebook(browser, product, owner, notebook)
        for text in (hostile, document):
            import_svg(page, text)
            if text is hostile:
                page.get_by_text("not a drawing that a notebook can hold").wait_for()
        wait_ready(page, 300, timeout_s=20)
        wait_saved(page)
        assert page.evaluate("window.bad") is None
        stored = owner.get(f"/Notebook/{notebook}.svg").body.decode()
        assert stored.count("<g ") == 300
        assert 'fill="#008080"' in stored
        assert 'd="M400 1200l200 0 0 60-200 0z"' in stored or "M400 1200" in stored
        press(page, "Undo")
        wait_until(lambda: not visible_paths(page), what="one undo takes all of it out")
        page.context.close()


def test_refused_ink_stays_in_the_tray_with_its_picture(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        page = open_notebook(browser, product, owner, notebook)

        def refuse(route: Route) -> None:
            op = json.loads(route.request.post_data or "[]")[0][2]
            body = {"code": 1, "data": "No.", "reason": "bad_fragment", "op": op, "index": 0}
            route.fulfill(status=422, content_type="application/json", body=json.dumps(body))

        page.route("**/SAVE/**", refuse)
        draw(page, wave(page, 0.5, 0.4))
        wait_until(lambda: "1 change not stored" in page.locator("#status").inner_text(), what="it is told")
        page.unroute("**/SAVE/**")
        page.locator("#status").click()
        page.locator(".tray-picture path").wait_for()
        page.get_by_role("button", name="Try again").click()
        wait_saved(page)
        wait_ready(page, 1)
        assert len(visible_paths(page)) == 1
        page.context.close()
