"""Chromium and a pen at 120 Hz for the ink benchmark: pages opened in fresh profiles, input sent on the clock.

Owns how things are done to a page and how its figures are read; which page and what is expected belongs to the
subjects and the rows. The pen never waits for the page: a slow page gets its samples late, as from a real tablet.
"""

from __future__ import annotations

import asyncio
import base64
import math
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Playwright

PROBE = (Path(__file__).resolve().parent / "probe.js").read_text(encoding="utf-8")
WIDTH, HEIGHT = 1280, 800
WINDOW_SETTLES_S = 2.5
Place = tuple[float, float]

# In the picture of a board full of writing: the tallest band without a dark pixel, CSS pixels.
TALLEST_GAP = """async (text) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + text)).blob());
  const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  let gap = 0, tallest = 0;
  for (let y = 0; y < image.height; y++) {
    let dark = false;
    for (let x = 0; x < image.width && !dark; x++) dark = data[4 * (y * image.width + x)] < 120;
    gap = dark ? 0 : gap + 1;
    tallest = Math.max(tallest, gap);
  }
  return tallest;
}"""


async def launch(playwright: Playwright) -> Browser:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("Chromium is not installed (Debian: apt install chromium)")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
    # Peers ask other hosts for fonts and pictures; here there is no network but our own. (A route of Playwright's
    # would refuse them, too, and send every request of every page through it.)
    options.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
    return await playwright.chromium.launch(executable_path=path, args=options)


@dataclass
class Tab:
    """One page in a profile of its own."""

    context: BrowserContext
    page: Page
    cdp: CDPSession
    errors: list[str] = field(default_factory=list)

    async def close(self) -> None:
        await self.context.close()

    async def mark(self, name: str, *, timeout_s: float = 120) -> float:
        """Wait for a mark of the probe; milliseconds since the navigation began."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while loop.time() < until:
            found = await self.page.evaluate("(name) => window.inkProbe.marks[name] ?? null", name)
            if found is not None:
                return float(found)
            await asyncio.sleep(0.05)
        raise TimeoutError(f"no {name} within {timeout_s} s: {self.errors[:3]}")

    async def heap_mb(self) -> float:
        for _ in range(3):
            await self.cdp.send("HeapProfiler.collectGarbage")
        usage = await self.cdp.send("Runtime.getHeapUsage")
        return float(usage["usedSize"]) / 1e6

    async def cpu_s(self) -> float:
        """CPU time the main thread has spent in tasks."""
        metrics = await self.cdp.send("Performance.getMetrics")
        return float(next(one["value"] for one in metrics["metrics"] if one["name"] == "TaskDuration"))

    async def throttle(self, rate: float) -> None:
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})

    async def read(self, what: str) -> Any:
        return await self.page.evaluate(f"window.inkProbe.{what}")

    async def screenshot(self, clip: Sequence[float]) -> str:
        x, y, width, height = clip
        area = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        shot = await self.cdp.send("Page.captureScreenshot", {"format": "png", "clip": area})
        return str(shot["data"])


async def open_tab(
    browser: Browser,
    url: str,
    *,
    cookies: Sequence[dict[str, Any]] = (),
    wanted_seq: int = 0,
    context: BrowserContext | None = None,
) -> Tab:
    """Navigate a fresh profile; returns at once, `mark` waits."""
    if context is None:
        context = await browser.new_context(
            ignore_https_errors=True, locale="en-US", viewport={"width": WIDTH, "height": HEIGHT}
        )
        await context.add_cookies(list(cookies))  # type: ignore[arg-type]
    page = await context.new_page()
    cdp = await context.new_cdp_session(page)
    await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.add_init_script(f"window.inkWanted = {wanted_seq};\n{PROBE}")
    tab = Tab(context, page, cdp)
    page.on("pageerror", lambda error: tab.errors.append(str(error)))
    # A new window loads parts of the browser's own surface for about a second, which is no page's cost.
    await asyncio.sleep(WINDOW_SETTLES_S)
    await page.goto(url, wait_until="commit")
    return tab


def writing(start: Place, *, samples: int, width: float, height: float = 60) -> list[Place]:
    """A long line of loops, as somebody writes it; no two samples alike."""
    x0, y0 = start
    way = []
    for i in range(samples):
        along = i / max(1, samples - 1)
        angle = i / 7
        way.append(
            (
                round(x0 + width * along + 9 * math.cos(angle), 1),
                round(y0 + height * along + 14 * math.sin(angle), 1),
            )
        )
    return way


async def pen_stroke(tab: Tab, way: Sequence[Place], *, hz: float = 120.0, slip_s: float = 0.0) -> None:
    """One stroke with the pen at its own rate.

    Args:
        tab: whose page is written on.
        way: where the samples are.
        hz: samples a second.
        slip_s: what the pen's clock loses over the stroke. Two samples fall into each frame of a 60 Hz screen, and how
            long they wait for it depends on where in the frame they fall. A pen that keeps that place for a whole
            stroke measures its luck; one that slips by one frame has been everywhere in it for the same time.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent = []
    last = len(way)
    for index, (x, y) in enumerate([*way, way[-1]]):
        late = began + index / hz + slip_s * index / last - loop.time()
        if late > 0:
            await asyncio.sleep(late)
        kind = "mousePressed" if index == 0 else "mouseReleased" if index == last else "mouseMoved"
        event = {
            "type": kind,
            "x": x,
            "y": y,
            "button": "left",
            "buttons": 0 if index == last else 1,
            "clickCount": 0 if kind == "mouseMoved" else 1,
            "pointerType": "pen",
            "force": 0.0 if index == last else 0.4 + 0.3 * math.sin(index / 11),
        }
        sent.append(asyncio.ensure_future(tab.cdp.send("Input.dispatchMouseEvent", event)))
        if index == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*sent)


async def scroll(tab: Tab, at: Place, *, seconds: float, px_per_s: float = 3600.0, hz: float = 60.0) -> None:
    """Turn the wheel steadily."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent = []
    for index in range(int(seconds * hz)):
        late = began + index / hz - loop.time()
        if late > 0:
            await asyncio.sleep(late)
        event = {"type": "mouseWheel", "x": at[0], "y": at[1], "deltaX": 0, "deltaY": px_per_s / hz}
        sent.append(asyncio.ensure_future(tab.cdp.send("Input.dispatchMouseEvent", event)))
    await asyncio.gather(*sent)


def share(values: Sequence[float], part: float) -> float:
    """The value below which this part of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] if ordered else math.nan


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def png_bytes(text: str) -> bytes:
    return base64.b64decode(text)
