"""The data folder and the database behind it, opened in the one safe order.

Owns that order: the folder's lock, the storage key, the database, what an empty database is filled from (JSON tables
or a `Protected/` folder of 2022), the snapshots. Used by the start and by the commands beside the server. Main thread.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from server.database_settings import read_database_config
from server.domain.accounts import PasswordHasher
from server.domain.failures import Failure
from server.domain.wording import counted
from server.settings import Settings
from server.storage.atomic_files import Files
from server.storage.backup import backup
from server.storage.contents import settle_contents
from server.storage.contracts import DatabaseConfig, StartRefused
from server.storage.data_lock import DataLock, lock_data_folder
from server.storage.json_tables import save_tables
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.storage.storage_key import load_or_create_key
from server.updates.child import UpdateSettings


@dataclass(slots=True)
class OpenData:
    """Everything opened on one data folder; `close` gives it back."""

    data_dir: Path
    config: DatabaseConfig
    lock: DataLock
    key: bytes
    storage: SqlStorage
    snapshots: SnapshotStore
    notes: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.config.kind

    def close(self) -> None:
        self.storage.close()
        self.lock.release()

    @property
    def update_settings(self) -> UpdateSettings:
        """What the update process needs to open the same data."""
        return UpdateSettings(self.config, str(self.data_dir), self.key)

    def save_tables(self) -> str:
        """Write the JSON tables; returns the sentence for the operator.

        Raises:
            Failure: 503 or 507; a table that could not be written is as it was.
        """
        users, notebooks = save_tables(self.storage, self.data_dir / "Protected", Files())
        return f"Saved {counted(users, 'account')} and {counted(notebooks, 'notebook')} to the JSON tables in Protected/."


def save_at_the_end(flush: Callable[[], None], write_tables: Callable[[], str], log: logging.Logger) -> None:
    """Write what a stopping server leaves beside the database, each as far as it can be: all of it is made from
    the database, which has everything, so that nothing here may keep the server from ending in order.

    Args:
        flush: has every changed snapshot written; fails while the update process is away.
        write_tables: writes the JSON tables, and says so.
        log: hears what was not written, and what comes of that.
    """
    try:
        flush()
    except Failure as failure:
        log.warning(
            "Some snapshots were not written (%s): the next start reads the log instead.", failure.reason
        )
    try:
        log.info("%s", write_tables())
    except (Failure, OSError) as error:
        log.error(
            "The JSON tables could not be written and are as before; the database has everything: %s", error
        )


UNFINISHED_RESTORE = "restore.unfinished"


def refuse_unfinished_restore(data_dir: Path) -> None:
    """Refuse a folder whose `restore` was killed half way: it would look like an empty one that is in order.

    Raises:
        StartRefused: with what to do.
    """
    if (data_dir / UNFINISHED_RESTORE).exists():
        raise StartRefused(
            f"A restore into {data_dir} was cut short. Empty the folder (and the database) and restore once more."
        )


def open_data(settings: Settings) -> OpenData:
    """Open the data folder and its database for the one server that may run on them.

    Raises:
        SettingsError: `dbconfig.json` is wrong.
        StartRefused: another server runs here, the key is missing, the database cannot be used, ...
    """
    data_dir = settings.data_dir
    make_data_folder(data_dir)
    config = read_database_config(settings)
    lock = lock_data_folder(data_dir)
    storage: SqlStorage | None = None
    try:
        refuse_unfinished_restore(data_dir)
        key = load_or_create_key(data_dir, environment=os.environ, sqlite_path=sqlite_path_of(config))
        sealer = Sealer(key)
        saving = _BeforeMigration(settings, key)
        storage = open_storage(config, sealer, role="main", before_migration=saving)
        snapshots = SnapshotStore(settings.protected_dir / "Notebooks", sealer)
        notes = settle_contents(
            storage,
            snapshots,
            settings.protected_dir,
            hash_password=PasswordHasher().hash,
            now_ms=time.time_ns() // 1_000_000,
        )
    except BaseException:
        if storage is not None:
            storage.close()
        lock.release()
        raise
    return OpenData(
        data_dir, config, lock, key, storage, snapshots, [*saving.notes, *notes, *_open_to_others(settings)]
    )


class _BeforeMigration:
    """Backs an older database up into the data folder before it is brought to this version's schema."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._settings = settings
        self._key = key
        self.notes: list[str] = []

    def __call__(self, storage: SqlStorage, old: int, new: int) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        target = self._settings.data_dir / f"before-upgrade-{stamp}.backup"
        backup(storage, self._key, self._settings.protected_dir, target, now_ms=time.time_ns() // 1_000_000)
        self.notes.append(
            f"The database was brought from schema {old} to {new}. What was there before is in {target}: it can be "
            "restored with the version of the program that ran until now, and removed when all is well."
        )


def make_data_folder(data_dir: Path) -> None:
    """Make the folder, private, where there is none.

    Raises:
        StartRefused: with what to do.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartRefused(
            f"The data folder {data_dir} cannot be made ({error.strerror}). Check the rights of the folder above it, "
            "or give another one with --data-dir."
        ) from error


def _open_to_others(settings: Settings) -> list[str]:
    """A note about a `dbconfig.json` that others can read: the password of the database stands in it."""
    path = settings.config or settings.data_dir / "dbconfig.json"
    if os.name != "posix" or not path.exists() or not path.stat().st_mode & 0o077:
        return []
    return [f"{path} holds the database's password and can be read by others: chmod 600 {path}"]


def sqlite_path_of(config: DatabaseConfig) -> Path | None:
    """The SQLite file, None where the database is a MySQL."""
    return Path(config.path) if config.kind == "sqlite" else None
