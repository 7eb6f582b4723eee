"""The whole product with the probe's paths beside its own: what `probe_app.py --app` runs.

Owns the further rows of the route table (`/__echo`, `/__204` and the probe's files), an empty data folder, and the
first account with one notebook whose edit code is printed. Budgets for failed logins and guessed codes are off, so
that a checker may knock as often as it likes. Not part of the product.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from http_core.packet import Request, Response
from server.app import Server
from server.domain.failures import Failure
from server.net.exchange import Exchange
from server.settings import Settings
from server.web.call import Call
from server.web.grant import Access
from server.web.route import Route, Runs
from server.web.static_files import StaticFiles
from server.web.static_manifest import folder_files
from tests.support.probe_app import FIRST_BYTE_S, HOSTS, echo_response, make_web_root

BODY_BYTES = 1 << 20
PRODUCT_PATHS = frozenset({"/", "/index.html"})


def probe_routes(files: StaticFiles) -> tuple[Route[Call], ...]:
    """The rows beside the product's own."""

    def send_echo(call: Call) -> Response:
        return echo_response(call.request)  # POST comes by way of `EchoFront`

    def send_nothing(call: Call) -> Response:
        return Response(status=204)

    def send_file(call: Call) -> Response:
        response = files.answer(call.request)
        if response is None:
            raise Failure.of("not_found")
        return response

    rows = [
        Route("GET", "/__echo", Access.ANYONE, send_echo, Runs.IO, query=None),
        Route("POST", "/__echo", Access.ANYONE, send_echo, Runs.IO, BODY_BYTES, query=None),
        Route("GET", "/__204", Access.ANYONE, send_nothing, Runs.IO, query=None),
    ]
    for path in sorted(set(files.paths) - PRODUCT_PATHS):
        rows.append(Route("GET", path, Access.ANYONE, send_file, Runs.IO, query=None))
    return tuple(rows)


class EchoFront:
    """Answers `POST /__echo` itself, whatever its Content-Type; everything else is the product's."""

    def __init__(self, product: Any) -> None:
        self._product = product

    def __getattr__(self, name: str) -> Any:
        return getattr(self._product, name)

    def early_refusal(self, exchange: Exchange) -> Response | None:
        """None for the echo."""
        return None if self._is_echo(exchange.request) else self._product.early_refusal(exchange)

    def handle(self, exchange: Exchange) -> None:
        """Echo, or whatever the product does."""
        if self._is_echo(exchange.request):
            exchange.answer(self._product._finished(echo_response(exchange.request)))
        else:
            self._product.handle(exchange)

    def _is_echo(self, request: Request) -> bool:
        return (
            request.method == "POST" and request.path == "/__echo" and (request.host or "localhost") in HOSTS
        )


class ProbeServer(Server):
    """The product behind the echo, optionally without TLS."""

    plain = False

    def _open_doors(self, listeners: list[socket.socket]) -> None:
        self._web = dataclasses.replace(self._web, application=EchoFront(self._web.application))
        super()._open_doors(listeners)

    def _make_tls_context(self) -> None:
        super()._make_tls_context()
        if self.plain:
            self._context = None  # type: ignore[assignment]


def run_product(folder: Path, *, port: int, plain: bool) -> int:
    """Run the product until a signal comes; prints READY and CODE= once it answers."""
    data_dir = folder / "data"
    settings = Settings(
        hosts=("127.0.0.1",),
        port=port,
        data_dir=data_dir,
        console=False,
        names=("localhost",),
        limits={"first_byte_s": FIRST_BYTE_S},
    )
    files = folder_files(make_web_root(folder), lambda: int(time.time() * 1000))
    server = ProbeServer(settings, more_routes=probe_routes(files), guesses_limited=False)
    server.plain = plain
    threading.Thread(target=_introduce, args=(port, plain), daemon=True).start()
    return server.start()


def _introduce(port: int, plain: bool) -> None:
    """Sign up, make a notebook and an edit code, and say so."""
    until = time.monotonic() + 30
    while True:
        try:
            cookie, _ = _ask(
                port, plain, "POST", "/SIGNUP", {"username": "probe", "password": "a probing password"}
            )
            break
        except OSError:
            if time.monotonic() > until:
                print("The product did not come up.", file=sys.stderr, flush=True)
                return
            time.sleep(0.1)
    code = "-"
    while code.startswith(
        "-"
    ):  # a checker takes the code as a word of its own, which may not look like an option
        _, notebook = _ask(port, plain, "POST", "/SAVENEWNB", {"title": "Probe", "description": ""}, cookie)
        _, share = _ask(port, plain, "POST", "/api/notebook/create", notebook["data"]["id"], cookie)
        code = share["data"]["code"]
    print(f"READY port={port}\nCODE={code}", flush=True)


def _ask(port: int, plain: bool, method: str, path: str, body: object, cookie: str = "") -> tuple[str, dict]:  # type: ignore[type-arg]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if plain:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    headers = {"Content-Type": "application/json", "Host": "localhost", "Cookie": cookie}
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    given = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    connection.close()
    return given, said
