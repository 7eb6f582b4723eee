"""A private MariaDB server for tests: own data folder, own socket, own loopback port, gone afterwards.

Owns how the server is made, started and stopped. Without the program the tests that need it are skipped with the
reason, or fail under STRICT=1. `mariadb` is a session fixture: one server for a whole run, a database per test.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mysql.connector
import pytest

from server.storage.contracts import DatabaseConfig
from tests.support.product import free_port

PASSWORD = "only-for-tests-" + "k7Wq"
USER = "notebooks"


@dataclass
class MariaDb:
    """A running server."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    options: list[str] = field(default_factory=list)

    @property
    def socket(self) -> str:
        return str(self.folder / "s.sock")

    def config(self, database: str = "", **changes: object) -> DatabaseConfig:
        """The configuration of a database that need not exist yet."""
        values: dict[str, object] = {
            "kind": "mysql",
            "host": "127.0.0.1",
            "port": self.port,
            "username": USER,
            "password": PASSWORD,
            "database": database or f"nb_{secrets.token_hex(6)}",
        }
        return DatabaseConfig(**{**values, **changes})  # type: ignore[arg-type]

    def administrate(self, *statements: str) -> list[tuple[object, ...]]:
        """Runs statements as the server's administrator; returns the rows of the last."""
        raw = mysql.connector.connect(
            unix_socket=self.socket,
            user=getpass.getuser(),
            autocommit=True,
            use_pure=True,
            charset="utf8mb4",
            collation="utf8mb4_bin",
        )
        try:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                cursor = raw.cursor()
                cursor.execute(statement)
                rows = list(cursor.fetchall()) if cursor.with_rows else []
                cursor.close()
            return rows
        finally:
            raw.close()

    def start(self) -> None:
        """Starts the server on its data folder and waits until it answers."""
        server = shutil.which("mariadbd") or shutil.which("mysqld") or ""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    server,
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.socket}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    f"--pid-file={self.folder / 'pid'}",
                    f"--tmpdir={self.folder}",
                    "--skip-log-bin",
                    "--innodb-buffer-pool-size=64M",
                    "--innodb-flush-log-at-trx-commit=1",
                    f"--user={getpass.getuser()}",
                    *self.options,
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                restore_signals=False,  # a file that may not grow (SIGXFSZ) is an error to the server, not its end
            )
        end = time.monotonic() + 60
        while True:
            try:
                self.administrate("SELECT 1")
                return
            except mysql.connector.Error:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stops the server; its data stays."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def missing_program() -> str | None:
    """Which program is missing, or None."""
    for names in (("mariadbd", "mysqld"), ("mariadb-install-db", "mysql_install_db")):
        if not any(shutil.which(name) for name in names):
            return f"{names[0]} is not installed"
    return None


def start_mariadb(*options: str) -> MariaDb:
    """Makes a server with one user who may do everything but administrate, with further options of the program."""
    folder = Path(tempfile.mkdtemp(prefix="nbdb-"))  # a short path: socket names are limited to 107 bytes
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db") or ""
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--skip-test-db",
            f"--auth-root-socket-user={getpass.getuser()}",
            f"--user={getpass.getuser()}",
            *options,
        ],
        check=True,
        capture_output=True,
    )
    server = MariaDb(folder, free_port(), None, list(options))  # type: ignore[arg-type]
    server.start()
    server.administrate(
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'", f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%'"
    )
    return server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A running MariaDB, or a skip with the reason."""
    reason = missing_program()
    if reason:
        if os.environ.get("STRICT") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = start_mariadb()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
