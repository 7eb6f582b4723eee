"""The systemd unit: verified, and what it relies on tried one by one. A real systemd runs it in test_systemd."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from server import addresses
from server.announcement import tell_service_manager
from tests.operations.program import NOBODY, run, wait_until
from tests.operations.test_wrong_starts import own_certificate
from tests.support.product import ROOT, Person, Product

UNIT = ROOT / "docs" / "shared-notebooks.service"
PYTHON = "/opt/shared-notebooks/.venv/bin/python"


def unit_for(data_dir: Path) -> str:
    """The unit with this machine's paths in place of the installed ones."""
    text = UNIT.read_text(encoding="utf-8")
    for old, new in (
        (PYTHON, sys.executable),
        ("WorkingDirectory=/opt/shared-notebooks", f"WorkingDirectory={ROOT}"),
        ("/opt/shared-notebooks/docs", str(ROOT / "docs")),
        ("--data-dir /var/lib/shared-notebooks", f"--data-dir {data_dir}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_the_unit_passes_systemd_analyze_verify(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian: apt install systemd)")
    path = tmp_path / "shared-notebooks.service"
    path.write_text(unit_for(tmp_path / "data"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in (done.stderr + done.stdout).split("\n") if "shared-notebooks" in line]
    assert done.returncode == 0, done.stderr
    assert ours == []


def test_what_the_unit_calls_exists() -> None:
    text = UNIT.read_text(encoding="utf-8")
    help_text = run("--help").output
    for line in re.findall(r"^Exec\w+=(.*)$", text, re.M):
        words = line.split()
        assert words[:2] == [PYTHON, "main.py"]
        for word in words[2:]:
            if word.startswith("--") or word.isalpha():
                assert word in help_text, word
    assert "CAP_NET_BIND_SERVICE" in text and "AF_NETLINK" in text and "KillMode=mixed" in text


def test_reload_reissues_a_certificate_that_the_running_server_takes(product: Product) -> None:
    def served() -> str:
        return ssl.get_server_certificate(("127.0.0.1", product.port))

    before = served()
    person = Person(product.port)
    fingerprint = person.get("/api/connect").data["fingerprint"]
    (product.data_dir / "https" / "servercert.pem").unlink()
    done = run("certificate", data_dir=product.data_dir)
    assert done.status == 0, done.errors
    wait_until(lambda: served() != before, "the new certificate", 10)
    wait_until(
        lambda: person.get("/api/connect").data["fingerprint"] != fingerprint, "the page tells of it", 10
    )
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(served())).hexdigest().upper()
    assert person.get("/api/connect").data["fingerprint"].replace(":", "") == digest
    assert run("certificate", data_dir=product.data_dir).output.startswith("The certificates are in order")
    person.close()
    assert product.stop() == 0


def test_h5_an_own_certificate_put_in_place_of_the_home_made_one_brings_its_names(product: Product) -> None:
    """The running server answers to the new names at once, and offers no authority of its own any more."""
    name = "notes.example.org"
    visitor = Person(product.port, host=name)
    assert visitor.get("/connect").status == 421
    own_certificate(product.data_dir / "https", name, days=40)

    def taken() -> bool:
        visitor.close()
        return visitor.get("/connect").status == 200

    wait_until(taken, "the new name is ours", 10)
    facts = visitor.get("/api/connect").data
    assert facts["homeMade"] is False and facts["authority"] is None
    assert visitor.get("/health").data["certificate_days"] == 39
    visitor.close()


def test_a_service_manager_is_told_of_ready_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = Path(tempfile.mkdtemp(prefix="nb-")) / "notify"
        manager.bind(str(path))
        manager.settimeout(20)
        product = Product(tmp_path / "data", NOTIFY_SOCKET=str(path))
        product.start()
        assert manager.recv(100) == b"READY=1"
        assert product.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"
    shutil.rmtree(path.parent)


def test_nobody_to_tell_is_no_failure() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "vsock:2"}):
        tell_service_manager(environment, "READY=1")


def _python_for_everybody(before: list[str], environment: dict[str, str]) -> str | None:
    """A Python that a user without rights can run, children and packages included; the virtual one may be closed."""
    check = (
        "import subprocess, sys, cryptography.x509, mysql.connector; "
        "subprocess.run([sys.executable, '-c', '1'], check=True)"
    )
    environment["PYTHONPATH"] = next(path for path in sys.path if path.endswith("site-packages"))
    for python in (sys.executable, "/usr/bin/python3"):
        tried = subprocess.run(
            [*before, python, "-c", check], env=environment, capture_output=True, check=False
        )
        if tried.returncode == 0:
            return python
    return None


def test_port_443_by_capability_as_a_user_without_rights() -> None:
    """What the unit does with AmbientCapabilities, done with setpriv."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    folder = Path(tempfile.mkdtemp(prefix="nb-443-"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    before = [
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+net_bind_service",
        "--ambient-caps=+net_bind_service", "--bounding-set=-all,+net_bind_service", "--no-new-privs",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C"}
    python = _python_for_everybody(before, environment)
    if python is None:
        pytest.skip("other users may not run a Python with the packages here")
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [*before, python, "main.py", "--no-console", "--port", "443", "--host", "127.0.0.43", "--data-dir", str(data)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
        )  # fmt: skip
    try:
        wait_until(
            lambda: b"[INIT] ready" in (folder / "out").read_bytes() or process.poll() is not None,
            "the start",
        )
        assert process.poll() is None, (folder / "out").read_text()
        person = Person(443, address="127.0.0.43")
        assert person.get("/health").status == 200
        person.close()
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


def test_f46_a_sandbox_without_netlink_does_not_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[tuple[int, str]]:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "if_nameindex", refuse)
    assert addresses.look_around().hostname is not None
