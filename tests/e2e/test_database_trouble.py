"""The database restarts, refuses, stalls or is full, under the real server and a real page (I1, I6; F18 to F22, T65)."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.e2e.trouble_story import live_through
from tests.support.mariadb import USER, MariaDb, missing_program, start_mariadb
from tests.support.product import ROOT, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CANNOT_STORE = "Server cannot store"
STALL_S = 2.5
DATA_FILE = "--innodb-data-file-path=ibdata1:12M:autoextend"
SMALL_LOG = "--innodb-log-file-size=4M"


@pytest.fixture
def on_mariadb(
    tmp_path: Path, mariadb_config: dict[str, object], start_product: Callable[..., Product]
) -> Product:
    (tmp_path / "data").mkdir()
    config = tmp_path / "data" / "dbconfig.json"
    config.write_text(json.dumps(mariadb_config))
    config.chmod(0o600)
    return start_product()


@pytest.mark.mysql
def test_f19_the_database_is_restarted(browser: Browser, on_mariadb: Product, mariadb: MariaDb) -> None:
    live_through(
        browser,
        on_mariadb,
        begin=mariadb.stop,
        end=mariadb.start,
        refusal=(503, "storage_down"),
        words=CANNOT_STORE,
    )
    assert on_mariadb.stop() == 0, on_mariadb.output


@pytest.mark.mysql
def test_f19_the_database_refuses_the_server(browser: Browser, on_mariadb: Product, mariadb: MariaDb) -> None:
    live_through(
        browser,
        on_mariadb,
        begin=lambda: (
            mariadb.administrate(f"ALTER USER '{USER}'@'%' ACCOUNT LOCK", f"KILL USER '{USER}'") and None
        ),
        end=lambda: mariadb.administrate(f"ALTER USER '{USER}'@'%' ACCOUNT UNLOCK") and None,
        refusal=(503, "storage_down"),
        words=CANNOT_STORE,
    )
    assert on_mariadb.stop() == 0, on_mariadb.output


@pytest.mark.mysql
def test_f20_the_database_stalls(browser: Browser, on_mariadb: Product, mariadb: MariaDb) -> None:
    def go_on() -> None:
        time.sleep(STALL_S)  # the trouble itself: nobody is answered for that long
        os.kill(mariadb.process.pid, signal.SIGCONT)

    live_through(
        browser,
        on_mariadb,
        begin=lambda: os.kill(mariadb.process.pid, signal.SIGSTOP),
        end=go_on,
        refusal=None,
    )
    assert on_mariadb.stop() == 0, on_mariadb.output


@pytest.mark.mysql
def test_f22_the_database_is_full(
    browser: Browser, tmp_path: Path, start_product: Callable[..., Product]
) -> None:
    """A server whose files may not grow any more, until its operator gives them room."""
    reason = missing_program()
    if reason:
        missing(reason, "mariadb-server")
    server = start_mariadb("--innodb-file-per-table=0", DATA_FILE, SMALL_LOG)
    try:
        config = server.config()
        (tmp_path / "data").mkdir()
        written = tmp_path / "data" / "dbconfig.json"
        written.write_text(
            json.dumps({k: getattr(config, k) for k in ("host", "port", "username", "password", "database")})
        )
        written.chmod(0o600)
        product = start_product()

        data_file = server.folder / "data" / "ibdata1"

        def files_may_grow_to(size: int) -> None:
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        def fill() -> None:
            files_may_grow_to(data_file.stat().st_size)

        def make_room() -> None:
            files_may_grow_to(resource.RLIM_INFINITY)

        live_through(
            browser, product, begin=fill, end=make_room, refusal=(507, "disk_full"), words="Server full"
        )
        assert product.stop() == 0, product.output
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def test_t65_the_disk_under_sqlite_is_full(browser: Browser, tmp_path: Path) -> None:
    assert browser.is_connected()  # what is missing is missing for everybody
    if shutil.which("unshare") is None:
        missing("unshare", "util-linux")
    place = tmp_path / "disk"
    place.mkdir()
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    prepare = f"mount -t tmpfs -o size=160m none {place} && exec {sys.executable} -m tests.e2e.trouble_story {place}"
    done = subprocess.run(
        [*namespace, "sh", "-c", prepare], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
