"""The whole product as a process of its own: start it as a user would, talk to it, kill it, look at what is left.

Owns starting and stopping `python main.py` on a free port with a data folder of the test's choosing, and `Person`,
a small HTTPS client with a cookie jar. Used by end-to-end, browser and crash tests and by the benchmarks.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


SERVER_PORTS = range(12_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of those could take the port before the server does."""


def free_port() -> int:
    """A port nobody listens on; drawn, so that several runs on one machine do not all begin with the same one."""
    while True:
        port = secrets.choice(SERVER_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Product:
    """One server process group on one data folder; may be started again after it was stopped or killed."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        port: int | None = None,
        every_interface: bool = False,
        **environment: str,
    ) -> None:
        self.data_dir = data_dir
        self.listen = () if every_interface else ("--host", "127.0.0.1")
        self.port = port or free_port()
        self.arguments = arguments
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.started_in_s = 0.0
        self.output_path = data_dir.parent / f"{data_dir.name}.output.txt"

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def output(self) -> str:
        return self.output_path.read_text(encoding="utf-8", errors="replace")

    def start(self, *, wait_s: float = 20.0) -> Product:
        """Start, and wait for the first answer of /health and for the start text."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NOTEBOOKS_")}
        environment |= {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **self.environment}
        began = time.monotonic()
        with self.output_path.open("ab") as sink:
            said_before = sink.tell()
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(ROOT / "main.py"),
                    "--port",
                    str(self.port),
                    *self.listen,
                    "--data-dir",
                    str(self.data_dir),
                    "--no-console",
                    *self.arguments,
                ],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait(self._answers, began, wait_s)
        self.started_in_s = time.monotonic() - began
        self._wait(lambda: b"ready on port" in self.output_path.read_bytes()[said_before:], began, wait_s)
        return self

    def _answers(self) -> bool:
        person = Person(self.port)
        try:
            return person.get("/health").status == 200
        except OSError:
            return False
        finally:
            person.close()

    def _wait(self, condition: Callable[[], bool], began: float, wait_s: float) -> None:
        assert self.process is not None
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"the server left with status {self.process.returncode}:\n{self.output[-4000:]}"
                )
            if time.monotonic() - began > wait_s:
                self.kill()
                raise RuntimeError(f"no answer within {wait_s} s:\n{self.output[-4000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the whole process group, as a power cut would."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, *, wait_s: float = 20.0) -> int:
        """SIGTERM to the main process; returns its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=wait_s)

    def update_process_pid(self) -> int:
        """The pid of the update process: the child of the main process that is not the resource tracker."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += (task / "children").read_text().split()
        for child in dict.fromkeys(children):
            line = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"spawn_main" in line:
                return int(child)
        raise RuntimeError("there is no update process")


@contextlib.contextmanager
def running(data_dir: Path, *arguments: str, **environment: str) -> Iterator[Product]:
    product = Product(data_dir, *arguments, **environment).start()
    try:
        yield product
    finally:
        if product.process is not None and product.process.poll() is None:
            product.kill()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]


class Person:
    """A client with one keep-alive connection and a cookie jar."""

    def __init__(
        self, port: int, *, host: str = "localhost", address: str = "127.0.0.1", timeout_s: float = 40.0
    ) -> None:
        self.port = port
        self.host = host
        self.address = address
        self.timeout_s = timeout_s
        self.cookies: dict[str, str] = {}
        self._connection: http.client.HTTPSConnection | None = None

    def _connect(self) -> http.client.HTTPSConnection:
        if self._connection is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._connection = http.client.HTTPSConnection(
                self.address, self.port, timeout=self.timeout_s, context=context
            )
        return self._connection

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        connection = self._connect()
        sent = {"Host": f"{self.host}:{self.port}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        raw = None
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        used_before = connection.sock is not None
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if used_before and isinstance(
                error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError
            ):
                return self.request(method, path, body, **headers)  # the server closed an idle connection
            raise
        set_cookies = response.headers.get_all("Set-Cookie") or []
        for line in set_cookies:
            match = re.match(r"([^=]+)=([^;]*)", line)
            assert match
            self.cookies[match[1]] = match[2]
            if "Max-Age=0" in line:
                del self.cookies[match[1]]
        if response.will_close:
            self.close()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content, set_cookies)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return self.request("POST", path, {} if body is None else body, **headers)

    def sign_up(self, username: str, password: str = "a good long password") -> Person:
        answer = self.post("/SIGNUP", {"username": username, "password": password})
        assert answer.status == 200, answer.body
        return self

    def new_notebook(self, title: str = "Notebook", description: str = "") -> int:
        answer = self.post("/SAVENEWNB", {"title": title, "description": description})
        assert answer.status == 200, answer.body
        return int(answer.data["id"])

    def share(self, notebook_id: int) -> str:
        answer = self.post("/api/notebook/create", notebook_id)
        assert answer.status == 200, answer.body
        return str(answer.data["code"])

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def stroke(x: int = 100, y: int = 100, colour: str = "#000000") -> str:
    """A small fragment for tests that only need some ink."""
    return f'<g><path d="M{x} {y}l50 0 0 8 -50 0z" fill="{colour}"/></g>'
