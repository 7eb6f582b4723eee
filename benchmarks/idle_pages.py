"""CPU of an idle server with open pages: each page holds one long poll with live ink, as a browser does.

    .venv/bin/python benchmarks/idle_pages.py [--pages 50] [--seconds 30]

Prints the share of one core that all server processes used together; the figure to stay under is 1 %. Polls end and
begin again during the measurement, as they do in life.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.product import Person, Product, running  # noqa: E402


def cpu_s(product: Product) -> float:
    """User and system time of the whole process group, seconds."""
    assert product.process is not None
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == product.process.pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pages", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=30)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as product:
        owner = Person(product.port).sign_up("owner")
        code = owner.share(owner.new_notebook("idle"))
        over = threading.Event()

        def page(number: int) -> None:
            person = Person(product.port)
            while not over.is_set():
                try:
                    person.get(f"/UPDATE?code={code}&since=0&client=page{number}")
                except OSError:
                    assert over.is_set(), "a poll broke off during the measurement"

        for number in range(options.pages):
            threading.Thread(target=page, args=(number,), daemon=True).start()
        time.sleep(3)
        before = cpu_s(product)
        time.sleep(options.seconds)
        used = cpu_s(product) - before
        print(
            f"{options.pages} open pages: {100 * used / options.seconds:.2f} % of a core over {options.seconds:.0f} s (goal < 1 %)"
        )
        over.set()


if __name__ == "__main__":
    main()
