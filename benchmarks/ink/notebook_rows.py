"""The rows about what is in a notebook: opening and scrolling many strokes, one very long stroke, bytes a stroke.

Owns what is measured and the targets.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3

from benchmarks.ink import driver
from benchmarks.ink.bench import BOARD, MANY, VERY_MANY, Bench, Row
from benchmarks.ink.driver import median, pen_stroke, share, writing
from benchmarks.ink.strokes import fill


async def opening(bench: Bench) -> list[Row]:
    times: dict[str, list[float]] = {}
    first: list[float] = []
    heaps: dict[str, float] = {}
    for turn in range(bench.runs + 1):
        for subject in bench.all:
            tab = await subject.open(bench.browser, MANY)
            ready = await tab.mark("ready")
            if turn > 0:  # the first one warms the server's caches, as the first visitor of a day does
                times.setdefault(subject.name, []).append(ready)
                if subject is bench.ours:
                    first.append(await tab.mark("first"))
            if turn == bench.runs:
                await asyncio.sleep(1)
                heaps[subject.name] = await tab.heap_mb()
            await tab.close()
    seconds = {name: median(all_) / 1000 for name, all_ in times.items()}
    mine, heap = seconds.pop("ours"), heaps.pop("ours")
    return [
        Row("open 10,000 strokes until drawn and ready", mine, "s", 1.2, seconds),
        Row("... first ink", median(first) / 1000, "s", 0.4),
        Row("JS heap at 10,000 strokes", heap, "MB", 30, heaps),
    ]


async def big(bench: Bench) -> list[Row]:
    times, first = [], []
    for turn in range(min(3, bench.runs) + 1):
        tab = await bench.ours.open(bench.browser, VERY_MANY)
        ready = await tab.mark("ready", timeout_s=300)
        if turn > 0:
            times.append(ready / 1000)
            first.append(await tab.mark("first") / 1000)
        await tab.close()
    tab = await bench.ours.open(bench.browser, VERY_MANY)
    await tab.mark("ready", timeout_s=300)
    await asyncio.sleep(2)
    heap = await tab.heap_mb()
    middle = (BOARD[0] + BOARD[2] / 2, BOARD[1] + BOARD[3] / 2)
    await driver.scroll(tab, middle, seconds=0.5)
    await tab.page.evaluate("window.inkProbe.watchFrames()")
    await driver.scroll(tab, middle, seconds=4)
    await tab.page.evaluate("window.inkProbe.watching = false")
    frames = await tab.read("frames")
    gaps = [b - a for a, b in itertools.pairwise(frames)]
    scrolling = asyncio.ensure_future(driver.scroll(tab, middle, seconds=4))
    shots = []
    for _ in range(8):
        await asyncio.sleep(0.3)
        shots.append(await tab.screenshot(BOARD))
    await scrolling
    await tab.close()
    blank = await bench.browser.new_page()
    gap = max([await blank.evaluate(driver.TALLEST_GAP, shot) for shot in shots])
    await blank.close()
    return [
        Row("open 100,000 strokes", median(times), "s", 3),
        Row("... first ink", median(first), "s"),
        Row("JS heap at 100,000 strokes", heap, "MB"),
        Row("scroll 100,000 at 3,600 px/s: p99 frame", share(gaps, 0.99), "ms", 17),
        Row("... tallest band without ink (lines are 40 px apart)", gap, "px", 60),
    ]


async def long_stroke(bench: Bench) -> list[Row]:
    found: dict[str, tuple[float, float]] = {}
    for subject in bench.all:
        tab = await subject.open(bench.browser, 0)
        await tab.mark("ready")
        await asyncio.sleep(1)
        way = writing((BOARD[0] + 40, BOARD[1] + 100), samples=2990, width=BOARD[2] - 80, height=500)
        await pen_stroke(tab, [(x, y) for x, y in way[:30]])
        await asyncio.sleep(0.5)
        await tab.page.evaluate("window.inkProbe.reset()")
        await pen_stroke(tab, way, hz=240)
        draws = await tab.read("draws")
        await tab.close()
        short = [ms for seen, ms in draws if 60 <= seen <= 260]
        full = [ms for seen, ms in draws if 2600 <= seen <= 2990]
        found[subject.name] = (sum(short) / max(1, len(short)), sum(full) / max(1, len(full)))
    at_100, at_3000 = found.pop("ours")
    peers = {name: pair[1] for name, pair in found.items()}
    ratios = {name: pair[1] / pair[0] for name, pair in found.items() if pair[0]}
    return [
        Row(
            "draw cost a frame at 100 points",
            at_100,
            "ms",
            None,
            {name: pair[0] for name, pair in found.items()},
        ),
        Row("draw cost a frame at 3,000 points", at_3000, "ms", 1, peers),
        Row("... to that at 100 points", at_3000 / at_100, "x", 1.2, ratios),
    ]


async def size(bench: Bench) -> list[Row]:
    count = 2000
    notebook_id = bench.ours.notebook(count, points=68)
    empty_id = bench.ours.person.new_notebook("bytes")
    path = f"/Notebook/{notebook_id}.svg"
    plain = len(bench.ours.person.get(path, Accept_Encoding="identity").body)
    packed = bench.ours.person.get(path, Accept_Encoding="gzip, br, zstd")
    how = packed.headers.get("content-encoding", "plain")

    def stored() -> int:
        """Bytes of the data folder once the journal, which is as long empty as full, is in the database."""
        with contextlib.closing(sqlite3.connect(bench.folder / "data" / "notebooks.sqlite3")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        files = [*(bench.folder / "data").rglob("*")]
        return sum(one.stat().st_size for one in files if one.is_file() and "log" not in one.suffix)

    before = stored()
    fill(bench.ours.person, empty_id, count, points=68)
    at_rest = stored() - before
    return [
        Row("bytes a stroke of 68 points, plain", plain / count / 1024, "KB", 1.2),
        Row(f"... compressed ({how})", len(packed.body) / count / 1024, "KB", 0.45),
        Row("... at rest, log and snapshot", at_rest / count / 1024, "KB", 1.2),
    ]
