"""Everything that opens on the page, in both languages, light and dark, desktop and phone: axe finds nothing, what a
finger presses is large enough, and no word is cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_page_doorway import TOUCH
from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import context_for, wait_ready
from tests.support.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"

TOO_SMALL = """() => [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, summary")]
  .filter(node => node.checkVisibility({visibilityProperty: true}) && !node.closest("[inert]"))
  .map(node => [node, (node.matches(".chip input") ? node.closest("label") : node).getBoundingClientRect()])
  .filter(([node, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5) && !node.closest("p"))
  .map(([node, box]) => `${node.outerHTML.slice(0, 90)} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
"""Links inside a sentence are as large as their line (WCAG 2.5.8)."""

CUT_OFF = """root => {
  const whole = document.querySelector(root).getBoundingClientRect();
  return [...document.querySelectorAll(root + " *")]
    .filter(node => node.checkVisibility() && !node.closest("svg, wbr, .unseen, .chip input"))
    .filter(node => {
      const box = node.getBoundingClientRect();
      const words = [...node.childNodes].some(one => one.nodeType === 3) && node.scrollWidth > node.clientWidth + 1;
      const style = getComputedStyle(node);
      return box.left < whole.left - 1 || box.right > whole.right + 1
        || (words && style.display !== "inline" && style.textOverflow !== "ellipsis");
    })
    .map(node => node.outerHTML.slice(0, 120));
}"""
"""What stands out of its panel, or has words wider than itself."""


def _press(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).click()


def _words(pattern: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=re.compile(pattern)).first.click()


def _sidebar(page: Page) -> None:
    if not page.evaluate("document.body.classList.contains('sidebar-open')"):
        page.locator("#handle").click()


PANELS: dict[str, tuple[list[Callable[[Page], None]], str]] = {
    "list": ([_sidebar], ".sidebar .entry"),
    "pen": ([_press("#pen")], ".popover"),
    "eraser": ([_press("#eraser"), _press("#eraser")], ".popover"),
    "size": ([_press("#size")], ".popover"),
    "colour": ([_press("#colour")], ".popover"),
    "share": ([_press("#share"), _press(".share-window details summary")], ".popover .chips"),
    "menu": ([_press("#status")], ".popover"),
    "people": ([_press("#status"), _words("^(What each person did|מה כל אחד עשה)$")], "dialog .row, dialog .person"),
    "timeline": ([_press("#status"), _words("^(Timeline|ציר הזמן)$")], ".timeline input[type=range]"),
    "notebook": ([_sidebar, _press(".entry.current .entry-more")], ".popover"),
    "account": ([_sidebar, _press("#account [aria-haspopup]"), _press("dialog summary")], "dialog form"),
    "digits": (
        [_press("#share"), _words("^(Digits to say aloud|ספרות להקראה)$")],
        "dialog .digits",
    ),
    "guest's menu": ([_press("#status")], ".popover form"),
    "guest's share": ([_press("#share")], ".popover form"),
    "keys": ([_press("#status"), _words("^(Keyboard shortcuts|קיצורי מקלדת)")], "dialog .key-groups"),
    "form": ([_sidebar, _press("#new-notebook")], ".notebook-form"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "scheme", "screen"),
    [
        ("en-US", "light", "desktop"),
        ("en-US", "dark", "phone"),
        ("he-IL", "light", "phone"),
        ("he-IL", "dark", "desktop"),
    ],
)
def test_every_panel_is_accessible_and_whole(
    browser: Browser, start_product: Callable[..., Product], language: str, scheme: str, screen: str
) -> None:
    product = start_product("--name", "notes.example")
    size = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844, **TOUCH}}[
        screen
    ]
    with signed_up(product, "Dana") as (owner,):
        for number in range(9):
            owner.new_notebook(f"שיעור {number}", "משוואות")
        notebook = owner.new_notebook(
            "A long title, longer than any list is wide, about parabolas", "Second\nline"
        )
        code = owner.share(notebook)
        save(owner, f"/SAVE/{notebook}", [("a", line(2000, 3000 + 500 * row)) for row in range(3)])
        context = context_for(browser, language=language, color_scheme=scheme, bypass_csp=True, **size)
        context.add_init_script(AXE.read_text(encoding="utf-8"))
        guest = context_for(browser, language=language, color_scheme=scheme, bypass_csp=True, **size)
        guest.add_init_script(AXE.read_text(encoding="utf-8"))
        log_in(context, product, owner)
        own, by_link = context.new_page(), guest.new_page()
        found: list[str] = []
        for name, (steps, sign) in PANELS.items():
            if name == "keys" and screen == "phone":
                continue  # where nothing hovers there is no keyboard to tell of
            page = by_link if name.startswith("guest") else own
            page.goto(f"{product.url}/?nb={code}" if page is by_link else f"{product.url}/?id={notebook}")
            wait_ready(page, 3)
            for step in steps:
                step(page)
            page.locator(sign).first.wait_for()
            page.wait_for_function("document.getAnimations().every(one => one.playState === 'finished')")
            report = page.evaluate("axe.run(document)")
            found += [
                f"{name}: {v['id']} {[n['html'][:120] for n in v['nodes'][:3]]}" for v in report["violations"]
            ]
            root = sign.split(" ")[0].split(",")[0]
            found += [f"{name}: cut off: {node}" for node in page.evaluate(CUT_OFF, root)]
            if screen == "phone":
                found += [f"{name}: small: {node}" for node in page.evaluate(TOO_SMALL)]
        assert not found, "\n".join(found)
        context.close()
        guest.close()


@pytest.mark.parametrize("language", ["en-US", "he-IL"])
def test_every_other_page_is_whole_on_a_phone(browser: Browser, product: Product, language: str) -> None:
    context = context_for(browser, language=language, width=390, height=844, **TOUCH)
    page = context.new_page()
    found: list[str] = []
    for path in ("/login.html", "/signUp.html", "/connect", "/no-such-page", "/?nb=AAAAAAAAAAAAAAAAAAAAAA"):
        page.goto(product.url + path, wait_until="networkidle")
        for summary in page.locator("summary").all():
            summary.tap()
        found += [f"{path}: cut off: {node}" for node in page.evaluate(CUT_OFF, "main")]
        found += [f"{path}: small: {node}" for node in page.evaluate(TOO_SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: wider than the phone")
    assert not found, "\n".join(found)
    context.close()
