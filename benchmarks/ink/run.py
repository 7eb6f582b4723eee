"""The ink benchmark: our page and, where installed, Excalidraw and tldraw, with the same strokes on one machine.

    .venv/bin/python benchmarks/ink/run.py [--peers DIR] [--rows capture,latency,...] [--data DIR] [--runs 5]

Prints one line a figure: ours, the target, the peers, how many times better, and whether the target is reached.
`--data` keeps the filled notebooks for the next run. The peers' folder is made by `install_peers.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.async_api import async_playwright  # noqa: E402

from benchmarks.ink.bench import Bench, Row  # noqa: E402
from benchmarks.ink.driver import launch  # noqa: E402
from benchmarks.ink.notebook_rows import big, long_stroke, opening, size  # noqa: E402
from benchmarks.ink.pen_rows import capture, cpu, latency  # noqa: E402
from benchmarks.ink.sharing_rows import identical, offline, peer_sees  # noqa: E402
from benchmarks.ink.subjects import ours, peers  # noqa: E402

ROWS: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "capture": capture,
    "latency": latency,
    "cpu": cpu,
    "open": opening,
    "big": big,
    "long": long_stroke,
    "bytes": size,
    "peer": peer_sees,
    "offline": offline,
    "identical": identical,
}
"""The rows by name, in their order; each may be run alone, for those that write into a notebook open it anew."""


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def line(row: Row, names: list[str]) -> str:
    target = "-" if row.target is None else f"{'>=' if row.at_least else '<='} {figure(row.target)}"
    cells = [f"{row.what:<58}", f"{figure(row.ours):>8} {row.unit:<3}", f"{target:>9}"]
    for name in names:
        value = row.peers.get(name)
        ratio = (
            ""
            if not value or not row.ours or row.at_least or row.unit == "x"
            else f" ({value / row.ours:.1f}x)"
        )
        cells.append(f"{'' if value is None else figure(value) + ratio:>18}")
    cells.append({None: "", True: "pass", False: "SHORT"}[row.passed])
    return " ".join(cells).rstrip()


async def measure(options: argparse.Namespace, folder: Path) -> int:
    short = 0
    with ours(folder) as subject, peers(options.peers) as others:
        names = [peer.name for peer in others]
        version = ""
        async with async_playwright() as playwright:
            browser = await launch(playwright)
            version = browser.version
            print(f"Chromium {version} headless, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
            print(f"{'':<58} {'ours':>12} {'target':>9} " + " ".join(f"{name:>18}" for name in names))
            bench = Bench(browser, subject, others, folder, options.runs)
            for name in options.rows:
                began = time.monotonic()
                for row in await ROWS[name](bench):
                    short += row.passed is False
                    print(line(row, names), flush=True)
                print(
                    f"  [{name}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}]", flush=True
                )
            await browser.close()
    print(f"{short} short of the target" if short else "all targets reached")
    return 1 if short else 0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--peers", type=Path)
    arguments.add_argument("--rows", type=lambda text: text.split(","), default=list(ROWS))
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    options = arguments.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        arguments.error(f"there is no row {', '.join(sorted(unknown))}; rows are {', '.join(ROWS)}")
    if options.data:
        options.data.mkdir(parents=True, exist_ok=True)
        return asyncio.run(measure(options, options.data))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(options, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
