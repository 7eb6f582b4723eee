"""One stroke from a writer to the last of N viewers, over TLS, durable first; and what it costs.

    .venv/bin/python -m benchmarks.fanout [--peers-python PYTHON] [--viewers 10,100,1000] [--strokes N]

Prints medians from the moment the writer sends until the last viewer has it, the time in which the viewers join, the
server's CPU per delivered change at 60 changes/s to 100 readers, and changes stored per second over HTTPS. In the same
run a room server made of python-socketio on uvicorn, behind the same certificate and driven by the same viewers (it
stores nothing), for ratios; without an interpreter that has both it is skipped with the reason. Loopback only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.update_process import pen_stroke
from benchmarks.viewers import LENGTH, frame, take_frame
from tests.support.product import ROOT, Person, Product, free_port

TARGETS_MS = {10: 3.0, 100: 5.0, 1000: 23.0}
MOST_JOIN_S = 2.5
MOST_CPU_US = 45.0
LEAST_STORED = 5000
PROCESSES = 2
PAUSE_S = 0.2

ROOM_SERVER = """
import socketio
sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = socketio.ASGIApp(sio)

@sio.event
async def connect(sid, environ):
    await sio.enter_room(sid, "notebook")

@sio.event
async def stroke(sid, data):
    await sio.emit("stroke", data, room="notebook")
    return "ok"
"""


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


def tls_socket(port: int) -> ssl.SSLSocket:
    """A connection to a server on this machine, its certificate unchecked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname="localhost")


class SaveWriter:
    """The owner, who draws and waits for the acknowledgement; no more of a client than the room server's writer is."""

    def __init__(self, port: int, owner: Person, notebook: int) -> None:
        self.sock = tls_socket(port)
        cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
        self._head = (
            f"POST /SAVE/{notebook} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookies}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def send(self, number: int, ink: str) -> tuple[float, float]:
        """The moments at which it was sent and at which it was acknowledged as change `number`."""
        body = json.dumps([["a", ink, f"s{number}"]]).encode()
        request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        began = time.monotonic()
        self.sock.sendall(request)
        data = b""
        while not (length := LENGTH.search(data)) or len(data) < data.index(b"\r\n\r\n") + 4 + int(length[1]):
            got = self.sock.recv(65536)
            assert got, "the server closed the writer's connection"
            data += got
        ended = time.monotonic()
        head, _, told = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and json.loads(told)["seq"] == number, data
        return began, ended


class RoomWriter:
    """One websocket client of the room server that draws and waits for the acknowledgement."""

    def __init__(self, port: int) -> None:
        self.sock = tls_socket(port)
        self.sock.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.sock.recv(4096)
        self._data = data.partition(b"\r\n\r\n")[2]
        self._until(b"0")
        self.sock.sendall(frame(b"40"))
        self._until(b"40")

    def _until(self, start: bytes) -> None:
        while True:
            text, self._data = take_frame(self._data)
            if text is None:
                self._data += self.sock.recv(65536)
            elif text == b"2":
                self.sock.sendall(frame(b"3"))
            elif text.startswith(start):
                return

    def send(self, number: int, ink: str) -> float:
        event = json.dumps(["stroke", {"n": number, "svg": ink}], separators=(",", ":")).encode()
        began = time.monotonic()
        self.sock.sendall(frame(b"42%d" % number + event))
        self._until(b"43%d" % number)
        return began


@contextlib.contextmanager
def room_server(folder: Path, python: str, https: Path) -> Iterator[tuple[int, int]]:
    """The reference server: (port, pid)."""
    (folder / "room.py").write_text(ROOM_SERVER)
    port = free_port()
    process = subprocess.Popen(
        [
            python, "-m", "uvicorn", "room:app", "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
            "--log-level", "error", "--ssl-certfile", str(https / "servercert.pem"),
            "--ssl-keyfile", str(https / "serverkey.pem"),
        ],
        cwd=folder,
    )  # fmt: skip
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.kill()  # nothing of it is to be kept, and it would wait for its clients
        process.wait(10)


def peer_missing(python: str | None) -> str | None:
    """Why the room server cannot run, or None."""
    if python is None:
        return "no --peers-python was given (an environment with python-socketio and uvicorn[standard])"
    check = subprocess.run(
        [python, "-c", "import socketio, uvicorn, websockets"], capture_output=True, text=True, check=False
    )
    return None if check.returncode == 0 else f"{python}: {check.stderr.strip().splitlines()[-1]}"


def verdict(value: float, most: float) -> str:
    return "reached" if value <= most else "NOT reached"


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
    peer: dict[int, tuple[float, float]] = {}
    reason = peer_missing(given.peers_python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Ours(folder)
        try:
            if reason:
                print(f"room server skipped: {reason}")
            for size in sizes:
                strokes = given.strokes if size < 1000 else max(10, given.strokes // 2)
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
                if not reason:
                    with room_server(folder, given.peers_python, ours.product.data_dir / "https") as (
                        port,
                        _pid,
                    ):
                        audience = Audience(port, size, None)
                        writer = RoomWriter(port)
                        room = measure(lambda n, w=writer: w.send(n, ours.ink), audience, 1, strokes)  # type: ignore[misc]
                        peer[size] = (statistics.median(room), audience.joined_s)
                        audience.close()
                        writer.sock.close()
                    print(
                        f"      room server (nothing stored): {peer[size][0]:6.2f} ms, joined in {peer[size][1]:.2f} s; "
                        f"ratio {median / peer[size][0]:.2f}, join {joined_s / peer[size][1]:.2f}",
                        flush=True,
                    )
            cost = ours.cost(100, 60, given.seconds)
            print(
                f"CPU per delivered change, 60 changes/s to 100 readers: {cost:.1f} us; target {MOST_CPU_US} us "
                f"{verdict(cost, MOST_CPU_US)}",
                flush=True,
            )
            stored = ours.stored_per_s(16, given.seconds / 2)
            print(
                f"changes stored a second over HTTPS, 16 writers, 64 strokes a POST, SQLite FULL: {stored:,.0f}; "
                f"target {LEAST_STORED:,} {'reached' if stored >= LEAST_STORED else 'NOT reached'}"
            )
        finally:
            ours.owner.close()
            ours.product.stop()


if __name__ == "__main__":
    main()
