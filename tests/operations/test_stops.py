"""O2: every way to stop the server leaves nothing behind: no process, no socket, no temporary file, nothing lost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import socket
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operations.program import (
    environment,
    leftovers,
    processes_of,
    run,
    sentence,
    wait_until,
)
from tests.support.product import ROOT, Person, Product, free_port, stroke


class Window:
    """A server in a terminal window: standard input and output are a pseudo-terminal of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.shown = b""
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "main.py", "--port", str(self.port), "--host", "127.0.0.1", "--data-dir", str(data_dir)],
            cwd=ROOT, env=environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - the terminal must be its own
        )  # fmt: skip
        os.close(slave)
        self._open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Never blocks in a read: a terminal that is being read from does not hang up."""
        with contextlib.suppress(OSError, ValueError):
            while self._open:
                if select.select([self._master], [], [], 0.02)[0]:
                    self.shown += os.read(self._master, 4096)

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def close(self) -> None:
        """Close the window: the terminal hangs up."""
        if self._open:
            self._open = False
            self._reader.join()
            os.close(self._master)

    def wait(self) -> int:
        return self.process.wait(timeout=20)


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    opened = Window(tmp_path / "data")
    wait_until(lambda: b"[INIT] ready" in opened.shown, "the start")
    yield opened
    if opened.process.poll() is None:
        opened.process.kill()
        opened.process.wait()
    opened.close()


def write_something(port: int) -> int:
    dana = Person(port).sign_up("Dana")
    notebook = dana.new_notebook("Algebra")
    assert dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]]).status == 200
    dana.close()
    return notebook


def assert_nothing_left(data_dir: Path, *, tables: bool = True) -> None:
    wait_until(lambda: not processes_of(data_dir), "the end of every process", 10)
    assert not leftovers(data_dir)
    if tables:
        rows = json.loads((data_dir / "Protected" / "Notebooks" / "NotebooksList.json").read_text())
        assert [row["seq"] for row in rows] == [1]
        assert (data_dir / "Protected" / "Notebooks" / "1.svg.sealed").exists()
    log = (data_dir / "logs" / "logs.log").read_text()
    assert "Traceback" not in log


@pytest.mark.parametrize("key", [b"\x03", b"\x04", b"exit\n"], ids=["Ctrl-C", "Ctrl-D", "exit"])
def test_o2_keys_on_the_terminal_stop_safely(window: Window, key: bytes) -> None:
    write_something(window.port)
    window.type(key)
    assert window.wait() == 0, window.shown.decode()
    assert_nothing_left(window.data_dir)
    assert b"Traceback" not in window.shown
    assert b"leaked" not in window.shown


def test_o2_a_closed_window_stops_safely(window: Window) -> None:
    write_something(window.port)
    window.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(window.process.pid, signal.SIGHUP)  # as the shell in the window does, after the kernel
    time.sleep(0.4)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(window.process.pid, signal.SIGHUP)
    assert window.wait() == 0
    assert_nothing_left(window.data_dir)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_o2_a_signal_stops_safely_while_polls_wait(product: Product, number: signal.Signals) -> None:
    notebook = write_something(product.port)
    dana = Person(product.port)
    dana.post("/LOGIN", {"username": "Dana", "password": "a good long password"})
    answers: list[int] = []
    poll = threading.Thread(target=lambda: answers.append(dana.get(f"/UPDATE?id={notebook}&since=1").status))
    poll.start()
    time.sleep(0.3)
    assert product.process is not None
    began = time.monotonic()
    product.process.send_signal(number)
    assert product.process.wait(timeout=20) == 0
    assert time.monotonic() - began < 8
    poll.join(5)
    dana.close()
    assert answers and answers[0] in (200, 503)
    assert_nothing_left(product.data_dir)


def test_o2_the_end_of_input_that_is_no_terminal_only_closes_the_console(tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "out.txt").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "main.py", "--port", str(port), "--host", "127.0.0.1", "--data-dir", str(tmp_path / "data")],
            cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    wait_until(lambda: b"[INIT] ready" in (tmp_path / "out.txt").read_bytes(), "the start")
    time.sleep(0.3)
    assert process.poll() is None
    write_something(port)
    assert "0 connections" in run("console", data_dir=tmp_path / "data", stdin="clients\n").output.replace(
        "1 conn", "0 conn"
    )
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert_nothing_left(tmp_path / "data")


def half_a_request(port: int) -> socket.socket:
    """A connection whose request is being read: a safe stop waits for it for some seconds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    connection.sendall(
        b"POST /SIGNUP HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    )
    return connection


def test_o2_a_second_signal_leaves_at_once_and_loses_nothing(product: Product) -> None:
    write_something(product.port)
    slow = half_a_request(product.port)
    time.sleep(0.2)
    assert product.process is not None
    product.process.terminate()
    time.sleep(0.5)
    assert product.process.poll() is None, "it should still be waiting for the slow request"
    began = time.monotonic()
    product.process.terminate()
    assert product.process.wait(timeout=5) == 1
    assert time.monotonic() - began < 2
    slow.close()
    wait_until(lambda: not processes_of(product.data_dir), "the end of every process", 10)
    assert not leftovers(product.data_dir) - {"notebooks.sqlite3-wal", "notebooks.sqlite3-shm"}
    assert "Traceback" not in product.output
    assert "leaked" not in product.output
    product.start()
    dana = Person(product.port)
    dana.post("/LOGIN", {"username": "Dana", "password": "a good long password"})
    assert dana.get("/NotebookList").data[0]["seq"] == 1
    dana.close()
    assert product.stop() == 0
    assert_nothing_left(product.data_dir)


def test_o2_a_killed_server_leaves_no_orphan_and_its_socket_does_not_hinder_the_next(
    product: Product,
) -> None:
    write_something(product.port)
    assert product.process is not None
    child = product.update_process_pid()
    os.kill(product.process.pid, signal.SIGKILL)
    product.process.wait()
    wait_until(lambda: not Path(f"/proc/{child}").exists(), "the end of the update process", 10)
    sentence(run("save", data_dir=product.data_dir), "No server runs on")
    product.start()
    assert "Saved 1 account" in run("save", data_dir=product.data_dir).output
    assert product.stop() == 0
    assert_nothing_left(product.data_dir)


def test_o2_a_stop_right_after_the_update_process_died_still_ends(product: Product) -> None:
    write_something(product.port)
    assert product.process is not None
    os.kill(product.update_process_pid(), signal.SIGKILL)
    product.process.terminate()
    assert product.process.wait(timeout=30) == 0, product.output
    wait_until(lambda: not processes_of(product.data_dir), "the end of every process", 10)
    assert not leftovers(product.data_dir)


def test_o2_a_stop_without_the_update_process_still_ends(product: Product) -> None:
    """The update process dies again and again and is not there; the stop waits for nobody and says what is missing."""
    write_something(product.port)
    assert product.process is not None
    visitor = Person(product.port)

    def state() -> str:
        word: str = visitor.get("/health").data["update_process"]
        return word

    def noticed(killed: int) -> bool:
        if state() == "restarting":
            return True
        with contextlib.suppress(RuntimeError, OSError):
            return product.update_process_pid() != killed
        return False

    for _ in range(6):  # each time the server waits longer before it starts the next, in the end 1.6 seconds
        wait_until(lambda: state() == "running", "the next update process")
        child = product.update_process_pid()
        os.kill(child, signal.SIGKILL)
        wait_until(lambda child=child: noticed(child), "its end to be noticed")
    product.process.terminate()
    assert product.process.wait(timeout=30) == 0, product.output
    visitor.close()
    wait_until(lambda: not processes_of(product.data_dir), "the end of every process", 10)
    assert not leftovers(product.data_dir)
    log = (product.data_dir / "logs" / "logs.log").read_text()
    assert "Saved 1 account and 1 notebook" in log
    assert "Traceback" not in log


def test_a_stop_during_the_start_stops(tmp_path: Path, start_product: Callable[..., Product]) -> None:
    process = subprocess.Popen(
        [sys.executable, "main.py", "--port", str(free_port()), "--host", "127.0.0.1", "--no-console",
         "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    wait_until((tmp_path / "data" / "https").is_dir, "the certificates")
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert b"Traceback" not in output
    wait_until(lambda: not processes_of(tmp_path / "data"), "the end of every process", 10)
    assert not leftovers(tmp_path / "data")
