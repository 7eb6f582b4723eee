"""Fixtures: a certificate, and a live server over the tiny application with limits of the test's choosing."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.net import NetLimits, NetServer
from server.net.tls import CertificateFiles
from tests.net.tiny_app import TinyApplication, eventually
from tests.net.wire import Wire
from tests.support.probe_app import make_certificate


@dataclass
class Live:
    """A running server and what stands behind it."""

    server: NetServer
    application: TinyApplication
    port: int
    tls: bool

    def wire(self, **options: object) -> Wire:
        return Wire(self.port, tls=self.tls, **options)  # type: ignore[arg-type]


Start = Callable[..., Live]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def start(certificate: tuple[Path, Path]) -> Iterator[Start]:
    """Starts servers; at the end they are stopped, and neither a thread nor a descriptor may be left."""
    threads = threading.active_count()
    descriptors = count_descriptors()
    with contextlib.ExitStack() as stack:

        def begin(
            *, tls: bool = True, io_threads: int = 1, pair: tuple[Path, Path] | None = None, **limits: object
        ) -> Live:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 0))
            application = TinyApplication()
            server = NetServer(
                application,
                listeners=[listener],
                context=CertificateFiles(*(pair or certificate)) if tls else None,
                limits=NetLimits(**limits),  # type: ignore[arg-type]
                io_threads=io_threads,
            )
            port = listener.getsockname()[1]
            server.start()
            stack.callback(server.stop)
            return Live(server, application, port, tls)

        yield begin
    assert eventually(lambda: threading.active_count() <= threads), threading.enumerate()
    assert eventually(lambda: count_descriptors() <= descriptors), "descriptors leaked"


@pytest.fixture
def live(start: Start) -> Live:
    return start()


@pytest.fixture(autouse=True)
def no_error_lines(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """An ERROR line is somebody's crash, unless the test makes one on purpose (`errors_wanted`)."""
    yield
    if "errors_wanted" not in request.fixturenames:
        assert [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR] == []


@pytest.fixture
def errors_wanted() -> None:
    """Says that this test makes the server log an error."""


def count_descriptors() -> int:
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    return len(os.listdir(folder))
