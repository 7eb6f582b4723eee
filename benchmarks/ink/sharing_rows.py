"""The rows about more than one page: how soon a peer sees a stroke, what survives offline, whether all see the same.

Owns what is measured and the targets. Each row makes a notebook of its own.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks.ink.bench import BOARD, Bench, Row
from benchmarks.ink.driver import Tab, median, pen_stroke, share, writing


async def open_twice(bench: Bench, title: str) -> tuple[int, Tab, Tab]:
    """The id of a new notebook, which is open and ready in two tabs."""
    notebook_id = bench.ours.person.new_notebook(title)
    author = await bench.ours.open_notebook(bench.browser, notebook_id)
    reader = await bench.ours.open_notebook(bench.browser, notebook_id)
    for tab in (author, reader):
        await tab.mark("ready")
    return notebook_id, author, reader


async def peer_sees(bench: Bench) -> list[Row]:
    _, author, reader = await open_twice(bench, "two")
    await reader.page.evaluate("window.inkProbe.watchArrivals()")
    await asyncio.sleep(1)
    waits = []
    for index in range(44):
        row, column = divmod(index, 8)
        start = (BOARD[0] + 20 + 100 * column, BOARD[1] + 40 + 80 * row)
        seen = len(await reader.read("arrivals"))
        await pen_stroke(author, writing(start, samples=20, width=60, height=5))
        lifted = float(await author.read("liftedAt"))
        # The page notes the times itself: asking it meanwhile would take the processor from what is measured.
        await asyncio.sleep(0.2)
        for _ in range(200):
            arrivals = await reader.read("arrivals")
            if len(arrivals) > seen:
                break
            await asyncio.sleep(0.02)
        else:
            raise TimeoutError("the reader's page did not show the stroke")
        waits.append(arrivals[seen]["at"] - lifted)
        await asyncio.sleep(0.1)
    for tab in (author, reader):
        await tab.close()
    return [
        Row("peer sees a finished stroke, median", median(waits[4:]), "ms"),
        Row("peer sees a finished stroke, p95", share(waits[4:], 0.95), "ms", 60),
    ]


async def offline(bench: Bench) -> list[Row]:
    strokes = 500
    notebook_id = bench.ours.person.new_notebook("offline")
    tab = await bench.ours.open_notebook(bench.browser, notebook_id)
    await tab.mark("ready")
    await tab.context.set_offline(True)
    for index in range(strokes):
        row, column = divmod(index, 40)
        start = (BOARD[0] + 20 + 20 * column, BOARD[1] + 20 + 40 * row)
        await pen_stroke(tab, writing(start, samples=8, width=14, height=4), hz=2000)
    await asyncio.sleep(1)
    try:
        await asyncio.wait_for(tab.cdp.send("Page.crash"), 2)
    except (TimeoutError, Exception) as error:
        if "Cannot find context" in str(error):
            raise
    await tab.page.close()
    await tab.context.set_offline(False)
    again = await bench.ours.open_notebook(bench.browser, notebook_id, context=tab.context)
    began = time.monotonic()
    stored = 0
    while time.monotonic() - began < 30 and stored < strokes:
        stored = bench.ours.seq(notebook_id)
        await asyncio.sleep(0.02)
    took = time.monotonic() - began
    await asyncio.sleep(0.5)
    stored = bench.ours.seq(notebook_id)
    await again.close()
    return [
        Row("500 strokes offline, page killed: lost", strokes - stored, "", 0),
        Row("... all stored after the page came back", took, "s", 3),
    ]


async def identical(bench: Bench) -> list[Row]:
    notebook_id, author, reader = await open_twice(bench, "identical")
    for row in range(6):
        way = writing((BOARD[0] + 20, BOARD[1] + 40 + 90 * row), samples=60 + 90 * row, width=800, height=3)
        await pen_stroke(author, way, hz=480)
    await bench.ours.saved(author)
    await asyncio.sleep(1)
    paths = "[...new Set([...document.querySelectorAll('#board [data-key]')].map((p) => p.getAttribute('d')))].sort()"
    seen = [await tab.page.evaluate(paths) for tab in (author, reader)]
    await reader.close()
    await author.page.reload()
    await asyncio.sleep(2)
    seen.append(await author.page.evaluate(paths))
    await author.close()
    export = bench.ours.person.get(f"/Notebook/{notebook_id}.svg").body.decode()
    alike = [d for d in seen[0] if f'd="{d}"' in export and all(d in other for other in seen)]
    return [Row("of 6 strokes the same d at author, peer, reload, export", len(alike), "", 6, at_least=True)]
