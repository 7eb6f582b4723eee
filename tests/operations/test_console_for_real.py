"""O1 on a running server: every console command through `python main.py console`, its effects looked at over HTTPS."""

from __future__ import annotations

import json
import re
import stat
import threading
import time
from pathlib import Path

from tests.operations.program import Done, run, wait_until
from tests.support.product import Person, Product, stroke

PASSWORD = "a good long password"


def console(product: Product, *lines: str) -> str:
    done: Done = run("console", data_dir=product.data_dir, stdin="".join(f"{line}\n" for line in lines))
    assert (done.status, done.errors) == (0, "")
    return done.output


def log_in(product: Product, name: str, password: str = PASSWORD) -> Person:
    person = Person(product.port)
    assert person.post("/LOGIN", {"username": name, "password": password}).status == 200
    return person


class Poll(threading.Thread):
    """One waiting poll."""

    def __init__(self, person: Person, path: str) -> None:
        super().__init__(daemon=True)
        self.person, self.path, self.status, self.took_s = person, path, 0, 0.0
        self.start()
        time.sleep(0.25)

    def run(self) -> None:
        began = time.monotonic()
        self.status = self.person.get(self.path).status
        self.took_s = time.monotonic() - began

    def ended(self) -> int:
        self.join(5)
        assert not self.is_alive(), "the poll still waits"
        self.person.close()
        return self.status


def test_o1_a_removed_user_is_gone_at_once_and_comes_back(product: Product) -> None:
    dana = Person(product.port).sign_up("Dana")
    notebook = dana.new_notebook("Algebra")
    dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]])
    code = dana.share(notebook)
    own_poll = Poll(log_in(product, "Dana"), f"/UPDATE?id={notebook}&since=1")
    friends_poll = Poll(Person(product.port), f"/UPDATE?code={code}&since=1")
    shown = console(product, "remove Dana", "no")
    assert "1 notebook" in shown and "Nothing was removed" in shown
    assert dana.get("/NotebookList").status == 200
    shown = console(product, "remove dana", "yes")
    assert "are in the trash for 30 days" in shown
    assert own_poll.ended() in (401, 404)
    assert friends_poll.ended() == 404
    assert dana.get("/NotebookList").status == 401
    friend = Person(product.port)
    assert friend.get(f"/Notebook?nb={code}").status == 404
    assert friend.post("/LOGIN", {"username": "Dana", "password": PASSWORD}).status == 401
    user_id = re.search(r"Account (\d+)", shown)
    assert user_id
    assert "are back" in console(product, f"undelete {user_id[1]}")
    again = log_in(product, "Dana")
    assert again.get(f"/Notebook/{notebook}").data["seq"] == 1
    assert friend.get(f"/Notebook?nb={code}").status == 200
    for person in (dana, friend, again):
        person.close()


def test_o1_a_removed_notebook_ends_its_polls_and_links_and_comes_back(product: Product) -> None:
    dana = Person(product.port).sign_up("Dana")
    notebook, other = dana.new_notebook("Algebra"), dana.new_notebook("Biology")
    dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]])
    code = dana.share(notebook)
    poll = Poll(Person(product.port), f"/UPDATE?code={code}&since=1")
    shown = console(product, f"remove ID {notebook}", "yes")
    assert f"Notebook {notebook} is in the trash" in shown
    assert poll.ended() == 404
    assert dana.get(f"/Notebook/{notebook}").status == 404
    assert dana.post(f"/SAVE/{notebook}", [["a", stroke(), "two"]]).status == 404
    assert dana.get(f"/Notebook/{other}").status == 200
    assert "is back" in console(product, f"undelete ID {notebook}")
    assert dana.get(f"/Notebook/{notebook}").data["seq"] == 1
    assert dana.post(f"/SAVE/{notebook}", [["a", stroke(), "two"]]).json["seq"] == 2
    dana.close()


def code_in(text: str) -> str:
    found = re.search(r": (\d{4} \d{4})\.", text)
    assert found, text
    return found[1].replace(" ", "")


def test_o1_password_makes_a_code_that_sets_a_new_password_once(product: Product) -> None:
    dana = Person(product.port).sign_up("Dana")
    code = code_in(console(product, "password Dana"))
    other = Person(product.port)
    wrong = "00000000" if code != "00000000" else "11111111"
    assert other.post(
        "/api/account/reset", {"username": "Dana", "code": wrong, "new": "another long one"}
    ).status in (401, 403, 404, 422)
    answer = other.post("/api/account/reset", {"username": "dana", "code": code, "new": "another long one"})
    assert answer.status == 200, answer.body
    again = other.post("/api/account/reset", {"username": "dana", "code": code, "new": "a third long one"})
    assert again.status != 200
    assert dana.get("/LOGIN").status == 401
    assert other.post("/LOGIN", {"username": "Dana", "password": PASSWORD}).status == 401
    log_in(product, "Dana", "another long one").close()
    assert code not in (product.data_dir / "logs" / "logs.log").read_text()
    dana.close()
    other.close()


def test_o1_add_makes_an_account_while_sign_up_is_closed(start_product) -> None:  # type: ignore[no-untyped-def]
    product: Product = start_product("--signup", "closed")
    visitor = Person(product.port)
    assert visitor.post("/SIGNUP", {"username": "Noa", "password": PASSWORD}).status == 403
    shown = console(product, "add Noa", "add noa", "add ''")
    assert "Not done" in shown.split("Account 1 was made")[1]
    assert (
        visitor.post(
            "/api/account/reset", {"username": "Noa", "code": code_in(shown), "new": PASSWORD}
        ).status
        == 200
    )
    noa = log_in(product, "Noa")
    assert noa.new_notebook("First") > 0
    noa.close()
    visitor.close()


def test_o1_save_clients_silent_and_help_over_the_socket(product: Product) -> None:
    dana = Person(product.port).sign_up("Dana")
    notebook = dana.new_notebook("Algebra")
    dana.post(f"/SAVE/{notebook}", [["a", stroke(), "one"]])
    mode = stat.S_IMODE((product.data_dir / "console.sock").stat().st_mode)
    assert mode == 0o600
    shown = console(product, "clients", "silent", "help", "dance", "")
    assert "127.0.0.1:" in shown and "accepted since the start" in shown
    assert "silent is on" in shown
    assert all(word in shown for word in ("undelete", "password <user>", "'dance' is no command"))
    done = run("save", data_dir=product.data_dir)
    assert (done.status, done.output) == (
        0,
        "Saved 1 account and 1 notebook to the JSON tables in Protected/.\n",
    )
    rows = json.loads((product.data_dir / "Protected" / "Notebooks" / "NotebooksList.json").read_text())
    assert rows[0]["seq"] == 1
    assert (product.data_dir / "Protected" / "Notebooks" / f"{notebook}.svg.sealed").exists()
    dana.close()


def test_o1_exit_over_the_socket_stops_the_server(product: Product) -> None:
    shown = console(product, "exit")
    assert "Stopping" in shown
    assert product.process is not None
    assert product.process.wait(timeout=20) == 0
    assert not (product.data_dir / "console.sock").exists()


def test_save_that_fails_says_so_with_a_status(product: Product) -> None:
    folder = product.data_dir / "Protected"
    (folder / "UsersLoginData.json").mkdir()
    done = run("save", data_dir=product.data_dir)
    assert done.status == 1
    assert "Not done" in done.output + done.errors
    (folder / "UsersLoginData.json").rmdir()
    assert run("save", data_dir=product.data_dir).status == 0


def test_a_console_in_a_deep_folder_works(tmp_path: Path, start_product) -> None:  # type: ignore[no-untyped-def]
    deep = "d" * 60 + "/" + "e" * 60
    product: Product = start_product(folder=deep)
    assert "connections" in console(product, "clients")
    assert product.stop() == 0
    wait_until(lambda: not (product.data_dir / "console.sock").exists(), "the end of the socket", 2)


def test_t12_wrong_lines_stop_nothing(product: Product) -> None:
    lines = [
        "remove",
        "remove name",
        "password",
        "add",
        "undelete",
        "remove ID x",
        "x" * 9000,
        "\x1b[31m",
        "'",
    ]
    shown = console(product, *lines, "clients")
    assert "accepted since the start" in shown
    assert "\x1b" not in shown
