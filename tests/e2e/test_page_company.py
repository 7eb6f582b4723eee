"""Who is here: names and guests in the list, and a tap on a name goes there (P6)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_page_doorway import TOUCH, draw_by_finger
from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import context_for, open_notebook, wait_ready, wait_saved, wait_until
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(product: Product) -> Iterator[Person]:
    with signed_up(product, "Dana") as made:
        yield made[0]


def test_p6_who_is_here_is_listed_and_a_tap_on_a_name_goes_to_them(
    browser: Browser, product: Product, owner: Person
) -> None:
    notebook = owner.new_notebook("Algebra")
    save(owner, f"/SAVE/{notebook}", [("a", line(1500, 1500)), ("a", line(2000, 90_000, "#c92a2a"))])
    code = owner.share(notebook)
    near, far = context_for(browser, width=1400), context_for(browser, width=1400)
    log_in(near, product, owner)
    page, guest = near.new_page(), far.new_page()
    page.goto(f"{product.url}/?id={notebook}")
    wait_ready(page, 2)
    guest.goto(f"{product.url}/?nb={code}")
    wait_ready(guest, 2)
    button = page.get_by_role("button", name="1 other is here")
    button.wait_for()
    guest.mouse.move(700, 400)
    guest.mouse.wheel(0, 8400)  # to the stroke far below, where the guest points
    wait_until(lambda: not seen(guest, 1500, 1500), what="the guest's page moved")
    guest.mouse.move(690, 420, steps=4)
    wait_until(lambda: page.locator(".board-cursor").count() == 1, what="the guest's cursor")
    assert seen(page, 1500, 1500)
    button.click()
    entry = page.get_by_title("Go to Guest")
    entry.wait_for()
    assert "guest" in entry.inner_text()
    entry.click()
    wait_until(lambda: not seen(page, 1500, 1500), what="the page goes there")
    near.close()
    far.close()


def test_a_phone_says_in_its_bar_what_is_wrong(browser: Browser, product: Product, owner: Person) -> None:
    notebook = owner.new_notebook("Algebra")
    code = owner.share(notebook)
    page = open_notebook(browser, product, owner, notebook, language="he-IL")
    context = context_for(browser, width=390, height=844, **TOUCH)
    phone = context.new_page()
    phone.goto(f"{product.url}/?nb={code}")
    wait_ready(phone, 0)
    phone.locator("#people button").wait_for()
    page.locator("#people button").click()
    page.get_by_title("אורח").wait_for()  # who gave no name is called so in the reader's language
    assert_bar_is_whole(phone)

    context.set_offline(True)
    draw_by_finger(phone, 0.3, 0.4)
    phone.get_by_text("Offline, 1 stroke waiting").wait_for()
    assert_bar_is_whole(phone)
    context.set_offline(False)
    wait_saved(phone)

    owner.post("/api/notebook/delete", {"id": notebook})
    phone.get_by_text("This notebook was deleted, or its link was revoked.").wait_for()
    words = phone.locator("#status-text")
    assert words.inner_text() == "No longer available"
    box = words.bounding_box()
    assert box is not None
    assert box["width"] > 50, "green and silent would mean that all is well"
    assert_bar_is_whole(phone)
    context.close()
    page.context.close()


def assert_bar_is_whole(page: Page) -> None:
    """What is in the bar is within the window, and nothing of it lies on anything else."""
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("#bar > *")].map((node) => node.getBoundingClientRect())
          .filter((box) => box.width > 0).map(({ left, right }) => [left, right]).sort((a, b) => a[0] - b[0])"""
    )
    assert boxes[0][0] >= 0, boxes
    assert boxes[-1][1] <= page.evaluate("innerWidth"), boxes
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(boxes)), boxes


def seen(page: Page, x: int, y: int) -> bool:
    """Whether the outline that begins at a place of the sheet is within the window."""
    return bool(
        page.evaluate(
            """([x, y]) => [...document.querySelectorAll('#board svg path')].some((path) => {
              if (!path.getAttribute('d')?.startsWith(`M${x} ${y}`)) return false;
              const box = path.getBoundingClientRect();
              return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
            })""",
            [x, y],
        )
    )
