"""Drives the real page in Chromium as a person would: draw, press, read what is on the sheet.

Owns the gestures (mouse, and pen through the DevTools protocol) and the waits on the page's own signs
(`data-ready-seq`, `data-saved`). Knows no inner names of the page beyond the public hooks.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tests.support.history import log_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.product import Person, Product

Point = tuple[float, float]


def context_for(
    browser: Browser, *, language: str = "en-US", width: int = 1280, height: int = 800, **options: object
) -> BrowserContext:
    """A fresh browser profile, as on another device."""
    return browser.new_context(
        ignore_https_errors=True,
        locale=language,
        viewport={"width": width, "height": height},
        **options,  # type: ignore[arg-type]
    )


def open_notebook(
    browser: Browser, product: Product, person: Person, notebook: int, *, seq: int = 0, **options: object
) -> Page:
    """A page of a fresh profile under a person's session that shows their notebook as of `seq`; `options` are those
    of `context_for`. Close it by `page.context.close()`."""
    context = context_for(browser, **options)  # type: ignore[arg-type]
    log_in(context, product, person)
    page = context.new_page()
    page.goto(f"{product.url}/?id={notebook}")
    wait_ready(page, seq)
    return page


def import_svg(page: Page, document: str) -> None:
    """Choose a file of this content for "Import an SVG file" in the menu."""
    page.locator("#status").click()
    with page.expect_file_chooser() as chooser:
        press(page, "Import an SVG file")
    chooser.value.set_files({"name": "a.svg", "mimeType": "image/svg+xml", "buffer": document.encode()})


def watch_errors(page: Page) -> list[str]:
    """Collects what a clean page never has: script errors and console errors."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors


def wait_until(
    condition: Callable[[], object], *, timeout_s: float = 20.0, what: str = "the condition"
) -> float:
    """Wait for a condition; returns the seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"{what} did not come true within {timeout_s} s")
        time.sleep(0.02)
    return time.monotonic() - began


def saved_state(page: Page) -> str:
    return page.evaluate("document.documentElement.dataset.saved ?? ''")


def ready_seq(page: Page) -> int:
    return int(page.evaluate("document.documentElement.dataset.readySeq ?? '-1'"))


def wait_saved(page: Page, *, timeout_s: float = 20.0) -> None:
    wait_until(
        lambda: saved_state(page) == "yes",
        timeout_s=timeout_s,
        what=f"data-saved=yes (is {saved_state(page)})",
    )


def wait_ready(page: Page, seq: int, *, timeout_s: float = 20.0) -> float:
    return wait_until(
        lambda: ready_seq(page) >= seq,
        timeout_s=timeout_s,
        what=f"data-ready-seq {seq} (is {ready_seq(page)})",
    )


def board_point(page: Page, x: float, y: float) -> Point:
    """A point of #board given in fractions of its size, in page pixels."""
    box = page.locator("#board").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def wave(page: Page, x: float, y: float, *, length: float = 0.15, samples: int = 24) -> list[Point]:
    """A little wave that starts at the given fraction of the board."""
    x0, y0 = board_point(page, x, y)
    x1, _ = board_point(page, x + length, y)
    return [(x0 + (x1 - x0) * i / samples, y0 + 12 * math.sin(i / 3)) for i in range(samples + 1)]


def draw(page: Page, points: Sequence[Point]) -> None:
    """One stroke with the mouse."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def draw_with_pen(page: Page, points: Sequence[Point], *, hz: float = 120.0, eraser: bool = False) -> None:
    """One stroke with a pen, pressure rising and falling, at the pen's own rate."""
    session = page.context.new_cdp_session(page)
    for index, (x, y) in enumerate(points):
        kind = "mousePressed" if index == 0 else "mouseMoved"
        force = 0.2 + 0.6 * math.sin(math.pi * index / max(1, len(points) - 1))
        session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "button": "left",
                "buttons": 1,
                "clickCount": 1,
                "pointerType": "pen",
                "force": force,
            },
        )
        time.sleep(1 / hz)
    x, y = points[-1]
    session.send(
        "Input.dispatchMouseEvent",
        {
            "type": "mouseReleased",
            "x": x,
            "y": y,
            "button": "left",
            "buttons": 0,
            "clickCount": 1,
            "pointerType": "pen",
        },
    )
    session.detach()


def visible_paths(page: Page) -> list[str]:
    """The `d` of every stroke drawn on the sheet, once each (a stroke over several tiles is in each), sorted."""
    return sorted(
        page.evaluate(
            "[...new Set([...document.querySelectorAll('#board svg path')].map(p => p.getAttribute('d')).filter(Boolean))]"
        )
    )


def press(page: Page, name: str) -> None:
    """Press a control by its accessible name."""
    page.get_by_role("button", name=name, exact=True).first.click()


def stroke_box(page: Page, d: str) -> tuple[float, float, float, float]:
    """Where a stroke is on the page: x, y, width and height in page pixels."""
    box = page.evaluate(
        "d => { const p = [...document.querySelectorAll('#board svg path')].find(p => p.getAttribute('d') === d);"
        " const r = p.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; }",
        d,
    )
    return box[0], box[1], box[2], box[3]


def cross_out(page: Page, d: str) -> None:
    """Draw a short upright line through the middle of a stroke."""
    x, y, width, height = stroke_box(page, d)
    middle = x + width / 2
    draw(page, [(middle, y - 15 + (height + 30) * i / 8) for i in range(9)])
