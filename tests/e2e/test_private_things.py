"""What must never come out: private files, other people's notebooks, and any clear text on the disk."""

from __future__ import annotations

import json
import socket
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.mariadb import MariaDb
from tests.support.product import Person, Product, stroke

PASSWORD = "Tr0ub4dor-and-3-staples"
TITLE = "Zebra-crossing secrets"
DESCRIPTION = "quokka diary"
GUEST = "Wombat-the-guest"
STROKE = '<g><path d="M7531 8642l977 13 0 31-977 0z" fill="#abcdef"/></g>'
MARKS = [PASSWORD, TITLE, DESCRIPTION, GUEST, "M7531 8642", "l977 13", "#abcdef"]

SPELLINGS = [
    "/../https/serverkey.pem",
    "/..%2fhttps%2fserverkey.pem",
    "/%2e%2e/https/serverkey.pem",
    "/%2e%2e%2fhttps%2fserverkey.pem",
    "/%252e%252e/https/serverkey.pem",
    "/images/../../https/serverkey.pem",
    "/images/..%5c..%5chttps%5cserverkey.pem",
    "/..\\https\\serverkey.pem",
    "//https/serverkey.pem",
    "/https/serverkey.pem",
    "/public/../https/serverkey.pem",
    "/node_modules/../https/serverkey.pem",
    "/node_modules/perfect-freehand/../../https/serverkey.pem",
    "/v/x/../../https/serverkey.pem",
    "/./https/serverkey.pem",
    "/..;/https/serverkey.pem",
    "/%c0%ae%c0%ae/https/serverkey.pem",
    "/https/serverkey.pem%00.png",
    "/keys/storage.key",
    "/Protected/UsersLoginData.json",
    "/notebooks.sqlite3",
    "/dbconfig.json",
    "/logs/logs.log",
    "/.git/config",
    "/main.py",
]


def raw_get(port: int, target: str) -> bytes:
    """The answer to a request whose target is sent as it is, without a library tidying it up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        tls.sendall(
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        parts = []
        while part := tls.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("target", SPELLINGS)
def test_h3_no_spelling_reaches_a_private_file(target: str, shared_product: Product) -> None:
    answer = raw_get(shared_product.port, target)
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500, answer[:200]
    assert b"PRIVATE KEY" not in answer
    assert b"Traceback" not in answer


@pytest.fixture(scope="module")
def shared_product(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    product = Product(tmp_path_factory.mktemp("private") / "data").start()
    yield product
    product.kill()


def test_n5_another_users_notebook_is_as_if_it_did_not_exist(shared_product: Product) -> None:
    owner, stranger = (
        Person(shared_product.port).sign_up("owner"),
        Person(shared_product.port).sign_up("stranger"),
    )
    notebook = owner.new_notebook("mine")
    missing = notebook + 1000
    probes: list[Callable[[int], Any]] = [
        lambda n: stranger.get(f"/Notebook/{n}"),
        lambda n: stranger.get(f"/Notebook/{n}.svg"),
        lambda n: stranger.get(f"/UPDATE?id={n}&since=0"),
        lambda n: stranger.post(f"/SAVE/{n}", [["a", stroke(), "x"]]),
        lambda n: stranger.post("/api/notebook/create", n),
        lambda n: stranger.get(f"/api/notebook/code?nbID={n}"),
        lambda n: stranger.get(f"/api/notebook/shares?id={n}"),
        lambda n: stranger.post("/api/notebook/delete", {"id": n}),
        lambda n: stranger.post("/api/notebook/rename", {"id": n, "title": "t", "description": ""}),
        lambda n: stranger.post(f"/LIVE/{n}", {"client": "c", "name": "n"}),
    ]
    for probe in probes:
        theirs, nobodys = probe(notebook), probe(missing)
        assert theirs.status == nobodys.status == 404
        assert theirs.body == nobodys.body
    assert owner.get(f"/Notebook/{notebook}").data["seq"] == 0
    owner.close()
    stranger.close()


QUOTES = ["'", '"', "' OR '1'='1", "1' --", "1;DROP TABLE users", "\\'", "%27", "%22", "1 OR 1=1", "`"]


@pytest.mark.parametrize("quote", QUOTES)
def test_t1_a_quote_in_any_parameter_is_refused_and_changes_nothing(
    quote: str, shared_product: Product
) -> None:
    person = Person(shared_product.port)
    escaped = "".join(f"%{byte:02x}" for byte in quote.encode())
    for path in (
        f"/Notebook/{escaped}",
        f"/Notebook?nb={escaped}",
        f"/Notebook.svg?nb={escaped}",
        f"/UPDATE?id={escaped}",
        f"/UPDATE?code={escaped}&since={escaped}",
        f"/api/notebook/code?nbID={escaped}",
        f"/NotebookList?trash={escaped}",
    ):
        assert 400 <= person.get(path).status < 500, path
    for path, body in (
        ("/LOGIN", {"username": quote, "password": quote}),
        ("/api/join", {"classcode": quote}),
        ("/api/account/reset", {"username": quote, "code": quote, "new": "a good long password"}),
        (f"/SAVE/?nb={escaped}", [["a", stroke(), "x"]]),
        ("/api/notebook/create", quote),
    ):
        answer = person.post(path, body)
        assert 400 <= answer.status < 500, (path, answer.status)
        assert b"SQL" not in answer.body
    person.close()


def fill(product: Product) -> None:
    person = Person(product.port).sign_up("canary", PASSWORD)
    notebook = person.new_notebook(TITLE, DESCRIPTION)
    code = person.share(notebook)
    assert person.post(f"/SAVE/{notebook}", [["a", STROKE, "one"]]).status == 200
    guest = Person(product.port)
    assert guest.post(f"/SAVE/?nb={code}", [["a", STROKE, "two"]]).status == 200
    assert guest.post("/api/guest", {"name": GUEST}).status == 200
    for who in (person, guest):
        for name, value in who.cookies.items():
            MARKS_FOUND[name] = value
        who.close()
    MARKS_FOUND["code"] = code


MARKS_FOUND: dict[str, str] = {}


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]


def check_nothing_in(paths: list[Path]) -> None:
    assert paths
    for path in paths:
        content = path.read_bytes()
        for mark in (*MARKS, *MARKS_FOUND.values()):
            for form in (mark.encode(), mark.encode("utf-16-le"), json.dumps(mark)[1:-1].encode()):
                assert form not in content, f"{mark!r} stands in {path.name}"


def test_t87_nothing_clear_is_on_disk_with_sqlite(product: Product) -> None:
    fill(product)
    check_nothing_in(files_below(product.data_dir))  # running: the write-ahead log too
    assert product.stop() == 0
    check_nothing_in([*files_below(product.data_dir), product.output_path])


def test_t86_every_file_is_private_also_after_kill_9(product: Product) -> None:
    fill(product)
    product.kill()
    for path in product.data_dir.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert not mode & 0o077, f"{path} has mode {mode:o}"


@pytest.mark.mysql
def test_t87_nothing_clear_is_on_disk_with_mariadb(
    start_product: Callable[..., Product], tmp_path: Path, mariadb: MariaDb, mariadb_config: dict[str, object]
) -> None:
    (tmp_path / "data").mkdir()
    config = tmp_path / "data" / "dbconfig.json"
    config.write_text(json.dumps(mariadb_config))
    config.chmod(0o600)
    product = start_product()
    fill(product)
    assert product.stop() == 0
    check_nothing_in(
        files_below(product.data_dir / "Protected", product.data_dir / "logs", mariadb.folder / "data")
    )
