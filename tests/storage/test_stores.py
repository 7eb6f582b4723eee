"""The contract of every store, on every database."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role, UserId
from server.domain.log_entry import LogEntry
from server.storage.contracts import (
    AppendConflict,
    Attempts,
    ClassCode,
    Guest,
    Notebook,
    ResetOutcome,
    Share,
    ShareStatus,
    Storage,
    User,
)
from server.storage.database import Statement, StatementRefused
from server.storage.opening import SqlStorage
from tests.storage.conftest import NOW

MakeEntry = Callable[..., LogEntry]


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def user(storage: SqlStorage, name: str = "Ada") -> User:
    return storage.users.create(name, name.casefold(), "$argon2id$x", NOW)


def notebook(storage: SqlStorage, title: str = "Physics") -> Notebook:
    owner = storage.users.by_key("ada") or user(storage)
    return storage.notebooks.create(owner.id, title, "", NOW)


def test_storage_is_what_the_contract_says(storage: SqlStorage) -> None:
    contract: Storage = storage
    contract.ping()
    assert contract.describe()
    assert contract.meta.schema_version() >= 1


class TestUsers:
    def test_create_and_find(self, storage: SqlStorage) -> None:
        made = user(storage, "Zoë")
        assert storage.users.by_key("zoë") == made
        assert storage.users.by_id(made.id) == made
        assert storage.users.by_key("Zoë") is None
        assert storage.users.by_id(UserId(made.id + 1)) is None
        assert storage.users.list_all() == [made]

    def test_a1_a_taken_name_is_409_also_in_the_trash(self, storage: SqlStorage) -> None:
        made = user(storage)
        for _ in range(2):
            with pytest.raises(Failure) as caught:
                user(storage, "ADA")
            assert (caught.value.status, caught.value.reason) == (409, "name_taken")
            storage.users.trash(made.id, NOW)

    def test_password_hash_is_not_shown(self, storage: SqlStorage) -> None:
        made = user(storage)
        storage.users.set_password_hash(made.id, "$argon2id$new")
        found = storage.users.by_id(made.id)
        assert found is not None and found.password_hash == "$argon2id$new"
        assert "argon2" not in repr(found)

    def test_o1_trash_takes_notebooks_and_sessions_along_and_restore_brings_them_back(
        self, storage: SqlStorage
    ) -> None:
        made = user(storage)
        kept, thrown = (notebook(storage, title) for title in ("kept", "thrown"))
        storage.notebooks.trash(thrown.id, NOW - 5)
        storage.sessions.create(b"t" * 32, made.id, NOW, NOW + 9, NOW + 9)
        assert storage.users.trash(made.id, NOW) == [kept.id]
        assert storage.users.trash(made.id, NOW + 1) == []
        assert storage.users.by_id(made.id) is None and storage.users.by_key("ada") is None
        assert storage.users.by_id(made.id, with_trash=True) is not None
        assert storage.users.list_all() == [] and len(storage.users.list_all(with_trash=True)) == 1
        assert storage.notebooks.get(kept.id) is None
        assert storage.sessions.find(b"t" * 32) is None
        assert [each.id for each in storage.users.trashed_before(NOW + 1)] == [made.id]
        assert storage.users.trashed_before(NOW) == []
        assert storage.users.restore(made.id) == [kept.id]
        assert storage.users.by_key("ada") == made
        assert storage.notebooks.get(kept.id) == kept
        assert storage.notebooks.get(thrown.id) is None

    def test_delete_for_good_leaves_nothing(self, storage: SqlStorage, entry: MakeEntry) -> None:
        made = user(storage)
        book = notebook(storage)
        storage.changes.append_batch([entry(book.id, 1)])
        storage.shares.create(book.id, Role.EDIT, "c" * 22, NOW)
        storage.shares.lend_class_code(
            digest("1"), storage.shares.list_for(book.id)[0].code_hash, NOW, NOW + 9
        )
        storage.sessions.create(b"t" * 32, made.id, NOW, NOW + 9, NOW + 9)
        storage.visits.put(made.id, book.id, 1, NOW)
        storage.resets.put(made.id, digest("r"), NOW + 9)
        assert storage.users.delete_for_good(made.id) == [book.id]
        counts = [
            storage.database.read(lambda c, s=statement: c.row(s))  # type: ignore[misc]
            for statement in (
                Statement("SELECT COUNT(*) FROM users"),
                Statement("SELECT COUNT(*) FROM notebooks"),
                Statement("SELECT COUNT(*) FROM changes"),
                Statement("SELECT COUNT(*) FROM shares"),
                Statement("SELECT COUNT(*) FROM class_codes"),
                Statement("SELECT COUNT(*) FROM sessions"),
                Statement("SELECT COUNT(*) FROM visits"),
                Statement("SELECT COUNT(*) FROM resets"),
            )
        ]
        assert counts == [(0,)] * 8
        assert user(storage).id > made.id  # an id is never given twice


class TestSessions:
    def test_a3_a_session_lives_until_revoked(self, storage: SqlStorage) -> None:
        made = user(storage)
        session = storage.sessions.create(b"a" * 32, made.id, NOW, NOW + 10, NOW + 20, label="Firefox")
        assert storage.sessions.find(b"a" * 32) == session
        assert session.holds(NOW + 9) and not session.holds(NOW + 10)
        storage.sessions.touch(b"a" * 32, NOW + 30)
        found = storage.sessions.find(b"a" * 32)
        assert found is not None and found.holds(NOW + 19) and not found.holds(NOW + 20)
        assert storage.sessions.find(b"A" * 32) is None
        assert storage.sessions.revoke(b"a" * 32) and not storage.sessions.revoke(b"a" * 32)
        assert storage.sessions.find(b"a" * 32) is None

    def test_a6_revoke_all_keeps_one(self, storage: SqlStorage) -> None:
        made, other = user(storage), user(storage, "Bob")
        for number in range(3):
            storage.sessions.create(bytes([number]) * 32, made.id, NOW + number, NOW + 9, NOW + 9)
        storage.sessions.create(b"b" * 32, other.id, NOW, NOW + 9, NOW + 9)
        assert storage.sessions.revoke_all(made.id, keep=b"\x01" * 32) == [b"\x00" * 32, b"\x02" * 32]
        assert [each.token_hash for each in storage.sessions.list_for(made.id)] == [b"\x01" * 32]
        assert storage.sessions.revoke_all(made.id) == [b"\x01" * 32]
        assert storage.sessions.find(b"b" * 32) is not None

    def test_purge_and_unknown_user(self, storage: SqlStorage) -> None:
        made = user(storage)
        storage.sessions.create(b"a" * 32, made.id, NOW, NOW + 10, NOW + 20)
        assert storage.sessions.purge(NOW + 9) == 0
        assert storage.sessions.purge(NOW + 10) == 1
        with pytest.raises(Failure) as caught:
            storage.sessions.create(b"a" * 32, UserId(99), NOW, NOW, NOW)
        assert caught.value.status == 404


class TestNotebooks:
    def test_n2_titles_come_back_exactly(self, storage: SqlStorage) -> None:
        owner = user(storage)
        made = storage.notebooks.create(owner.id, "מחברת ✍🏽 e\u0301 \\ ' \"", "a\nb", NOW)
        assert storage.notebooks.get(made.id) == made
        assert len(made.epoch) == 16 and int(made.epoch, 16) >= 0
        assert storage.notebooks.rename(made.id, "x", "", NOW + 1)
        found = storage.notebooks.get(made.id)
        assert found is not None and (found.title, found.description, found.changed_ms) == ("x", "", NOW + 1)
        assert storage.notebooks.rename(made.id, "x", "", NOW + 1)
        assert not storage.notebooks.rename(NotebookId(999), "x", "", NOW + 1)

    def test_n4_trash_and_restore(self, storage: SqlStorage) -> None:
        made, other = notebook(storage), notebook(storage, "other")
        assert storage.notebooks.trash(made.id, NOW) and not storage.notebooks.trash(made.id, NOW)
        assert storage.notebooks.get(made.id) is None
        trashed = storage.notebooks.get(made.id, with_trash=True)
        assert trashed is not None and trashed.trashed_ms == NOW
        assert storage.notebooks.list_for(made.owner_id) == [other]
        assert storage.notebooks.list_for(made.owner_id, trashed=True) == [trashed]
        assert storage.notebooks.all() == [other] and len(storage.notebooks.all(with_trash=True)) == 2
        assert not storage.notebooks.rename(made.id, "x", "", NOW)
        assert storage.notebooks.trashed_before(NOW) == []
        assert storage.notebooks.trashed_before(NOW + 1) == [made.id]
        assert storage.notebooks.restore(made.id) and not storage.notebooks.restore(made.id)
        assert storage.notebooks.get(made.id) == made

    def test_quota_figures(self, storage: SqlStorage, entry: MakeEntry) -> None:
        made = notebook(storage)
        assert storage.notebooks.count_for(made.owner_id) == 1
        assert storage.notebooks.bytes_for(made.owner_id) == 0
        storage.changes.append_batch([entry(made.id, 1), entry(made.id, 2)])
        found = storage.notebooks.get(made.id)
        assert found is not None and found.stored_bytes > 200
        assert storage.notebooks.bytes_for(made.owner_id) == found.stored_bytes
        assert storage.notebooks.bytes_for(UserId(99)) == 0

    def test_epoch_is_set(self, storage: SqlStorage) -> None:
        made = notebook(storage)
        storage.notebooks.set_epoch(made.id, "0123456789abcdef")
        found = storage.notebooks.get(made.id)
        assert found is not None and found.epoch == "0123456789abcdef"

    def test_deletion_in_portions_and_finished_after_a_kill(
        self, storage: SqlStorage, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, other = notebook(storage), notebook(storage, "other")
        storage.changes.append_batch([entry(made.id, seq) for seq in range(1, 26)])
        storage.changes.append_batch([entry(other.id, 1)])
        monkeypatch.setattr("server.storage.notebooks_store._PORTION", 10)
        calls = []
        write = storage.database.write

        def die_at_third(work: Callable[..., object]) -> object:
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return write(work)

        monkeypatch.setattr(storage.database, "write", die_at_third)
        with pytest.raises(KeyboardInterrupt):
            storage.notebooks.delete_for_good(made.id)
        monkeypatch.setattr(storage.database, "write", write)
        assert storage.notebooks.get(made.id, with_trash=True) is None
        assert not storage.notebooks.restore(made.id)
        assert storage.notebooks.list_for(made.owner_id, trashed=True) == []
        with pytest.raises(AppendConflict):
            storage.changes.append_batch([entry(made.id, 26)])
        assert storage.notebooks.trashed_before(0) == [made.id]
        storage.notebooks.delete_for_good(made.id)
        assert storage.notebooks.trashed_before(0) == []
        assert storage.changes.head(other.id) == 1

    def test_unknown_owner(self, storage: SqlStorage) -> None:
        with pytest.raises(Failure) as caught:
            storage.notebooks.create(UserId(5), "t", "", NOW)
        assert caught.value.status == 404


class TestShares:
    def test_s2_find_says_what_became_of_a_code(self, storage: SqlStorage) -> None:
        book = notebook(storage)
        made = storage.shares.create(book.id, Role.ADD, "x" * 22, NOW, NOW + 10)
        found = storage.shares.find(made.code_hash)
        assert found == made == Share(book.id, "x" * 22, Role.ADD, NOW, NOW + 10, None, digest("x" * 22))
        assert made.status(NOW + 9) is ShareStatus.VALID and made.status(NOW + 10) is ShareStatus.EXPIRED
        assert storage.shares.find(digest("y")) is None
        assert storage.shares.revoke(made.code_hash, NOW + 1) and not storage.shares.revoke(
            made.code_hash, NOW
        )
        revoked = storage.shares.find(made.code_hash)
        assert revoked is not None and revoked.status(NOW) is ShareStatus.REVOKED
        assert storage.shares.list_for(book.id) == []
        assert "x" * 22 not in repr(made)

    def test_s1_the_current_code_is_the_newest_edit_share_without_expiry(self, storage: SqlStorage) -> None:
        book = notebook(storage)
        assert storage.shares.current_edit(book.id) is None
        codes = [letter * 22 for letter in "abcde"]
        storage.shares.create(book.id, Role.EDIT, codes[0], NOW)
        second = storage.shares.create(book.id, Role.EDIT, codes[1], NOW)
        storage.shares.create(book.id, Role.EDIT, codes[2], NOW, NOW + 99)
        storage.shares.create(book.id, Role.VIEW, codes[3], NOW)
        assert storage.shares.current_edit(book.id) == second
        storage.shares.revoke(second.code_hash, NOW)
        current = storage.shares.current_edit(book.id)
        assert current is not None and current.code == codes[0]
        assert [share.code[0] for share in storage.shares.list_for(book.id)] == ["a", "c", "d"]
        assert len(storage.shares.revoke_all(book.id, NOW)) == 3
        assert storage.shares.current_edit(book.id) is None

    def test_s5_class_codes(self, storage: SqlStorage) -> None:
        book = notebook(storage)
        share = storage.shares.create(book.id, Role.EDIT, "a" * 22, NOW)
        other = storage.shares.create(book.id, Role.VIEW, "b" * 22, NOW)
        assert storage.shares.lend_class_code(digest("12345678"), share.code_hash, NOW, NOW + 10)
        assert not storage.shares.lend_class_code(digest("12345678"), other.code_hash, NOW + 9, NOW + 20)
        assert not storage.shares.lend_class_code(digest("1"), digest("no such share"), NOW, NOW + 10)
        assert storage.shares.find_class_code(digest("12345678"), NOW + 9) == ClassCode(
            share.code_hash, NOW + 10
        )
        assert storage.shares.find_class_code(digest("12345678"), NOW + 10) is None
        assert storage.shares.lend_class_code(digest("12345678"), other.code_hash, NOW + 10, NOW + 20)
        storage.shares.revoke(other.code_hash, NOW + 11)
        assert storage.shares.find_class_code(digest("12345678"), NOW + 11) is None

    def test_a_code_is_never_stored_twice_and_needs_a_notebook(self, storage: SqlStorage) -> None:
        book = notebook(storage)
        storage.shares.create(book.id, Role.EDIT, "a" * 22, NOW)
        with pytest.raises(Failure):
            storage.shares.create(book.id, Role.EDIT, "a" * 22, NOW)
        with pytest.raises(Failure) as caught:
            storage.shares.create(NotebookId(99), Role.EDIT, "b" * 22, NOW)
        assert caught.value.status == 404


class TestChanges:
    def test_c4_entries_come_back_as_they_went_in(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        entries = [
            entry(book.id, 1),
            entry(
                book.id, 2, command="e", data={"ids": ["1"]}, group_id=0, author_id="", author_name="Guest"
            ),
            entry(book.id, 3, command="c", data={"upto": 2}, group_id=1),
            entry(
                book.id, 4, command="m", data={"ids": ["1"], "by": [0.5, -3]}, author_name="שרה", group_id=0
            ),
        ]
        storage.changes.append_batch(entries[:1])
        storage.changes.append_batch(entries[1:])
        assert storage.changes.read(book.id, 0) == entries
        assert storage.changes.read(book.id, 2) == entries[2:]
        assert storage.changes.read(book.id, 4) == []
        assert storage.changes.head(book.id) == 4
        found = storage.notebooks.get(book.id)
        assert found is not None
        assert (found.seq, found.next_group_id, found.changed_ms) == (4, 2, NOW + 4)
        assert storage.changes.base(book.id) == 0 and storage.changes.load_base(book.id) is None

    def test_read_is_bounded(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        storage.changes.append_batch([entry(book.id, seq) for seq in range(1, 601)])
        assert [each.seq for each in storage.changes.read(book.id, 10, 5)] == [11, 12, 13, 14, 15]
        assert len(storage.changes.read(book.id, 0)) == 600
        assert len(storage.changes.read(book.id, 0, max_bytes=1)) == 1
        few = storage.changes.read(book.id, 0, max_bytes=1000)
        assert 1 < len(few) < 10

    def test_c3_an_op_is_found_and_stored_once(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        first = entry(book.id, 1, "mine")
        storage.changes.append_batch([first])
        assert storage.changes.find_op(book.id, "mine") == first
        assert storage.changes.find_op(book.id, "Mine") is None
        with pytest.raises(AppendConflict) as caught:
            storage.changes.append_batch([entry(book.id, 2, "mine")])
        assert caught.value.moved == {book.id}
        assert storage.changes.head(book.id) == 1
        with pytest.raises(AppendConflict):
            storage.changes.append_batch([entry(book.id, 2, "twice"), entry(book.id, 3, "twice")])
        storage.changes.append_batch([entry(book.id, 2, "Mine")])

    def test_c4_a_batch_is_stored_whole_or_not_at_all(self, storage: SqlStorage, entry: MakeEntry) -> None:
        first, second, third = (notebook(storage, title) for title in "abc")
        storage.changes.append_batch([entry(first.id, 1)])
        storage.notebooks.trash(third.id, NOW)
        with pytest.raises(AppendConflict) as caught:
            storage.changes.append_batch(
                [entry(second.id, 1), entry(first.id, 1, "late"), entry(third.id, 1), entry(99, 1)]
            )
        assert caught.value.moved == {first.id}
        assert caught.value.gone == {third.id, NotebookId(99)}
        assert storage.changes.head(second.id) == 0 and storage.changes.read(second.id, 0) == []
        for numbers in ([2, 4], [3], [2, 2]):
            with pytest.raises(AppendConflict):
                storage.changes.append_batch([entry(first.id, seq, f"n{seq}") for seq in numbers])
        assert storage.changes.head(first.id) == 1
        storage.changes.append_batch([])

    def test_c4_racing_writers_leave_no_gap(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        stored: list[int] = []

        def write(name: str) -> None:
            for number in range(25):
                while True:
                    seq = storage.changes.head(book.id) + 1
                    try:
                        storage.changes.append_batch([entry(book.id, seq, f"{name}-{number}")])
                    except AppendConflict:
                        continue
                    stored.append(seq)
                    break

        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(stored) == list(range(1, 101))
        assert [each.seq for each in storage.changes.read(book.id, 0)] == list(range(1, 101))

    def test_a_gap_or_an_altered_row_is_reported_never_served(
        self, storage: SqlStorage, entry: MakeEntry
    ) -> None:
        book = notebook(storage)
        storage.changes.append_batch([entry(book.id, seq) for seq in (1, 2, 3)])
        storage.database.write(
            lambda c: c.run(Statement("UPDATE changes SET author = ? WHERE seq = 3"), "u2")
        )
        with pytest.raises(Failure) as caught:
            storage.changes.read(book.id, 0)
        assert caught.value.reason == "notebook_damaged"
        storage.database.write(lambda c: c.run(Statement("DELETE FROM changes WHERE seq = ?"), 2))
        with pytest.raises(Failure):
            storage.changes.read(book.id, 0, 2)

    def test_a_big_batch_is_one_transaction(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        ink = "\\'\"%s?" * 10_000
        storage.changes.append_batch([entry(book.id, seq, data=ink) for seq in range(1, 101)])
        assert storage.changes.read(book.id, 99)[0].data == ink

    def test_base(self, storage: SqlStorage, entry: MakeEntry) -> None:
        book = notebook(storage)
        records = [("stroke", number, "x" * 5000, b"\x00\xff", None, 1.5, True) for number in range(300)]
        storage.database.write(lambda c: storage.bases.add(c, book.id, 410, records))
        assert storage.changes.base(book.id) == 410
        loaded = storage.changes.load_base(book.id)
        assert loaded is not None and loaded[0] == 410 and list(loaded[1]) == records
        storage.database.write(
            lambda c: c.run(
                Statement(
                    "DELETE FROM bases WHERE part = (SELECT m FROM (SELECT MAX(part) AS m FROM bases) AS x)"
                )
            )
        )
        broken = storage.changes.load_base(book.id)
        assert broken is not None
        with pytest.raises(Failure):
            list(broken[1])


class TestSmallStores:
    def test_s3_guests(self, storage: SqlStorage) -> None:
        made = storage.guests.create(b"g" * 32, "g0123456789abcdef", "Nina 🖋", NOW)
        assert storage.guests.find(b"g" * 32) == made == Guest("g0123456789abcdef", "Nina 🖋", NOW)
        assert storage.guests.rename(b"g" * 32, "Nora") and not storage.guests.rename(b"h" * 32, "x")
        found = storage.guests.find(b"g" * 32)
        assert found is not None and found.name == "Nora"
        assert storage.guests.find(b"h" * 32) is None
        with pytest.raises(Failure):
            storage.guests.create(b"g" * 32, "g1", "x", NOW)

    def test_a5_attempts(self, storage: SqlStorage) -> None:
        attempts = storage.attempts
        assert attempts.get("login", "ada") is None
        assert attempts.add("login", "ada", NOW, 100) == Attempts(1, NOW, 0)
        assert attempts.add("login", "ada", NOW + 99, 100) == Attempts(2, NOW, 0)
        attempts.block("login", "ada", NOW + 500)
        assert attempts.get("login", "ada") == Attempts(2, NOW, NOW + 500)
        assert attempts.get("login", "Ada") is None and attempts.get("address", "ada") is None
        assert attempts.add("login", "ada", NOW + 100, 100) == Attempts(1, NOW + 100, NOW + 500)
        assert attempts.add("login", "ada", NOW - 1, 100).failures == 1  # the clock went back
        assert attempts.purge(NOW + 500) == 0 and attempts.purge(NOW + 501) == 1
        attempts.add("login", "ada", NOW, 100)
        attempts.clear("login", "ada")
        assert attempts.get("login", "ada") is None

    def test_a6_reset_codes(self, storage: SqlStorage) -> None:
        made = user(storage)
        resets = storage.resets
        assert resets.spend(made.id, digest("1"), NOW) is ResetOutcome.GONE
        resets.put(made.id, digest("1"), NOW + 10)
        assert resets.spend(made.id, digest("2"), NOW) is ResetOutcome.WRONG
        assert resets.spend(made.id, digest("1"), NOW) is ResetOutcome.ACCEPTED
        assert resets.spend(made.id, digest("1"), NOW) is ResetOutcome.GONE
        resets.put(made.id, digest("1"), NOW + 10)
        assert [resets.spend(made.id, digest("2"), NOW) for _ in range(5)] == [ResetOutcome.WRONG] * 5
        assert resets.spend(made.id, digest("1"), NOW) is ResetOutcome.GONE
        resets.put(made.id, digest("1"), NOW + 10)
        assert resets.spend(made.id, digest("1"), NOW + 10) is ResetOutcome.GONE
        with pytest.raises(Failure):
            resets.put(UserId(99), digest("1"), NOW)

    def test_visits_and_meta(self, storage: SqlStorage) -> None:
        book = notebook(storage)
        assert storage.visits.get(book.owner_id, book.id) is None
        storage.visits.put(book.owner_id, book.id, 5, NOW)
        storage.visits.put(book.owner_id, book.id, 7, NOW + 1)
        assert storage.visits.get(book.owner_id, book.id) == 7
        storage.visits.put(book.owner_id, NotebookId(99), 1, NOW)
        storage.meta.put("fact", "1")
        storage.meta.put("fact", "2")
        assert storage.meta.get("fact") == "2" and storage.meta.get("other") is None
        assert storage.meta.generation() == 0


NAMES = [
    "A", "a", "Á", "á", "A ", "a ", "a\u00a0", " a", "ß", "ss", "SS", "ſ", "s", "K", "k", "\u212a", "İ", "i", "ı",
    "I", "0", "０", "00", "0 ", "1abc", "1", "1.0", "1e0", "true", "null", "NULL", "'", "''", "\\", "\\'", "%", "_",
    "", "e\u0301", "é",
]  # fmt: skip


def test_t4_equality_is_by_bytes_on_both_engines(storage: SqlStorage, entry: MakeEntry) -> None:
    assert len(NAMES) == len(set(NAMES)) == 40
    ids = {name: storage.users.create(name, name, "h", NOW).id for name in NAMES}
    for name in NAMES:
        found = storage.users.by_key(name)
        assert found is not None and (found.id, found.username, found.username_key) == (ids[name], name, name)
    for absent in ("B", "a\x00", "a  ", "ＡＡ", "Ss", "0x30", "+0"):
        assert storage.users.by_key(absent) is None
    book = storage.notebooks.create(ids["A"], "t", "", NOW)
    ops = ["A", "a", "0", "00", "1", "1.0", "1e0", "true", "a.", "a_", "a-"]
    storage.changes.append_batch([entry(book.id, seq, op) for seq, op in enumerate(ops, 1)])
    for seq, op in enumerate(ops, 1):
        found_entry = storage.changes.find_op(book.id, op)
        assert found_entry is not None and found_entry.seq == seq


@pytest.mark.parametrize("value", [True, 1.5, ["a"], {"a": 1}, ("a",), bytearray(b"a"), Role.EDIT])
def test_t3_only_plain_types_are_bound(storage: SqlStorage, value: object) -> None:
    with pytest.raises(StatementRefused):
        storage.users.by_id(value)  # type: ignore[arg-type]
    with pytest.raises(StatementRefused):
        storage.database.write(
            lambda c: c.run_many(Statement("INSERT INTO meta (name, value) VALUES (?, ?)"), [("a", value)])  # type: ignore[list-item]
        )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_t1_any_text_round_trips(storage: SqlStorage, text: str) -> None:
    made = storage.users.by_key(text) or storage.users.create(text, text, "h", NOW)
    assert storage.users.by_id(made.id) == made
    book = storage.notebooks.create(made.id, text, text, NOW)
    found = storage.notebooks.get(book.id)
    assert found is not None and (found.title, found.description) == (text, text)
