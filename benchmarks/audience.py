"""The audience of the fan-out: viewers in processes of their own, and when the last of them had a change.

Owns the processes that run `benchmarks.viewers` and what they tell. A thread each reads their lines.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from typing import Any

from tests.support.product import ROOT

PROCESSES = 2


class Audience:
    """Viewers in processes of their own, and the moments at which all of them had a change."""

    def __init__(self, port: int, count: int, code: str | None) -> None:
        self._last: dict[int, list[float]] = {}
        self._news: queue.Queue[dict[str, Any]] = queue.Queue()
        shares = [count // PROCESSES + (1 if part < count % PROCESSES else 0) for part in range(PROCESSES)]
        began = time.monotonic()
        self._processes = [
            subprocess.Popen(
                [
                    sys.executable, "-m", "benchmarks.viewers", "--port", str(port), "--count", str(share),
                    "--first-address", str(1 + 10 * part), *([f"--code={code}"] if code else []),
                ],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for part, share in enumerate(shares) if share
        ]  # fmt: skip
        for process in self._processes:
            threading.Thread(target=self._read, args=(process,), daemon=True).start()
        took = [self._news.get(timeout=120)["took_s"] for _ in self._processes]
        self.joined_s = max(took)
        self.joined_with_start_s = time.monotonic() - began

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith("{"):
                print(f"  viewers: {line.strip()}")
                continue
            self._news.put(json.loads(line))

    def wait_for(self, seq: int, timeout_s: float = 30.0) -> float:
        """The moment at which the last viewer of all had this change."""
        while len(self._last.get(seq, ())) < len(self._processes):
            news = self._news.get(timeout=timeout_s)
            self._last.setdefault(news["seq"], []).append(news["last"])
        return max(self._last.pop(seq))

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
