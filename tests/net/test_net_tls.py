"""TLS as H1 and T80 to T85 want it: versions, ciphers, ALPN, tickets, goodbye, plain HTTP, files that change."""

from __future__ import annotations

import os
import socket
import ssl
import time
from pathlib import Path

import pytest

from http_core.packet import Response
from server.net.tls import CertificateFiles, KeyPermissionError, make_context
from tests.net.conftest import Live, Start
from tests.net.tiny_app import eventually
from tests.net.wire import client_context
from tests.support.probe_app import make_certificate


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_h1_both_versions_are_spoken(live: Live, version: ssl.TLSVersion) -> None:
    context = client_context(minimum_version=version, maximum_version=version)
    with live.wire(context=context) as wire:
        assert wire.get("/echo").status == 200
        assert wire.sock.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        assert "GCM" in wire.sock.cipher()[0] or "CHACHA20" in wire.sock.cipher()[0]


def test_t80_older_versions_and_cbc_are_refused(live: Live) -> None:
    cbc = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    cbc.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        live.wire(context=cbc)
    old = client_context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        live.wire(context=old)


def test_t80_the_context_says_no_to_what_it_must(certificate: tuple[Path, Path]) -> None:
    context = make_context(*certificate)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION and context.options & ssl.OP_NO_COMPRESSION
    for cipher in context.get_ciphers():
        assert cipher["aead"] and ("ECDHE" in cipher["name"] or cipher["protocol"] == "TLSv1.3")


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], None)]
)
def test_t84_alpn_is_http_1_1_only(live: Live, offered: list[str], chosen: str | None) -> None:
    context = client_context()
    context.set_alpn_protocols(offered)
    with live.wire(context=context) as wire:
        assert wire.sock.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_t84_sessions_are_resumed(live: Live, version: ssl.TLSVersion) -> None:
    context = client_context(minimum_version=version, maximum_version=version)
    with live.wire(context=context) as wire:
        wire.get("/echo")
        session = wire.sock.session
    with live.wire(context=context, session=session) as wire:
        assert wire.get("/echo").status == 200 and wire.sock.session_reused


def test_h1_the_server_says_goodbye(start: Start) -> None:
    """close_notify comes before FIN: a strict client sees a clean end."""
    live = start(idle_s=0.1)
    context = client_context()
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    for path in ("/close", "/echo"):
        with live.wire(context=context) as wire:
            wire.sock.suppress_ragged_eofs = False
            wire.get(path)
            assert wire.sock.recv(100) == b""


def records_of(live: Live, request: bytes) -> list[list[int]]:
    """A TLS 1.3 client by hand: the content types of the records in each piece that comes after its Finished.

    A parked request is answered when the first piece is here.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    pieces: list[list[int]] = []
    with socket.create_connection(("127.0.0.1", live.port), timeout=5) as sock:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
        tls.write(request)
        sock.sendall(outgoing.read())
        while data := sock.recv(65536):
            pieces.append([])
            while data:
                pieces[-1].append(data[0])
                data = data[5 + int.from_bytes(data[3:5]) :]
            for exchange in live.application.parked:
                exchange.answer(Response(200, [], b"at last"))
    return pieces


def test_tickets_answer_and_goodbye_leave_together(live: Live) -> None:
    """A request that comes with the end of the handshake is answered by one `send`, up to close_notify."""
    pieces = records_of(live, b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert pieces == [[0x17, 0x17, 0x17]]  # ticket, answer, close_notify


def test_tickets_do_not_wait_for_a_slow_answer(live: Live) -> None:
    pieces = records_of(live, b"GET /park HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert pieces[0] == [0x17] and sum(map(len, pieces)) == 3


def test_accepted_sockets_have_the_options_of_their_listener(live: Live) -> None:
    with live.wire() as wire:
        wire.get("/echo")
        (client,) = (client for thread in live.server._threads for client in thread.clients.values())
        sock = client.channel.sock
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


def test_h1_a_goodbye_is_returned(live: Live) -> None:
    with live.wire() as wire:
        wire.get("/echo")
        wire.say_goodbye()
        assert wire.sock.recv(10) == b""


def test_h1_plain_http_is_answered_politely(live: Live) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=2) as sock:
        sock.sendall(b"GET / HT")
        time.sleep(0.05)
        sock.sendall(b"TP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while data := sock.recv(4096):
            said += data
    assert said.startswith(b"HTTP/1.1 400 ") and said.endswith(b"https")
    assert live.application.handled == []


def test_h1_half_a_plain_request_is_answered_at_the_deadline(start: Start) -> None:
    live = start(first_byte_s=0.2, handshake_s=0.2)
    with socket.create_connection(("127.0.0.1", live.port), timeout=2) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "noise",
    [b"\x05\x01\x00", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"A" * 70000, b"\x16\x03\x01\x00\x05hello"],
)
def test_t82_noise_is_closed(live: Live, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=2) as sock:
        try:
            sock.sendall(noise)
            while sock.recv(4096):
                continue
        except OSError:
            return  # a reset is as good
    assert eventually(lambda: not live.server.connections())


def test_t82_garbage_inside_tls_ends_the_connection(live: Live) -> None:
    with live.wire() as wire:
        wire.get("/echo")
        twin = socket.socket(fileno=os.dup(wire.sock.fileno()))
        twin.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        twin.close()
        assert wire.ended()
    with live.wire() as wire:
        assert wire.get("/echo").status == 200


def test_t81_records_without_data_end_the_connection(live: Live) -> None:
    """A peer that feeds the TLS layer without ever saying anything."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with socket.create_connection(("127.0.0.1", live.port), timeout=2) as sock:
        tls = client_context(maximum_version=ssl.TLSVersion.TLSv1_2).wrap_bio(incoming, outgoing)
        for _ in range(4):
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
        assert eventually(lambda: live.server.counters()["handshakes"] == 0)
        header = b"\x17\x03\x03\x3f\xff"
        try:
            for _ in range(400):
                sock.sendall(header + bytes(1000))
                header = b""
            while sock.recv(4096):
                continue
        except OSError:
            return
    assert eventually(lambda: not live.server.connections())


def test_o2_a_new_certificate_is_taken_without_a_restart(start: Start, tmp_path: Path) -> None:
    live = start(pair=make_certificate(tmp_path))

    def serial() -> str:
        with live.wire() as wire:
            return ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(binary_form=True))

    with live.wire() as old:
        first = serial()
        make_certificate(tmp_path)
        assert serial() != first
        assert old.get("/echo").status == 200


def test_f40_a_broken_certificate_leaves_the_old_one_in_use(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture, errors_wanted: None
) -> None:
    cert, key = make_certificate(tmp_path)
    live = start(pair=(cert, key))
    good = key.read_bytes()
    key.write_text("garbage")
    for _ in range(2):
        with live.wire() as wire:
            assert wire.get("/echo").status == 200
    assert [record.message for record in caplog.records].count(caplog.records[0].message) == 1
    key.write_bytes(good)
    with live.wire() as wire:
        assert wire.get("/echo").status == 200
    cert.unlink()
    with live.wire() as wire:
        assert wire.get("/echo").status == 200


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_t85_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    cert, key = make_certificate(tmp_path)
    key.chmod(mode)
    with pytest.raises(KeyPermissionError, match="chmod 600"):
        CertificateFiles(cert, key)
    key.chmod(0o400)
    assert CertificateFiles(cert, key).current()
