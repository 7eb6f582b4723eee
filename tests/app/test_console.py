"""O1: every console command with every number of words, and the questions before destructive ones (T12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.console import ACTIONS, console
from server.domain.failures import Failure
from server.domain.wording import counted
from server.web.page_words import page_words

ROOT = Path(__file__).resolve().parents[2]


class FakeOperator:
    """Notes what it was asked; knows one user (13, "dana") and one notebook (7)."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.is_silent = False

    def describe_user(self, word: str, *, by_name: bool, trashed: bool) -> tuple[int, str] | None:
        self.calls.append(("describe_user", word, by_name, trashed))
        return (13, "Account 13 'dana', 2 notebooks") if word in {"13", "dana"} else None

    def remove_user(self, user_id: int) -> str:
        self.calls.append(("remove_user", user_id))
        return "removed"

    def undelete_user(self, user_id: int) -> str:
        self.calls.append(("undelete_user", user_id))
        return "back"

    def describe_notebook(self, notebook_id: int, *, trashed: bool) -> str | None:
        return "Notebook 7 'Maths'" if notebook_id == 7 else None

    def remove_notebook(self, notebook_id: int) -> str:
        self.calls.append(("remove_notebook", notebook_id))
        return "removed"

    def undelete_notebook(self, notebook_id: int) -> str:
        self.calls.append(("undelete_notebook", notebook_id))
        return "back"

    def save_tables(self) -> str:
        self.calls.append(("save",))
        return "saved"

    def toggle_silent(self) -> bool:
        self.is_silent = not self.is_silent
        return self.is_silent

    def describe_clients(self) -> list[str]:
        return ["0 connections"]

    def reset_code(self, word: str) -> str:
        if word != "dana":
            raise Failure.of("not_found", "There is no such account.")
        return "1234 5678"

    def add_user(self, name: str) -> str:
        self.calls.append(("add", name))
        return "added"

    def request_stop(self, why: str) -> None:
        self.calls.append(("stop", why))


class Script:
    """A terminal that types the given lines and keeps what was written."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.written: list[str] = []

    def read_line(self) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def write(self, text: str) -> None:
        self.written.append(text)


def run(*lines: str) -> tuple[FakeOperator, str, bool]:
    operator, terminal = FakeOperator(), Script(*lines)
    left = console(operator, terminal)
    return operator, "\n".join(terminal.written), left


def test_o1_exit_stops_and_end_of_input_does_not() -> None:
    operator, _, left = run("exit")
    assert left
    assert ("stop", "exit") in operator.calls
    operator, _, left = run("clients")
    assert not left
    assert not [call for call in operator.calls if call[0] == "stop"]


def test_o1_remove_asks_first_and_no_is_no() -> None:
    operator, written, _ = run("remove dana", "no")
    assert "2 notebooks" in written
    assert ("remove_user", 13) not in operator.calls
    operator, _, _ = run("remove dana", "yes")
    assert ("remove_user", 13) in operator.calls


def test_o1_digits_are_an_id_and_name_digits_a_name() -> None:
    operator, _, _ = run("remove 13", "no")
    assert ("describe_user", "13", False, False) in operator.calls
    operator, _, _ = run("remove name 13", "no")
    assert ("describe_user", "13", True, False) in operator.calls


def test_o1_remove_id_is_a_notebook() -> None:
    operator, written, _ = run("remove ID 7", "yes")
    assert "Maths" in written
    assert ("remove_notebook", 7) in operator.calls


def test_o1_end_of_input_inside_a_question_removes_nothing() -> None:
    operator, _, _ = run("remove dana")
    assert ("remove_user", 13) not in operator.calls


def test_o1_undelete_silent_password() -> None:
    operator, _, _ = run("undelete dana", "undelete ID 7")
    assert ("undelete_user", 13) in operator.calls
    assert ("undelete_notebook", 7) in operator.calls
    _, written, _ = run("silent", "silent", "password dana", "password nobody")
    assert "silent is on" in written
    assert "silent is off" in written
    assert "1234 5678" in written
    assert "Not done: There is no such account." in written


@pytest.mark.parametrize("command", sorted(ACTIONS))
@pytest.mark.parametrize("words", ["", "a b c", "א'ב\"", "x" * 5000, "\x1b[2J \x00", "1 2", "name", "ID x"])
def test_t12_any_words_give_a_line_and_never_an_exception(command: str, words: str) -> None:
    _, written, _ = run(f"{command} {words}")
    assert written
    assert "\x1b" not in written
    assert "\x00" not in written


def test_t12_an_unknown_command_names_the_known_ones() -> None:
    _, written, _ = run("dance", "", "   ", "x" * 1_000_000, "'unbalanced")
    assert "help" in written
    assert written.count("is no command") == 3


def test_help_and_the_operations_page_list_every_command() -> None:
    _, written, _ = run("help")
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name, action in ACTIONS.items():
        assert action.help in written
        assert f"`{name}" in page, f"docs/operations.md misses the console command {name}"


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 notebooks"), (1, "1 notebook"), (2, "2 notebooks"), (12_000, "12,000 notebooks")],
)
def test_what_is_counted_is_said_in_english(number: int, words: str) -> None:
    assert counted(number, "notebook") == words


def test_the_operator_names_the_login_pages_own_words() -> None:
    name = "public/js/i18n/en_more.js"
    words = page_words({name: (ROOT / name).read_bytes()}, "en")
    assert f"('{words['login.haveCode']}')" in (ROOT / "server" / "operator.py").read_text(encoding="utf-8")
