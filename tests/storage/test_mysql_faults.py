"""MySQL and MariaDB that break, stall or refuse (F18 to F22)."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import mysql.connector.errors as driver
import pytest

from server.domain.failures import Failure
from server.storage import mysql_pool
from server.storage.contracts import CommitUnknown, DatabaseConfig
from server.storage.database import Connection, DuplicateRow, MissingParent, Statement
from server.storage.mysql_database import MysqlDatabase
from server.storage.mysql_errors import ConnectionLost, ConnectionStalled, Deadlocked, map_error
from server.storage.opening import SqlStorage, open_storage
from server.storage.sealed import Sealer
from tests.storage.conftest import NOW, make_entry
from tests.support.mariadb import MariaDb
from tests.support.product import free_port

pytestmark = pytest.mark.mysql


class Proxy:
    """Passes bytes between driver and server; cuts when told, or when a word passes in a direction."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self.cut_before: bytes = b""  # the client's message with this word is not passed on
        self.cut_after: bytes = b""  # it is passed on, but the answer is not
        self.cuts = 0
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            self._pairs.append((client, server))
            muted = threading.Event()
            for source, target, upwards in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._pump, args=(source, target, upwards, muted))
                thread.start()
                self._threads.append(thread)

    def _pump(
        self, source: socket.socket, target: socket.socket, upwards: bool, muted: threading.Event
    ) -> None:
        try:
            while data := source.recv(65536):
                if upwards and self.cut_before and self.cut_before in data:
                    self.cut_before = b""
                    break
                if upwards and self.cut_after and self.cut_after in data:
                    self.cut_after = b""
                    muted.set()
                elif not upwards and muted.is_set():
                    break
                target.sendall(data)
        except OSError:
            pass
        self.cuts += 1
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self) -> None:
        """Breaks every connection."""
        for pair in self._pairs:
            for each in pair:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in [self._accepting, *self._threads]:
            thread.join()
        for pair in self._pairs:
            for each in pair:
                each.close()


@pytest.fixture
def proxy(mariadb: MariaDb) -> Iterator[Proxy]:
    made = Proxy(mariadb.port)
    yield made
    made.close()


@pytest.fixture
def config(mariadb: MariaDb, proxy: Proxy) -> Iterator[DatabaseConfig]:
    made = mariadb.config(port=proxy.port)
    yield made
    mariadb.administrate(f"DROP DATABASE IF EXISTS `{made.database}`")


@pytest.fixture
def storage(config: DatabaseConfig, sealer: Sealer) -> Iterator[SqlStorage]:
    opened = open_storage(config, sealer, role="main")
    yield opened
    opened.close()


def pool_of(storage: SqlStorage) -> mysql_pool.ConnectionPool:
    assert isinstance(storage.database, MysqlDatabase)
    return storage.database.pool


def test_f18_a_break_between_requests_is_not_noticed_by_anybody(storage: SqlStorage, proxy: Proxy) -> None:
    user = storage.users.create("Ada", "ada", "h", NOW)
    for _ in range(3):
        proxy.cut()
        assert storage.users.by_id(user.id) == user
        proxy.cut()
        storage.users.set_password_hash(user.id, "h")
    assert pool_of(storage).lent == 0


def test_f18_cut_before_the_statement_nothing_is_stored_twice(storage: SqlStorage, proxy: Proxy) -> None:
    book = storage.notebooks.create(storage.users.create("Ada", "ada", "h", NOW).id, "t", "", NOW)
    for seq, word in enumerate((b"START TRANSACTION", b"UPDATE notebooks", b"INSERT INTO changes"), 1):
        proxy.cut_before = word
        storage.changes.append_batch([make_entry(book.id, seq)])
    assert [entry.seq for entry in storage.changes.read(book.id, 0)] == [1, 2, 3]
    assert pool_of(storage).lent == 0


def test_f18_a_commit_that_was_lost_on_the_way_is_a_503_and_can_be_sent_again(
    storage: SqlStorage, proxy: Proxy
) -> None:
    book = storage.notebooks.create(storage.users.create("Ada", "ada", "h", NOW).id, "t", "", NOW)
    proxy.cut_before = b"COMMIT"
    with pytest.raises(CommitUnknown) as caught:
        storage.changes.append_batch([make_entry(book.id, 1)])
    assert (caught.value.status, caught.value.reason) == (503, "storage_down")
    assert storage.changes.head(book.id) == 0
    storage.changes.append_batch([make_entry(book.id, 1)])


def test_f18_a_commit_whose_answer_was_lost_is_found_by_its_op(storage: SqlStorage, proxy: Proxy) -> None:
    book = storage.notebooks.create(storage.users.create("Ada", "ada", "h", NOW).id, "t", "", NOW)
    proxy.cut_after = b"COMMIT"
    storage.changes.append_batch([make_entry(book.id, 1), make_entry(book.id, 2)])
    assert len(storage.changes.read(book.id, 0)) == 2
    proxy.cut_after = b"COMMIT"
    with pytest.raises(Failure):
        storage.users.set_password_hash(book.owner_id, "new")
    found = storage.users.by_id(book.owner_id)
    assert found is not None and found.password_hash == "new"
    assert pool_of(storage).lent == 0


def test_f19_down_is_503_and_over_without_a_restart(sealer: Sealer, mariadb: MariaDb) -> None:
    config = mariadb.config()
    storage = open_storage(config, sealer, role="main")
    user = storage.users.create("Ada", "ada", "h", NOW)
    mariadb.stop()
    try:
        for action in (
            lambda: storage.users.by_id(user.id),
            lambda: storage.users.set_password_hash(user.id, "x"),
            storage.ping,
        ):
            with pytest.raises(Failure) as caught:
                action()
            assert (caught.value.status, caught.value.reason) == (503, "storage_down")
            assert str(config.port) not in str(caught.value)
    finally:
        mariadb.start()
    assert storage.users.by_id(user.id) == user
    storage.close()
    mariadb.administrate(f"DROP DATABASE `{config.database}`")


def test_f20_a_stall_ends_with_the_statements_time_and_is_not_retried(
    mariadb: MariaDb, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_pool, "STATEMENT_TIMEOUT_S", -1)  # and 2 s on top for the network
    config = mariadb.config()
    storage = open_storage(config, sealer, role="main")
    storage.ping()
    os.kill(mariadb.process.pid, signal.SIGSTOP)
    time.sleep(0.2)
    begun = time.monotonic()
    try:
        with pytest.raises(Failure) as caught:
            storage.ping()
    finally:
        os.kill(mariadb.process.pid, signal.SIGCONT)
    assert caught.value.reason == "storage_down" and time.monotonic() - begun < 4
    storage.ping()
    assert pool_of(storage).lent == 0
    storage.close()
    mariadb.administrate(f"DROP DATABASE `{config.database}`")


def test_f20_the_server_itself_ends_a_long_statement(storage: SqlStorage) -> None:
    pool = pool_of(storage)
    with pool.borrow() as lent:
        cursor = lent.cursor
        cursor.execute("SELECT @@max_statement_time, @@innodb_lock_wait_timeout, @@tx_isolation, @@sql_mode")
        values = cursor.fetchone()
        cursor.execute("SELECT @@collation_connection, @@autocommit")
        others = cursor.fetchone()
    assert values is not None and others is not None
    limit, wait, isolation, mode = values  # type: ignore[misc]
    assert (float(limit), int(wait), isolation) == (10.0, 5, "REPEATABLE-READ")  # type: ignore[arg-type]
    assert "STRICT_ALL_TABLES" in str(mode) and "NO_BACKSLASH_ESCAPES" not in str(mode)
    assert tuple(others) == ("utf8mb4_bin", 1)


def test_f21_the_pool_is_bounded_and_gives_everything_back(mariadb: MariaDb, sealer: Sealer) -> None:
    config = mariadb.config(pool_size=2)
    open_storage(config, sealer, role="main").close()
    database = MysqlDatabase(config, wait_s=0.2)
    storage = SqlStorage(database, sealer)
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            storage.users.create(f"user {number}", f"user {number}", "h", NOW)
            outcomes.append("stored")
        except Failure as failure:
            outcomes.append(failure.reason)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 50 and set(outcomes) <= {"stored", "storage_down"}
    assert len(storage.users.list_all()) == outcomes.count("stored") > 0
    assert database.pool.lent == 0 and len(database.pool._idle) <= 2
    with database.pool.borrow(), database.pool.borrow():
        begun = time.monotonic()
        with pytest.raises(Failure) as caught:
            storage.ping()
        assert caught.value.reason == "storage_down" and 0.15 < time.monotonic() - begun < 2
    storage.close()
    with pytest.raises(Failure):
        storage.ping()
    mariadb.administrate(f"DROP DATABASE `{config.database}`")


def test_f22_a_deadlock_is_tried_once_more(storage: SqlStorage) -> None:
    first, second = (storage.users.create(name, name, "h", NOW).id for name in "ab")
    update = Statement("UPDATE users SET password_hash = ? WHERE id = ?")
    meet = threading.Barrier(2)
    runs: list[str] = []

    def cross(name: str, one: int, other: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            runs.append(name)
            connection.run(update, name, one)
            if runs.count(name) == 1:
                meet.wait(5)
            connection.run(update, name, other)

        return work

    threads = [
        threading.Thread(target=storage.database.write, args=(cross(*each),))
        for each in (("x", first, second), ("y", second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 3
    hashes = {user.password_hash for user in storage.users.list_all()}
    assert len(hashes) == 1 and hashes <= {"x", "y"}


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (1213, Deadlocked), (1205, Deadlocked), (2006, ConnectionLost), (2013, ConnectionLost), (2055, ConnectionLost),
        (1062, DuplicateRow), (1452, MissingParent), (1290, "storage_down"), (1040, "storage_down"),
        (1969, "storage_down"), (3024, "storage_down"), (1146, "storage_down"), (1021, "disk_full"), (1114, "disk_full"),
    ],
)  # fmt: skip
def test_f22_the_table_of_errors(number: int, meaning: type[Exception] | str) -> None:
    mapped = map_error(driver.DatabaseError("secret value 'x' in /var/lib", errno=number))
    if isinstance(meaning, str):
        assert isinstance(mapped, Failure) and mapped.reason == meaning and "secret" not in str(mapped)
    else:
        assert type(mapped) is meaning


def test_f22_what_the_driver_raises_without_a_number() -> None:
    assert type(map_error(driver.ReadTimeoutError(errno=3024))) is ConnectionStalled
    assert type(map_error(BrokenPipeError())) is ConnectionLost
    assert type(map_error(driver.OperationalError("MySQL Connection not available."))) is ConnectionLost


def test_a_transaction_that_raises_is_rolled_back_and_the_connection_kept(storage: SqlStorage) -> None:
    def work(connection: Connection) -> None:
        connection.run(Statement("INSERT INTO meta (name, value) VALUES (?, ?)"), "half", "done")
        raise ValueError

    with pytest.raises(ValueError):
        storage.database.write(work)
    assert storage.meta.get("half") is None and pool_of(storage).lent == 0
