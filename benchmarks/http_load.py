"""Load for HTTP benchmarks: keep-alive requests or new connections, over loopback, in processes of their own.

Prints one JSON line. `keepalive` holds N TLS connections and sends the next request on each as soon as its answer is
whole; `connect` makes full TLS handshakes (no resumption) and asks once on each, by `openssl s_time`. Standard library
and openssl, so that every server meets the same client.
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import ssl
import subprocess
import time


def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(sock, server_hostname="localhost")


def read_answer(sock: ssl.SSLSocket) -> int:
    """Read one whole answer with Content-Length; returns its size in bytes."""
    data = b""
    while not is_whole(data):
        data += sock.recv(65536) or _gone()
    return len(data)


def is_whole(data: bytes) -> bool:
    """Whether this is one whole answer, which must be 200 and have a Content-Length."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is None or not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"unexpected answer: {head[:200]!r}")
    return len(body) >= int(length[1])


def _gone() -> bytes:
    raise SystemExit("the server closed the connection")


def keepalive(port: int, request: bytes, connections: int, seconds: float) -> dict[str, float]:
    context, selector = client_context(), selectors.DefaultSelector()
    lines = []
    for _ in range(connections):
        sock = connect(port, context)
        sock.sendall(request)
        size = read_answer(sock)
        sock.setblocking(False)
        line = [sock, size, size, 0.0]
        selector.register(sock, selectors.EVENT_READ, line)
        lines.append(line)
    times: list[float] = []
    done, now = 0, time.perf_counter()
    began, until = now, now + seconds
    for line in lines:
        line[3] = now
        line[0].send(request)
    while now < until:
        for key, _ in selector.select(1.0):
            line = key.data
            try:
                data = line[0].recv(65536)
            except ssl.SSLWantReadError:
                continue
            if not data:
                _gone()
            line[1] -= len(data)
            if line[1] <= 0:
                now = time.perf_counter()
                times.append(now - line[3])
                done += 1
                line[1], line[3] = line[2], now
                line[0].send(request)
        now = time.perf_counter()
    times.sort()
    return {
        "per_s": done / (now - began),
        "done": done,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def connects(port: int, path: str, processes: int, seconds: float) -> dict[str, float]:
    """New connections by `openssl s_time`: a client in Python costs twice as much as the server that it measures."""
    command = ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-www", path]
    began = time.perf_counter()
    clients = [
        subprocess.Popen(
            [*command, "-time", str(round(seconds))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(processes)
    ]
    said = [client.communicate()[0] for client in clients]
    took_s = time.perf_counter() - began
    counts = [re.search(r"(\d+) connections in \d+ real seconds, (\d+) bytes", text) for text in said]
    if not all(count is not None and int(count[2]) > 1000 for count in counts):
        raise SystemExit(f"openssl s_time failed: {said[0][-300:]!r}")
    done = sum(int(count[1]) for count in counts if count is not None)
    return {"per_s": done / took_s, "done": done}


def main() -> None:
    arguments = argparse.ArgumentParser(description="One load run; prints JSON.")
    arguments.add_argument("kind", choices=["keepalive", "connect"])
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--path", default="/")
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--seconds", type=float, default=3.0)
    options = arguments.parse_args()
    request = (
        f"GET {options.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        "Accept-Language: en\r\n\r\n"
    ).encode()
    if options.kind == "keepalive":
        figures = keepalive(options.port, request, options.connections, options.seconds)
    else:
        figures = connects(options.port, options.path, min(options.connections, 4), options.seconds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
