"""Every wrong condition of a start answers with one sentence and the next step: the real `python main.py`."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import main
from server.capacity import LITTLE_ROOM_BYTES, descriptor_note, room_note
from tests.operations.program import (
    NOBODY,
    as_nobody,
    copy_of_the_project,
    leftovers,
    merged,
    run,
    sentence,
    start,
)
from tests.support.mariadb import MariaDb
from tests.support.product import Person, Product, free_port, stroke


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is in order: started once, one account, one notebook, stopped."""
    folder = tmp_path / "data"
    shutil.copytree(_template(), folder, symlinks=True)
    return folder


_made: list[Path] = []


def _template() -> Path:
    """One such folder for all tests of this module, made on first use."""
    if not _made:
        product = Product(Path(tempfile.mkdtemp(prefix="nb-template-")) / "data").start()
        dana = Person(product.port).sign_up("Dana")
        dana.post(f"/SAVE/{dana.new_notebook('Algebra')}", [["a", stroke(), "one"]])
        dana.close()
        assert product.stop() == 0
        _made.append(product.data_dir)
    return _made[0]


@pytest.fixture(scope="module", autouse=True)
def _no_template_left() -> Iterator[None]:
    yield
    for folder in _made:
        shutil.rmtree(folder.parent, ignore_errors=True)
    _made.clear()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach."""
    folder = Path(tempfile.mkdtemp(prefix="nb-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- the port ---------------------------------------------------------------------------------------------------


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = sentence(start(tmp_path / "d", "--port", str(port)), f"Port {port} is in use", status=2)
    assert "--port" in text
    assert not leftovers(tmp_path / "d")


def test_a_second_start_on_the_same_folder(product: Product) -> None:
    sentence(start(product.data_dir), "Another server is running", str(product.data_dir), "--data-dir")
    person = Person(product.port)
    assert person.get("/health").status == 200
    person.close()


def test_port_443_without_the_right(open_folder: Path) -> None:
    before = as_nobody()
    if before is None:
        pytest.skip("needs setpriv and a Python that other users may run")
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 443:
        pytest.skip("here every user may listen on port 443")
    mine = open_folder / "data"
    mine.mkdir()
    os.chown(mine, NOBODY, NOBODY) if os.geteuid() == 0 else None
    done = start(mine, "--port", "443", before=before)
    assert "--port 8443" in sentence(done, "Port 443 needs a right", "'Port 443'", status=2)


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    done = run("--no-console", "--host", "192.0.2.250", "--port", "0", data_dir=tmp_path / "d")
    sentence(done, "Cannot listen on 192.0.2.250", "--host", status=2)


# --- the machine ------------------------------------------------------------------------------------------------


def test_too_few_descriptors_still_starts_and_says_so(tmp_path: Path) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not installed")
    port = free_port()
    process = subprocess.Popen(
        ["prlimit", "--nofile=240:240", sys.executable, "main.py", "--port", str(port), "--host", "127.0.0.1",
         "--data-dir", str(tmp_path / "d")],
        cwd=Path(main.__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    output, _ = process.communicate("clients\nexit\n", timeout=30)
    assert process.returncode == 0, output
    assert "Too few file descriptors (240): at most 120 connections" in output
    assert "ulimit -n 32768" in output


def test_the_descriptor_limit_is_raised_as_far_as_it_goes(tmp_path: Path) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not installed")
    done = subprocess.run(
        ["prlimit", "--nofile=256:4096", sys.executable, "main.py", "--port", str(free_port()), "--host", "127.0.0.1",
         "--data-dir", str(tmp_path / "d")],
        cwd=Path(main.__file__).parent, input="exit\n", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Too few file descriptors (4,096): at most 3,840" in done.stdout


def test_descriptor_and_room_sentences() -> None:
    assert descriptor_note(None, 18_000, 18_000) == ""
    assert descriptor_note(32_768, 18_000, 18_000) == ""
    assert room_note(LITTLE_ROOM_BYTES, 100_000_000, Path("/d")) == ""
    assert "will have to wait" in room_note(200_000_000, 100_000_000, Path("/d"))
    full = room_note(5_000_000, 100_000_000, Path("/d"))
    assert full == (
        "The disk of /d is nearly full (5 MB free); below 100 MB no change is taken: what people write waits in "
        "their browsers. Make room there."
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts small disks of memory; skipped where that is not allowed."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        place = tmp_path / f"disk-{size}"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(place)], capture_output=True, check=False
        ).returncode:  # fmt: skip
            pytest.skip("only root may mount a small disk")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_disk_that_is_nearly_full_is_told_and_changes_wait(
    small_disk: Callable[[str], Path], start_product: Callable[..., Product]
) -> None:
    place = small_disk("60m")
    product = start_product(folder=str(place / "data"))
    assert "nearly full" in product.output
    dana = Person(product.port).sign_up("Dana")
    notebook = dana.new_notebook()
    answer = dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]])
    assert (answer.status, answer.json["reason"]) == (507, "disk_full")
    dana.close()
    assert product.stop() == 0


def test_a_full_disk_refuses_the_start(small_disk: Callable[[str], Path]) -> None:
    place = small_disk("1m")
    (place / "filler").write_bytes(b"x" * 960_000)
    sentence(start(place / "data"), "disk")


def test_a_data_folder_that_cannot_be_written(open_folder: Path) -> None:
    before = as_nobody()
    if before is None:
        pytest.skip("needs setpriv and a Python that other users may run")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o555)
    sentence(start(closed, before=before), "cannot be written", str(closed), "--data-dir")
    sentence(start(closed / "below", before=before), "cannot be made", "--data-dir")


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("not a folder")
    sentence(start(tmp_path / "d"), "cannot be made", "--data-dir")


# --- keys and certificates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keys/storage.key", "https/serverkey.pem", "https/rootkey.pem"])
def test_a_key_that_others_can_read(data: Path, name: str) -> None:
    (data / name).chmod(0o644)
    sentence(start(data), str(data / name), "chmod 600")


def test_the_storage_key_is_missing(data: Path) -> None:
    (data / "keys" / "storage.key").unlink()
    sentence(start(data), "storage.key is missing", "Put the key file back")
    assert not (data / "keys" / "storage.key").exists()


def test_the_storage_key_is_another(data: Path) -> None:
    (data / "keys" / "storage.key").write_text("00" * 32 + "\n")
    sentence(start(data), "storage key", "Put the right keys/storage.key back")


def test_the_storage_key_is_garbage(data: Path) -> None:
    (data / "keys" / "storage.key").write_text("secret")
    text = sentence(start(data), "64 hex digits", "Put the right one back")
    assert "secret" not in text


@pytest.mark.parametrize("name", ["servercert.pem", "rootcert.pem"])
def test_a_broken_certificate(data: Path, name: str) -> None:
    (data / "https" / name).write_text("-----BEGIN CERTIFICATE-----\nno\n")
    sentence(start(data), name, "remove it together with its key")


def test_a_broken_server_key(data: Path) -> None:
    (data / "https" / "serverkey.pem").write_text("no key\n")
    sentence(start(data), "serverkey.pem", "or remove it together with servercert.pem")


def own_certificate(folder: Path, *names: str, days: int = 90) -> None:
    """A certificate that was not made by this program, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Another authority")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "servercert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    path = folder / "serverkey.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)


def test_an_own_certificate_that_does_not_fit_its_key(tmp_path: Path) -> None:
    own_certificate(tmp_path / "https", "notes.example.org")
    kept = (tmp_path / "https" / "servercert.pem").read_bytes()
    own_certificate(tmp_path / "https", "notes.example.org")
    (tmp_path / "https" / "servercert.pem").write_bytes(kept)
    sentence(start(tmp_path), "do not belong together", "matching pair")
    assert (tmp_path / "https" / "servercert.pem").read_bytes() == kept


def test_h6_hsts_needs_an_own_certificate(tmp_path: Path) -> None:
    sentence(start(tmp_path, "--hsts"), "--hsts needs your own certificate", "leave --hsts out", status=2)


def test_h6_hsts_needs_a_dns_name(tmp_path: Path) -> None:
    own_certificate(tmp_path / "https", "notes.local", "localhost")
    sentence(start(tmp_path, "--hsts"), "--hsts needs a DNS name", "notes.local", status=2)


def test_h6_hsts_with_both_is_sent(tmp_path: Path, start_product: Callable[..., Product]) -> None:
    own_certificate(tmp_path / "data" / "https", "notes.example.org", days=20)
    product = start_product("--hsts")
    person = Person(product.port, host="notes.example.org")
    assert "max-age" in person.get("/health").headers["strict-transport-security"]
    assert person.get("/api/connect").data["authority"] is None
    assert person.get("/connect/authority.crt").status == 404
    person.close()
    assert "Your certificate ends in" in product.output


# --- the database -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"this is not a database, not at all, but some text of a hundred bytes" * 3]
)
def test_a_database_file_that_is_none(data: Path, content: bytes) -> None:
    (data / "notebooks.sqlite3").write_bytes(content)
    sentence(start(data), "damaged or is not one of this program", "restore a backup")
    assert (data / "notebooks.sqlite3").read_bytes() == content


def test_a_newer_schema(data: Path) -> None:
    raw = sqlite3.connect(data / "notebooks.sqlite3")
    raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    raw.commit()
    raw.close()
    sentence(start(data), "schema 99", "Start the newer version")


def write_config(folder: Path, config: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dbconfig.json").write_text(json.dumps(config))
    (folder / "dbconfig.json").chmod(0o600)


@pytest.mark.mysql
def test_a_wrong_mysql_password(tmp_path: Path, mariadb_config: dict[str, object]) -> None:
    write_config(tmp_path, merged(mariadb_config, password="guessed-wrong"))
    text = sentence(start(tmp_path), "does not accept the user name and password", "dbconfig.json")
    assert "guessed-wrong" not in text


@pytest.mark.mysql
def test_a_wrong_mysql_host(tmp_path: Path, mariadb_config: dict[str, object]) -> None:
    write_config(tmp_path, merged(mariadb_config, port=free_port()))
    sentence(start(tmp_path), "cannot be reached", '"host" and "port"')


@pytest.mark.mysql
def test_no_right_to_make_the_database(
    tmp_path: Path, mariadb: MariaDb, mariadb_config: dict[str, object]
) -> None:
    mariadb.administrate("CREATE OR REPLACE USER 'weak'@'%' IDENTIFIED BY 'only-a-test'")
    write_config(tmp_path, merged(mariadb_config, username="weak", password="only-a-test"))
    text = sentence(start(tmp_path), "may not make it", "CREATE DATABASE", "GRANT ALL", lines=3)
    assert "only-a-test" not in text


@pytest.mark.mysql
def test_a_config_that_others_can_read_is_told(
    mariadb_config: dict[str, object], tmp_path: Path, start_product: Callable[..., Product]
) -> None:
    write_config(tmp_path / "data", mariadb_config)
    (tmp_path / "data" / "dbconfig.json").chmod(0o644)
    product = start_product()
    assert "chmod 600" in product.output
    assert product.stop() == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"host": "x", "colour": "red"}', "\x00\xff"])
def test_a_broken_dbconfig(tmp_path: Path, content: str) -> None:
    (tmp_path / "dbconfig.json").write_text(content)
    sentence(start(tmp_path), "dbconfig.json", status=2)


# --- the command line -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--colour"], "--colour"), (["dance"], "dance"), (["--port", "x"], "--port"), (["backup"], "PATH")],
)
def test_an_unknown_word(tmp_path: Path, arguments: list[str], named: str) -> None:
    sentence(run(*arguments, data_dir=tmp_path), named, status=2)


def test_commands_beside_a_server_that_is_not_there(tmp_path: Path) -> None:
    for command in ("save", "console"):
        finished = run(command, data_dir=tmp_path)
        sentence(finished, "No server runs on", "--data-dir")
        assert finished.output == "", "it claimed to be connected"
    for command in (["verify"], ["export", str(tmp_path / "out")], ["backup", str(tmp_path / "b")]):
        sentence(run(*command, data_dir=tmp_path), "holds no notebooks", "--data-dir")
    sentence(run("backup", str(tmp_path / "no" / "b"), data_dir=tmp_path), "is not there")


# --- what is not installed --------------------------------------------------------------------------------------


def test_a_bare_clone_without_packages(tmp_path: Path) -> None:
    clone = copy_of_the_project(tmp_path / "clone", libraries=False)
    done = run("--no-console", root=clone, python=(sys.executable, "-S"))
    text = sentence(done, "cryptography", "make setup", status=2, lines=5)
    assert ".venv/bin/python main.py" in text


def test_a_clone_without_the_browser_libraries(tmp_path: Path) -> None:
    clone = copy_of_the_project(tmp_path / "clone", libraries=False)
    done = start(tmp_path / "d", root=clone)
    sentence(done, "node_modules", "make setup")
    assert not (tmp_path / "d").exists()


def test_a_python_that_is_too_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        main, "sys", SimpleNamespace(version_info=(3, 10, 12), version="3.10.12 (main)", stderr=sys.stderr)
    )
    assert main.main() == 2
    assert capsys.readouterr().err == "Python 3.11 or newer is needed; this is 3.10.12.\n"
