"""The commands that keep notebooks safe beside the server: export, backup, restore, verify.

Owns what each of them opens and what it tells the person who runs it; the work itself is server.storage's. `export`,
`backup` and `verify` also work while the server runs (they read; `verify` mends only when it has the folder to
itself). Runs on the main thread of its own process, never in the server.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from server.data import UNFINISHED_RESTORE, make_data_folder, refuse_unfinished_restore, sqlite_path_of
from server.database_settings import read_database_config
from server.domain.wording import counted
from server.settings import Settings
from server.storage import backup as backups
from server.storage.atomic_files import TEMPORARY, Files, remove_leftovers, write_atomically
from server.storage.contracts import DatabaseConfig, StartRefused
from server.storage.data_lock import lock_data_folder
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.storage.storage_key import key_path, load_or_create_key
from server.storage.verification import verify
from server.updates.replicas import Replicas

Say = Callable[[str], None]


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[DatabaseConfig, bytes, SqlStorage, SnapshotStore]]:
    """The data as it is, beside a server that may be running; nothing is made or migrated."""
    config = read_database_config(settings)
    sqlite_path = sqlite_path_of(config)
    if not settings.data_dir.is_dir() or (
        sqlite_path is not None and not sqlite_path.exists() and not key_path(settings.data_dir).exists()
    ):
        raise StartRefused(f"{settings.data_dir} holds no notebooks. Name the data folder with --data-dir.")
    refuse_unfinished_restore(settings.data_dir)
    key = load_or_create_key(settings.data_dir, environment=os.environ, sqlite_path=sqlite_path)
    sealer = Sealer(key)
    storage = open_storage(config, sealer, role="updates")
    try:
        yield config, key, storage, SnapshotStore(settings.protected_dir / "Notebooks", sealer)
    finally:
        storage.close()


def export_notebooks(settings: Settings, folder: Path, say: Say) -> int:
    """`export DIR`: every notebook as an SVG that any viewer opens; returns the exit status.

    Raises:
        StartRefused, Failure, OSError: nothing usable there, or the folder cannot be written.
    """
    with _opened(settings) as (_, _, storage, snapshots):
        replicas = Replicas(storage, snapshots)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        notebooks = storage.notebooks.all()
        for number, notebook in enumerate(notebooks, 1):
            _, _, pieces = replicas.plain(notebook.id)
            write_atomically(folder / f"{notebook.id}.svg", pieces, Files())
            replicas.forget(notebook.id)
            say(f"{number} of {len(notebooks)}: {notebook.id}.svg")
    say(f"Exported {counted(len(notebooks), 'notebook')} to {folder}.")
    return 0


def make_backup(settings: Settings, target: Path, say: Say) -> int:
    """`backup FILE`: everything in one file, complete or not at all; returns the exit status.

    Raises:
        StartRefused, Failure, OSError: the old file of that name is as it was.
    """
    if not target.parent.is_dir():
        raise StartRefused(f"{target.parent} is not there. Make the folder, or name another file.")
    with _opened(settings) as (_, key, storage, _):
        remove_leftovers(
            target.parent, Files(), prefix=f".{target.name}{TEMPORARY}"
        )  # of a backup that was killed
        counts = backups.backup(
            storage,
            key,
            settings.protected_dir,
            target,
            now_ms=time.time_ns() // 1_000_000,
            progress=lambda what, count: say(f"{what}: {count}"),
        )
    size = target.stat().st_size
    say(
        f"Backed up {counted(counts['notebooks'], 'notebook')} and {counted(counts['changes'], 'change')} to {target} "
        f"({size:,} bytes)."
    )
    say("The file holds the storage key: guard it as you would guard the notebooks.")
    return 0


def restore_backup(settings: Settings, source: Path, say: Say) -> int:
    """`restore FILE`: fills an empty data folder and an empty database; returns the exit status.

    Raises:
        StartRefused: the file is no whole backup, or the folder or the database is not empty. Nothing was changed.
    """
    config = read_database_config(settings)
    with ExitStack() as stack:
        archive = stack.enter_context(backups.BackupFile(source))
        made = stack.enter_context(_made_anew(settings.data_dir, sqlite_path_of(config)))
        stack.enter_context(lock_data_folder(settings.data_dir))
        marker = settings.data_dir / UNFINISHED_RESTORE
        marker.touch(mode=0o600)  # only a killed restore leaves it behind
        stack.callback(marker.unlink, missing_ok=True)
        backups.put_key_back(archive, settings.data_dir)
        with closing(open_storage(config, Sealer(archive.key), role="main")) as storage:
            counts = backups.restore(
                archive,
                storage,
                settings.protected_dir,
                progress=lambda what, count: say(f"{what}: {count}"),
            )
        made.stay()
    say(
        f"Restored {counted(counts['notebooks'], 'notebook')} into {settings.data_dir}. Start the server as usual."
    )
    return 0


class _Made:
    """What a restore puts into a data folder; taken away again unless it is told to stay."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._fresh = [path for path in paths if not path.exists()]

    def stay(self) -> None:
        self._fresh = []

    def take_away(self) -> None:
        for path in self._fresh:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def _made_anew(data_dir: Path, sqlite_path: Path | None) -> Iterator[_Made]:
    """The data folder, made if there is none; what fails inside leaves it as it was, for another try.

    Raises:
        StartRefused: the folder cannot be made.
    """
    files = [data_dir / "server.lock"]
    if sqlite_path is not None:
        files += [Path(f"{sqlite_path}{suffix}") for suffix in ("-shm", "-wal", "")]
    made = _Made([*files, data_dir / "Protected", data_dir / "keys", data_dir])
    make_data_folder(data_dir)
    try:
        yield made
    except BaseException:
        made.take_away()
        raise


def verify_notebooks(settings: Settings, say: Say) -> int:
    """`verify`: log, snapshot and tables of every notebook agree; returns 0 when they do (or were mended), else 1."""
    with ExitStack() as stack:
        alone = True
        try:
            stack.enter_context(lock_data_folder(settings.data_dir))
        except StartRefused:
            alone = False
            say("The server is running: looking only, nothing is mended.")
        _, _, storage, snapshots = stack.enter_context(_opened(settings))
        findings = verify(
            storage,
            snapshots,
            mend=alone,
            progress=lambda done, of: say(f"{done} of {of}") if done % 100 == 0 else None,
        )
    for sentence in (*findings.mended, *findings.broken):
        say(sentence)
    say(f"Checked {counted(findings.notebooks, 'notebook')} with {counted(findings.changes, 'change')}: "
        f"{len(findings.mended)} mended, {len(findings.broken)} broken.")  # fmt: skip
    return 1 if findings.broken else 0
