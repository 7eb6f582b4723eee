"""T80, T81, T84: the running product as an outside auditor sees its TLS.

The short form asks with `openssl s_client`; the long form runs testssl.sh over everything (two minutes). What a local
authority always shows stands in docs/threat-model.md and in ALWAYS below.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.support.product import ROOT, Product

ALWAYS = {
    "cert_revocation": "a home-made authority has no place to publish revocations",
    "DNS_CAArecord": "local names have no CAA record",
    "HSTS": "only with --hsts, which wants an operator's own certificate",
    "BREACH": "answers are compressed; nothing secret is compressed beside what a stranger chose",
    "sessionresumption_ticket": "its client leaves before a ticket of TLS 1.3 comes; the test below resumes",
    "overall_grade": "follows from the above",
}
COMPLETE = {
    "protocols": (6, r"SSLv[23]|TLS1(_[123])?"),
    "ciphers": (6, r"cipherlist_\w+"),
    "forward secrecy": (3, r"P?FS(_\w+)?"),
    "renegotiation": (2, r"secure_(client_)?renego"),
    "vulnerabilities": (
        15,
        r"heartbleed|CCS|ticketbleed|ROBOT|CRIME_TLS|BREACH|POODLE_SSL|fallback_SCSV|SWEET32|FREAK|DROWN|LOGJAM|BEAST"
        r"|LUCKY13|RC4|winshock",
    ),
    "certificate": (6, r"cert_(chain_of_trust|trust|keySize|signatureAlgorithm|expirationStatus|revocation)"),
    "the end": (1, "scanTime"),
}
"""What a whole report holds: how many findings of each group there are at least."""


def s_client(product: Product, *arguments: str, text: str = "") -> str:
    done = subprocess.run(
        [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{product.port}",
            "-servername",
            "localhost",
            *arguments,
        ],
        input=text,
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("-tls1",),
        ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA"),
        ("-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "kRSA:kDHE"),
    ],
    ids=["1.0", "1.1", "CBC", "NULL", "no forward secrecy"],
)
def test_t80_weak_ways_in_are_refused(house: Product, arguments: tuple[str, ...]) -> None:
    answer = s_client(house, *arguments)
    assert "Cipher is (NONE)" in answer or "no protocols available" in answer or "no cipher" in answer.lower()
    assert "Cipher is ECDHE" not in answer


def test_t80_t84_what_is_offered(house: Product) -> None:
    root = house.data_dir / "https" / "rootcert.pem"
    modern = s_client(house, "-CAfile", str(root), "-verify_hostname", "localhost", "-alpn", "h2,http/1.1")
    assert "TLSv1.3" in modern and "Verification: OK" in modern and "ALPN protocol: http/1.1" in modern
    assert "Early data was not sent" in modern
    assert "Compression: NONE" in modern
    old = s_client(house, "-tls1_2", "-CAfile", str(root))
    assert "Cipher is ECDHE-ECDSA-" in old and "GCM" in old + "CHACHA"
    assert (
        "Secure Renegotiation IS supported" in old
    )  # RFC 5746 signalling, while renegotiation itself is refused


def test_t81_renegotiation_is_refused(house: Product) -> None:
    answer = s_client(house, "-tls1_2", text="R\n")
    assert "RENEGOTIATING" in answer and "no renegotiation" in answer.lower()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_t80_testssl_finds_nothing_above_low(house: Product, tmp_path: Path) -> None:
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        pytest.skip("testssl is not installed (Debian: apt install testssl.sh)")
    report = tmp_path / "report.json"
    root = house.data_dir / "https" / "rootcert.pem"
    subprocess.run(
        [program, "--add-ca", str(root), "--warnings", "off", "--color", "0", "--quiet", "--jsonfile", str(report), "--ip", "127.0.0.1", f"localhost:{house.port}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=280,
    )  # fmt: skip
    found = json.loads(report.read_text())
    for group, (least, pattern) in COMPLETE.items():
        names = {one["id"] for one in found if re.fullmatch(pattern, one["id"].split(" ")[0])}
        assert len(names) >= least, (group, names)
    above = [one for one in found if one["severity"] not in ("OK", "INFO", "LOW", "DEBUG")]
    assert [one for one in above if one["id"] not in ALWAYS] == []
    assert any(
        one["id"].startswith("cert_chain_of_trust") and one["finding"].startswith("passed") for one in found
    )
    explained = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    assert [one["id"] for one in above if f"`{one['id']}`" not in explained] == []


def test_t84_a_ticket_resumes_the_session(house: Product) -> None:
    """What testssl cannot see: a client that stays until its ticket has come uses it on the next connection."""
    context = ssl.create_default_context(cafile=str(house.data_dir / "https" / "rootcert.pem"))
    ticket: ssl.SSLSession | None = None
    for resumed in (False, True):
        with (
            socket.create_connection(("127.0.0.1", house.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=ticket) as secure,
        ):
            assert secure.version() == "TLSv1.3" and secure.session_reused is resumed
            secure.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert secure.recv(16).startswith(b"HTTP/1.1 200")
            ticket = secure.session
