"""Backups: made beside writers, complete or absent, put back into either database (F7, F42); verification."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.storage.atomic_files import Files
from server.storage.backup import BackupFile, backup, check_empty, put_key_back, restore
from server.storage.contents import settle_contents
from server.storage.contracts import AppendConflict, DatabaseConfig, StartRefused
from server.storage.database import Statement
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from server.storage.storage_key import load_or_create_key
from server.storage.verification import verify
from tests.storage.conftest import KEY, NOW, make_entry
from tests.storage.faulty_files import FaultyFiles, Killed
from tests.storage.test_contents import Place, furnish, hashed
from tests.support.mariadb import MariaDb


@pytest.fixture
def place(tmp_path: Path, config: DatabaseConfig, sealer: Sealer) -> Iterator[Place]:
    (tmp_path / "data").mkdir()
    made = Place(tmp_path / "data", config, sealer)
    made.start()
    yield made
    made.storage.close()


@pytest.fixture
def other_config(
    config: DatabaseConfig, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[DatabaseConfig]:
    """The other engine."""
    if config.kind == "mysql":
        yield DatabaseConfig(kind="sqlite", path=str(tmp_path / "restored.sqlite3"))
        return
    server: MariaDb = request.getfixturevalue("mariadb")
    made = server.config()
    yield made
    server.administrate(f"DROP DATABASE IF EXISTS `{made.database}`")


def made_backup(place: Place, target: Path, files: Files | None = None) -> dict[str, int]:
    return backup(place.storage, KEY, place.protected, target, now_ms=NOW, files=files)


@pytest.mark.mysql
def test_f42_a_backup_made_beside_writers_is_whole_in_the_other_database(
    place: Place, other_config: DatabaseConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.storage.backup_rows._PORTION", 2)
    book, thrown = furnish(place)
    place.snapshot(book)
    place.storage.guests.create(b"g" * 32, "g0123456789abcdef", "Nina", NOW)
    place.storage.visits.put(UserId(1), book.id, 5, NOW)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            seq = place.storage.changes.head(book.id) + 1
            place.storage.changes.append_batch(
                [make_entry(book.id, seq, command="e", data={"ids": ["1"]}, group_id=0)]
            )

    writer = threading.Thread(target=write)
    writer.start()
    told: list[str] = []
    counts = backup(
        place.storage, KEY, place.protected, tmp_path / "b.zip", now_ms=NOW,
        progress=lambda what, _: told.append(what),
    )  # fmt: skip
    stop.set()
    writer.join()
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    assert counts["users"] == 2 and counts["changes"] >= 10 and counts["snapshots"] == 1 and "changes" in told
    target = tmp_path / "target"
    target.mkdir()
    with BackupFile(tmp_path / "b.zip") as source:
        put_key_back(source, target)
        key = load_or_create_key(target, environment={})
        assert key == KEY
        storage = open_storage(other_config, Sealer(key), role="main")
        assert restore(source, storage, target / "Protected") == counts
        with pytest.raises(StartRefused, match="not empty"):
            restore(source, storage, target / "Protected")
    snapshots = SnapshotStore(target / "Protected/Notebooks", Sealer(key))
    assert settle_contents(storage, snapshots, target / "Protected", hash_password=hashed, now_ms=NOW) == []
    with pytest.raises(StartRefused, match="not empty"):
        check_empty(target)
    restored = storage.notebooks.get(book.id)
    assert restored is not None and restored.epoch != book.epoch and restored.title == book.title
    log = storage.changes.read(book.id, 0)
    assert len(log) == restored.seq == counts["changes"]
    assert log == place.storage.changes.read(book.id, 0, counts["changes"])
    assert [share.code[0] for share in storage.shares.list_for(book.id)] == ["e"]
    assert storage.notebooks.get(thrown.id) is None and storage.users.by_key(
        "ada"
    ) == place.storage.users.by_key("ada")
    assert storage.sessions.find(b"s" * 32) is None
    guest = storage.guests.find(b"g" * 32)
    assert guest is not None and guest.name == "Nina" and storage.visits.get(UserId(1), book.id) == 5
    loaded = snapshots.load(book.id)
    assert loaded is not None and loaded[:2] == (10, restored.epoch)
    findings = verify(storage, snapshots, mend=False)
    assert (findings.notebooks, findings.mended, findings.broken) == (2, [], [])
    assert storage.notebooks.create(UserId(1), "new", "", NOW).id > thrown.id
    storage.close()


def test_f7_a_backup_that_fails_anywhere_leaves_the_one_before(tmp_path: Path, sealer: Sealer) -> None:
    place = Place(tmp_path, DatabaseConfig(kind="sqlite", path=str(tmp_path / "n.sqlite3")), sealer)
    place.start()
    place.snapshot(furnish(place)[0])
    folder = tmp_path / "backups"
    folder.mkdir()
    probe = FaultyFiles()
    made_backup(place, folder / "b.zip", probe)
    before = (folder / "b.zip").read_bytes()
    for step in range(1, len(probe.steps) + 1):
        for error in (28, None):
            with pytest.raises((Failure, Killed)):
                made_backup(place, folder / "b.zip", FaultyFiles(step, error))
            if step < len(probe.steps):
                assert (folder / "b.zip").read_bytes() == before
            BackupFile(folder / "b.zip").close()
            if error:
                assert [path.name for path in folder.iterdir()] == ["b.zip"]
            for path in folder.iterdir():
                if path.name != "b.zip":
                    path.unlink()
    place.storage.close()


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path, sealer: Sealer) -> None:
    place = Place(tmp_path, DatabaseConfig(kind="sqlite", path=str(tmp_path / "n.sqlite3")), sealer)
    place.start()
    furnish(place)
    made_backup(place, tmp_path / "b.zip")
    place.storage.close()
    whole = (tmp_path / "b.zip").read_bytes()
    bad = tmp_path / "bad.zip"
    middle = whole.index(b"tables/changes.jsonl") + 400
    flipped = bytearray(whole)
    flipped[middle] ^= 255
    for content in (b"", whole[:100], whole[:-1000], bytes(flipped), b"x" * 5000):
        bad.write_bytes(content)
        with pytest.raises(StartRefused, match="Take another"):
            BackupFile(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("manifest.json", '{"format": 9}')
    with pytest.raises(StartRefused, match="newer version"):
        BackupFile(bad)
    with pytest.raises(StartRefused):
        BackupFile(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tables/changes.jsonl", b""),
        ("tables/changes.jsonl", b"[1]\n" * 10),
        ("tables/changes.jsonl", b"garbage\n" * 10),
        ("tables/users.jsonl", b'[1,"a",{"b":"YQ=="},"h",1,null]\n' * 2),
        ("tables/shares.jsonl", b'[{"b":"YQ=="},99,{"b":"YQ=="},1,1,null,null,1]\n' * 2),
        ("tables/visits.jsonl", None),
    ],
)
def test_a_backup_that_contradicts_itself_puts_nothing_in(
    place: Place, tmp_path: Path, sealer: Sealer, name: str, content: bytes | None
) -> None:
    furnish(place)
    made_backup(place, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as old, zipfile.ZipFile(tmp_path / "bad.zip", "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
            elif content is not None:
                new.writestr(name, content)
    storage = open_storage(
        DatabaseConfig(kind="sqlite", path=str(tmp_path / "t.sqlite3")), sealer, role="main"
    )
    with BackupFile(tmp_path / "bad.zip") as source, pytest.raises(StartRefused, match="nothing was put in"):
        restore(source, storage, tmp_path / "Protected")
    assert storage.users.list_all(with_trash=True) == [] and storage.notebooks.all(with_trash=True) == []
    with BackupFile(tmp_path / "b.zip") as source:
        restore(source, storage, tmp_path / "Protected")
    assert len(storage.users.list_all()) == 2
    storage.close()


class TestVerify:
    def test_nothing_to_say_about_sound_notebooks(self, place: Place) -> None:
        book, _ = furnish(place)
        place.snapshot(book)
        findings = verify(place.storage, place.snapshots, mend=True)
        assert (findings.notebooks, findings.changes, findings.mended, findings.broken) == (2, 10, [], [])

    def test_a_snapshot_that_lies_or_is_damaged_is_made_again(self, place: Place) -> None:
        book, _ = furnish(place)
        document = place.document(book.id)
        for spoil in (
            lambda: place.snapshots.save(book.id, 9, book.epoch, document.dump()),
            lambda: place.snapshots.path(book.id).write_bytes(b"garbage"),
            lambda: place.snapshots.save(book.id, 99, book.epoch, document.dump()),
        ):
            spoil()
            if place.snapshots.header(book.id) is not None:
                assert len(verify(place.storage, place.snapshots, mend=False).broken) == 1
            assert len(verify(place.storage, place.snapshots, mend=True).mended) == 1
            loaded = place.snapshots.load(book.id)
            assert loaded is not None and loaded[0] == 10
            assert verify(place.storage, place.snapshots, mend=False).broken == []

    def test_a_wrong_figure_is_corrected_and_an_orphan_set_aside(self, place: Place) -> None:
        book, _ = furnish(place)
        place.storage.database.write(
            lambda c: c.run(Statement("UPDATE notebooks SET next_group_id = 3 WHERE id = ?"), book.id)
        )
        place.snapshots.save(NotebookId(77), 1, book.epoch, [])
        assert len(verify(place.storage, place.snapshots, mend=False).broken) == 2
        assert len(verify(place.storage, place.snapshots, mend=True).mended) == 2
        assert place.book(book.id).next_group_id == 10 and place.snapshots.ids() == []

    @pytest.mark.parametrize(
        "damage",
        [
            Statement("DELETE FROM changes WHERE seq = 5"),
            Statement("DELETE FROM changes WHERE seq = 10"),
            Statement("UPDATE changes SET at_ms = 1 WHERE seq = 4"),
        ],
    )
    def test_a_broken_log_is_reported_and_left_alone(self, place: Place, damage: Statement) -> None:
        furnish(place)
        place.storage.database.write(lambda c: c.run(damage))
        for mend in (False, True):
            findings = verify(place.storage, place.snapshots, mend=mend)
            assert len(findings.broken) == 1 and "Restore a backup" in findings.broken[0]


CANARIES = [
    "canary-title",
    "canary-description",
    "canary-ink-M1",
    "canary-code-0123456789"[:22],
    "canary-guest",
    "canary-author",
]


@pytest.mark.mysql
def test_no_title_stroke_code_or_name_is_in_any_file_in_clear(
    place: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    storage: SqlStorage = place.storage
    user = storage.users.create("Ada", "ada", "$argon2id$", NOW)
    book = storage.notebooks.create(user.id, CANARIES[0], CANARIES[1], NOW)
    from server.domain.ids import Role

    storage.changes.append_batch(
        [
            make_entry(book.id, seq, data=f'<g id="{seq}" data-x="{CANARIES[2]}"/>', author_name=CANARIES[5])
            for seq in range(1, 50)
        ]
    )
    storage.shares.create(book.id, Role.EDIT, CANARIES[3], NOW)
    storage.guests.create(b"g" * 32, "g0123456789abcdef", CANARIES[4], NOW)
    storage.attempts.add("login", "canary-subject", NOW, 1000)
    place.snapshot(book)
    place.save()
    made_backup(place, tmp_path / "b.zip")
    folders = [tmp_path]
    if place.config.kind == "mysql":
        server: MariaDb = request.getfixturevalue("mariadb")
        server.administrate("FLUSH TABLES", "SET GLOBAL innodb_max_dirty_pages_pct = 0")
        folders.append(server.folder / "data")
    searched = 0
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                searched += len(content)
                for canary in [*CANARIES, "canary-subject"]:
                    assert canary.encode() not in content, (path, canary)
    assert searched > 10_000


def test_t86_no_file_of_the_data_folder_is_open_to_others(tmp_path: Path, sealer: Sealer) -> None:
    import os

    old = os.umask(0o022)
    try:
        load_or_create_key(tmp_path, environment={})
        place = Place(tmp_path, DatabaseConfig(kind="sqlite", path=str(tmp_path / "n.sqlite3")), sealer)
        place.start()
        place.snapshot(furnish(place)[0])
        place.save()
        made_backup(place, tmp_path / "b.zip")
        place.snapshots.quarantine(NotebookId(1))
        place.storage.users.create("Third", "third", "h", NOW)
        opened = [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]
        assert opened == []
        place.storage.close()
    finally:
        os.umask(old)


MakeEntry = Callable[..., object]


def test_conflict_is_not_a_failure() -> None:
    conflict = AppendConflict([NotebookId(1)], [])
    assert not isinstance(conflict, Failure) and conflict.moved == {1}
