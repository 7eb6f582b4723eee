"""Fixtures of the storage tests: the same stores on SQLite and on MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.storage.contracts import DatabaseConfig
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from tests.support.mariadb import MariaDb, mariadb

__all__ = ["mariadb"]

KEY = bytes(range(32))
NOW = 1_790_000_000_000


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(KEY)


@pytest.fixture(params=["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseConfig]:
    """A database that does not exist yet, on each engine."""
    if request.param == "sqlite":
        yield DatabaseConfig(kind="sqlite", path=str(tmp_path / "notebooks.sqlite3"))
        return
    server: MariaDb = request.getfixturevalue("mariadb")
    made = server.config()
    yield made
    server.administrate(f"DROP DATABASE IF EXISTS `{made.database}`")


@pytest.fixture
def storage(config: DatabaseConfig, sealer: Sealer) -> Iterator[SqlStorage]:
    """The stores on an empty database."""
    opened = open_storage(config, sealer, role="main")
    yield opened
    opened.close()


@pytest.fixture
def entry() -> Callable[..., LogEntry]:
    """Makes log entries that differ in little."""
    return make_entry


def make_entry(notebook_id: int, seq: int, op: str = "", **changes: object) -> LogEntry:
    values: dict[str, object] = {
        "notebook_id": NotebookId(notebook_id),
        "seq": seq,
        "op": op or f"op-{seq}",
        "author_id": "u1",
        "author_name": "Ada",
        "at_ms": NOW + seq,
        "command": "a",
        "data": f'<g id="{seq}"><path d="M1 2L3 {seq}" fill="#000000"/></g>',
        "digest": seq.to_bytes(16, "big"),
        "group_id": seq,
    }
    return LogEntry(**{**values, **changes})  # type: ignore[arg-type]
