"""S4: a link made on https://localhost opens on another device, through the machine's LAN address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import missing
from tests.support.product import ROOT

ADDRESS = "192.168.77.5"
# No IPv6 address of its own making: one that appears a second later is a network change, and breaks what loads then.
PREPARE = (
    "ip link set lo up && ip link add lan0 type veth peer name lan1 && "
    "ip link set lan0 addrgenmode none && ip link set lan1 addrgenmode none && "
    f"ip addr add {ADDRESS}/24 dev lan0 && ip link set lan0 up && ip link set lan1 up && "
)


@pytest.mark.browser
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="network namespaces are Linux's")
def test_s4_a_link_made_on_localhost_opens_through_the_lan_address() -> None:
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2"), ("chromium", "chromium")):
        if shutil.which(program) is None:
            missing(program, package)
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    done = subprocess.run(
        [*namespace, "sh", "-c", f"{PREPARE} exec {sys.executable} -m tests.e2e.lan_story {ADDRESS}"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
