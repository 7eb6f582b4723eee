"""The holes of the 2022 program, each as one request or deed against the running product (O8 to O16; the rest is elsewhere).

Numbers are those of the table in docs/threat-model.md, which also names the tests for O1 to O7.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.net.wire import Wire
from tests.support.product import ROOT, Person, Product, stroke


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_hole_o8_headers_of_one_client_never_reach_another(
    house: Product, people: Callable[[], Person]
) -> None:
    owner = people()
    notebook = owner.new_notebook("Parallel")
    cookies_before = dict(owner.cookies)
    problems: list[str] = []

    def many(kind: int) -> None:
        person = Person(house.port)
        if kind:
            person.cookies = dict(cookies_before)
        for _ in range(40):
            if kind:
                answer = person.get(f"/Notebook/{notebook}")
                right = answer.headers["content-type"] == "application/json" and answer.json["code"] == 0
            else:
                answer = person.get("/css/app.css")
                right = answer.headers["content-type"].startswith("text/css") and b"{" in answer.body
            if not right or answer.cookies or int(answer.headers["content-length"]) != len(answer.body):
                problems.append(str(answer.headers))
        person.close()

    threads = [threading.Thread(target=many, args=(number % 2,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_hole_o9_lengths_are_counted_in_bytes(people: Callable[[], Person]) -> None:
    person = people()
    title = "מחברת של דנה ✏️🧮 e\u0301"
    notebook = person.new_notebook(title)
    for _ in range(3):  # on one connection: a wrong length would spoil the next answer
        assert person.get(f"/Notebook/{notebook}").data["title"] == title
        assert title in [one["title"] for one in person.get("/NotebookList").data]


def test_hole_o10_a_big_notebook_reaches_a_slow_reader_whole(
    house: Product, people: Callable[[], Person]
) -> None:
    person = people()
    notebook = person.new_notebook("Big")
    path = " ".join(f"{n * 37 % 99991} {n * 91 % 99991}" for n in range(2400))
    for batch in range(5):
        body = [["a", f'<g><path d="M{batch} {line} {path}" fill="#000000"/></g>'] for line in range(32)]
        assert person.post(f"/SAVE/{notebook}", body).status == 200
    with Wire(house.port, timeout_s=20) as wire:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
        cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        wire.send(
            f"GET /Notebook/{notebook}.svg HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        time.sleep(0.3)
        answer = wire.read()
    assert answer.status == 200 and len(answer.body) > 3_000_000
    assert answer.body.endswith(b"</svg>") and answer.body.count(b"<g ") == 160


def test_hole_o11_silent_connections_do_not_hold_up_the_next_client(house: Product) -> None:
    silent = [socket.create_connection(("127.0.0.1", house.port)) for _ in range(60)]
    for number, connection in enumerate(silent):
        if number % 2:
            connection.sendall(b"\x16\x03\x01")  # the beginning of a ClientHello
    began = time.monotonic()
    person = Person(house.port)
    assert person.get("/health").status == 200
    assert time.monotonic() - began < 1
    person.close()
    for connection in silent:
        connection.close()


def test_hole_o12_no_message_ends_a_notebook_and_nothing_spins(product: Product) -> None:
    person = Person(product.port).sign_up("Stopper")
    notebook = person.new_notebook("Going on")
    for body in ("stop", ["stop"], [["stop", "stop"]], {"stop": 1}, None, 0):
        answer = person.post(f"/SAVE/{notebook}", json.dumps(body).encode())
        assert 400 <= answer.status < 500, (body, answer.status)
    saved = person.post(f"/SAVE/{notebook}", [["a", stroke(), "after"]])
    assert saved.status == 200 and saved.json["seq"] == 1
    assert product.process is not None
    pids = (product.process.pid, product.update_process_pid())
    time.sleep(0.5)
    before = [cpu_s(pid) for pid in pids]
    time.sleep(2)
    assert sum(cpu_s(pid) for pid in pids) - sum(before) < 0.2  # the original burnt a core per open notebook
    person.close()


def test_hole_o13_o14_a_failing_save_and_a_kill_destroy_nothing(product: Product) -> None:
    person = Person(product.port).sign_up("Keeper")
    notebook = person.new_notebook("Kept")
    assert person.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]]).status == 200
    for depth in (5, 1000, 20_000):
        deep = "<g>" * depth + "</g>" * depth
        assert 400 <= person.post(f"/SAVE/{notebook}", [["a", deep]]).status < 500
        body = b'[["a",' + b"[" * depth + b"]" * depth + b"]]"
        assert 400 <= person.post(f"/SAVE/{notebook}", body).status < 500
    before = person.get(f"/Notebook/{notebook}").data["NotebookData"]
    for _ in range(2):
        product.kill()
        product.start()
    person.close()
    assert person.get("/LOGIN").data["username"] == "Keeper"
    assert person.get(f"/Notebook/{notebook}").data["NotebookData"] == before
    person.close()


def test_hole_o15_t49_the_console_removes_an_account_and_its_sessions_and_polls(product: Product) -> None:
    victim, other = Person(product.port).sign_up("O'Brien; DROP"), Person(product.port).sign_up("Other")
    notebook = victim.new_notebook("Removed")
    code = victim.share(notebook)
    statuses: list[int] = []
    reader = Person(product.port)
    thread = threading.Thread(target=lambda: statuses.append(reader.get(f"/UPDATE?code={code}").status))
    thread.start()
    time.sleep(0.3)
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "console", "--data-dir", str(product.data_dir)],
        input='remove "O\'Brien; DROP"\nyes\n',
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stdout + done.stderr
    thread.join(5)
    assert statuses == [404], done.stdout
    assert victim.get("/LOGIN").status == 401 and victim.get(f"/Notebook/{notebook}").status == 401
    assert reader.get(f"/Notebook?nb={code}").status == 404
    assert (
        victim.post("/LOGIN", {"username": "O'Brien; DROP", "password": "a good long password"}).status == 401
    )
    assert other.get("/LOGIN").status == 200
    for person in (victim, other, reader):
        person.close()


def test_hole_o16_a_failure_tells_nothing_of_the_inside(house: Product, people: Callable[[], Person]) -> None:
    person = people()
    for path, body in (
        ("/LOGIN", b"\xff\xfe"),
        ("/LOGIN", b"[1e999]"),
        ("/SAVENEWNB", b'{"title": 1, "description": []}'),
        ("/SAVE/99999999999999999999", b"[]"),
        ("/api/notebook/create", b"-1"),
        ("/api/notebook/share", b'{"id": 1e3, "role": "owner"}'),
    ):
        answer = person.request("POST", path, body)
        assert 400 <= answer.status < 500, path
        assert set(answer.json) >= {"code", "data", "reason"} and answer.headers["date"]
        for inside in (b"Error", b"Exception", b"line ", b".py", b"sqlite", b"0x"):
            assert inside not in answer.body, (path, answer.body)
