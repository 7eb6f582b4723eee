"""Runs many seeded schedules: `python -m tests.convergence.run --count 10000`.

Owns the loop, the summary and the exit status; a failing seed is printed with its operations. Several processes
share the seeds. What is checked is `schedule`'s.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.convergence.schedule import NodeClients, Result, Schedule
from tests.convergence.server_side import Breakage, make_template

SCHEDULES_A_NODE = 250


@dataclass
class Summary:
    """What many schedules came to."""

    schedules: int = 0
    made: int = 0
    stored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    delivery_ms: list[float] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.schedules += 1
        self.made += result.made
        self.stored += result.stored
        self.refused += result.refused
        self.delivery_ms += result.delivery_ms
        if result.problems:
            self.failed.append(result)

    def percentile_ms(self, part: float) -> float:
        ordered = sorted(self.delivery_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    def text(self) -> str:
        kinds = Counter(problem.split(":")[0] for result in self.failed for problem in result.problems)
        return (
            f"{self.schedules} schedules, {self.made} changes made, {self.stored} stored, "
            f"{sum(self.refused.values())} in trays {dict(self.refused)}; "
            f"{len(self.failed)} failed {dict(kinds)}; delivery with no loss: "
            f"p50 {self.percentile_ms(0.5):.0f} ms, p99 {self.percentile_ms(0.99):.0f} ms of {len(self.delivery_ms)}"
        )


def scratch_folder() -> Path:
    """On memory where there is such a disk: what is proved here does not need a slow one."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="convergence-", dir=memory if os.access(memory, os.W_OK) else None))


def run_seeds(seeds: Iterable[int], breakage: Breakage | None = None) -> Iterator[Result]:
    """Runs seeds one after the other in this process."""
    folder = scratch_folder()
    clients = None
    try:
        template = make_template(folder / "template")
        for count, seed in enumerate(seeds):
            if clients is None or count % SCHEDULES_A_NODE == 0:
                if clients is not None:
                    clients.close()
                clients = NodeClients()
            place = folder / f"seed-{seed}"
            yield Schedule(seed, template, place, clients, breakage).run()
            shutil.rmtree(place)
    finally:
        if clients is not None:
            clients.close()
        shutil.rmtree(folder, ignore_errors=True)


def _work(seeds: range, results: multiprocessing.Queue[Result | None]) -> None:
    for result in run_seeds(seeds):
        if not result.problems:
            result.story = []
        results.put(result)
    results.put(None)


def run_many(first: int, count: int, processes: int) -> Summary:
    """Shares the seeds among processes; a single one is this one."""
    summary = Summary()
    for result in _results(first, count, processes):
        summary.add(result)
        if result.problems:
            print(f"seed {result.seed}: {result.problems[0][:300]}", flush=True)
        if summary.schedules % 500 == 0:
            print(summary.text(), flush=True)
    return summary


def _results(first: int, count: int, processes: int) -> Iterator[Result]:
    if processes == 1:
        yield from run_seeds(range(first, first + count))
        return
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[Result | None] = context.Queue()
    workers = [
        context.Process(target=_work, args=(range(first + part, first + count, processes), results))
        for part in range(processes)
    ]
    for worker in workers:
        worker.start()
    running = len(workers)
    while running:
        try:
            result = results.get(timeout=30)
        except queue.Empty:
            if any(worker.exitcode not in (None, 0) for worker in workers):
                raise RuntimeError("a process of the suite was ended from outside") from None
            continue
        if result is None:
            running -= 1
        else:
            yield result
    for worker in workers:
        worker.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    began = time.monotonic()
    summary = run_many(arguments.first, arguments.count, arguments.processes)
    for result in summary.failed[:5]:
        print(result.report())
    print(f"{summary.text()}; {time.monotonic() - began:.0f} s")
    if summary.failed:
        print("failed seeds:", sorted(result.seed for result in summary.failed)[:50])
    return 1 if summary.failed or summary.percentile_ms(0.99) > 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
