"""One stroke into notebooks of 0 to 100,000 strokes: what it costs, and the ratio to the smallest.

Wall time until the answer and CPU time of the update process for each stroke, medians; also how long opening takes.
The notebooks are measured in turns, so that whatever else the machine does hits all of them.
Run: python -m benchmarks.notebook_size
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.update_process import ANN, Bench, pen_stroke
from server.domain.ids import NotebookId, Role
from server.domain.log_entry import LogEntry

SIZES = (0, 100, 10_000, 20_000, 100_000)


def fill(bench: Bench, notebook: NotebookId, strokes: int) -> None:
    """Puts strokes straight into the log, as the update process would have."""
    plain = pen_stroke(20).removeprefix("<g")
    for first in range(1, strokes + 1, 5000):
        bench.storage.changes.append_batch(
            [
                LogEntry(
                    notebook,
                    seq,
                    f"f{seq}",
                    "u1",
                    "Ann",
                    1,
                    "a",
                    f'<g id="{seq}"{plain}',
                    seq.to_bytes(16),
                    seq,
                )
                for seq in range(first, min(first + 5000, strokes + 1))
            ]
        )


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=1500, help="measured strokes for each size")
    given = parser.parse_args()
    fragment = json.dumps(pen_stroke()).encode()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), len(SIZES))
        for notebook, size in zip(bench.notebooks, SIZES, strict=True):
            fill(bench, notebook, size)
        bench.updates.start()
        import threading

        threading.Thread(target=bench.updates.send_updates, args=(lambda applied: None,), daemon=True).start()
        bench.updates.ping(timeout_s=20)
        opening = {}
        for notebook, size in zip(bench.notebooks, SIZES, strict=True):
            started = time.perf_counter()
            bench.updates.submit_and_wait(notebook, ANN, Role.OWNER, b"[]", 1)
            opening[size] = time.perf_counter() - started
        bench.updates.flush(timeout_s=120)
        pid = bench.updates.generation.pid  # type: ignore[union-attr,attr-defined]
        wall: dict[int, list[float]] = {size: [] for size in SIZES}
        cpu = dict.fromkeys(SIZES, 0.0)
        for part in range(0, given.strokes, 100):
            for notebook, size in zip(bench.notebooks, SIZES, strict=True):
                used = cpu_s(pid)
                for number in range(part, part + 100):
                    started = time.perf_counter()
                    bench.save(notebook, b'[["a",%b,"m%d"]]' % (fragment, number))
                    wall[size].append(time.perf_counter() - started)
                cpu[size] += cpu_s(pid) - used
        bench.close()
    least = statistics.median(wall[SIZES[0]])
    print("strokes   open ms   stroke ms (median)   p95   CPU ms   ratio to the smallest (to reach: 1.2)")
    for size in SIZES:
        times = sorted(wall[size])
        median = statistics.median(times)
        print(
            f"{size:7,} {1000 * opening[size]:9.0f} {1000 * median:20.3f} {1000 * times[int(0.95 * len(times))]:5.2f} "
            f"{1000 * cpu[size] / len(times):8.3f} {median / least:7.2f}"
        )


if __name__ == "__main__":
    main()
