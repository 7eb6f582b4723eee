"""Opening: keys, migrations, and every refusal with its next step (F6, F19, F23, F24, F41, T85, T86)."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from server.storage import sqlite_database
from server.storage.atomic_files import Files
from server.storage.contracts import DatabaseConfig, StartRefused
from server.storage.data_lock import lock_data_folder
from server.storage.database import Connection, Statement
from server.storage.migrations import migrate
from server.storage.opening import SqlStorage, open_storage
from server.storage.schema import MIGRATIONS, TABLES
from server.storage.sealed import SealBroken, Sealer
from server.storage.sqlite_database import LOG_BYTES
from server.storage.storage_key import load_or_create_key
from tests.storage.conftest import KEY, NOW
from tests.support.mariadb import PASSWORD, MariaDb

MODE = 0o777


class TestSealing:
    def test_what_is_sealed_opens_for_its_purpose_only(self) -> None:
        sealer = Sealer(KEY)
        sealed = sealer.seal(b"ink", "change:1:1")
        assert sealer.open(sealed, "change:1:1") == b"ink" and b"ink" not in sealed
        assert sealer.open_text(sealer.seal_text("שלום", "t"), "t") == "שלום"
        for broken, what in [
            (sealed, "change:1:2"), (sealed[:-1], "change:1:1"), (b"\x02" + sealed[1:], "change:1:1"),
            (sealed[:20], "change:1:1"), (b"", "change:1:1"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "change:1:1"),
        ]:  # fmt: skip
            with pytest.raises(SealBroken):
                sealer.open(broken, what)
        with pytest.raises(SealBroken):
            Sealer(bytes(32)).open(sealed, "change:1:1")
        with pytest.raises(ValueError):
            Sealer(b"short")

    def test_nonces_differ_within_a_batch_and_the_key_id_is_not_the_key(self) -> None:
        sealer = Sealer(KEY)
        sealed = sealer.seal_many([(b"x", "a")] * 100)
        assert len({each[:13] for each in sealed}) == 100
        assert [sealer.open(each, "a") for each in sealed] == [b"x"] * 100
        assert len(sealer.key_id) == 16 and sealer.key_id not in KEY.hex()
        assert sealer.key_id == Sealer(KEY).key_id != Sealer(bytes(32)).key_id


class TestKey:
    def test_made_once_for_an_empty_folder_and_private(self, tmp_path: Path) -> None:
        key = load_or_create_key(tmp_path, environment={})
        path = tmp_path / "keys" / "storage.key"
        assert len(key) == 32 and path.read_text() == key.hex() + "\n"
        assert path.stat().st_mode & MODE == 0o600 and path.parent.stat().st_mode & MODE == 0o700
        assert load_or_create_key(tmp_path, environment={}) == key

    def test_from_the_environment_and_then_not_written(self, tmp_path: Path) -> None:
        assert load_or_create_key(tmp_path, environment={"NOTEBOOKS_STORAGE_KEY": KEY.hex()}) == KEY
        assert list(tmp_path.iterdir()) == []
        for wrong in ("", "xyz", KEY.hex()[:-1], KEY.hex() + "00"):
            with pytest.raises(StartRefused, match="NOTEBOOKS_STORAGE_KEY is not a storage key"):
                load_or_create_key(tmp_path, environment={"NOTEBOOKS_STORAGE_KEY": wrong})

    @pytest.mark.parametrize(
        ("place", "mode"), [("keys/storage.key", 0o640), ("keys/storage.key", 0o604), ("keys", 0o750)]
    )
    def test_t85_open_to_others_is_refused(self, tmp_path: Path, place: str, mode: int) -> None:
        load_or_create_key(tmp_path, environment={})
        (tmp_path / place).chmod(mode)
        with pytest.raises(StartRefused, match="chmod"):
            load_or_create_key(tmp_path, environment={})

    def test_garbage_in_the_file_is_refused_not_replaced(self, tmp_path: Path) -> None:
        load_or_create_key(tmp_path, environment={})
        path = tmp_path / "keys" / "storage.key"
        for text in ("", "garbage", "00" * 31):
            path.write_text(text)
            with pytest.raises(StartRefused, match="is not a storage key"):
                load_or_create_key(tmp_path, environment={})
            assert path.read_text() == text

    @pytest.mark.parametrize(
        "name",
        [
            "n.sqlite3",
            "Protected/generation",
            "Protected/Notebooks/3.svg.sealed",
            "Protected/Notebooks/NotebooksList.json",
        ],
    )
    def test_data_without_its_key_is_refused_with_what_to_do(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('[{"id": 1, "keyID": "00"}]')
        with pytest.raises(StartRefused, match="Put the key file back"):
            load_or_create_key(tmp_path, environment={}, sqlite_path=tmp_path / "n.sqlite3")
        assert not (tmp_path / "keys").exists()

    def test_a_folder_of_2022_gets_a_key(self, tmp_path: Path) -> None:
        (tmp_path / "Protected/Notebooks").mkdir(parents=True)
        (tmp_path / "Protected/Notebooks/1.svg").write_text("<svg/>")
        (tmp_path / "Protected/Notebooks/NotebooksList.json").write_text('[{"id": 1}]')
        assert len(load_or_create_key(tmp_path, environment={})) == 32


class TestMigrations:
    def test_both_engines_have_the_same_tables_and_columns(self, storage: SqlStorage) -> None:
        for table in TABLES:
            assert storage.database.read(lambda c, t=table: c.rows(ALL[t])) == []  # type: ignore[misc]

    def test_opened_again_nothing_changes(self, config: DatabaseConfig, sealer: Sealer) -> None:
        for _ in range(2):
            storage = open_storage(config, sealer, role="main")
            if not storage.users.list_all():
                storage.users.create("Ada", "ada", "h", NOW)
            storage.close()
        updates = open_storage(config, sealer, role="updates")
        assert [user.username for user in updates.users.list_all()] == ["Ada"]
        updates.close()

    def test_f41_a_newer_schema_is_refused_untouched(self, config: DatabaseConfig, sealer: Sealer) -> None:
        storage = open_storage(config, sealer, role="main")
        storage.meta.put("schema_version", str(len(MIGRATIONS) + 1))
        storage.close()
        for role in ("main", "updates"):
            with pytest.raises(StartRefused, match="newer version"):
                open_storage(config, sealer, role=role)  # type: ignore[arg-type]

    def test_another_key_is_refused(self, config: DatabaseConfig, sealer: Sealer) -> None:
        open_storage(config, sealer, role="main").close()
        for role in ("main", "updates"):
            with pytest.raises(StartRefused, match=r"storage\.key"):
                open_storage(config, Sealer(bytes(32)), role=role)  # type: ignore[arg-type]
        open_storage(config, sealer, role="main").close()

    def test_only_main_makes_a_schema(self, config: DatabaseConfig, sealer: Sealer) -> None:
        with pytest.raises(StartRefused, match="Start the server itself first"):
            open_storage(config, sealer, role="updates")

    def test_an_older_schema_is_brought_forward_and_refused_by_the_update_process(
        self, storage: SqlStorage, sealer: Sealer
    ) -> None:
        extra = Statement("CREATE TABLE IF NOT EXISTS extra (id INTEGER PRIMARY KEY)")
        migrate(storage.database, sealer.key_id, (*MIGRATIONS, (extra,)))
        assert storage.meta.schema_version() == len(MIGRATIONS) + 1
        migrate(storage.database, sealer.key_id, (*MIGRATIONS, (extra,)))

    def test_f6_a_migration_cut_short_anywhere_is_finished_by_the_next_start(
        self, config: DatabaseConfig, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kind = "Sqlite" if config.kind == "sqlite" else "Mysql"
        module = __import__(f"server.storage.{kind.lower()}_database", fromlist=["x"])
        connection = getattr(module, f"{kind}Connection")
        run = connection.run
        for die_at in range(1, len(MIGRATIONS[0]) + 5, 3):
            steps = []

            def dying(self: Connection, statement: Statement, *values: object, at: int = die_at) -> int:
                steps.append(1)  # noqa: B023
                if len(steps) == at:  # noqa: B023
                    raise KeyboardInterrupt
                return int(run(self, statement, *values))

            monkeypatch.setattr(connection, "run", dying)
            with pytest.raises(KeyboardInterrupt):
                open_storage(config, sealer, role="main")
            monkeypatch.setattr(connection, "run", run)
        storage = open_storage(config, sealer, role="main")
        assert storage.meta.schema_version() == len(MIGRATIONS)
        storage.close()
        if config.kind == "sqlite":
            assert [name for name in os.listdir(Path(config.path).parent) if ".new-" in name] == []


ALL = {
    "users": Statement("SELECT id, username, username_key, password_hash, created_ms, trashed_ms FROM users"),
    "sessions": Statement(
        "SELECT token_hash, user_id, created_ms, idle_until_ms, absolute_until_ms, label FROM sessions"
    ),
    "notebooks": Statement(
        "SELECT id, owner_id, title, description, epoch, created_ms, changed_ms, seq, next_group_id, stored_bytes, "
        "trashed_ms, purged FROM notebooks"
    ),
    "shares": Statement(
        "SELECT code_hash, notebook_id, code, role, created_ms, expires_ms, revoked_ms, place FROM shares"
    ),
    "class_codes": Statement("SELECT class_hash, code_hash, until_ms FROM class_codes"),
    "guests": Statement("SELECT token_hash, guest_id, name, created_ms FROM guests"),
    "changes": Statement("SELECT notebook_id, seq, op, author, at_ms, command, body FROM changes"),
    "bases": Statement("SELECT notebook_id, part, seq, body FROM bases"),
    "attempts": Statement("SELECT kind, subject, failures, since_ms, blocked_until_ms FROM attempts"),
    "resets": Statement("SELECT user_id, code_hash, until_ms, tries FROM resets"),
    "visits": Statement("SELECT user_id, notebook_id, seq, at_ms FROM visits"),
}


class TestSqliteFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "notebooks.sqlite3"

    @pytest.fixture
    def config(self, path: Path) -> DatabaseConfig:
        return DatabaseConfig(kind="sqlite", path=str(path))

    def test_durable_settings_and_private_files(
        self, config: DatabaseConfig, sealer: Sealer, path: Path
    ) -> None:
        os.umask(old := os.umask(0o022))
        storage = open_storage(config, sealer, role="main")
        storage.users.create("Ada", "ada", "h", NOW)
        names = sorted(os.listdir(path.parent))
        assert names == ["notebooks.sqlite3", "notebooks.sqlite3-shm", "notebooks.sqlite3-wal"]
        assert {(path.parent / name).stat().st_mode & MODE for name in names} == {0o600}
        assert storage.database.read(lambda c: c.row(Statement("PRAGMA synchronous"))) == (2,)
        assert storage.database.read(lambda c: c.row(Statement("PRAGMA journal_mode"))) == ("wal",)
        assert storage.database.read(lambda c: c.row(Statement("PRAGMA foreign_keys"))) == (1,)
        storage.close()
        os.umask(old)

    def test_a_file_that_others_may_read_is_closed_to_them(
        self, config: DatabaseConfig, sealer: Sealer, path: Path
    ) -> None:
        open_storage(config, sealer, role="main").close()
        path.chmod(0o644)
        storage = open_storage(config, sealer, role="main")
        storage.ping()
        assert path.stat().st_mode & MODE == 0o600
        storage.close()

    @pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
    def test_f23_no_database_is_refused_and_left_as_it_is(
        self, config: DatabaseConfig, sealer: Sealer, path: Path, content: bytes
    ) -> None:
        path.write_bytes(content)
        with pytest.raises(StartRefused, match="restore a backup"):
            open_storage(config, sealer, role="main")
        assert path.read_bytes() == content

    def test_f23_a_damaged_page_is_refused(self, config: DatabaseConfig, sealer: Sealer, path: Path) -> None:
        storage = open_storage(config, sealer, role="main")
        for number in range(200):
            storage.users.create(f"user {number}", f"user {number}", "h" * 200, NOW)
        storage.close()
        content = bytearray(path.read_bytes())
        middle = len(content) // 4096 // 2 * 4096
        content[middle : middle + 12288] = b"\xa5" * 12288
        path.write_bytes(content)
        with pytest.raises(StartRefused, match="damaged"):
            open_storage(config, sealer, role="main")

    def test_f23_a_log_without_its_database_is_refused(
        self, config: DatabaseConfig, sealer: Sealer, path: Path
    ) -> None:
        Path(str(path) + "-wal").write_bytes(b"x" * 100)
        with pytest.raises(StartRefused, match="Put the database file back"):
            open_storage(config, sealer, role="main")
        assert not path.exists()

    def test_f23_a_lock_held_by_another_process_is_waited_for_then_503(
        self, config: DatabaseConfig, sealer: Sealer, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from server.domain.failures import Failure
        from server.storage.sqlite_database import SqliteDatabase

        open_storage(config, sealer, role="main").close()
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        storage = SqlStorage(SqliteDatabase(path, busy_timeout_s=0.2), sealer)
        with pytest.raises(Failure) as caught:
            storage.users.create("Ada", "ada", "h", NOW)
        assert (caught.value.status, caught.value.reason) == (503, "storage_down")
        assert storage.users.list_all() == []  # reading goes on
        patient = SqlStorage(SqliteDatabase(path, busy_timeout_s=5), sealer)
        timer = threading.Timer(0.2, other.rollback)
        timer.start()
        assert patient.users.create("Ada", "ada", "h", NOW).id == 1
        timer.join()
        for each in (storage, patient, other):
            each.close()

    def test_a_database_that_vanishes_is_503_and_not_made_again(
        self, config: DatabaseConfig, sealer: Sealer, path: Path
    ) -> None:
        from server.domain.failures import Failure

        storage = open_storage(config, sealer, role="main")
        storage.close()
        with pytest.raises(Failure):
            storage.ping()
        path.unlink()
        from server.storage.sqlite_database import SqliteDatabase

        with pytest.raises(Failure):
            SqlStorage(SqliteDatabase(path), sealer).ping()
        assert not path.exists()

    def test_f12_a_full_database_is_507_and_recovers(self, config: DatabaseConfig, sealer: Sealer) -> None:
        from server.domain.failures import Failure

        storage = open_storage(config, sealer, role="main")
        pages = storage.database.read(lambda c: c.row(Statement("PRAGMA page_count")))
        assert pages is not None
        storage.database.read(lambda c: c.row(Statement("PRAGMA max_page_count = 40")))

        def create_many() -> None:
            for number in range(2000):
                storage.users.create(f"{number}", f"{number}", "h" * 255, NOW)

        with pytest.raises(Failure) as caught:
            create_many()
        assert (caught.value.status, caught.value.reason) == (507, "disk_full")
        count = len(storage.users.list_all())
        assert count > 10
        storage.database.read(lambda c: c.row(Statement("PRAGMA max_page_count = 1000000")))
        storage.users.create("after", "after", "h", NOW)
        assert len(storage.users.list_all()) == count + 1
        storage.close()

    def test_connections_of_ended_threads_are_closed(self, config: DatabaseConfig, sealer: Sealer) -> None:
        storage = open_storage(config, sealer, role="main")
        for _ in range(20):
            thread = threading.Thread(target=storage.ping)
            thread.start()
            thread.join()
        storage.ping()
        assert len(storage.database._all) <= 2  # type: ignore[attr-defined]
        storage.close()

    def test_an_unwritable_folder_is_refused(self, sealer: Sealer, tmp_path: Path) -> None:
        with pytest.raises(StartRefused, match="Check the rights"):
            open_storage(
                DatabaseConfig(kind="sqlite", path=str(tmp_path / "absent/n.sqlite3")), sealer, role="main"
            )


@pytest.mark.mysql
class TestMysqlServer:
    def test_a_missing_database_is_made_with_the_right_collation(
        self, mariadb: MariaDb, sealer: Sealer
    ) -> None:
        config = mariadb.config(database="with `odd' name")
        storage = open_storage(config, sealer, role="main")
        assert storage.warnings == []
        assert PASSWORD not in storage.describe() and config.database in storage.describe()
        storage.close()
        rows = mariadb.administrate(
            "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'with `odd'' name'"
        )
        assert rows == [("utf8mb4_bin",)]
        mariadb.administrate("DROP DATABASE `with ``odd' name`")

    def test_by_socket(self, mariadb: MariaDb, sealer: Sealer) -> None:
        config = mariadb.config(unix_socket=mariadb.socket)
        storage = open_storage(config, sealer, role="main")
        storage.ping()
        storage.close()
        mariadb.administrate(f"DROP DATABASE `{config.database}`")

    def test_wrong_password(self, mariadb: MariaDb, sealer: Sealer) -> None:
        with pytest.raises(StartRefused, match="user name and password") as caught:
            open_storage(mariadb.config(password="wrong-secret"), sealer, role="main")
        assert "wrong-secret" not in str(caught.value)

    def test_no_right_to_make_it_prints_the_two_lines_that_help(
        self, mariadb: MariaDb, sealer: Sealer
    ) -> None:
        mariadb.administrate("CREATE USER IF NOT EXISTS 'poor'@'%' IDENTIFIED BY 'poor-pw'")
        config = mariadb.config(username="poor", password="poor-pw", database="poor`db")
        with pytest.raises(StartRefused) as caught:
            open_storage(config, sealer, role="main")
        lines = str(caught.value).splitlines()[1:]
        assert len(lines) == 2
        mariadb.administrate(*(line.rstrip(";") for line in lines))
        storage = open_storage(config, sealer, role="main")
        storage.close()
        mariadb.administrate("DROP DATABASE `poor``db`", "DROP USER 'poor'@'%'")

    def test_f19_unreachable_is_said_and_may_be_waited_for(self, mariadb: MariaDb, sealer: Sealer) -> None:
        config = mariadb.config(port=1)
        with pytest.raises(StartRefused, match="cannot be reached"):
            open_storage(config, sealer, role="main")
        begun = time.monotonic()
        with pytest.raises(StartRefused):
            open_storage(config, sealer, role="main", wait_s=0.7)
        assert 0.2 < time.monotonic() - begun < 5

    def test_a_server_that_does_not_sync_each_commit_is_warned_of(
        self, mariadb: MariaDb, sealer: Sealer
    ) -> None:
        config = mariadb.config()
        mariadb.administrate("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        try:
            storage = open_storage(config, sealer, role="main")
            assert "innodb_flush_log_at_trx_commit = 1" in storage.warnings[0]
            storage.close()
        finally:
            mariadb.administrate(
                "SET GLOBAL innodb_flush_log_at_trx_commit = 1", f"DROP DATABASE `{config.database}`"
            )

    def test_tls_that_is_asked_for_but_not_there_is_refused(self, mariadb: MariaDb, sealer: Sealer) -> None:
        if mariadb.administrate("SELECT @@have_ssl")[0][0] == "YES":
            pytest.skip("this server speaks TLS")
        with pytest.raises(StartRefused):
            open_storage(dataclasses.replace(mariadb.config(), tls_required=True), sealer, role="main")


class TestDataLock:
    def test_f24_a_second_server_is_refused_until_the_first_ends(self, tmp_path: Path) -> None:
        program = (
            "import sys, time; from pathlib import Path; from server.storage.data_lock import lock_data_folder\n"
            "lock = lock_data_folder(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(StartRefused, match="Another server is running"):
            lock_data_folder(tmp_path)
        with lock_data_folder(tmp_path, "updates.lock"):
            pass
        threading.Timer(0.3, holder.kill).start()
        with lock_data_folder(tmp_path, wait_s=10):
            assert (tmp_path / "server.lock").stat().st_mode & MODE == 0o600
        holder.wait()
        holder.stdout.close()

    def test_within_one_process_too(self, tmp_path: Path) -> None:
        first = lock_data_folder(tmp_path)
        waits: list[float] = []
        with pytest.raises(StartRefused):
            lock_data_folder(tmp_path, wait_s=1, clock=iter([0.0, 0.5, 1.0]).__next__, sleep=waits.append)
        assert len(waits) == 1
        first.release()
        lock_data_folder(tmp_path).release()

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(StartRefused, match="--data-dir"):
            lock_data_folder(tmp_path / "absent")


def test_no_posix_module_is_imported_at_module_level() -> None:
    program = (
        "import sys\nfor name in ('fcntl', 'resource', 'pwd', 'grp'): sys.modules[name] = None\n"
        "import server.storage.opening, server.storage.contents, server.storage.data_lock, server.storage.backup"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_files_layer_is_the_real_one_by_default() -> None:
    assert type(Files()) is Files


class TestTheLengthOfTheLog:
    """SQLite: the update process writes the write-ahead log to its length at start, so that no commit has to."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "notebooks.sqlite3"

    def test_commits_do_not_make_the_log_longer(self, path: Path, sealer: Sealer) -> None:
        config = DatabaseConfig(kind="sqlite", path=str(path))
        main = open_storage(config, sealer, role="main")
        log = Path(f"{path}-wal")
        assert log.stat().st_size < LOG_BYTES
        before = path.stat().st_size
        updates = open_storage(config, sealer, role="updates")
        length = log.stat().st_size
        assert LOG_BYTES <= length < 2 * LOG_BYTES
        user = main.users.create("Ada", "ada", "hash", NOW)
        for number in range(20):
            updates.notebooks.create(user.id, f"n{number}", "", NOW)
        assert log.stat().st_size == length
        assert len(main.notebooks.list_for(user.id)) == 20
        main.close()
        updates.close()
        assert path.stat().st_size < before + 200_000, "what filled the log is not in the database"
        check = sqlite3.connect(path)
        assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert check.execute("SELECT count(*) FROM sqlite_master WHERE name = 'filling'").fetchone() == (0,)
        check.close()

    def test_it_is_not_written_twice(self, path: Path, sealer: Sealer) -> None:
        config = DatabaseConfig(kind="sqlite", path=str(path))
        main = open_storage(config, sealer, role="main")
        first = open_storage(config, sealer, role="updates")
        length = Path(f"{path}-wal").stat().st_size
        second = open_storage(config, sealer, role="updates")
        assert Path(f"{path}-wal").stat().st_size == length
        for storage in (main, first, second):
            storage.close()

    def test_without_room_for_it_the_database_opens_all_the_same(
        self, path: Path, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = DatabaseConfig(kind="sqlite", path=str(path))
        main = open_storage(config, sealer, role="main")
        monkeypatch.setattr(
            sqlite_database,
            "_LENGTHENING",
            (*sqlite_database._LENGTHENING[:-1], "INSERT INTO nowhere VALUES (1)"),
        )
        updates = open_storage(config, sealer, role="updates")
        assert updates.users.create("Ada", "ada", "hash", NOW).username == "Ada"
        assert main.users.by_key("ada") is not None
        main.close()
        updates.close()
