"""One stroke from a writer to the last of N viewers, over TLS, durable first; and what it costs.

    .venv/bin/python -m benchmarks.fanout [--peers-python PYTHON] [--viewers 10,100,1000] [--strokes N]

Prints medians from the moment the writer sends until the last viewer has it, the time in which the viewers join, the
server's CPU per delivered change at 60 changes/s to 100 readers, and changes stored per second over HTTPS. In the same
run a room server made of python-socketio on uvicorn, behind the same certificate and driven by the same viewers (it
stores nothing), for ratios; without an interpreter that has both it is skipped with the reason. Loopback only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.audience import Audience
from benchmarks.fanout_writers import RoomWriter, SaveWriter
from benchmarks.room_server import peer_missing, room_server
from benchmarks.update_process import pen_stroke
from tests.support.product import Person, Product

TARGETS_MS = {10: 3.0, 100: 5.0, 1000: 23.0}
MOST_JOIN_S = 2.5
MOST_CPU_US = 45.0
LEAST_STORED = 5000
PAUSE_S = 0.2


def measure(send: Callable[[int], float], audience: Audience, first: int, strokes: int) -> list[float]:
    """Milliseconds from sending to the last viewer. `send` sends change `first + n` and says when it began."""
    times: list[float] = []
    for number in range(first, first + strokes):
        began = send(number)
        times.append((audience.wait_for(number) - began) * 1000)
        time.sleep(PAUSE_S)
    return times[min(3, strokes // 4) :]  # the first few warm up


def cpu_s(pids: list[int]) -> float:
    """utime + stime of processes."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Ours:
    """The product with one notebook."""

    def __init__(self, folder: Path) -> None:
        self.product = Product(folder / "data").start()
        self.owner = Person(self.product.port).sign_up("Ann")
        self.ink = pen_stroke()
        assert self.product.process is not None
        self.pids = [self.product.process.pid, self.product.update_process_pid()]

    def new_notebook(self) -> tuple[int, str]:
        notebook = self.owner.new_notebook("Fan-out")
        return notebook, self.owner.share(notebook)

    def fan_out(self, viewers: int, strokes: int) -> tuple[list[float], list[float], float]:
        """(ms to the last viewer, ms to the writer's own answer, seconds to join)."""
        notebook, code = self.new_notebook()
        audience = Audience(self.product.port, viewers, code)
        waiting = 0
        while waiting < viewers:
            waiting = self.owner.get("/health").json["data"]["waiting_polls"]
        answered: list[float] = []
        writer = SaveWriter(self.product.port, self.owner, notebook)

        def send(number: int) -> float:
            began, ended = writer.send(number, self.ink)
            answered.append((ended - began) * 1000)
            return began

        try:
            return measure(send, audience, 1, strokes), answered, audience.joined_s
        finally:
            writer.sock.close()
            audience.close()

    def cost(self, viewers: int, per_s: int, seconds: float) -> float:
        """Microseconds of the server's CPU per change delivered to one reader."""
        notebook, code = self.new_notebook()
        audience = Audience(self.product.port, viewers, code)
        try:
            self.owner.post(f"/SAVE/{notebook}", [["a", self.ink, "warm"]])
            audience.wait_for(1)
            before, began = cpu_s(self.pids), time.monotonic()
            changes = int(per_s * seconds)
            for number in range(changes):
                time.sleep(max(0.0, began + number / per_s - time.monotonic()))
                self.owner.post(f"/SAVE/{notebook}", [["a", self.ink, f"c{number}"]])
            for number in range(changes):
                audience.wait_for(number + 2)
            took_s = time.monotonic() - began
            if took_s > seconds * 1.1:
                print(f"  (the pace was not held: {changes / took_s:.0f} changes/s)")
            return (cpu_s(self.pids) - before) / (changes * viewers) * 1e6
        finally:
            audience.close()

    def stored_per_s(self, writers: int, seconds: float) -> float:
        """Changes stored a second over HTTPS: writers with a notebook each, 64 strokes in a POST."""
        people = []
        for _ in range(writers):
            person = Person(self.product.port)
            person.cookies = dict(self.owner.cookies)
            people.append((person, self.owner.new_notebook("Load")))
        counts = [0] * writers
        end = time.monotonic() + seconds

        def work(mine: int) -> None:
            person, notebook = people[mine]
            number = 0
            while time.monotonic() < end:
                batch = [["a", self.ink, f"{number}-{part}"] for part in range(64)]
                if person.post(f"/SAVE/{notebook}", batch).status == 200:
                    counts[mine] += 64
                    number += 1
            person.close()

        began = time.monotonic()
        threads = [threading.Thread(target=work, args=(mine,)) for mine in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.monotonic() - began)


def verdict(value: float, most: float) -> str:
    return "reached" if value <= most else "NOT reached"


def our_line(ours: Ours, size: int, strokes: int) -> tuple[float, float]:
    """Prints what the product takes; (median ms to the last viewer, seconds to join)."""
    times, answered, joined_s = ours.fan_out(size, strokes)
    median = statistics.median(times)
    line = (
        f"{size:5} viewers: {median:6.2f} ms to the last (best {min(times):.2f}, p95 {sorted(times)[int(len(times) * 0.95)]:.1f}), "
        f"writer answered after {statistics.median(answered):.2f} ms, joined in {joined_s:.2f} s"
    )
    if size in TARGETS_MS:
        line += f"; target {TARGETS_MS[size]} ms {verdict(median, TARGETS_MS[size])}"
    if size == 1000:
        line += f"; join target {MOST_JOIN_S} s {verdict(joined_s, MOST_JOIN_S)}"
    print(line, flush=True)
    return median, joined_s


def peer_line(port: int, ink: str, size: int, strokes: int, ours: tuple[float, float]) -> None:
    """Prints what the room server takes for the same, and how ours compares."""
    audience = Audience(port, size, None)
    writer = RoomWriter(port)
    times = measure(lambda number: writer.send(number, ink), audience, 1, strokes)
    audience.close()
    writer.sock.close()
    median, joined_s = statistics.median(times), audience.joined_s
    print(
        f"      room server (nothing stored): {median:6.2f} ms, joined in {joined_s:.2f} s; "
        f"ratio {ours[0] / median:.2f}, join {ours[1] / joined_s:.2f}",
        flush=True,
    )


def cost_and_store_lines(ours: Ours, seconds: float) -> None:
    """Prints the CPU of a delivered change and how many changes are stored a second."""
    cost = ours.cost(100, 60, seconds)
    print(
        f"CPU per delivered change, 60 changes/s to 100 readers: {cost:.1f} us; target {MOST_CPU_US} us "
        f"{verdict(cost, MOST_CPU_US)}",
        flush=True,
    )
    stored = ours.stored_per_s(16, seconds / 2)
    print(
        f"changes stored a second over HTTPS, 16 writers, 64 strokes a POST, SQLite FULL: {stored:,.0f}; "
        f"target {LEAST_STORED:,} {'reached' if stored >= LEAST_STORED else 'NOT reached'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers-python", help="interpreter with python-socketio and uvicorn[standard]")
    parser.add_argument("--viewers", default="10,100,1000")
    parser.add_argument("--strokes", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=8.0, help="of the CPU and the load measurement")
    given = parser.parse_args()
    sizes = [int(size) for size in given.viewers.split(",")]
    reason = peer_missing(given.peers_python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Ours(folder)
        try:
            if reason:
                print(f"room server skipped: {reason}")
            for size in sizes:
                strokes = given.strokes if size < 1000 else max(10, given.strokes // 2)
                took = our_line(ours, size, strokes)
                if not reason:
                    https = ours.product.data_dir / "https"
                    with room_server(folder, given.peers_python, https) as port:
                        peer_line(port, ours.ink, size, strokes, took)
            cost_and_store_lines(ours, given.seconds)
        finally:
            ours.owner.close()
            ours.product.stop()


if __name__ == "__main__":
    main()
