"""T10, T43, T87: every secret of a busy day, searched for in every place where it does not belong.

Canary strings stand in each secret place: passwords right and wrong, session and guest tokens, share codes, class codes,
titles, strokes, the database's password, the storage key. Searched: logs, standard output, database files, Protected/,
the process list, and every answer that refuses something.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.net.wire import Wire
from tests.support.mariadb import MariaDb
from tests.support.pages import wait_until
from tests.support.product import Person, Product

STROKE = '<g><path d="M9753 8642l1234 17 0 29-1234 0z" fill="#fedcba"/></g>'


class Day:
    """What people do on one day, and the secrets they leave behind."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.secrets = {
            "password": "Canary-password-Kx7",
            "new password": "Canary-new-password-Qz9",
            "wrong password": "Canary-wrong-password-Wv3",
            "title": "Canary-title-Jm5",
            "description": "Canary-description-Ty8",
            "guest name": "Canary-guest-Lp2",
            "stroke": "M9753 8642",
            "colour": "#fedcba",
        }
        self.refusals: list[bytes] = []

    def refused(self, person: Person, path: str, body: object = None) -> None:
        answer = person.get(path) if body is None else person.post(path, body)
        assert answer.status >= 400, (path, answer.status)
        self.refusals.append(answer.body + json.dumps(answer.headers).encode())

    def live(self) -> Day:
        known = self.secrets
        owner = Person(self.product.port).sign_up("Daybreak", known["password"])
        known["first token"] = next(iter(owner.cookies.values()))
        assert owner.post("/LOGIN", {"username": "Daybreak", "password": known["password"]}).status == 200
        known["token"] = next(iter(owner.cookies.values()))
        notebook = owner.new_notebook(known["title"], known["description"])
        assert owner.post(f"/SAVE/{notebook}", [["a", STROKE, "one"]]).status == 200
        known["code"] = owner.share(notebook)
        known["revoked code"] = owner.post("/api/notebook/share", {"id": notebook, "role": "view"}).data[
            "code"
        ]
        assert owner.post("/api/notebook/unshare", {"code": known["revoked code"]}).status == 200
        lent = owner.post("/api/notebook/classcode", {"code": known["code"], "minutes": 15})
        known["class code"] = re.sub(r"\D", "", str(lent.data["classcode"]))
        guest = Person(self.product.port)
        assert guest.post(f"/SAVE/?nb={known['code']}", [["a", STROKE, "two"]]).status == 200
        assert guest.post("/api/guest", {"name": known["guest name"]}).status == 200
        known["guest token"] = guest.cookies["__Host-guest"]
        known["guessed code"] = secrets.token_urlsafe(16)
        stranger = Person(self.product.port)
        body = {"username": "Daybreak", "password": known["wrong password"]}
        self.refused(stranger, "/LOGIN", body)
        self.refused(stranger, "/LOGIN", {**body, "username": known["password"]})
        self.refused(stranger, "/SIGNUP", {"username": "Daybreak", "password": known["password"]})
        self.refused(stranger, "/LOGIN", {**body, known["wrong password"]: 1})
        self.refused(stranger, "/LOGIN", json.dumps(body).encode()[:-1])
        self.refused(stranger, f"/Notebook?nb={known['guessed code']}")
        self.refused(stranger, f"/Notebook?nb={known['revoked code']}")
        self.refused(stranger, f"/?nb={known['revoked code']}")
        self.refused(stranger, f"/Notebook?nb={known['code']}&x={known['code']}")
        self.refused(stranger, f"/nothing/{known['code']}?password={known['password']}")
        self.refused(stranger, f"/SAVE/?nb={known['code']}", [["a", STROKE + known["title"]]])
        self.refused(stranger, f"/SAVE/?nb={known['code']}", [["e", {"ids": known["title"]}]])
        self.refused(
            owner, "/SAVENEWNB", {"title": known["title"] + "\n", "description": known["description"]}
        )
        self.refused(
            owner, "/SAVENEWNB", {"title": known["title"], "description": "", known["description"]: 1}
        )
        self.refused(
            owner, "/api/account/password", {"old": known["wrong password"], "new": known["new password"]}
        )
        self.refused(
            owner, "/api/notebook/rename", {"id": notebook, "title": known["title"] * 20, "description": ""}
        )
        with Wire(self.product.port) as wire:
            wire.send_all(
                [
                    f"GET /?nb={known['code']} HTTP/1.1\r\nHost: localhost\r\nCookie: x={known['token']}\r\nBad Field\r\n\r\n".encode()
                ]
            )
            self.refusals.append(wire.read().body)
        changed = owner.post(
            "/api/account/password", {"old": known["password"], "new": known["new password"]}
        )
        assert changed.status == 200
        owner.close(), guest.close(), stranger.close()
        return self

    def search(self, content: bytes, where: str, *, allowed: tuple[str, ...] = ()) -> None:
        for name, secret in self.secrets.items():
            if name in allowed or (name == "class code" and "sqlite" in where):
                continue
            for form in (secret.encode(), secret.encode("utf-16-le")):
                assert form not in content, f"the {name} stands in {where}"

    def search_everywhere(self, *folders: Path) -> None:
        for refusal in self.refusals:
            # Somebody who writes down what they sent sees it in their own request, never in our answer.
            self.search(refusal, f"an answer: {refusal[:80]!r}")
            assert b"Traceback" not in refusal and b"SELECT" not in refusal and b"/server/" not in refusal
        searched = 0
        for folder in folders:
            for path in folder.rglob("*"):
                if path.is_file():
                    self.search(path.read_bytes(), path.name)
                    searched += 1
        assert searched >= 4
        self.search(self.product.output_path.read_bytes(), "standard output")
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.search(process.read_bytes(), "the process list")
            except OSError:
                continue


def test_t87_canaries_of_a_day_on_sqlite(start_product: Callable[..., Product]) -> None:
    key = secrets.token_hex(32)
    product = start_product(NOTEBOOKS_STORAGE_KEY=key)
    day = Day(product)
    day.secrets["storage key"] = key
    day.live()
    day.search_everywhere(product.data_dir)  # running: the write-ahead log and the log file too
    assert product.stop() == 0
    day.search_everywhere(product.data_dir)


@pytest.mark.mysql
def test_t87_canaries_of_a_day_on_mariadb(
    start_product: Callable[..., Product], tmp_path: Path, mariadb: MariaDb, mariadb_config: dict[str, object]
) -> None:
    (tmp_path / "data").mkdir()
    config = tmp_path / "data" / "dbconfig.json"
    config.write_text(json.dumps(mariadb_config))
    config.chmod(0o600)
    product = start_product()
    day = Day(product).live()
    assert product.stop() == 0
    day.search_everywhere(product.data_dir, mariadb.folder / "data")
    config.unlink()
    day.secrets["database password"] = str(mariadb_config["password"])
    for path in [product.output_path, *product.data_dir.rglob("*")]:
        if path.is_file():
            day.search(path.read_bytes(), path.name)


FORGED = "2026-01-01 00:00:00,000 INFO 127.0.0.1 admin POST /LOGIN 200"
PATHS = ["%1b%5b2J%1b%5d0;owned%07", f"%0a{FORGED.replace(' ', '%20')}", "%0d%0aSet-Cookie:%20a=b", "%c2%9b31m", "%e2%80%ae", "%e2%80%a8x", "%25s%25s%25n", "{0.__class__}", "%7f"]  # fmt: skip


def test_t10_t11_no_client_writes_a_line_of_its_own(product: Product) -> None:
    for path in PATHS:
        for field in ("X: y", "X: \x1b[2J", "User-Agent: %s%n", "Referer: https://x/\x9b"):
            with Wire(product.port) as wire:
                wire.send(
                    f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\nConnection: close\r\n\r\n".encode(
                        "latin-1"
                    )
                )
                assert 400 <= wire.read().status < 500
    person = Person(product.port)
    for name in ("x\r\n" + FORGED, "\x1b[31mred", "a\u202eb", "%s%s%n", "{0.__class__}", "INFO login ok"):
        person.post("/SIGNUP", {"username": name, "password": "a good long password"})
        person.post("/LOGIN", {"username": name, "password": "a wrong long password"})
    person.close()
    posing = Person(product.port).sign_up("admin GET /LOGIN 200 9 0.1ms")
    posing.get("/NotebookList")
    posing.get("/a%20200%209%200.1ms")
    posing.close()
    time.sleep(0.3)
    log = (product.data_dir / "logs" / "logs.log").read_bytes()
    assert log.endswith(b"\n")
    for line in (log + product.output_path.read_bytes()).split(b"\n"):
        assert not re.search(
            rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9\xaa-\xae]", line
        ), line
        assert not line.startswith(FORGED.encode())
    for line in log.decode().splitlines():
        if " GET " in line or " POST " in line:  # names and paths are one word each
            assert re.fullmatch(
                r"[\d-]+ [\d:,]+ \w+ \S+ (?:[^ \"]+|\"[^\"]*\") (?:GET|POST) \S+ \d+ \d+ [\d.]+ms", line
            ), line
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING|ERROR) ", line), line


def test_t10_t89_a_request_is_logged_under_its_own_name_only(
    house: Product, people: Callable[[], Person]
) -> None:
    """One connection of a proxy carries the requests of many people: nobody's name sticks to the next one's."""
    first, second = people(), people()
    names = [person.get("/LOGIN").data["username"] for person in (first, second)]
    cookies = [
        "; ".join(f"{name}={value}" for name, value in person.cookies.items()) for person in (first, second)
    ]
    notebook = first.new_notebook("Logged")
    code = first.share(notebook)
    before = len(house.output)
    body = b'[["a","<g/>"]]'
    post = f"POST /SAVE/?nb={code} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with Wire(house.port) as wire:
        for field in (f"Cookie: {cookies[0]}", "X: nobody", f"Cookie: {cookies[1]}"):
            wire.get("/NotebookList", field)
        wire.send(post.encode() + body)
        assert wire.read().status == 200
        wire.get("/health")

    def lines() -> list[str]:
        return re.findall(
            r'INFO 127\.0\.0\.1 ("[^"]*"|\S+) (?:GET /NotebookList|POST /SAVE/|GET /health) ',
            house.output[before:],
        )

    wait_until(lambda: len(lines()) >= 5, what="five lines")
    assert lines() == [f'"{names[0]}"', "-", f'"{names[1]}"', "Guest", "-"]
