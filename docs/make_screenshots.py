"""Makes the pictures of the documents from the real page: a server, a browser, and a hand that writes.

    .venv/bin/python docs/make_screenshots.py [--all FOLDER]

Writes docs/images/board.png and docs/images/screen-numbers.png. With --all also the board, the share window and the
login page at three sizes, in both languages, light and dark, into FOLDER. Not part of the running program.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.support.pages import Point, context_for, wait_ready, wait_saved  # noqa: E402
from tests.support.product import Person, running  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
WORDS = {"en-US": ("Share", "Pen"), "he-IL": ("שיתוף", "עט")}

# A few letters as pen strokes in a box of 1 x 1 (x to the right, y down); several strokes a letter.
GLYPHS: dict[str, list[list[Point]]] = {
    "y": [[(0.1, 0.3), (0.2, 0.6), (0.45, 0.62), (0.55, 0.3)], [(0.55, 0.3), (0.5, 0.8), (0.3, 1.15), (0.05, 1.0)]],
    "=": [[(0.1, 0.5), (0.7, 0.48)], [(0.1, 0.72), (0.7, 0.7)]],
    "x": [[(0.1, 0.3), (0.35, 0.55), (0.6, 0.85)], [(0.6, 0.3), (0.35, 0.58), (0.08, 0.86)]],
    "2": [[(0.1, 0.2), (0.25, 0.05), (0.45, 0.12), (0.4, 0.3), (0.12, 0.55), (0.5, 0.53)]],
    "h": [[(0.15, -0.1), (0.12, 0.4), (0.1, 0.85)], [(0.12, 0.55), (0.3, 0.35), (0.5, 0.45), (0.5, 0.85)]],
    "e": [[(0.1, 0.6), (0.4, 0.55), (0.42, 0.36), (0.22, 0.34), (0.1, 0.6), (0.25, 0.84), (0.5, 0.75)]],
    "l": [[(0.2, 0.7), (0.4, 0.1), (0.3, -0.1), (0.2, 0.1), (0.2, 0.7), (0.35, 0.86)]],
    "o": [[(0.4, 0.38), (0.15, 0.42), (0.1, 0.7), (0.3, 0.85), (0.5, 0.65), (0.42, 0.4), (0.3, 0.42)]],
    "ש": [[(0.08, 0.25), (0.12, 0.8), (0.5, 0.85), (0.85, 0.7), (0.9, 0.22)], [(0.5, 0.25), (0.48, 0.5), (0.3, 0.82)]],
    "ל": [[(0.2, -0.2), (0.22, 0.25), (0.6, 0.28), (0.6, 0.5), (0.3, 0.88)]],
    "ו": [[(0.2, 0.25), (0.4, 0.24), (0.4, 0.85)]],
    "ם": [[(0.12, 0.27), (0.7, 0.25), (0.72, 0.85), (0.15, 0.85), (0.14, 0.3)]],
}  # fmt: skip


def smooth(points: Sequence[Point], steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    out: list[Point] = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for i in range(steps):
            t = i / steps
            out.append(
                tuple(  # type: ignore[arg-type]
                    0.5 * (2 * b[k] + (c[k] - a[k]) * t + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t
                           + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t**3) for k in (0, 1)
                )
            )  # fmt: skip
    return [*out, points[-1]]


def word(text: str, x: float, y: float, size: float, *, leftwards: bool = False) -> list[list[Point]]:
    """The strokes of a word whose first letter stands at (x, y)."""
    strokes = []
    for letter in text:
        glyph = GLYPHS.get(letter)
        if glyph:
            strokes += [[(x + px * size, y + py * size) for px, py in smooth(stroke)] for stroke in glyph]
        step = (0.62 if letter != " " else 0.5) * size * (1.35 if letter in "שם" else 1)
        x += -step if leftwards else step
    return strokes


def scene(width: float, height: float, left: float) -> list[tuple[str, list[Point]]]:
    """Strokes with their colours: axes, a parabola, a formula and a greeting in two alphabets."""
    black, blue, red = "#000000", "#1d4ed8", "#c2410c"
    unit = min(width, height * 1.2) / 10
    cx, cy = left + width * 0.5, height * 0.62
    found: list[tuple[str, list[Point]]] = []
    found.append((black, smooth([(cx - 2.6 * unit, cy), (cx, cy + 2), (cx + 2.7 * unit, cy - 1)], 20)))
    found.append(
        (black, smooth([(cx + 2.5 * unit, cy - 10), (cx + 2.7 * unit, cy), (cx + 2.5 * unit, cy + 9)]))
    )
    found.append((black, smooth([(cx, cy + unit), (cx + 2, cy - unit), (cx, cy - 3.3 * unit)], 20)))
    found.append(
        (black, smooth([(cx - 9, cy - 3.1 * unit), (cx, cy - 3.3 * unit), (cx + 10, cy - 3.1 * unit)]))
    )
    parabola = [(cx + t * 1.5 * unit, cy - t * t * 2.4 * unit) for t in [i / 12 - 1.12 for i in range(28)]]
    found.append((blue, smooth(parabola, 4)))
    found += [(blue, stroke) for stroke in word("y = x", cx + 2.1 * unit, cy - 2.6 * unit, 0.75 * unit)]
    found += [(blue, stroke) for stroke in word("2", cx + 4.05 * unit, cy - 2.85 * unit, 0.5 * unit)]
    found += [(red, stroke) for stroke in word("hello", cx - 4.6 * unit, cy - 3.3 * unit, 0.7 * unit)]
    found += [
        (red, stroke) for stroke in word("שלום", cx - 2.7 * unit, cy - 1.9 * unit, 0.7 * unit, leftwards=True)
    ]
    return found


def write(page: Page, strokes: Iterable[tuple[str, list[Point]]]) -> None:
    """Write with a pen whose pressure comes and goes."""
    session = page.context.new_cdp_session(page)
    dice = random.Random(7)
    last = ""
    for colour, points in strokes:
        if colour != last:
            choose_colour(page, colour)
            last = colour
        for index, (x, y) in enumerate(points):
            share = index / max(1, len(points) - 1)
            force = 0.25 + 0.45 * math.sin(math.pi * min(1.0, share * 1.15)) + dice.uniform(-0.03, 0.03)
            event = {
                "type": "mousePressed" if index == 0 else "mouseMoved",
                "x": x,
                "y": y,
                "button": "left",
                "buttons": 1,
            }
            session.send(
                "Input.dispatchMouseEvent", {**event, "clickCount": 1, "pointerType": "pen", "force": force}
            )
            time.sleep(0.004)
        event = {
            "type": "mouseReleased",
            "x": points[-1][0],
            "y": points[-1][1],
            "button": "left",
            "buttons": 0,
        }
        session.send(
            "Input.dispatchMouseEvent", {**event, "clickCount": 1, "pointerType": "pen", "force": 0.2}
        )
    session.detach()


def choose_colour(page: Page, colour: str) -> None:
    """Set the pen's colour through the page's own colour field."""
    page.locator("#colour").click()
    field = page.get_by_label("Colour as a code", exact=True)
    field.fill(colour)
    field.press("Enter")
    page.keyboard.press("Escape")


NUMBERED = (
    ("board", "#board"), ("pen", "Pen"), ("eraser", "Eraser"), ("clear", "Clear"), ("save", "Save"), ("share", "Share"),
    ("size", "Size"), ("colour", "Colour"), ("list", "#notebook-list > *"), ("new", "New notebook"), ("log", "Log out"),
)  # fmt: skip


def number_parts(page: Page) -> None:
    """Put the numbers 1 to 11 of the user guide beside the parts of the screen."""
    for number, (kind, name) in enumerate(NUMBERED, 1):
        if name.startswith("#"):
            box = page.locator(name).first.bounding_box()
        else:
            box = page.get_by_role("button", name=name, exact=True).first.bounding_box()
        assert box is not None, kind
        x, y = box["x"] - 12, box["y"] + min(box["height"] / 2, 300) - 12
        if kind == "board":
            x, y = box["x"] + box["width"] * 0.62, box["y"] + 60
        elif kind in ("save", "share"):
            x, y = box["x"] + box["width"] / 2 - 13, box["y"] + box["height"] + 8
        elif kind in ("pen", "eraser", "clear", "size", "colour"):
            x = box["x"] - 36
        page.evaluate(
            """([n, x, y]) => { const b = document.createElement("div"); b.textContent = n;
            Object.assign(b.style, {position: "fixed", left: x + "px", top: y + "px", width: "26px", height: "26px",
            borderRadius: "13px", background: "#b91c1c", color: "white", font: "bold 14px/26px sans-serif",
            textAlign: "center", zIndex: 99999}); document.body.append(b); }""",
            [number, x, y],
        )


def signed_in(browser: Browser, url: str, person: Person, **options: object) -> BrowserContext:
    context = context_for(browser, **options)  # type: ignore[arg-type]
    for name, value in person.cookies.items():
        context.add_cookies([{"name": name, "value": value, "url": url, "secure": True}])
    return context


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--all", type=Path, metavar="FOLDER")
    options = arguments.parse_args()
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", "--name", "notes.example.org") as product,
        sync_playwright() as tool,
    ):
        browser = tool.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        dana = Person(product.port).sign_up("Dana")
        for title, text in (
            ("Shopping", "milk, pencils"),
            ("רשימת קריאה", ""),
            ("Algebra", "parabolas, for the exam"),
        ):
            notebook = dana.new_notebook(title, text)
        url = f"{product.url}/?id={notebook}"
        context = signed_in(browser, product.url, dana, width=1280, height=800)
        page = context.new_page()
        page.goto(url)
        wait_ready(page, 0)
        box = page.locator("#board").bounding_box()
        assert box is not None
        write(page, scene(box["width"], box["height"], box["x"]))
        wait_saved(page)
        time.sleep(0.5)
        page.screenshot(path=images / "board.png")
        number_parts(page)
        page.screenshot(path=images / "screen-numbers.png")
        context.close()
        if options.all:
            options.all.mkdir(parents=True, exist_ok=True)
            for (language, (share, _)), scheme, (size, (width, height)) in itertools.product(
                WORDS.items(), ("light", "dark"), SIZES.items()
            ):
                context = signed_in(
                    browser, product.url, dana, language=language, width=width, height=height, color_scheme=scheme,
                    has_touch=size != "desktop",
                )  # fmt: skip
                page = context.new_page()
                page.goto(url)
                wait_ready(page, 1)
                time.sleep(0.4)
                stem = f"{size}-{language[:2]}-{scheme}"
                page.screenshot(path=options.all / f"{stem}-board.png")
                page.get_by_role("button", name=share, exact=True).first.click()
                time.sleep(0.4)
                page.screenshot(path=options.all / f"{stem}-share.png")
                context.close()
                context = context_for(
                    browser, language=language, width=width, height=height, color_scheme=scheme
                )
                page = context.new_page()
                page.goto(f"{product.url}/login.html")
                time.sleep(0.3)
                page.screenshot(path=options.all / f"{stem}-login.png")
                context.close()
        dana.close()
        browser.close()


if __name__ == "__main__":
    main()
