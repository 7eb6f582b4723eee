"""A machine of its own for the service unit: systemd as process 1 in fresh namespaces, on a throw-away copy of this system.

Owns booting it, running commands in it and taking it down. The files are an overlay in memory, the network is its own
(port 443 is free), and the unit is installed word for word, at the paths and for the user that it names. Only the
targets it waits for stand in empty, so that nothing else of this machine is started a second time. Needs root, cgroups
that can be written and systemd's programs; `possible` says whether they are there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/opt/shared-notebooks"
DATA = "/var/lib/shared-notebooks"
USER = "notebooks"
SYSTEMD = "/lib/systemd/systemd"
UNITS = "/tmp/units"
TOOLS = ("unshare", "nsenter", "systemctl", "mount", "pivot_root", "umount")
NAMESPACES = ("--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup")

BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$SPACE"
cd "$SPACE"
mkdir upper work root program program-work
mount -t overlay overlay -o lowerdir=/,upperdir=$SPACE/upper,workdir=$SPACE/work root
cd root
mount -t proc proc proc; mount -t sysfs sysfs sys; mount --rbind /dev dev; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
mkdir -p .$PROGRAM .$UNITS
mount -t overlay overlay -o lowerdir=$REPOSITORY,upperdir=$SPACE/program,workdir=$SPACE/program-work .$PROGRAM
cd .$PROGRAM
chmod 755 . && chmod -R a+rX main.py server http_core public docs
rm -rf .venv node_modules keys https Protected logs dbconfig.json && mkdir -p .venv/bin "$PACKAGES_AT" node_modules
ln -s "$PYTHON" .venv/bin/python && echo "home = ${PYTHON%/*}" > .venv/pyvenv.cfg
mount --bind "$PACKAGES" "$PACKAGES_AT"
mount --bind "$LIBRARIES" node_modules
cd "$SPACE/root"
echo "$USER:x:64321:64321::$DATA:/usr/sbin/nologin" >> etc/passwd
echo "$USER:x:64321:" >> etc/group
for name in sysinit basic shutdown network network-online umount final; do
  printf '[Unit]\\nDescription=%s\\n' $name > .$UNITS/$name.target
done
printf '[Unit]\\nDescription=Up\\nRequires=basic.target\\nAfter=basic.target\\n' > .$UNITS/multi-user.target
cp .$PROGRAM/docs/shared-notebooks.service .$UNITS/
pivot_root . mnt
umount -l /mnt
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other SYSTEMD_UNIT_PATH=$UNITS \
  $SYSTEMD --system --unit=multi-user.target --log-target=console --log-level=warning
"""


def _cgroups() -> list[Path]:
    """Where systemd's own hierarchy hangs, whichever layout this kernel has; empty where it cannot be written."""
    base = Path("/sys/fs/cgroup")
    places = [base] if (base / "cgroup.procs").exists() else [base / "systemd", base / "unified"]
    return [place for place in places if os.access(place / "cgroup.procs", os.W_OK)]


@functools.cache
def _python() -> str | None:
    """A Python of this version that the unit's user can run: its ProtectHome hides one in a home folder."""
    wanted = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable).resolve(), Path("/usr/bin") / wanted):
        if path.exists() and not path.as_posix().startswith(("/root/", "/home/")):
            return str(path)
    return None


@functools.cache
def possible() -> bool:
    """Whether such a machine can be booted here."""
    if os.name != "posix" or os.geteuid() != 0 or not Path(SYSTEMD).exists() or not _cgroups():
        return False
    if _python() is None or not all(map(shutil.which, TOOLS)):
        return False
    probe = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir u w r && "
    probe += "mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w r"
    done = subprocess.run(
        ["unshare", "--fork", *NAMESPACES, "sh", "-c", probe], capture_output=True, timeout=20, check=False
    )
    return done.returncode == 0


class Machine:
    """One booted machine."""

    def __init__(self, init: int) -> None:
        self.init = init

    def run(self, *command: str, wait_s: float = 60.0, check: bool = True) -> str:
        """Run a command in the machine and return what it says on standard output."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.init), "--all", "--", *command],
            capture_output=True,
            text=True,
            timeout=wait_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
        return done.stdout.strip()

    def property(self, name: str) -> str:
        """What systemd says of the unit."""
        return self.run("systemctl", "show", "-p", name, "--value", "shared-notebooks")

    def ask(self, path: str) -> str:
        """GET from inside the machine, as a visitor on localhost; the answer's body."""
        program = (
            "import ssl, urllib.request as u; c = ssl._create_unverified_context(); "
            f"print(u.urlopen('https://127.0.0.1{path}', context=c, timeout=20).read().decode())"
        )
        return self.run(f"{PROGRAM}/.venv/bin/python", "-c", program)


@contextlib.contextmanager
def booted(space: Path) -> Iterator[Machine]:
    """Boots the machine on an empty folder; afterwards nothing of it is left."""
    places = [place / f"notebooks-test-{os.getpid()}" for place in _cgroups()]
    for place in places:
        place.mkdir()
    join = "".join(f"echo $$ > {place}/cgroup.procs; " for place in places)
    libraries = (ROOT / "node_modules").resolve()
    packages = sysconfig.get_path("purelib")
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SPACE": str(space), "REPOSITORY": str(ROOT), "LIBRARIES": str(libraries),
        "PYTHON": str(_python()), "PACKAGES": packages, "PACKAGES_AT": f".venv/{Path(packages).relative_to(sys.prefix)}",
        "PROGRAM": PROGRAM, "DATA": DATA, "UNITS": UNITS, "USER": USER, "SYSTEMD": SYSTEMD,
    }  # fmt: skip
    log = space.with_name(f"{space.name}.log")
    inner = f'exec unshare --fork --kill-child {" ".join(NAMESPACES)} sh -c "$BOOT"'
    with log.open("wb") as sink:
        outer = subprocess.Popen(
            ["sh", "-c", join + inner], env={**environment, "BOOT": BOOT}, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )  # fmt: skip
    try:
        yield _when_up(outer, log)
    finally:
        for child in _children(outer.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        outer.kill()
        outer.wait()
        for place in places:
            _remove(place)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _when_up(outer: subprocess.Popen[bytes], log: Path) -> Machine:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if outer.poll() is not None:
            break
        for init in _children(outer.pid):
            machine = Machine(init)
            if machine.run("systemctl", "is-active", "multi-user.target", check=False) == "active":
                return machine
        time.sleep(0.1)
    raise AssertionError(f"systemd did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def _remove(place: Path) -> None:
    """Remove an emptied cgroup with those under it; the kernel needs a moment after the last process."""
    until = time.monotonic() + 10
    while place.exists() and time.monotonic() < until:
        for folder in sorted((one for one in place.rglob("*") if one.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            place.rmdir()
        time.sleep(0.05)
