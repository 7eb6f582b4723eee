"""The doorway: the start text, the three usual reasons after two minutes, the first visit, `/connect`, and no key anywhere."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from server.certificates import CertificateInfo
from server.doorway import Doorway, usual_reasons
from server.start_text import start_text
from tests.operations.program import environment, wait_until
from tests.support.product import ROOT, Person, Product, free_port

OWN = [ipaddress.ip_address("192.168.1.20"), ipaddress.ip_address("fd00::20")]


class World:
    """A doorway with a clock that is moved by hand."""

    def __init__(self, addresses: list[str] | None = None) -> None:
        self.now_s = 50.0
        self.said: list[str] = []
        given = ["https://192.168.1.20:8443/"] if addresses is None else addresses
        self.door = Doorway(OWN, given, port=8443, say=self.said.append, clock=lambda: self.now_s)


def test_after_two_minutes_alone_the_three_usual_reasons_are_told_once() -> None:
    world = World()
    assert world.door.wait_s() == 120.0
    world.now_s += 119.9
    world.door.look()
    assert world.said == []
    world.now_s += 0.2
    assert world.door.wait_s() == 0.0
    world.door.look()
    text = " ".join(world.said)
    assert all(
        word in text
        for word in ("firewall", "guest Wi-Fi", "wrong address", "8443", "https://192.168.1.20:8443/")
    )
    world.door.look()
    assert len(world.said) == 4
    assert world.door.wait_s() is None


@pytest.mark.parametrize("before", [5, 500])
def test_the_first_visit_is_told_once_and_ends_the_waiting(before: int) -> None:
    world = World()
    world.now_s += before
    world.door.look()
    told = len(world.said)
    world.door.visit("192.168.1.33")
    world.door.visit("192.168.1.34")
    assert world.said[told:] == ["First visit from another device: 192.168.1.33. The way in is open."]
    world.now_s += 500
    world.door.look()
    assert len(world.said) == told + 1
    assert world.door.wait_s() is None


@pytest.mark.parametrize(
    "peer",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "192.168.1.20",
        "::ffff:192.168.1.20",
        "fd00::20",
        "",
        "unix",
        "::ffff:127.0.0.1",
    ],
)
def test_this_machine_is_no_visitor(peer: str) -> None:
    world = World()
    world.door.visit(peer)
    assert world.said == []
    assert world.door.wait_s() == 120.0


@pytest.mark.parametrize("peer", ["192.168.1.21", "fe80::5%eth0", "203.0.113.9", "::ffff:10.0.0.7"])
def test_another_device_is_one(peer: str) -> None:
    world = World()
    world.door.visit(peer)
    assert len(world.said) == 1


def test_visits_of_many_threads_are_told_once() -> None:
    world = World()
    threads = [threading.Thread(target=world.door.visit, args=(f"10.0.0.{n}",)) for n in range(1, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.said) == 1


def test_the_reasons_do_without_an_address() -> None:
    assert "https://ADDRESS:9000/" in usual_reasons([], 9000)[-1]


def test_a_server_tells_the_reasons_and_then_the_first_visit(tmp_path: Path) -> None:
    """The whole way, with less patience; a trusted proxy on this machine stands for the other device."""
    port = free_port()
    program = (
        "import sys\nfrom pathlib import Path\nfrom server.app import Server\nfrom server.settings import Settings\n"
        f"s = Settings(port={port}, data_dir=Path({str(tmp_path / 'data')!r}), trusted_proxies=('127.0.0.1',))\n"
        "if __name__ == '__main__': sys.exit(Server(s, patience_s=0.4).start())\n"
    )
    script = tmp_path / "start.py"
    script.write_text(program)
    out = tmp_path / "out.txt"
    with out.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), stdin=subprocess.PIPE, stdout=sink, stderr=sink,
        )  # fmt: skip
    try:
        wait_until(lambda: "  3. a wrong address" in out.read_text(), "the reasons")
        person = Person(port)
        person.get("/health")
        person.get("/health", X_Forwarded_For="198.51.100.7")
        person.get("/health", X_Forwarded_For="198.51.100.8")
        person.close()
        wait_until(
            lambda: "First visit from another device: 198.51.100.7." in out.read_text(), "the first visit"
        )
        process.communicate(b"exit\n", timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.read_text().count("First visit") == 1
    assert out.read_text().count("guest Wi-Fi") == 1


def test_behind_a_loopback_address_nobody_is_waited_for(product: Product) -> None:
    """A server that listens on 127.0.0.1 alone has no other devices."""
    from server.app import Server
    from server.settings import Settings

    assert "No other device" not in product.output
    assert Server(Settings(hosts=("127.0.0.1",)))._doorway is None


# --- the start text and /connect --------------------------------------------------------------------------------


def text_of(*, own: bool) -> str:
    info = CertificateInfo(own, ":".join(["AB"] * 32), None, frozenset(), frozenset(), 0, "")
    return start_text(
        version="1", addresses=["https://192.168.1.20:8443/"], here="https://localhost:8443/", kept="SQLite",
        data_dir="/d", certificate=info, notes=["a note"], console=True,
    )  # fmt: skip


def test_the_start_text_prepares_for_the_warning() -> None:
    text = text_of(own=False)
    for words in (
        "https://localhost:8443/", "https://192.168.1.20:8443/", "warn once", "home-made", "Chrome", "Firefox", "Safari",
        "Advanced, then Proceed", "Accept the Risk and Continue", "visit this website", "/connect", "AB:AB", "a note",
    ):  # fmt: skip
        assert words in text, words
    assert len(re.findall("AB", text)) == 32
    assert max(len(line) for line in text.split("\n")) <= 110


def test_the_start_text_names_no_address_that_nobody_can_reach(product: Product) -> None:
    assert re.search(r"https://localhost:8443/ +on this machine", text_of(own=False))
    assert re.search(r"https://192\.168\.1\.20:8443/ +from other devices", text_of(own=False))
    assert "from other devices" not in product.output, "it listens on 127.0.0.1"
    assert "to this machine alone" in product.output
    assert f"python main.py console --data-dir {product.data_dir}" in product.output


def test_behind_a_proxy_the_start_text_names_the_proxys_address() -> None:
    info = CertificateInfo(False, ":".join(["AB"] * 32), None, frozenset(), frozenset(), 0, "")
    text = start_text(
        version="1", addresses=["https://notes.example.org/"], here="https://localhost:8443/", kept="SQLite",
        data_dir="/d", certificate=info, notes=[], console=True, alone=True,
    )  # fmt: skip
    assert re.search(r"https://notes\.example\.org/ +through your reverse proxy", text)
    assert "to this machine alone" in text


def test_behind_loopback_alone_only_names_that_were_given_are_promised(
    start_product: Callable[..., Product],
) -> None:
    product = start_product("--name", "notes.example")
    told = set(re.findall(r"^    https://([^/:]+)", product.output, re.MULTILINE))
    assert told == {"localhost", "notes.example"}


def test_o3_ready_means_that_changes_can_be_stored(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "main.py", "--no-console", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert any("is ready" in line for line in process.stdout)
        person = Person(port)
        assert person.get("/health").data["status"] == "ok"
        person.close()
    finally:
        process.kill()
        process.communicate()


def test_an_own_certificate_needs_no_warning() -> None:
    assert "warn" not in text_of(own=True)
    assert "Your own certificate" in text_of(own=True)


def test_connect_tells_address_fingerprint_and_authority_and_never_a_key(
    start_product: Callable[..., Product],
) -> None:
    product = start_product("--name", "notes.example")
    person = Person(product.port)
    assert person.get("/connect").status == 200
    facts = person.get("/api/connect").data
    assert facts["address"] == f"https://localhost:{product.port}/"
    assert facts["others"][0] == "https://notes.example/"
    assert facts["others"] == person.sign_up("Dana").get("/api/addresses").data
    assert facts["homeMade"] is True
    shown = "".join(product.output.split()).replace(":", "")
    assert facts["fingerprint"].replace(":", "") in shown
    cert = x509.load_pem_x509_certificate((product.data_dir / "https" / "servercert.pem").read_bytes())
    digest = hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    assert facts["fingerprint"].replace(":", "") == digest
    answer = person.get(facts["authority"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.body == (product.data_dir / "https" / "rootcert.pem").read_bytes()
    assert x509.load_pem_x509_certificate(answer.body).subject == cert.issuer
    by_address = Person(product.port, host="127.0.0.1")
    assert by_address.get("/api/connect").data["address"] == f"https://127.0.0.1:{product.port}/"
    by_address.close()
    person.close()


def test_no_address_gives_a_key(product: Product) -> None:
    person = Person(product.port)
    for folder in ("https", "keys", "Protected", "logs"):
        for path in [*(product.data_dir / folder).rglob("*"), product.data_dir / "notebooks.sqlite3"]:
            name = path.relative_to(product.data_dir)
            for address in (
                f"/{name}",
                f"/public/../{name}",
                f"/public/%2e%2e/{name}",
                f"/images/..%2f..%2f{name}",
            ):
                answer = person.get(address)
                assert answer.status in (400, 404), (address, answer.status)
                assert b"PRIVATE KEY" not in answer.body
    person.close()


def test_the_authority_is_downloaded_whole_and_a_browser_type_is_given_to_head_too(product: Product) -> None:
    person = Person(product.port)
    answer = person.request("HEAD", "/connect/authority.crt")
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert answer.body == b""
    person.close()
