"""T80, T81, T84: the running product as an outside auditor sees its TLS.

The short form asks with `openssl s_client`; the long form runs testssl.sh over everything (two minutes). What a local
authority always shows stands in docs/threat-model.md and in ALWAYS below.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.product import Product

ALWAYS = {
    "cert_revocation": "a home-made authority has no place to publish revocations",
    "DNS_CAArecord": "local names have no CAA record",
    "HSTS": "only with --hsts, which wants an operator's own certificate",
    "BREACH": "answers are compressed; nothing secret is compressed beside what a stranger chose",
    "cert_chain_of_trust": "only where the authority was not added",
    "overall_grade": "follows from the above",
}


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
    assert len(found) > 150
    bad = [
        one
        for one in found
        if one["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "WARN") and one["id"] not in ALWAYS
    ]
    assert bad == []
    assert any(
        one["id"].startswith("cert_chain_of_trust") and one["finding"].startswith("passed") for one in found
    )
