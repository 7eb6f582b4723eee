"""Ctrl+P prints the sheet in pages, "?" lists the keys, and who may only look has no tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.history import line, save, signed_up
from tests.support.pages import context_for, open_notebook, press, visible_paths, wait_ready, wait_until
from tests.support.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_ctrl_p_prints_the_sheet_in_pages_and_nothing_of_the_page_around_it(
    browser: Browser, product: Product
) -> None:
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        # Three pages, most of them out of view.
        rows = [("a", line(2000, 1500 + 2500 * row)) for row in range(20)]
        save(owner, f"/SAVE/{notebook}", rows)
        page = open_notebook(browser, product, owner, notebook, seq=20, color_scheme="dark", bypass_csp=True)
        page.evaluate("void (window.print = () => { window.asked = (window.asked ?? 0) + 1; })")
        page.keyboard.press("Control+p")
        page.wait_for_function("window.asked === 1")
        page.emulate_media(media="print")
        shown = "[...document.querySelectorAll('body *')].filter(n => n.checkVisibility() && n.getClientRects().length).map(n => n.tagName)"
        assert set(page.evaluate(shown)) == {"DIV", "IMG"}
        ink = "[...document.images].map(i => fetch(i.src).then(r => r.text()).then(t => t.split('<g').length - 1))"
        counts = page.evaluate(f"Promise.all({ink})")
        assert sum(counts) == 20, "every stroke is on one page: none is cut in two"
        page.emulate_media(media="screen")
        assert not page.locator("#print").is_visible()
        page.emulate_media(media="null")
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type /Page\b", printed)) == 3
        page.keyboard.press("Shift")
        page.locator("#print").wait_for(state="detached")
        page.context.close()


def test_the_question_mark_lists_the_keys_where_nobody_is_typing(browser: Browser, product: Product) -> None:
    page = context_for(browser).new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    page.keyboard.press("Shift+?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.get_by_text("Ctrl+Shift+Z").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    press(page, "Save")
    title = page.get_by_label("Title").first
    title.press_sequentially("why?")
    assert title.input_value() == "why?"
    assert dialog.count() == 0
    page.context.close()


def test_s3_who_may_only_look_has_no_tools_and_is_told_so(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        codes = {
            role: owner.post("/api/notebook/share", {"id": notebook, "role": role}).data["code"]
            for role in ("view", "add")
        }
        page = context_for(browser).new_page()
        page.goto(f"{product.url}/?nb={codes['view']}")
        status = page.locator("#status-text")
        wait_until(lambda: status.inner_text() == "Look only", what="the status says so")
        assert not page.locator("#tools").is_visible()
        assert not page.locator("#save").is_visible()
        assert not page.locator("#hint").is_visible(), "nobody is asked to write who cannot"
        save(owner, f"/SAVE/{notebook}", [("a", line(2000, 1500))])
        wait_until(lambda: len(visible_paths(page)) == 1, what="what others write comes")
        page.goto(f"{product.url}/?nb={codes['add']}")
        wait_ready(page, 1)
        page.locator("#clear").wait_for(state="hidden")
        assert page.locator("#pen").is_visible()
        page.goto(product.url + "/")
        wait_ready(page, 0)
        assert page.locator("#clear").is_visible()
        page.context.close()
