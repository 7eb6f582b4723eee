"""One process that holds many waiting polls on one notebook; driven line by line over its pipes.

Connects from several loopback addresses, sends one `/UPDATE` on each connection, prints `held N`, and then for every
round prints the moments (monotonic clock) at which the first and the last answer were here, and polls again. A word
on standard input ends it. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import ssl
import sys
import time


def open_poll(port: int, source: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
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
    since = options.since
    for number in range(options.count):
        sock = open_poll(
            options.port, f"127.0.1.{options.first_address + number % options.addresses}", context
        )
        sock.sendall(request_for(options.code, since))
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
    print(f"held {options.count}", flush=True)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        times: list[float] = []
        left = options.count
        while left:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                except ssl.SSLWantReadError:
                    continue
                if not data.startswith(b"HTTP/1.1 200"):
                    print(json.dumps({"unexpected": data[:120].decode("latin-1")}), flush=True)
                    return
                times.append(time.monotonic())
                left -= 1
        since += 1
        print(json.dumps({"first": min(times), "last": max(times)}), flush=True)
        for key in list(selector.get_map().values()):
            if key.fileobj is not sys.stdin:
                key.fileobj.send(request_for(options.code, since))  # type: ignore[union-attr]
        print(f"held {options.count}", flush=True)


if __name__ == "__main__":
    main()
