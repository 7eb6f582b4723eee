"""The first screen: small, plain, accessible, in both languages, and nothing on it that does not belong."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.pages import context_for, wait_ready, watch_errors
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

MAX_BYTES = 120 * 1024
MAX_REQUESTS = 30
MAX_CONTROLS = 15

VISIBLE_CONTROLS = """() => {
  const seen = [];
  for (const node of document.querySelectorAll("button, a[href], input, select, textarea, [role=button], [tabindex='0'], summary")) {
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    const inside = box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
    if (inside && style.visibility !== "hidden" && style.opacity !== "0" && !node.closest("[inert],[hidden]") && node.id !== "board" && !node.closest("#board"))
      seen.push(node.getAttribute("aria-label") || node.textContent.trim() || node.id);
  }
  return seen;
}"""


def transferred(page: Page, url: str) -> tuple[int, int]:
    """(bytes, requests) of a first visit, as the browser counts what came over the wire."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    totals = {"bytes": 0, "requests": 0}
    session.on("Network.requestWillBeSent", lambda _: totals.__setitem__("requests", totals["requests"] + 1))
    session.on(
        "Network.loadingFinished",
        lambda e: totals.__setitem__("bytes", totals["bytes"] + int(e["encodedDataLength"])),
    )
    page.goto(url)
    wait_ready(page, 0)
    time.sleep(0.5)
    return totals["bytes"], totals["requests"]


def test_the_first_visit_is_small_and_clean(browser: Browser, product: Product) -> None:
    context = context_for(browser)
    page = context.new_page()
    errors = watch_errors(page)
    size, requests = transferred(page, product.url + "/")
    print(f"first visit: {size / 1024:.1f} KB in {requests} requests")
    assert size <= MAX_BYTES
    assert requests <= MAX_REQUESTS
    assert [error for error in errors if "401" not in error] == []
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (820, 1180), (390, 844)])
def test_the_first_screen_shows_its_parts_and_nothing_else(
    browser: Browser, product: Product, width: int, height: int
) -> None:
    context = context_for(browser, width=width, height=height)
    page = context.new_page()
    page.goto(product.url + "/")
    wait_ready(page, 0)
    controls = page.evaluate(VISIBLE_CONTROLS)
    assert len(controls) <= MAX_CONTROLS, controls
    for name in ("Pen", "Eraser", "Clear", "Save", "Share", "Size", "Colour", "Undo", "Redo"):
        assert page.get_by_role("button", name=name, exact=True).first.is_visible(), name
    assert page.locator("#board").is_visible()
    context.close()


def check_axe(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")
    assert [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found["violations"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_every_page_passes_axe(browser: Browser, product: Product, language: str, scheme: str) -> None:
    context = context_for(browser, language=language, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in (
        "/",
        "/login.html",
        "/signUp.html",
        "/connect",
        "/no-such-page",
        "/?nb=AAAAAAAAAAAAAAAAAAAAAA",
    ):
        page.goto(product.url + path)
        time.sleep(0.4)
        assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "he-IL" else "ltr"), (
            path
        )
        check_axe(page)
    person = Person(product.port).sign_up(f"axe{language[:2]}{scheme}")
    for title in ("Algebra", "אלגברה"):
        notebook = person.new_notebook(title)
    name = next(key for key in person.cookies if "session" in key)
    context.add_cookies([{"name": name, "value": person.cookies[name], "url": product.url, "secure": True}])
    page.goto(f"{product.url}/?id={notebook}")
    wait_ready(page, 0)
    check_axe(page)
    share = "Share" if language == "en-US" else "שיתוף"
    page.get_by_role("button", name=re.compile(share)).first.click()
    time.sleep(0.3)
    check_axe(page)
    person.close()
    context.close()
