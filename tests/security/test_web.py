"""T9, T20, T24, T25, T26, T27: headers of every answer of the running product, and what caches and hosts may not do.

The header snapshot goes over every row of the route table, every refusal and the parser's own errors, on the wire.
A shared cache (nginx that stores every 200) stands in front in one test.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.web.limits import WebLimits
from server.web.routes import make_routes
from server.web.security_headers import DOCUMENT_POLICY, PAGE_POLICY
from tests.net.wire import Ended, Wire
from tests.support.product import ROOT, Person, Product, free_port
from tests.web.test_authorization import request_for

SNAPSHOT = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
BROKEN = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "bad version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "bad line": b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bad field": b"GET / HTTP/1.1\r\nHost: localhost\r\nA B: c\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
    "both lengths": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
    "odd coding": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    "bad chunk": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "too long a line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "too many fields": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 150 + b"\r\n",
    "too big a head": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + (b"A: " + b"b" * 8000 + b"\r\n") * 6 + b"\r\n",
    "too big a body": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
    "unknown method": b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "expectation": b"POST /LOGIN HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n",
    "traversal": b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "line break in the path": b"GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "nul": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n",
    "bad query": b"GET /UPDATE?id=%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}  # fmt: skip


def check_headers(status: int, headers: dict[str, str], where: str) -> None:
    for name, value in SNAPSHOT.items():
        assert headers.get(name) == value, (where, name, headers)
    assert headers.get("content-security-policy") in (PAGE_POLICY, DOCUMENT_POLICY), where
    assert "cache-control" in headers and "date" in headers, where
    if status >= 400 or "set-cookie" in headers:
        assert headers["cache-control"] == "no-store", where
    for name in ("server", "x-powered-by", "access-control-allow-origin", "strict-transport-security"):
        assert name not in headers, (where, name)


def test_t27_header_snapshot_over_every_route_and_status(
    house: Product, people: Callable[[], Person]
) -> None:
    owner, nobody = people(), Person(house.port)
    notebook = owner.new_notebook("Header snapshot")
    code = owner.share(notebook)
    seen: set[int] = set()
    for route in make_routes(WebLimits()):
        name = f"{route.method} {route.pattern}"
        if route.pattern in ("/api/account/delete", "/api/account/password", "/LOGOUT"):
            continue  # they would end what the rest needs; their refusals are tried below
        target, body = request_for(name, notebook, code, code)
        if route.pattern == "/UPDATE":
            target += "&epoch=0000000000000000"
        for person in (nobody, owner):
            answer = person.request(route.method, target, body)
            check_headers(answer.status, answer.headers, f"{name} {answer.status}")
            seen.add(answer.status)
            other = person.request("PUT", target)
            check_headers(other.status, other.headers, f"PUT {target}")
            seen.add(other.status)
        if route.method == "POST":
            for answer in (
                owner.request("POST", target, b"{"),
                owner.request("POST", target, b"x", Content_Type="text/plain"),
                owner.request("POST", target, body, Origin="https://evil.example"),
            ):
                check_headers(answer.status, answer.headers, f"{name} {answer.status}")
                seen.add(answer.status)
    files = nobody.get("/css/app.css")
    for answer in (
        files,
        nobody.get("/css/app.css", If_None_Match=files.headers["etag"]),
        nobody.get("/css/app.css", Range="bytes=0-9"),
        nobody.get("/css/app.css", Range="bytes=99999999-"),
        nobody.get("/nothing"),
        nobody.get("/nothing", Accept="text/html"),
    ):
        check_headers(answer.status, answer.headers, f"files {answer.status}")
        seen.add(answer.status)
    assert seen >= {200, 206, 304, 400, 401, 403, 404, 405, 409, 415, 416}
    nobody.close()


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_t9_t20_t27_broken_requests_are_refused_with_every_header(house: Product, raw: bytes) -> None:
    with Wire(house.port) as wire:
        wire.send_all([raw])
        answer = wire.read()
        assert 400 <= answer.status <= 505 and answer.status not in (500, 502, 503, 504)
        check_headers(answer.status, answer.headers, str(answer.status))
        assert "set-cookie" not in answer.headers and b"evil" not in answer.body
        assert b"Traceback" not in answer.body and str(ROOT).encode() not in answer.body
        with pytest.raises((Ended, OSError, ssl.SSLError)):
            wire.read()  # in doubt there is one answer, then the connection ends


def test_t25_a_foreign_host_is_refused_and_never_reflected(house: Product) -> None:
    for host in (
        b"evil.example",
        b"localhost.evil.example",
        b"evil.example:443",
        b"127.0.0.2",
        b"localhost@evil.example",
    ):
        for path in (b"/", b"/login.html", b"/api/connect", b"/LOGIN", b"/nothing"):
            with Wire(house.port) as wire:
                wire.send(
                    b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Forwarded-Host: evil.example\r\n"
                    b"Forwarded: host=evil.example\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
                )
                answer = wire.read()
                assert answer.status in (400, 421)
                assert b"evil" not in answer.body + json.dumps(answer.headers).encode()
    with Wire(house.port) as wire:
        answer = wire.get(
            "/", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Original-URL: /evil"
        )
        assert answer.status == 200 and b"evil" not in answer.body + json.dumps(answer.headers).encode()


def test_t25_nothing_redirects(house: Product) -> None:
    for path in (
        "//evil.example/",
        "/\\evil.example",
        "//evil.example/%2f..",
        "/connect/",
        "/LOGIN/",
        "/images",
        "/http://evil.example",
    ):
        with Wire(house.port) as wire:
            answer = wire.get(path, "Accept: text/html", "Connection: close")
            assert answer.status in (400, 404) and "location" not in answer.headers, path


def test_t26_only_post_changes_anything(house: Product, people: Callable[[], Person]) -> None:
    owner = people()
    notebook = owner.new_notebook("Only POST")
    code = owner.share(notebook)
    before = owner.get(f"/Notebook/{notebook}").data
    for route in make_routes(WebLimits()):
        if route.method == "POST":
            target, body = request_for(f"POST {route.pattern}", notebook, code, code)
            for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
                # A few paths have a GET of their own (/LOGIN, /api/guest, visits).
                answer = owner.request(method, target, None if method in ("GET", "HEAD") else body)
                assert answer.status in (200, 400, 405), (method, target, answer.status)
                assert not answer.cookies
    assert owner.get(f"/Notebook/{notebook}").data == before
    began = time.monotonic()
    assert owner.request("HEAD", f"/UPDATE?id={notebook}").status == 405
    assert time.monotonic() - began < 2  # it does not wait like a GET


DECEPTIONS = (
    "/x.css",
    "/x.js",
    "%2fx.css",
    ";x.css",
    "%3bx.png",
    "%00.css",
    "%0a.css",
    ".css",
    "/..%2fcss%2fapp.css",
    "/.ico",
    "%23.css",
    "%3fx.css",
)


def test_t24_a_private_address_with_a_file_name_behind_it_is_not_there(people: Callable[[], Person]) -> None:
    owner = people()
    mark = "Cache-deception mark"
    notebook = owner.new_notebook(mark)
    code = owner.share(notebook)
    private = (
        "/NotebookList",
        "/LOGIN",
        f"/Notebook/{notebook}",
        f"/Notebook/{notebook}.svg",
        "/api/account/export",
        "/api/notebook/shares",
        "/UPDATE",
    )
    for path in private:
        for tail in DECEPTIONS:
            answer = owner.get(path + tail)
            assert answer.status in (400, 404), (path + tail, answer.status)
            assert mark.encode() not in answer.body and code.encode() not in answer.body
            assert answer.headers["cache-control"] == "no-store"


NGINX = """
{user}worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=all:1m;
  upstream product {{ server 127.0.0.1:{product}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {https}/servercert.pem; ssl_certificate_key {https}/serverkey.pem;
    location / {{
      proxy_pass https://product; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host localhost:{port};
      proxy_cache all; proxy_cache_valid 200 404 10m; proxy_cache_methods GET HEAD;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


@pytest.fixture
def cache(house: Product, tmp_path: Path) -> Iterator[int]:
    """nginx as a shared cache before the product; the port it listens on."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: apt install nginx-light)")
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        NGINX.format(
            user="user root; " if os.geteuid() == 0 else "",
            folder=tmp_path,
            port=port,
            product=house.port,
            https=house.data_dir / "https",
        )
    )
    process = subprocess.Popen(
        [program, "-p", str(tmp_path), "-c", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.02)
    yield port
    process.terminate()
    process.wait()


def test_t24_a_shared_cache_never_gives_one_persons_data_to_another(house: Product, cache: int) -> None:
    mark = "Only Ada may read this"
    ada = Person(cache).sign_up("Ada behind a cache")
    notebook = ada.new_notebook(mark)
    ada.post(f"/SAVE/{notebook}", [["a", '<g><path d="M4321 1234L5 6" fill="#123456"/></g>', "o"]])
    code = ada.share(notebook)
    private = [
        "/LOGIN", "/NotebookList", "/NotebookList?trash=1", f"/Notebook/{notebook}", f"/Notebook/{notebook}.svg", "/api/account/sessions",
        "/api/account/export", f"/api/notebook/code?nbID={notebook}", f"/api/notebook/shares?id={notebook}", f"/UPDATE?id={notebook}&since=0",
        "/api/addresses", f"/api/notebook/log?id={notebook}", "/NotebookList/x.css", "/NotebookList.css", "/", "/login.html",
    ]  # fmt: skip
    statuses = {path: ada.get(path).status for path in private * 2}
    assert set(statuses.values()) <= {200, 404}, statuses
    bob = Person(cache).sign_up("Bob behind a cache")
    nobody = Person(cache)
    marks = (mark.encode(), b"Ada behind", code.encode(), b"M4321", b"#123456")
    for path in private:
        for other in (bob, nobody):
            answer = other.get(path)
            assert not [one for one in marks if one in answer.body], path
            assert not answer.cookies
    # The cache does work: a stylesheet comes out of it.
    page = nobody.get("/")
    assert page.status == 200, page
    stylesheet = re.findall(r'href="(/v/[^"]+\.css)"', page.body.decode())[0]
    for _ in range(3):
        hot = nobody.get(stylesheet)
    assert hot.headers["x-cache"] == "HIT"
    # A revoked link is gone for everybody although the cache has seen it.
    assert nobody.get(f"/Notebook?nb={code}").status == 200
    assert ada.post("/api/notebook/unshare", {"code": code}).status == 200
    assert nobody.get(f"/Notebook?nb={code}").status == 404
    for person in (ada, bob, nobody):
        person.close()
