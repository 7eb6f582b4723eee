"""What a start makes of a data folder: JSON tables, a folder of 2022, generations (F6, I3, N4)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.domain.ids import NotebookId, Role, UserId
from server.domain.log_entry import LogEntry
from server.domain.svg_document import NotebookDocument
from server.storage.atomic_files import Files
from server.storage.contents import settle_contents
from server.storage.contracts import DatabaseConfig, Notebook, StartRefused
from server.storage.json_tables import save_tables
from server.storage.opening import open_storage
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from tests.storage.conftest import NOW, make_entry
from tests.storage.faulty_files import FaultyFiles, Killed
from tests.support.mariadb import MariaDb


def hashed(password: str) -> str:
    return "hashed:" + hashlib.sha256(password.encode()).hexdigest()


class Place:
    """A data folder with an open database."""

    def __init__(self, folder: Path, config: DatabaseConfig, sealer: Sealer) -> None:
        self.protected = folder / "Protected"
        self.config = config
        self.sealer = sealer
        self.snapshots = SnapshotStore(self.protected / "Notebooks", sealer)
        self.storage = open_storage(config, sealer, role="main")

    def start(self, files: Files | None = None) -> list[str]:
        """What a start does after the database is open."""
        snapshots = SnapshotStore(self.protected / "Notebooks", self.sealer, files)
        return settle_contents(
            self.storage, snapshots, self.protected, hash_password=hashed, now_ms=NOW, files=files
        )

    def again(self) -> list[str]:
        self.storage.close()
        self.storage = open_storage(self.config, self.sealer, role="main")
        return self.start()

    def document(self, notebook_id: NotebookId) -> NotebookDocument:
        base = self.storage.changes.load_base(notebook_id)
        document = NotebookDocument(notebook_id) if base is None else NotebookDocument.load(base[1])
        for entry in self.storage.changes.read(notebook_id, document.seq):
            document.apply(entry)
        return document

    def snapshot(self, notebook: Notebook) -> None:
        document = self.document(notebook.id)
        self.snapshots.save(notebook.id, document.seq, notebook.epoch, document.dump())

    def save(self) -> tuple[int, int]:
        return save_tables(self.storage, self.protected, Files())

    def book(self, notebook_id: int) -> Notebook:
        found = self.storage.notebooks.get(NotebookId(notebook_id), with_trash=True)
        assert found is not None
        return found


@pytest.fixture
def open_place(tmp_path: Path, sealer: Sealer) -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def make(folder: str = "data", config: DatabaseConfig | None = None) -> Place:
        (tmp_path / folder).mkdir(exist_ok=True)
        path = str(tmp_path / folder / "notebooks.sqlite3")
        places.append(Place(tmp_path / folder, config or DatabaseConfig(kind="sqlite", path=path), sealer))
        return places[-1]

    yield make
    for place in places:
        place.storage.close()


def furnish(place: Place) -> tuple[Notebook, Notebook]:
    """Two users, a notebook with ink, links and an erased stroke, and an empty one in the trash."""
    ada = place.storage.users.create("Ada", "ada", "$argon2id$ada", NOW)
    place.storage.users.create("שרה", "שרה", "$argon2id$sara", NOW)
    book = place.storage.notebooks.create(ada.id, "Physics ✍", "two\nlines", NOW)
    thrown = place.storage.notebooks.create(ada.id, "Old", "", NOW)
    place.storage.notebooks.trash(thrown.id, NOW + 1)
    entries = [make_entry(book.id, seq) for seq in range(1, 10)]
    entries.append(make_entry(book.id, 10, "rub", command="e", data={"ids": ["3"]}, group_id=0))
    place.storage.changes.append_batch(entries)
    place.storage.shares.create(book.id, Role.EDIT, "e" * 22, NOW)
    gone = place.storage.shares.create(book.id, Role.VIEW, "v" * 22, NOW)
    place.storage.shares.revoke(gone.code_hash, NOW)
    place.storage.sessions.create(b"s" * 32, ada.id, NOW, NOW + 9, NOW + 9)
    return place.book(book.id), place.book(thrown.id)


@pytest.fixture(params=["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)])
def other_config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseConfig]:
    if request.param == "sqlite":
        yield DatabaseConfig(kind="sqlite", path=str(tmp_path / "other.sqlite3"))
        return
    server: MariaDb = request.getfixturevalue("mariadb")
    made = server.config()
    yield made
    server.administrate(f"DROP DATABASE IF EXISTS `{made.database}`")


class TestJsonTables:
    def test_notebooks_move_to_another_database(
        self, open_place: Callable[..., Place], other_config: DatabaseConfig
    ) -> None:
        old = open_place()
        old.start()
        book, thrown = furnish(old)
        old.snapshot(book)
        assert old.save() == (2, 2)
        new = open_place(config=other_config)
        notes = new.start()
        assert "2 accounts and 2 notebooks" in notes[0]
        assert [user.username for user in new.storage.users.list_all()] == ["Ada", "שרה"]
        assert new.storage.users.by_key("ada") == old.storage.users.by_key("ada")
        moved = new.book(book.id)
        assert moved.epoch != book.epoch and moved.stored_bytes > 0
        assert dataclasses.replace(moved, epoch=book.epoch, stored_bytes=book.stored_bytes) == book
        assert new.book(thrown.id).trashed_ms == NOW + 1
        assert new.storage.changes.base(book.id) == 10 and new.storage.changes.read(book.id, 10) == []
        document = new.document(book.id)
        assert list(document.dump()) == list(old.document(book.id).dump())
        assert document.visible_ids() == [1, 2, 4, 5, 6, 7, 8, 9] and document.known("rub") is not None
        current = new.storage.shares.current_edit(book.id)
        assert current is not None and current.code == "e" * 22
        revoked = new.storage.shares.find(hashlib.sha256(b"v" * 22).digest())
        assert revoked is not None and revoked.revoked_ms == NOW
        assert new.storage.sessions.find(b"s" * 32) is None
        new.storage.changes.append_batch([make_entry(book.id, 11, group_id=10, data='<g id="10"></g>')])
        assert new.document(book.id).seq == 11
        assert new.storage.users.create("Third", "third", "h", NOW).id == 3
        assert new.storage.notebooks.create(UserId(3), "t", "", NOW).id == 3

    def test_the_files_have_the_originals_columns_and_nothing_in_clear(
        self, open_place: Callable[..., Place], sealer: Sealer
    ) -> None:
        place = open_place()
        place.start()
        book, _ = furnish(place)
        place.save()
        users = json.loads((place.protected / "UsersLoginData.json").read_bytes())
        notebooks = json.loads((place.protected / "Notebooks/NotebooksList.json").read_bytes())
        assert list(users[0])[:3] == ["id", "username", "pass"]
        assert users[0]["pass"] == "$argon2id$ada"
        columns = ["id", "ownerID", "NotebookPath", "title", "description", "currentGroupID", "code"]
        assert list(notebooks[0])[:7] == columns
        assert notebooks[0]["NotebookPath"] == f"Protected/Notebooks/{book.id}.svg.sealed"
        assert notebooks[0]["currentGroupID"] == 10 and notebooks[0]["seq"] == 10
        text = (place.protected / "Notebooks/NotebooksList.json").read_text("utf-8")
        assert "Physics" not in text and "e" * 22 not in text
        for name in ("UsersLoginData.json", "Notebooks/NotebooksList.json"):
            assert (place.protected / name).stat().st_mode & 0o777 == 0o600

    def test_an_emptied_database_is_not_refilled(self, open_place: Callable[..., Place]) -> None:
        place = open_place()
        place.start()
        furnish(place)
        place.save()
        place.storage.users.delete_for_good(UserId(1))
        place.storage.users.delete_for_good(UserId(2))
        assert place.again() == []
        assert place.storage.users.list_all(with_trash=True) == []

    def test_rows_that_are_there_are_never_replaced(
        self, open_place: Callable[..., Place], sealer: Sealer
    ) -> None:
        place = open_place()
        place.storage.users.create("First", "first", "h", NOW)  # before any start settled the contents
        (place.protected / "Notebooks").mkdir(parents=True)
        (place.protected / "UsersLoginData.json").write_text('[{"id": 1, "username": "x", "pass": "y"}]')
        place.start()
        assert [user.username for user in place.storage.users.list_all()] == ["First"]

    def test_another_key_a_missing_snapshot_or_a_broken_row_is_refused_and_nothing_loaded(
        self, open_place: Callable[..., Place], tmp_path: Path, sealer: Sealer
    ) -> None:
        old = open_place()
        old.start()
        book, _ = furnish(old)
        old.snapshot(book)
        old.save()
        table = old.protected / "Notebooks/NotebooksList.json"
        rows = json.loads(table.read_bytes())
        other = DatabaseConfig(kind="sqlite", path=str(tmp_path / "second.sqlite3"))

        def refused(match: str) -> None:
            new = Place(tmp_path / "data", other, sealer)
            with pytest.raises(StartRefused, match=match):
                new.start()
            assert new.storage.users.list_all() == []
            new.storage.close()

        for change, match in [
            ({"keyID": "0" * 16}, "storage key"),
            ({"title": rows[1]["title"]}, "cannot be read"),
            ({"title": 5}, "cannot be read"),
            ({"seq": 11}, "older than"),
            ({"ownerID": 77}, "owners"),
            ({"id": 2}, "cannot be read"),
            ({"shares": [{}]}, "cannot be read"),
        ]:
            table.write_text(json.dumps([{**rows[0], **change}, rows[1]]))
            refused(match)
        table.write_text(json.dumps(rows)[:-5])
        refused("cannot be read")
        table.write_text("{}")
        refused("list of rows")
        table.write_text(json.dumps([rows[0], rows[0]]))
        refused("contradict")
        table.write_text(json.dumps(rows))
        snapshot = old.snapshots.path(book.id)
        whole = snapshot.read_bytes()
        snapshot.write_bytes(whole[:-3])
        refused("missing, damaged")
        snapshot.write_bytes(whole)
        new = Place(tmp_path / "data", other, sealer)
        assert new.start()
        new.storage.close()

    def test_a_new_database_beside_notebooks_without_tables_is_refused(
        self, open_place: Callable[..., Place], tmp_path: Path, sealer: Sealer
    ) -> None:
        old = open_place()
        old.start()
        old.snapshot(furnish(old)[0])
        new = Place(
            tmp_path / "data", DatabaseConfig(kind="sqlite", path=str(tmp_path / "new.sqlite3")), sealer
        )
        for _ in range(2):
            with pytest.raises(StartRefused, match="Put the database back"):
                new.start()
        new.storage.close()

    def test_f6_a_load_cut_short_at_any_statement_is_done_by_the_next_start(
        self,
        open_place: Callable[..., Place],
        tmp_path: Path,
        sealer: Sealer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from server.storage.sqlite_database import SqliteConnection

        old = open_place()
        old.start()
        book, _ = furnish(old)
        old.snapshot(book)
        old.save()
        config = DatabaseConfig(kind="sqlite", path=str(tmp_path / "second.sqlite3"))
        new = Place(tmp_path / "data", config, sealer)
        run = SqliteConnection.run
        for die_at in range(1, 11):
            calls: list[int] = []

            def dying(
                self: SqliteConnection, *values: object, at: int = die_at, calls: list[int] = calls
            ) -> int:
                calls.append(1)
                if len(calls) == at:
                    raise KeyboardInterrupt
                return run(self, *values)  # type: ignore[arg-type]

            monkeypatch.setattr(SqliteConnection, "run", dying)
            with pytest.raises(KeyboardInterrupt):
                new.start()
            monkeypatch.setattr(SqliteConnection, "run", run)
            assert new.storage.users.list_all() == []
        assert new.start()
        assert len(new.storage.users.list_all()) == 2
        new.storage.close()


def folder_of_2022(protected: Path, strokes: int = 3000) -> None:
    (protected / "Notebooks").mkdir(parents=True)
    (protected / "UsersLoginData.json").write_text(
        json.dumps(
            [
                {"id": 1, "username": "teacher", "pass": "clear-password-1"},
                {"id": 2, "username": "Teacher", "pass": "clear-password-2"},
                {"id": 4, "username": "bad\u202ename", "pass": "clear-password-3"},
            ]
        )
    )
    (protected / "Notebooks/NotebooksList.json").write_text(
        json.dumps(
            [
                {"id": 1, "ownerID": 1, "NotebookPath": "Protected/Notebooks/1.svg", "title": "Maths", "description": "d", "currentGroupID": 3, "code": "a1b2c"},
                {"id": 2, "ownerID": 2, "NotebookPath": "../../etc/passwd", "title": "bad\ntitle", "description": None, "currentGroupID": 0, "code": None},
                {"id": 3, "ownerID": 9, "NotebookPath": "x", "title": "orphan", "description": "", "currentGroupID": 0, "code": None},
            ]
        )
    )  # fmt: skip
    group = '<ns0:g id="{}"><ns0:path d="M{} 2L3 4Z" fill="#ff0000" /></ns0:g>'
    (protected / "Notebooks/1.svg").write_text(
        '<ns0:svg xmlns:ns0="http://www.w3.org/2000/svg">'
        + "".join(group.format(number, number) for number in range(strokes))
        + '<ns0:g onload="x()"><ns0:script>alert(1)</ns0:script></ns0:g></ns0:svg>'
    )


class TestImport2022:
    def test_a_folder_of_2022_comes_in(self, open_place: Callable[..., Place]) -> None:
        place = open_place()
        folder_of_2022(place.protected)
        notes = place.start()
        assert "3 accounts and 2 notebooks" in notes[0] and "clear" in notes[0]
        users = place.storage.users.list_all()
        assert [user.username for user in users] == ["teacher", "Teacher 2", "user 4"]
        assert [user.password_hash for user in users] == [hashed(f"clear-password-{n}") for n in (1, 2, 3)]
        book = place.book(1)
        assert (book.title, book.description, book.owner_id, book.seq, book.next_group_id) == (
            "Maths",
            "d",
            1,
            3000,
            3001,
        )
        document = place.document(book.id)
        assert document.stroke(2) == '<g id="2"><path d="M10 20L30 40Z" fill="#ff0000"/></g>'
        assert place.storage.changes.base(book.id) == 3000
        assert place.book(2).title == "Notebook 2" and place.book(2).seq == 0
        assert place.storage.notebooks.get(NotebookId(3)) is None
        assert place.storage.shares.list_for(book.id) == []
        assert any("1 strokes" in note for note in notes)
        aside = place.protected / "original-2022"
        assert sorted(os.listdir(aside)) == ["Notebooks", "UsersLoginData.json"]
        assert sorted(os.listdir(aside / "Notebooks")) == ["1.svg", "NotebooksList.json"]
        assert os.listdir(place.protected / "Notebooks") == []
        assert place.again() == []
        place.save()
        assert place.again() == []
        assert len(place.storage.users.list_all()) == 3

    def test_f6_cut_short_at_any_file_step_the_next_start_ends_alike(
        self, open_place: Callable[..., Place], tmp_path: Path
    ) -> None:
        probe = FaultyFiles()
        first = open_place("probe")
        folder_of_2022(first.protected, 20)
        first.start(probe)
        expected = [dataclasses.replace(book, epoch="") for book in first.storage.notebooks.all()]
        assert len(probe.steps) > 8
        for step in range(1, len(probe.steps) + 1):
            for error in (28, None):
                place = open_place(f"data-{step}-{error}")
                folder_of_2022(place.protected, 20)
                with pytest.raises((StartRefused, Killed)):
                    place.start(FaultyFiles(step, error))
                place.again()
                assert [
                    dataclasses.replace(book, epoch="") for book in place.storage.notebooks.all()
                ] == expected
                assert sorted(os.listdir(place.protected)) == ["Notebooks", "generation", "original-2022"]
                assert sorted(os.listdir(place.protected / "original-2022/Notebooks")) == [
                    "1.svg",
                    "NotebooksList.json",
                ]


class TestGeneration:
    def test_each_start_raises_it_in_the_database_then_in_the_file(
        self, open_place: Callable[..., Place]
    ) -> None:
        place = open_place()
        for number in range(1, 4):
            assert place.again() == []
            assert place.storage.meta.generation() == number
            assert (place.protected / "generation").read_text() == f"{number}\n"

    def test_a_database_put_back_from_a_copy_gets_new_epochs(self, open_place: Callable[..., Place]) -> None:
        place = open_place()
        place.start()
        book, thrown = furnish(place)
        place.storage.close()
        path = Path(place.config.path)
        copy = path.read_bytes()
        place.storage = open_storage(place.config, place.sealer, role="main")
        assert place.again() == []
        assert place.book(book.id).epoch == book.epoch
        place.storage.close()
        path.write_bytes(copy)
        place.storage = open_storage(place.config, place.sealer, role="main")
        assert "put back from a copy" in place.start()[0]
        assert place.book(book.id).epoch != book.epoch and place.book(thrown.id).epoch != thrown.epoch
        assert place.storage.meta.generation() == 3
        epoch = place.book(book.id).epoch
        assert place.again() == [] and place.book(book.id).epoch == epoch

    def test_i3_a_snapshot_ahead_of_its_log_is_set_aside_and_epochs_are_new(
        self, open_place: Callable[..., Place]
    ) -> None:
        place = open_place()
        place.start()
        book, _ = furnish(place)
        document = place.document(book.id)
        place.snapshots.save(book.id, 11, book.epoch, document.dump())
        place.snapshots.save(NotebookId(99), 1, book.epoch, document.dump())
        notes = place.start()
        assert len(notes) == 2
        assert place.book(book.id).epoch != book.epoch
        assert place.snapshots.ids() == []
        assert len(os.listdir(place.protected / "Notebooks/set-aside")) == 2

    def test_a_snapshot_behind_its_log_is_kept(self, open_place: Callable[..., Place]) -> None:
        place = open_place()
        place.start()
        book, _ = furnish(place)
        place.snapshot(book)
        assert place.again() == [] and place.snapshots.ids() == [book.id]

    @pytest.mark.parametrize("text", ["", "x", "-1", "9" * 40])
    def test_garbage_in_the_file_counts_as_nothing(self, open_place: Callable[..., Place], text: str) -> None:
        place = open_place()
        place.start()
        (place.protected / "generation").write_text(text)
        assert place.again() == []

    def test_f12_a_full_disk_is_said(self, open_place: Callable[..., Place]) -> None:
        place = open_place()
        with pytest.raises(StartRefused, match="disk is full"):
            place.start(FaultyFiles(1, 28))
        place.start()


def test_make_entry_is_a_log_entry() -> None:
    assert isinstance(make_entry(1, 1), LogEntry)
