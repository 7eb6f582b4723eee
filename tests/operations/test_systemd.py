"""The systemd unit as it stands in docs, run by a real systemd: started, reloaded, restarted, killed, stopped."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.program import wait_until
from tests.support.systemd_machine import DATA, UNITS, USER, Machine, booted

pytestmark = pytest.mark.systemd


@pytest.fixture
def machine() -> Iterator[Machine]:
    space = Path(tempfile.mkdtemp(prefix="nb-machine-", dir="/var/tmp"))
    try:
        with booted(space) as up:
            yield up
    finally:
        shutil.rmtree(space, ignore_errors=True)
        space.with_name(f"{space.name}.log").unlink(missing_ok=True)


def healthy(machine: Machine) -> None:
    """It answers at once; the update process is a moment behind."""
    assert machine.ask("/health")
    wait_until(lambda: json.loads(machine.ask("/health"))["data"]["status"] == "ok", "health", 20)


def certificate(machine: Machine) -> str:
    return str(json.loads(machine.ask("/api/connect"))["data"]["fingerprint"])


def capabilities(machine: Machine, pid: str) -> int:
    status = machine.run("cat", f"/proc/{pid}/status")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)


def test_the_unit_starts_reloads_restarts_and_stops(machine: Machine) -> None:
    machine.run("systemctl", "start", "shared-notebooks", wait_s=120)
    healthy(machine)
    first = machine.property("MainPID")
    assert machine.run("stat", "-c", "%U", f"/proc/{first}") == USER
    assert capabilities(machine, first) == 1 << 10, "CAP_NET_BIND_SERVICE and nothing else"
    assert machine.run("stat", "-c", "%U %a", DATA) == f"{USER} 700"

    machine.run("rm", f"{DATA}/https/servercert.pem")
    before = certificate(machine)
    machine.run("systemctl", "reload", "shared-notebooks", wait_s=120)
    wait_until(lambda: certificate(machine) != before, "the new certificate", 20)
    assert machine.property("MainPID") == first, "a reload disconnects nobody"

    machine.run("systemctl", "restart", "shared-notebooks", wait_s=120)
    healthy(machine)
    second = machine.property("MainPID")
    assert second != first

    machine.run("kill", "-9", second)
    wait_until(lambda: machine.property("NRestarts") == "1", "systemd starts it again", 30)
    wait_until(lambda: machine.property("ActiveState") == "active", "it is up again", 30)
    healthy(machine)

    machine.run("systemctl", "stop", "shared-notebooks", wait_s=120)
    assert machine.property("Result") == "success"
    assert machine.run("pgrep", "-u", USER, check=False) == "", "nothing is left behind"
    machine.run("test", "-s", f"{DATA}/Protected/UsersLoginData.json")


def test_a_wrong_setting_is_not_tried_again(machine: Machine) -> None:
    machine.run("mkdir", f"{UNITS}/shared-notebooks.service.d")
    setting = "[Service]\\nEnvironment=NOTEBOOKS_SIGNUP=perhaps\\nRestartSec=0\\n"
    machine.run("sh", "-c", f"printf '{setting}' > {UNITS}/shared-notebooks.service.d/wrong.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "shared-notebooks", check=False, wait_s=120)
    assert machine.property("ActiveState") == "failed"
    assert machine.property("ExecMainStatus") == "2"
    assert machine.property("NRestarts") == "0"
