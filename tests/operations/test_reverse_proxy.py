"""The reverse-proxy page of docs/operations.md, as it stands there, with a real nginx: names, addresses, limits, polls, bodies."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.program import wait_until
from tests.support.product import ROOT, Person, Product, free_port, stroke

NAME = "notes.example.org"


def block_of_the_page() -> str:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return text.split("<!-- nginx:begin -->")[1].split("<!-- nginx:end -->")[0]


@dataclass
class Proxied:
    product: Product
    port: int


class Visitor(Person):
    """A person whose packets come from another loopback address, so that nginx sees another client."""

    def __init__(self, port: int, source: str) -> None:
        super().__init__(port, host=NAME)
        self._source = source

    def _connect(self) -> http.client.HTTPSConnection:
        if self._connection is None:
            connection = super()._connect()
            connection.source_address = (self._source, 0)
        assert self._connection is not None
        return self._connection


def in_place(block: str, product: Product, port: int) -> str:
    """The page's block with this machine's ports and certificate in place of the example's."""
    https = product.data_dir / "https"
    for old, new in (
        ("127.0.0.1:8443", f"127.0.0.1:{product.port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/notes.example.org.pem", str(https / "servercert.pem")),
        ("/etc/ssl/private/notes.example.org.key", str(https / "serverkey.pem")),
    ):
        assert old in block, old
        block = block.replace(old, new)
    return block


@pytest.fixture
def proxied(start_product: Callable[..., Product]) -> Iterator[Proxied]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed (Debian: apt install nginx-light)")
    product = start_product(
        "--name", NAME, "--trusted-proxy", "127.0.0.1", "--limit", "code_misses_per_min=5"
    )
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="nb-nginx-"))
    (folder / "nginx.conf").write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"{in_place(block_of_the_page(), product, port)}\n}}\n"
    )
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], stdout=out, stderr=out
        )
    try:
        person = Visitor(port, "127.0.0.1")

        def answers() -> bool:
            assert process.poll() is None, (folder / "out").read_text()
            try:
                return person.get("/health").status == 200
            except OSError:
                return False

        wait_until(answers, "nginx")
        person.close()
        yield Proxied(product, port)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def log_of(product: Product) -> str:
    """What the log file holds by now; it is written, and at first made, behind the answers."""
    path = product.data_dir / "logs" / "logs.log"
    return path.read_text() if path.exists() else ""


def test_h5_names_and_origins_are_right_behind_nginx(proxied: Proxied) -> None:
    person = Visitor(proxied.port, "127.0.0.1")
    origin = f"https://{NAME}:{proxied.port}"
    answer = person.post(
        "/SIGNUP",
        {"username": "Dana", "password": "a good long password"},
        Origin=origin,
        Sec_Fetch_Site="same-origin",
    )
    assert answer.status == 200, answer.body
    assert person.get("/api/connect").data["address"] == f"{origin}/"
    other = person.post("/LOGOUT", {}, Origin="https://elsewhere.example")
    assert other.status == 403
    person.close()
    stranger = Person(proxied.port, host="other.example.org")
    assert stranger.get("/health").status == 421
    stranger.close()


def test_t89_addresses_and_limits_are_each_visitors_own(proxied: Proxied) -> None:
    first, second = Visitor(proxied.port, "127.0.0.2"), Visitor(proxied.port, "127.0.0.3")
    code = "x" * 22
    statuses = [first.get(f"/Notebook?nb={code[:-2]}{n:02d}").status for n in range(9)]
    assert 429 in statuses and statuses[0] == 404
    assert second.get(f"/Notebook?nb={code}").status == 404, "another visitor has a budget of their own"
    assert first.get(f"/Notebook?nb={code}", X_Forwarded_For="203.0.113.5").status == 429, (
        "a claim changes nothing"
    )
    first.close()
    second.close()
    wait_until(lambda: " 127.0.0.3 " in log_of(proxied.product), "the log line", 3)
    assert " 127.0.0.2 " in log_of(proxied.product)
    assert "203.0.113.5" not in log_of(proxied.product)
    assert "First visit" not in log_of(proxied.product), "addresses of this machine are no visitors"


def test_t89_past_the_proxy_a_claim_is_not_believed_from_elsewhere(proxied: Proxied) -> None:
    """A client that reaches the server itself, not from the proxy's address, cannot name another."""
    direct = Visitor(proxied.product.port, "127.0.0.9")
    assert direct.get("/health", X_Forwarded_For="198.51.100.99").status == 200
    direct.close()
    wait_until(lambda: " 127.0.0.9 " in log_of(proxied.product), "the log line", 3)
    assert "198.51.100.99" not in log_of(proxied.product)


def test_p1_long_polls_pass_at_once_and_many_of_them(proxied: Proxied) -> None:
    dana = Visitor(proxied.port, "127.0.0.1").sign_up("Dana")
    notebook = dana.new_notebook()
    code = dana.share(notebook)
    answered: list[tuple[int, float]] = []

    def wait() -> None:
        reader = Visitor(proxied.port, "127.0.0.4")
        status = reader.get(f"/UPDATE?code={code}&since=0").status
        answered.append((status, time.monotonic()))
        reader.close()

    readers = [threading.Thread(target=wait) for _ in range(20)]
    for reader in readers:
        reader.start()
    time.sleep(1.5)
    assert not answered
    began = time.monotonic()
    assert dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]]).status == 200
    for reader in readers:
        reader.join(10)
    dana.close()
    assert [status for status, _ in answered] == [200] * 20
    assert max(at for _, at in answered) - began < 3
    timeout = re.search(r"proxy_read_timeout (\d+)s", block_of_the_page())
    assert timeout and int(timeout[1]) > 28


def test_c5_big_bodies_and_whole_documents_pass(proxied: Proxied) -> None:
    dana = Visitor(proxied.port, "127.0.0.1").sign_up("Dana")
    notebook = dana.new_notebook()
    fragment = '<g><path d="M' + "10 10 " * 9_000 + '" fill="#000000"/></g>'
    changes = [["a", fragment, f"op-{n}"] for n in range(18)]
    assert 900_000 < len(json.dumps(changes)) < 1 << 20
    assert dana.post(f"/SAVE/{notebook}", changes).status == 200
    document = dana.get(f"/Notebook/{notebook}.svg")
    assert document.status == 200
    assert document.headers["x-notebook-seq"] == "18"
    svg = (
        "<svg>" + '<g><path d="M1 1l2 2z" fill="#000000" stroke="none" opacity="1"/></g>' * 12_500 + "</svg>"
    )
    body = (
        json.dumps({"title": "Imported", "description": "", "svgData": svg})
        .replace("<", "\\u003c")
        .replace('\\"', "\\u0022")
    )
    assert 1 << 20 < len(body) < 3 << 20
    answer = dana.post("/SAVENEWNB", body.encode())
    assert answer.status == 200, answer.body[:300]
    too_big = dana.post("/SAVENEWNB", b"[" + b"1," * (2 << 20) + b"1]")
    assert too_big.status == 413
    dana.close()


def test_tls_to_the_browser_is_the_proxys(proxied: Proxied) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(proxied.product.data_dir / "https" / "rootcert.pem")
    connection = http.client.HTTPSConnection("localhost", proxied.port, context=context, timeout=10)
    connection.request("GET", "/", headers={"Host": NAME})
    response = connection.getresponse()
    assert response.status == 200
    assert "default-src" in (response.getheader("content-security-policy") or "")
    response.read()
    connection.close()
