"""The rows about the pen: what is captured of four seconds of writing, how soon it is drawn, what it costs.

Owns the session all of them share, which is measured once for each program, notebook and slowness, and their targets.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.ink.bench import BOARD, MANY, VERY_MANY, Bench, Row
from benchmarks.ink.driver import Tab, median, pen_stroke, share, writing
from benchmarks.ink.subjects import Ours

SAMPLES = 480
FRAME_S = 1 / 60


async def pen_session(bench: Bench, subject: Any, count: int, *, throttle: float = 1) -> dict[str, float]:
    """Four seconds of the pen at 120 Hz; measured once for all rows that ask."""
    key = (subject.name, count, throttle)
    if key in bench.sessions:
        return bench.sessions[key]
    tab: Tab = await subject.open(bench.browser, count)
    await tab.mark("ready")
    await asyncio.sleep(1.5)
    if throttle != 1:
        await tab.throttle(throttle)
    way = writing((BOARD[0] + 40, BOARD[1] + 300), samples=SAMPLES, width=BOARD[2] - 80)
    # One short stroke first: what is compiled or loaded with the first one is not what is measured.
    await pen_stroke(tab, [(x, y - 120) for x, y in way[:40]])
    await asyncio.sleep(1.0 * throttle)
    if isinstance(subject, Ours):
        await subject.saved(tab)
    before = subject.seq(subject.notebook(count)) if isinstance(subject, Ours) else 0
    known = 0 if isinstance(subject, Ours) else await tab.page.evaluate("window.peer.lastStrokePoints()")
    await tab.page.evaluate("window.inkProbe.reset()")
    cpu = await tab.cpu_s()
    await pen_stroke(tab, way, slip_s=FRAME_S)
    spent = await tab.cpu_s() - cpu
    await asyncio.sleep(1.0 * throttle)
    latencies = await tab.read("latencies")
    if isinstance(subject, Ours):
        await subject.saved(tab)
        captured = sum(subject.points_after(subject.notebook(count), before))
    else:
        captured = await tab.page.evaluate("window.peer.lastStrokePoints()")
        captured -= known if subject.name == "tldraw" else 0
    await tab.close()
    figures = {
        "captured": captured,
        "median": median(latencies),
        "p95": share(latencies, 0.95),
        "cpu": 1000 * spent / SAMPLES,
    }
    bench.sessions[key] = figures
    return figures


async def others(bench: Bench, figure: str, count: int = MANY) -> dict[str, float]:
    return {peer.name: (await pen_session(bench, peer, count))[figure] for peer in bench.peers}


async def capture(bench: Bench) -> list[Row]:
    plain = await pen_session(bench, bench.ours, MANY)
    slow = await pen_session(bench, bench.ours, MANY, throttle=4)
    slow_peers = {p.name: (await pen_session(bench, p, MANY, throttle=4))["captured"] for p in bench.peers}
    return [
        Row(
            "samples captured of 480, 10,000 strokes",
            plain["captured"],
            "",
            SAMPLES,
            await others(bench, "captured"),
            True,
        ),
        Row("the same, CPU 4x slower", slow["captured"], "", SAMPLES, slow_peers, True),
    ]


async def latency(bench: Bench) -> list[Row]:
    empty = await pen_session(bench, bench.ours, 0)
    many = await pen_session(bench, bench.ours, MANY)
    rows = [
        Row("sample to end of frame, empty, median", empty["median"], "ms"),
        Row("... empty, p95", empty["p95"], "ms"),
        Row("... 10,000 strokes, median", many["median"], "ms", 10, await others(bench, "median")),
        Row("... 10,000 strokes, p95", many["p95"], "ms", 20, await others(bench, "p95")),
        Row("... 10,000 to empty, median", many["median"] / empty["median"], "x", 1.2),
    ]
    very = await pen_session(bench, bench.ours, VERY_MANY)
    rows += [
        Row("... 100,000 strokes, median", very["median"], "ms"),
        Row("... 100,000 strokes, p95", very["p95"], "ms", 20),
        Row("... 100,000 to empty, median", very["median"] / empty["median"], "x", 1.2),
        Row("... 100,000 to empty, p95", very["p95"] / empty["p95"], "x", 1.2),
    ]
    return rows


async def cpu(bench: Bench) -> list[Row]:
    many = await pen_session(bench, bench.ours, MANY)
    return [
        Row(
            "main-thread CPU a pointer move, 10,000 strokes", many["cpu"], "ms", 4, await others(bench, "cpu")
        )
    ]
