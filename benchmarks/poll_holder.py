"""One process that holds many waiting polls on one notebook; driven line by line over its pipes.

Connects from several loopback addresses, sends one `/UPDATE` on each connection, prints `held N`, and then for every
change prints the moments (monotonic clock) at which the first and the last answer were here, and polls again. A poll
that ends without news is sent again at once. A word on standard input ends it. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import ssl
import sys
import time

News = tuple[float, ssl.SSLSocket, bytes]


def open_poll(port: int, source: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(sock, server_hostname="localhost")


def request_for(code: str, since: int) -> bytes:
    return (
        f"GET /UPDATE?code={code}&since={since} HTTP/1.1\r\nHost: localhost\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
        "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"
    ).encode()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--code", required=True)
    arguments.add_argument("--count", type=int, required=True)
    arguments.add_argument("--first-address", type=int, required=True, help="last number of 127.0.1.x")
    arguments.add_argument("--addresses", type=int, required=True)
    arguments.add_argument("--since", type=int, default=0)
    options = arguments.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    selector = selectors.DefaultSelector()
    for number in range(options.count):
        source = f"127.0.1.{options.first_address + number % options.addresses}"
        sock = open_poll(options.port, source, context)
        sock.sendall(request_for(options.code, options.since))
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        read_answers(selector, options.code, [], timeout_s=0.0)
    print(f"held {options.count}", flush=True)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        news: list[News] = []
        while len(news) < options.count:
            if not read_answers(selector, options.code, news, timeout_s=None):
                return
        times = [at for at, _, _ in news]
        print(json.dumps({"first": min(times), "last": max(times)}), flush=True)
        for _, sock, request in news:
            sock.send(request)
        print(f"held {options.count}", flush=True)


def read_answers(
    selector: selectors.BaseSelector, code: str, news: list[News], timeout_s: float | None
) -> bool:
    """Read what has come. A poll that ended without news is sent again, the others are added to `news` with the
    moment of their answer and the request that comes next. False at the end.
    """
    for key, _ in selector.select(timeout_s):
        if key.fileobj is sys.stdin:
            return False
        sock = key.fileobj
        assert isinstance(sock, ssl.SSLSocket)
        try:
            data = sock.recv(65536)
        except ssl.SSLWantReadError:
            continue
        reached = re.search(rb'"to":(\d+)', data)
        if reached is None:
            print(f"unexpected answer: {data[:200]!r}", flush=True)
            return False
        request = request_for(code, int(reached[1]))
        if b'"data":[]' in data:
            sock.send(request)
        else:
            news.append((time.monotonic(), sock, request))
    return True


if __name__ == "__main__":
    main()
