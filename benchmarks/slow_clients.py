"""Slow clients of four kinds beside a normal one: its latency, and when the slow ones are gone.

    .venv/bin/python benchmarks/slow_clients.py [--count 1000] [--kind handshake --kind head ...]

For each kind (handshake, head, body, read) it opens `--count` connections from twenty loopback addresses to a probe
server with the product's limits, feeds them a byte a second, and lets a normal client on another address ask for 1 KiB
fifty times a second meanwhile. Goals: the normal client's 99th percentile stays under 50 ms, every slow connection
is gone two seconds after its deadline. Linux only (counts sockets in /proc); loopback only; takes two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ADDRESSES = 20
BODY_BYTES = 30_000
GOAL_P99_MS, GRACE_S = 50.0, 2.0
DEADLINE_S = {"handshake": 10.0, "head": 20.0, "body": 30.0 + BODY_BYTES / 10240, "read": 30.0}
HEADING = f"{'kind':10}{'slow':>7}{'open s':>10}{'p50 ms':>10}{'p99 ms':>10}{'worst':>10}{'gone s':>10}{'deadline':>10}"
SERVER = """
import sys
sys.path.insert(0, {root!r})
from server.net import NetLimits
from tests.support.probe_app import running_probe
with running_probe(limits=NetLimits()) as (_, port):
    print(port, flush=True)
    sys.stdin.readline()
"""
NORMAL = """
import json, re, socket, ssl, sys, time
port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
sock = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=("127.0.3.1", 0))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sock = context.wrap_socket(sock, server_hostname="localhost")
times, until = [], time.monotonic() + seconds
while time.monotonic() < until:
    began = time.monotonic()
    sock.sendall(f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode())
    data = b""
    while True:
        data += sock.recv(65536)
        head, end, body = data.partition(b"\\r\\n\\r\\n")
        if end and len(body) == int(re.search(rb"Content-Length: (\\d+)", head)[1]):
            break
    assert head.startswith(b"HTTP/1.1 200 "), head
    times.append((time.monotonic() - began) * 1000)
    time.sleep(0.02)
times.sort()
print(json.dumps({"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "worst": times[-1]}))
"""


class Victim(NamedTuple):
    """A server and what is asked of it: a file of about 1 KiB, more than a socket holds, a JSON body."""

    port: int
    small: str
    big: str
    post: str
    times_big: int = 1


def open_slow(kind: str, victim: Victim, number: int, context: ssl.SSLContext) -> socket.socket:
    """One slow connection, stopped where its kind stops."""
    sock = socket.socket()
    if kind == "read":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.bind((f"127.0.2.{1 + number % ADDRESSES}", 0))
    sock.settimeout(10)
    sock.connect(("127.0.0.1", victim.port))
    if kind == "handshake":
        return sock
    sock = context.wrap_socket(sock, server_hostname="localhost")
    match kind:
        case "head":
            said = f"GET {victim.small} HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
        case "body":
            said = (
                f"POST {victim.post} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {BODY_BYTES}\r\n\r\n"
            )
        case _:
            said = f"GET {victim.big} HTTP/1.1\r\nHost: localhost\r\n\r\n" * victim.times_big
    sock.sendall(said.encode())
    return sock


def still_there(port: int) -> int:
    """Slow connections that the server still holds: sockets of its port, to 127.0.2.x, that a process owns."""
    count = 0
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, remote, inode = (line.split()[column] for column in (1, 2, 9))
            count += local.endswith(f":{port:04X}") and remote[-13:-5].endswith("02007F") and inode != "0"
    return count


def drip(kind: str, socks: list[socket.socket], beat: int) -> None:
    """A byte on each connection; the readers send nothing and read nothing."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    for sock in socks:
        with contextlib.suppress(OSError, ValueError):
            if kind == "handshake":
                sock.send(hello[beat : beat + 1])
            elif kind != "read":
                sock.send(b"x")


def measure(kind: str, count: int, victim: Victim) -> bool:
    """Run one kind; True when both goals were reached."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    deadline_s = DEADLINE_S[kind]
    began = time.monotonic()
    socks: list[socket.socket] = []
    for number in range(count):
        with contextlib.suppress(OSError):
            socks.append(open_slow(kind, victim, number, context))
    opened_s = time.monotonic() - began
    normal = subprocess.Popen(
        [sys.executable, "-c", NORMAL, str(victim.port), victim.small, str(deadline_s)],
        stdout=subprocess.PIPE,
        text=True,
    )
    last_opened = time.monotonic()
    gone_s, beat = float("inf"), 0
    while (waited := time.monotonic() - last_opened) < deadline_s + 15:
        drip(kind, socks, beat)
        beat += 1
        if waited > deadline_s - 1 and not still_there(victim.port):
            gone_s = time.monotonic() - last_opened
            break
        time.sleep(1.0)
    assert normal.stdout is not None
    latency = json.loads(normal.stdout.readline())
    normal.wait()
    for sock in socks:
        sock.close()
    good = (
        len(socks) == count and latency["p99"] < GOAL_P99_MS and gone_s <= deadline_s + GRACE_S + 1.0
    )  # looked at once a second
    print(
        f"{kind:10}{len(socks):7}{opened_s:10.1f}{latency['p50']:10.2f}{latency['p99']:10.2f}{latency['worst']:10.1f}"
        f"{gone_s:10.1f}{deadline_s:10.1f}   {'reached' if good else 'MISSED'}",
        flush=True,
    )
    return good


def measure_probe(kind: str, count: int) -> bool:
    """One kind against a probe server of its own."""
    script = SERVER.format(root=str(ROOT))
    server = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin and server.stdout
    port = int(server.stdout.readline())
    try:
        return measure(kind, count, Victim(port, "/one_kib.txt", "/five_mib.txt", "/__echo"))
    finally:
        server.communicate("\n", timeout=20)


def main() -> int:
    """Measure all kinds; exit status 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--kind", action="append", choices=sorted(DEADLINE_S))
    options = arguments.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(HEADING)
    reached = [measure_probe(kind, options.count) for kind in options.kind or DEADLINE_S]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
