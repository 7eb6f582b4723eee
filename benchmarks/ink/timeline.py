"""How smoothly the timeline of a long notebook scrubs in the real page: frames per second, and what opening it takes.

Owns making a notebook of 10,000 changes (ink, erasures, clears that are taken back), opening its timeline in headless
Chromium and moving the slider as a hand does, in three ways: a steady sweep, back and forth,
and jumps; `idle` moves nothing and tells what the machine gives at that moment. Run as
`python -m benchmarks.ink.timeline [--changes 10000]`; prints one line a figure. The aim is 30 frames/s or more.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import context_for, wait_ready
from tests.support.product import running

AIM = 30.0
SWEEP = """async (way) => {
  const slider = document.querySelector('.timeline input[type=range]');
  const [low, high] = [Number(slider.min), Number(slider.max)];
  const gaps = [], work = [];
  const span = 4000;
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const began = performance.now();
  let last = began;
  while (last - began < span) {
    const along = (last - began) / span;
    const part = way === 'sweep' ? along : way === 'back' ? Math.abs(1 - ((along * 6) % 2)) : random();
    let start = 0;
    requestAnimationFrame(() => { start = performance.now(); });
    if (way !== 'idle') {
      slider.value = String(Math.round(low + part * (high - low)));
      slider.dispatchEvent(new Event('input'));
    }
    await new Promise((done) => requestAnimationFrame(() => { work.push(performance.now() - start); done(); }));
    await new Promise((done) => setTimeout(done, 0));
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  for (const list of [gaps, work]) list.sort((a, b) => a - b);
  return { frames: gaps.length, seconds: (last - began) / 1000, p95: gaps[Math.floor(gaps.length * 0.95)], worst: gaps.at(-1), work: work[Math.floor(work.length / 2)] };
}"""


def history(count: int) -> list[tuple[str, Any]]:
    """Changes of a lesson: mostly ink, now and then an erasure, a colour, a clear that is taken back."""
    dice = random.Random(11)
    changes: list[tuple[str, Any]] = []
    ids = 0
    while len(changes) < count:
        kind = dice.random()
        if kind < 0.93 or ids < 10:
            ids += 1
            x, y = dice.randrange(200, 11_000), dice.randrange(200, 15_500)
            changes.append(("a", line(x, y, dice.choice(["#000000", "#1f4fd8", "#c92a2a"]), 400)))
        elif kind < 0.98:
            changes.append(("e", {"ids": [str(dice.randrange(1, ids + 1))]}))
        else:
            changes.append(("s", {"ids": [str(dice.randrange(1, ids + 1))], "fill": "#1d7a46"}))
    return changes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    count = parser.parse_args().changes
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data") as product,
        signed_up(product, "Dana") as (owner,),
        sync_playwright() as playwright,
    ):
        notebook = owner.new_notebook("A long year")
        save(owner, f"/SAVE/{notebook}", history(count), batch=500)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = context_for(browser)
        log_in(context, product, owner)
        page = context.new_page()
        page.goto(f"{product.url}/?id={notebook}")
        wait_ready(page, count, timeout_s=60)
        page.locator("#status").click()
        began = time.monotonic()
        page.get_by_role("button", name="Timeline").click()
        page.locator(".timeline[data-seq]").wait_for(timeout=60_000)
        print(f"changes {count}; first picture after {time.monotonic() - began:.2f} s")
        page.locator(".timeline[data-prepared=yes]").wait_for(timeout=60_000)
        print(f"keyframes after {time.monotonic() - began:.2f} s")
        for way in ("idle", "sweep", "back", "jumps"):
            found = page.evaluate(SWEEP, way)
            rate = found["frames"] / found["seconds"]
            print(
                f"{way}: {rate:.1f} frames/s (aim {AIM:.0f}), "
                f"p95 {found['p95']:.1f} ms, worst {found['worst']:.1f} ms; script a frame {found['work']:.1f} ms"
            )
        browser.close()


if __name__ == "__main__":
    main()
