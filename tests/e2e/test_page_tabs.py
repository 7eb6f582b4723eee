"""How much one browser asks of the server: one poll, however many of its tabs show a notebook (P1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import context_for, draw, visible_paths, wait_ready, wait_until, wave
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(product: Product) -> Iterator[Person]:
    with signed_up(product, "Dana") as made:
        yield made[0]


def test_p1_all_tabs_of_a_browser_share_one_poll(browser: Browser, product: Product, owner: Person) -> None:
    notebook = owner.new_notebook("Algebra")
    context = context_for(browser)
    log_in(context, product, owner)
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto(f"{product.url}/?id={notebook}")
        wait_ready(tab, 0)

    def polls() -> int:
        return int(owner.get("/health").data["waiting_polls"])

    wait_until(lambda: polls() == 1, what="one poll for three tabs")
    draw(tabs[0], wave(tabs[0], 0.3, 0.3))
    for tab in tabs:
        wait_until(lambda tab=tab: len(visible_paths(tab)) == 1, what="the stroke on every tab")
    save(owner, f"/SAVE/{notebook}", [("a", line(1500, 4000))])
    for tab in tabs:
        wait_until(lambda tab=tab: len(visible_paths(tab)) == 2, what="another's stroke on every tab")
    wait_until(lambda: polls() == 1, what="still one poll")
    tabs[0].close()
    save(owner, f"/SAVE/{notebook}", [("a", line(1500, 6000))])
    for tab in tabs[1:]:
        wait_until(lambda tab=tab: len(visible_paths(tab)) == 3, what="the others go on without the first")
    wait_until(lambda: polls() == 1, what="one poll again")
    context.close()
