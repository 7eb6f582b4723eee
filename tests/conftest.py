"""Fixtures of the whole suite: a running product, Chromium, and the strict mode in which nothing may be skipped.

With STRICT=1 in the environment (CI) a missing database server or browser is a failure, not a skip. A test that
drives threads, processes or a browser against the clock is tried once more when it fails, since the machine may have
been asleep for a second, and the summary names it: what is broken fails both times.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import systemd_machine
from tests.support.mariadb import MariaDb, mariadb
from tests.support.product import Product

__all__ = ["mariadb"]

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STRICT = os.environ.get("STRICT") == "1"
AGAINST_THE_CLOCK = {"e2e", "js", "net", "operations", "security", "updates", "web"}
"""Folders whose tests drive threads, processes and browsers in real time."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long forms of seeded suites")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what cannot belong to this run: the long forms, and a machine for systemd where none can be booted."""
    left_out = {"long"} if not config.getoption("--long") else set()
    if not systemd_machine.possible():
        left_out.add("systemd")
    dropped = [item for item in items if left_out & {mark.name for mark in item.iter_markers()}]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    for item in items:
        if item.path.relative_to(config.rootpath / "tests").parts[0] in AGAINST_THE_CLOCK:
            item.add_marker(pytest.mark.flaky(reruns=1))


def missing(what: str, package: str) -> None:
    """Skip a test that lacks a program; under STRICT fail instead."""
    sentence = f"{what} is not installed (Debian: apt install {package})"
    if STRICT:
        pytest.fail(f"STRICT: {sentence}")
    pytest.skip(sentence)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """The product on SQLite in an empty data folder, started and answering."""
    server = Product(tmp_path / "data").start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


@pytest.fixture
def start_product(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Starts products with arguments of the test's choosing; whatever still runs is killed at the end."""
    started: list[Product] = []

    def start(*arguments: str, folder: str = "data", **environment: str) -> Product:
        server = Product(tmp_path / folder, *arguments, **environment)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing("Chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def mariadb_config(mariadb: MariaDb) -> dict[str, object]:
    """What an operator would write into dbconfig.json for an empty database of the private MariaDB."""
    config = mariadb.config()
    return {
        "host": config.host,
        "port": config.port,
        "username": config.username,
        "password": config.password,
        "database": config.database,
        "pool_name": "updateNotebooks",
        "autocommit": "True",
    }
