"""Requests and new connections a second over TLS: this server beside others, same certificate, same load.

    .venv/bin/python benchmarks/http_throughput.py [--peers-python PYTHON] [--rounds N] [--seconds S]

Ours is the product as started by `python main.py` (router, security headers, access log) serving the file of public/
that is nearest to 1 KiB; every peer serves as many bytes from memory, without a log. "thread per connection" is a
plain loop over the same http_core. Peers come from a virtual environment that the script makes in `build/` unless it
is told of one; what is missing is skipped with a reason. Prints medians, and ratios as medians over the rounds. Loopback only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.http_peers import PEERS, Field, Missing, peers_python  # noqa: E402

OURS, BASE, NGINX = "this server", "uvicorn (uvloop, httptools)", "nginx (2 workers)"


def nearest_file() -> tuple[str, int]:
    """The static file whose bytes on the wire are nearest to 1 KiB: its path and size."""
    kinds = {".svg", ".png", ".css", ".js", ".ico", ".webmanifest"}
    files = [path for path in (ROOT / "public").rglob("*") if path.suffix in kinds and path.is_file()]
    best = min(files, key=lambda path: abs(path.stat().st_size - 1024))
    return "/" + best.relative_to(ROOT / "public").as_posix(), best.stat().st_size


def cpu_s(pid: int) -> float:
    """CPU used so far by a process and its children, 0.0 where /proc is missing."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = {int(child) for task in tasks for child in (task / "children").read_text().split()}
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(cpu_s, children))


def load(kind: str, port: int, path: str, connections: int, seconds: float) -> dict[str, float]:
    script = [
        sys.executable,
        str(ROOT / "benchmarks" / "http_load.py"),
        kind,
        "--port",
        str(port),
        "--path",
        path,
    ]
    sizes = ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run(
        [*script, *sizes], capture_output=True, text=True, check=False, timeout=seconds + 60
    )
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the load failed")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> int:
    """Measure in interleaved rounds; exit status 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--peers-python", help="an interpreter that has " + ", ".join(PEERS))
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--only", action="append", help="name of a server (may be repeated)")
    options = arguments.parse_args()
    names = [OURS, BASE, NGINX, "aiohttp", "gunicorn gthread", "cheroot", "thread per connection"]
    names = [name for name in names if not options.only or any(word in name for word in options.only)]
    path, size = nearest_file()
    print(f"GET {path} ({size} bytes) over TLS, {options.connections} connections, {options.rounds} rounds\n")
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        contest = Field(Path(folder), peers_python(options.peers_python), path, size)
        ports: dict[str, tuple[int, int]] = {}
        for name in names:
            try:
                ports[name] = stack.enter_context(contest.running(name))
                load("keepalive", ports[name][0], path, options.connections, 0.5)
            except Missing as reason:
                ports.pop(name, None)
                print(f"skipped {name}: {reason}")
        for _ in range(options.rounds):
            for name, (port, pid) in ports.items():
                for kind in ("keepalive", "connect"):
                    try:
                        used = cpu_s(pid)
                        result = load(kind, port, path, options.connections, options.seconds)
                        result["cpu_us"] = (cpu_s(pid) - used) / result["done"] * 1e6
                        for figure, value in result.items():
                            figures[name].setdefault(f"{kind} {figure}", []).append(value)
                    except Missing as reason:
                        print(f"{name}, {kind}: {reason}")
    return report(figures)


def report(figures: dict[str, dict[str, list[float]]]) -> int:
    """Print the table; 1 when ours is below a goal."""
    medians = {
        name: {key: statistics.median(v) for key, v in runs.items()} for name, runs in figures.items() if runs
    }

    def ratio(name: str, key: str, other: str) -> float | None:
        """Median over the rounds: what else the machine did in a round, it did to both."""
        mine, theirs = figures.get(name, {}).get(key, []), figures.get(other, {}).get(key, [])
        pairs = list(zip(mine, theirs, strict=False))
        return statistics.median(a / b for a, b in pairs) if pairs else None

    print(
        f"\n{'server':30}{'requests/s':>11}{'x uvicorn':>10}{'CPU us':>8}{'p50 ms':>8}{'p99 ms':>8}"
        f"{'connects/s':>12}{'x uvicorn':>10}{'CPU us':>8}"
    )
    for name, row in medians.items():
        line = f"{name:30}"
        for kind, figures_of in (("keepalive", ("cpu_us", "p50_ms", "p99_ms")), ("connect", ("cpu_us",))):
            rate = ratio(name, f"{kind} per_s", BASE)
            line += f"{row.get(f'{kind} per_s', float('nan')):{11 if kind == 'keepalive' else 12},.0f}"
            line += f"{'-' if rate is None else f'{rate:.2f}':>10}"
            line += "".join(f"{row.get(f'{kind} {figure}', float('nan')):8.2f}" for figure in figures_of)
        print(line)
    goals = [(BASE, "keepalive per_s", 1.3), (NGINX, "keepalive per_s", 0.6), (BASE, "connect per_s", 1.0)]
    missed = 0
    print()
    for other, key, goal in goals:
        if (reached := ratio(OURS, key, other)) is not None:
            missed += reached < goal
            print(
                f"{key.split()[0]:10} {reached:.2f} x {other}, goal {goal}: {'reached' if reached >= goal else 'MISSED'}"
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
