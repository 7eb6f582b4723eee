"""The certificates: made once, kept, renewed by the same authority, private, and limited to local names (T85, H5)."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from server.addresses import Door, Machine, look_around, typed_addresses
from server.certificate_files import CertificateError, CertificateFiles
from server.certificates import ensure_certificates

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
HOME = Machine("teacher-pc", (ipaddress.ip_address("192.168.1.20"), ipaddress.ip_address("fd00::2")), True)


def make(folder: Path, machine: Machine = HOME, names: tuple[str, ...] = (), days: float = 0):  # type: ignore[no-untyped-def]
    return ensure_certificates(
        CertificateFiles(folder), machine, names, now=NOW + datetime.timedelta(days=days)
    )


def read(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def test_first_start_makes_four_private_files_that_openssl_accepts(tmp_path: Path) -> None:
    info = make(tmp_path)
    for name in ("rootkey.pem", "serverkey.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert {"localhost", "127.0.0.1", "[::1]", "192.168.1.20", "[fd00::2]", "teacher-pc.local"} <= info.hosts
    assert not info.own
    if shutil.which("openssl"):
        done = subprocess.run(
            ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", "rootcert.pem", "servercert.pem"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_second_start_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert make(tmp_path, days=1).note == ""
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_new_address_and_near_end_are_reissued_by_the_same_authority(tmp_path: Path) -> None:
    make(tmp_path)
    root, leaf = read(tmp_path, "rootcert.pem"), read(tmp_path, "servercert.pem")
    moved = Machine("teacher-pc", (ipaddress.ip_address("10.1.2.3"),), False)
    assert "10.1.2.3" in make(tmp_path, moved).hosts
    assert read(tmp_path, "servercert.pem") != leaf
    leaf = read(tmp_path, "servercert.pem")
    make(tmp_path, moved, days=380)
    assert read(tmp_path, "servercert.pem") != leaf
    assert read(tmp_path, "rootcert.pem") == root


def test_t85_leaf_is_short_lived_and_no_authority(tmp_path: Path) -> None:
    make(tmp_path)
    leaf = x509.load_pem_x509_certificate(read(tmp_path, "servercert.pem"))
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= datetime.timedelta(days=398)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    root = x509.load_pem_x509_certificate(read(tmp_path, "rootcert.pem"))
    constraints = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert x509.DNSName("local") in (constraints.value.permitted_subtrees or ())


def test_a_name_outside_the_authoritys_limits_makes_a_new_authority_and_keeps_the_old(tmp_path: Path) -> None:
    make(tmp_path)
    root = read(tmp_path, "rootcert.pem")
    assert "notes.example.org" in make(tmp_path, names=("notes.example.org",)).hosts
    assert read(tmp_path, "rootcert.pem") != root
    assert [p for p in tmp_path.iterdir() if ".old." in p.name]


def test_an_operators_own_pair_is_used_as_it_is(tmp_path: Path) -> None:
    other = tmp_path / "other"
    make(other, names=("own.example.org",))
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("servercert.pem", "serverkey.pem"):
        shutil.copy(other / name, mine / name)
    info = make(mine)
    assert info.own
    assert "own.example.org" in info.hosts
    assert read(mine, "servercert.pem") == read(other, "servercert.pem")
    assert not (mine / "rootkey.pem").exists()


@pytest.mark.parametrize("name", ["serverkey.pem", "rootkey.pem"])
@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_t85_a_key_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    make(tmp_path)
    (tmp_path / name).chmod(0o644)
    with pytest.raises(CertificateError, match="chmod 600"):
        make(tmp_path)


def test_a_pair_that_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    make(tmp_path / "a", names=("a.example.org",))
    make(tmp_path / "b", names=("b.example.org",))
    (tmp_path / "a" / "rootcert.pem").unlink()
    shutil.copy(tmp_path / "b" / "serverkey.pem", tmp_path / "a" / "serverkey.pem")
    with pytest.raises(CertificateError, match="do not belong together"):
        make(tmp_path / "a")


def test_garbage_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "servercert.pem").write_text("garbage")
    with pytest.raises(CertificateError, match=r"servercert\.pem"):
        make(tmp_path)


def test_f46_a_machine_that_cannot_be_looked_up_still_gives_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no resolver")

    monkeypatch.setattr("socket.getaddrinfo", broken)
    machine = look_around()
    assert isinstance(machine.addresses, tuple)
    assert not machine.local_name_resolves


EVERYWHERE = Door(("::", "0.0.0.0"), 8443)


def test_s4_addresses_are_https_best_first_and_never_loopback() -> None:
    assert typed_addresses(HOME, ["notes.example.org"], EVERYWHERE) == [
        "https://notes.example.org:8443/",
        "https://192.168.1.20:8443/",
        "https://[fd00::2]:8443/",
        "https://teacher-pc.local:8443/",
    ]
    assert typed_addresses(HOME, [], replace(EVERYWHERE, port=443))[0] == "https://192.168.1.20/"


@pytest.mark.parametrize(
    ("hosts", "listed"),
    [
        (("192.168.1.20",), ["https://notes.example.org:8443/", "https://192.168.1.20:8443/"]),
        (("0.0.0.0",), ["https://notes.example.org:8443/", "https://192.168.1.20:8443/"]),
        (("::",), ["https://notes.example.org:8443/", "https://[fd00::2]:8443/"]),
        (("10.9.9.9",), ["https://notes.example.org:8443/"]),
    ],
)
def test_s4_only_addresses_that_lead_here_are_offered(hosts: tuple[str, ...], listed: list[str]) -> None:
    """`.local` stands for any address of the machine: it is offered only where each of them is listened on."""
    assert typed_addresses(HOME, ["notes.example.org"], Door(hosts, 8443)) == listed


def test_s4_behind_loopback_alone_the_names_are_the_proxys_and_no_address_is_ruled_out() -> None:
    assert typed_addresses(HOME, ["notes.example.org"], Door(("127.0.0.1", "::1"), 8443)) == [
        "https://notes.example.org/",
        "https://192.168.1.20:8443/",
        "https://[fd00::2]:8443/",
        "https://teacher-pc.local:8443/",
    ]


def test_s4_behind_a_proxy_the_names_are_the_proxys() -> None:
    proxied = replace(EVERYWHERE, behind_proxy=True)
    assert typed_addresses(HOME, ["notes.example.org"], proxied)[:2] == [
        "https://notes.example.org/",
        "https://192.168.1.20:8443/",
    ]


def test_what_to_type_on_this_machine_is_what_is_listened_on() -> None:
    assert EVERYWHERE.here() == "https://localhost:8443/"
    assert Door(("::1",), 443).here() == "https://localhost/"
    assert Door(("192.168.1.20",), 8443).here() == "https://192.168.1.20:8443/"
    assert Door(("fd00::2",), 8443).here() == "https://[fd00::2]:8443/"
