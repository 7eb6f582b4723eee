"""An upgrade backs up before it migrates, says so, and the backup can be restored by the version that made the data."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from server.data import open_data
from server.domain.ids import UserId
from server.settings import Settings, read_settings
from server.storage import backup as backups
from server.storage import backup_rows, opening
from server.storage.contracts import StartRefused
from server.storage.database import Statement
from server.storage.migrations import migrate
from server.storage.opening import open_storage
from server.storage.schema import MIGRATIONS
from server.storage.sealed import Sealer

NOW_MS = 1_790_000_000_000
ADDED = Statement(
    "ALTER TABLE users ADD COLUMN nickname TEXT", "ALTER TABLE users ADD COLUMN nickname VARCHAR(64)"
)


@pytest.fixture(params=["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a data folder that was filled by this version, on either database."""
    folder = tmp_path / "data"
    folder.mkdir()
    if request.param == "mysql":
        (folder / "dbconfig.json").write_text(json.dumps(request.getfixturevalue("mariadb_config")))
        (folder / "dbconfig.json").chmod(0o600)
    given = read_settings(["--data-dir", str(folder)], {}, default_dir=folder)
    data = open_data(given)
    data.storage.users.create("Dana", "dana", "hash", NOW_MS)
    data.close()
    return given


def be_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next version will look like: one more migration, and a backup that knows one more table."""
    monkeypatch.setattr(opening, "migrate", partial(migrate, migrations=(*MIGRATIONS, (ADDED,))))
    later = replace(backup_rows.TABLES[3], name="later")
    monkeypatch.setattr(backups, "TABLES", (*backup_rows.TABLES, later))


def test_rows_are_put_back_into_the_columns_they_were_read_from(settings: Settings) -> None:
    """Backups read whole rows: every INSERT must name all columns, in the order of the tables."""
    data = open_data(settings)
    columns = Statement(
        "SELECT name FROM pragma_table_info(?) ORDER BY cid",
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? "
        "ORDER BY ordinal_position",
    )
    for table in backup_rows.TABLES:
        there = data.storage.database.read(lambda connection, name=table.name: connection.rows(columns, name))  # type: ignore[misc]
        named = table.add.sqlite.split("(", 1)[1].split(")", 1)[0].split(", ")
        assert named == [row[0] for row in there], table.name
    data.close()


def test_f41_an_upgrade_backs_up_first_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        be_newer(patch)
        data = open_data(settings)
        assert data.storage.meta.schema_version() == len(MIGRATIONS) + 1
        data.close()
        made = list(settings.data_dir.glob("before-upgrade-*.backup"))
        assert len(made) == 1
        assert any(str(made[0]) in note and "brought from schema" in note for note in data.notes)
        assert made[0].stat().st_mode & 0o777 == 0o600
        again = open_data(settings)
        again.close()
        assert not [note for note in again.notes if "schema" in note], "the second start upgrades nothing"
        assert list(settings.data_dir.glob("before-upgrade-*")) == made
    with zipfile.ZipFile(made[0]) as archive:
        assert json.loads(archive.read("manifest.json"))["schema"] == len(MIGRATIONS)
    with pytest.raises(StartRefused, match="Start the newer version"):
        open_data(settings)  # the older version on newer data
    archive_file = backups.BackupFile(made[0])
    other = tmp_path / "other"
    other.mkdir()
    backups.put_key_back(archive_file, other)
    fresh = read_settings(["--data-dir", str(other)], {}, default_dir=other)
    from server.database_settings import read_database_config

    storage = open_storage(read_database_config(fresh), Sealer(archive_file.key), role="main")
    backups.restore(archive_file, storage, other / "Protected")
    dana = storage.users.by_id(UserId(1))
    assert dana is not None and dana.username == "Dana"
    storage.close()
    archive_file.close()


def test_f41_an_upgrade_that_cannot_back_up_alters_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        be_newer(patch)

        def refuse(*_: object, **__: object) -> None:
            from server.domain.failures import Failure

            raise Failure.of("disk_full")

        patch.setattr("server.data.backup", refuse)
        with pytest.raises(StartRefused, match="disk"):
            open_data(settings)
    data = open_data(settings)  # this version still finds its own schema
    assert data.storage.meta.schema_version() == len(MIGRATIONS)
    data.close()


def test_a_new_folder_is_no_upgrade(tmp_path: Path) -> None:
    data = open_data(read_settings(["--data-dir", str(tmp_path / "d")], {}, default_dir=tmp_path))
    data.close()
    assert not list((tmp_path / "d").glob("before-upgrade-*"))
