"""Pen, finger and mouse on the real page, and what of the ink can be seen there and in the stored document.

Owns the three hands (DevTools input, so that the page sees real pointer events), a notebook opened in a fresh
browser profile, and the two pictures of its ink that tests compare: the page's and the server's. Knows the public
hooks, and of the board that a drawn stroke carries `data-key`.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.support.pages import (
    Point,
    board_point,
    context_for,
    wait_ready,
    wait_saved,
    wait_until,
    watch_errors,
)
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

HANDS = ("pen", "touch", "mouse")

NO_FAULTS = ("Failed to load resource", "An SSL certificate error occurred when fetching the script")
"""Chromium writes a line for every answer that is no success (a guest's 401, a cut line), and one for a service worker
behind the test server's home-made certificate."""

# A stroke in several tiles counts once; what lies wholly beside the sheet's window is not asked for.
INK = """() => {
  const seen = new Map();
  for (const node of document.querySelectorAll('#board [data-key]')) {
    if (node.classList.contains('veiled')) continue;
    const paths = node.tagName === 'path' ? [node] : [...node.querySelectorAll('path')];
    if (paths.length === 0) continue;
    const text = paths.map((p) => `${p.getAttribute('d')} ${p.getAttribute('fill')}`).join('|');
    seen.set(node.dataset.key, text);
  }
  return [...seen.values()].sort();
}"""

Ink = list[str]
"""One text for each stroke: every `d` with its fill; sorted."""


class Hand:
    """One kind of pointer on one page."""

    def __init__(self, page: Page, kind: str) -> None:
        self.page = page
        self.kind = kind
        self.cdp = page.context.new_cdp_session(page)

    def down(self, at: Point, *, force: float = 0.5) -> None:
        self._send("mousePressed", "touchStart", at, force, buttons=1)

    def move(self, at: Point, *, force: float = 0.5) -> None:
        self._send("mouseMoved", "touchMove", at, force, buttons=1)

    def up(self, at: Point) -> None:
        self._send("mouseReleased", "touchEnd", at, 0.0, buttons=0)

    def draw(self, way: Sequence[Point]) -> None:
        self.down(way[0], force=0.2)
        for index, at in enumerate(way[1:], 1):
            self.move(at, force=0.2 + 0.6 * math.sin(math.pi * index / len(way)))
        self.up(way[-1])

    def tap(self, what: Locator) -> None:
        box = what.bounding_box()
        assert box is not None
        at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.down(at)
        self.up(at)

    def press(self, name: str) -> None:
        """Press a control by its accessible name."""
        self.tap(self.page.get_by_role("button", name=name, exact=True).first)

    def _send(self, mouse: str, touch: str, at: Point, force: float, *, buttons: int) -> None:
        x, y = at
        if self.kind == "touch":
            points = [] if touch == "touchEnd" else [{"x": x, "y": y, "id": 1, "force": force}]
            self.cdp.send("Input.dispatchTouchEvent", {"type": touch, "touchPoints": points})
            return
        event: dict[str, Any] = {"type": mouse, "x": x, "y": y, "button": "left", "buttons": buttons}
        event |= {"clickCount": 0 if mouse == "mouseMoved" else 1, "pointerType": self.kind}
        if self.kind == "pen":
            event["force"] = force
        self.cdp.send("Input.dispatchMouseEvent", event)


class InkPage:
    """A notebook in its own browser profile, as its owner or through a link sees it."""

    def __init__(self, context: BrowserContext, page: Page, errors: list[str]) -> None:
        self.context = context
        self.page = page
        self.errors = errors
        self.hands = {kind: Hand(page, kind) for kind in HANDS}

    def ink(self) -> Ink:
        return list(self.page.evaluate(INK))

    def at(self, x: float, y: float) -> Point:
        """A point of the board in fractions of its size, in page pixels."""
        return board_point(self.page, x, y)

    def line(self, x0: float, y0: float, x1: float, y1: float, *, count: int = 14) -> list[Point]:
        (ax, ay), (bx, by) = self.at(x0, y0), self.at(x1, y1)
        return [(ax + (bx - ax) * i / count, ay + (by - ay) * i / count) for i in range(count + 1)]

    def wave(self, x: float, y: float, *, length: float = 0.18, count: int = 20) -> list[Point]:
        return [
            (px, py + 10 * math.sin(i / 3))
            for i, (px, py) in enumerate(self.line(x, y, x + length, y, count=count))
        ]

    def ring(self, x0: float, y0: float, x1: float, y1: float) -> list[Point]:
        """Once around a box."""
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        way: list[Point] = []
        for (ax, ay), (bx, by) in itertools.pairwise(corners):
            way += self.line(ax, ay, bx, by, count=6)
        return way

    def wait_ink(self, wanted: Ink, what: str) -> None:
        wait_until(lambda: self.ink() == wanted, what=what)

    def wait_count(self, count: int, what: str) -> None:
        wait_until(lambda: len(self.ink()) == count, what=f"{what}: {count} strokes (are {len(self.ink())})")

    def is_choosing(self) -> bool:
        return self.page.locator("#selection-bar").count() == 1

    def settle(self) -> None:
        wait_saved(self.page)

    def reload(self) -> None:
        seq = int(self.page.evaluate("document.documentElement.dataset.readySeq"))
        self.page.reload()
        wait_ready(self.page, seq, timeout_s=20)


def stored_ink(person: Person, notebook_id: int) -> Ink:
    """What the server has, in the same form as the page's ink."""
    answer = person.get(f"/Notebook/{notebook_id}")
    assert answer.status == 200
    groups = re.findall(r'<g id="\d+".*?</g>', answer.data["NotebookData"])
    return sorted(
        "|".join(f"{d} {fill}" for d, fill in re.findall(r' d="([^"]*)" fill="([^"]*)"', group))
        for group in groups
        if "<path" in group
    )


@contextlib.contextmanager
def opened(
    browser: Browser,
    product: Product,
    person: Person | None,
    path: str,
    *,
    seq: int = 0,
    out_of_reach: str = "",
    **options: Any,
) -> Iterator[InkPage]:
    """The page at `path` in a profile of its own, logged in as `person`, drawn up to `seq`.

    `out_of_reach` is a pattern of addresses that fail, until it is lifted by `context.unroute`.
    """
    context = context_for(browser, **options)
    try:
        if out_of_reach:
            context.route(out_of_reach, lambda route: route.abort())
        if person is not None:
            cookies = [
                {"name": name, "value": value, "url": product.url, "secure": True}
                for name, value in person.cookies.items()
            ]
            context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        errors = watch_errors(page)
        page.goto(f"{product.url}{path}")
        wait_ready(page, seq, timeout_s=30)
        yield InkPage(context, page, errors)
        left = [error for error in errors if not error.startswith(NO_FAULTS)]
        assert left == [], left
    finally:
        context.close()
