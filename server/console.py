"""The operator's console: `exit`, `remove`, `undelete`, `save`, `silent`, `clients`, `password`, `add`, `help` (O1).

Owns the command table ACTIONS, the reading of lines and the questions before anything destructive. It talks to
the server only through the `Operator` protocol, which server.app implements, and to a person through a
`Terminal`: standard input, or one connection of the console socket (`python main.py console`). Runs on the
console thread. A wrong command never stops anything (T12).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from server.domain.failures import Failure
from server.logs import escape_for_log

MAX_LINE_CHARS = 4096
NOT_DONE = "Not done: "


class Terminal(Protocol):
    """A person at the other end."""

    def read_line(self) -> str | None:
        """The next line without its end, or None when there will be none."""

    def write(self, text: str) -> None: ...


class Operator(Protocol):
    """What the console may ask of the server."""

    def describe_user(self, word: str, *, by_name: bool, trashed: bool) -> tuple[int, str] | None: ...
    def remove_user(self, user_id: int) -> str: ...
    def undelete_user(self, user_id: int) -> str: ...
    def describe_notebook(self, notebook_id: int, *, trashed: bool) -> str | None: ...
    def remove_notebook(self, notebook_id: int) -> str: ...
    def undelete_notebook(self, notebook_id: int) -> str: ...
    def save_tables(self) -> str: ...
    def toggle_silent(self) -> bool: ...
    def describe_clients(self) -> list[str]: ...
    def reset_code(self, word: str) -> str: ...
    def add_user(self, name: str) -> str: ...
    def request_stop(self, why: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Action:
    """One console command: its usage, a line of help, and what it does."""

    usage: str
    help: str
    run: Callable[[Operator, Terminal, list[str]], bool]


class _WrongArguments(Exception):
    pass


def console(operator: Operator, terminal: Terminal) -> bool:
    """Read commands until `exit` or the end of input.

    Returns:
        True when `exit` was given, False when the input ended.
    """
    while True:
        line = terminal.read_line()
        if line is None:
            return False
        if not run_line(operator, terminal, line):
            return True


def run_line(operator: Operator, terminal: Terminal, line: str) -> bool:
    """Run one line; returns False when it asked the server to stop."""
    try:
        words = shlex.split(line[:MAX_LINE_CHARS])
    except ValueError:
        words = line[:MAX_LINE_CHARS].split()
    if not words:
        return True
    action = ACTIONS.get(words[0].lower())
    if action is None:
        terminal.write(f"'{escape_for_log(words[0][:40])}' is no command. Commands: {', '.join(ACTIONS)}.")
        return True
    try:
        return action.run(operator, terminal, words[1:])
    except _WrongArguments:
        terminal.write(f"Usage: {action.usage}  ({action.help})")
    except Failure as failure:
        terminal.write(NOT_DONE + failure.sentence)
    return True


def _none(arguments: list[str]) -> None:
    if arguments:
        raise _WrongArguments


def _asks(terminal: Terminal, question: str) -> bool:
    terminal.write(f"{question} Type yes to go on:")
    answer = terminal.read_line()
    return answer is not None and answer.strip().lower() in {"yes", "y", "כן"}


def _exit(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    _none(arguments)
    terminal.write("Stopping: answering open requests, writing snapshots and the JSON tables ...")
    operator.request_stop("exit")
    return False


def _target(arguments: list[str]) -> tuple[str, str, bool]:
    """(kind, word, by_name) of `<user>`, `name <user>` and `ID <notebook>`."""
    if len(arguments) == 1:
        return "user", arguments[0], not (arguments[0].isascii() and arguments[0].isdigit())
    if len(arguments) == 2 and arguments[0].lower() == "name":
        return "user", arguments[1], True
    if (
        len(arguments) == 2
        and arguments[0].lower() == "id"
        and arguments[1].isascii()
        and arguments[1].isdigit()
    ):
        return "notebook", arguments[1][:10], False
    raise _WrongArguments


def _remove(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    kind, word, by_name = _target(arguments)
    if kind == "user":
        user = operator.describe_user(word, by_name=by_name, trashed=False)
        if user is None:
            terminal.write(f"There is no account '{escape_for_log(word[:40])}'.")
        elif _asks(
            terminal, f"{user[1]} would go to the trash for 30 days, with every notebook and session."
        ):
            terminal.write(operator.remove_user(user[0]))
        else:
            terminal.write("Nothing was removed.")
        return True
    notebook = operator.describe_notebook(int(word), trashed=False)
    if notebook is None:
        terminal.write(f"There is no notebook {word}.")
    elif _asks(terminal, f"{notebook} would go to the trash for 30 days; its links stop working."):
        terminal.write(operator.remove_notebook(int(word)))
    else:
        terminal.write("Nothing was removed.")
    return True


def _undelete(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    kind, word, by_name = _target(arguments)
    if kind == "user":
        user = operator.describe_user(word, by_name=by_name, trashed=True)
        if user is None:
            terminal.write(f"There is no account '{escape_for_log(word[:40])}' in the trash.")
        else:
            terminal.write(operator.undelete_user(user[0]))
        return True
    if operator.describe_notebook(int(word), trashed=True) is None:
        terminal.write(f"There is no notebook {word} in the trash.")
    else:
        terminal.write(operator.undelete_notebook(int(word)))
    return True


def _save(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    _none(arguments)
    terminal.write(operator.save_tables())
    return True


def _silent(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    _none(arguments)
    on = operator.toggle_silent()
    state = (
        "on: HEAD requests and polls that ended empty are not shown here"
        if on
        else "off: every request is shown"
    )
    terminal.write(f"silent is {state}. The log file has every line.")
    return True


def _clients(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    _none(arguments)
    terminal.write("\n".join(operator.describe_clients()))
    return True


def _password(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    if len(arguments) != 1:
        raise _WrongArguments
    terminal.write(operator.reset_code(arguments[0]))
    return True


def _add(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    if len(arguments) != 1:
        raise _WrongArguments
    terminal.write(operator.add_user(arguments[0]))
    return True


def _help(operator: Operator, terminal: Terminal, arguments: list[str]) -> bool:
    _none(arguments)
    width = max(len(action.usage) for action in ACTIONS.values())
    terminal.write("\n".join(f"  {action.usage:{width}}  {action.help}" for action in ACTIONS.values()))
    return True


ACTIONS: Mapping[str, Action] = MappingProxyType({
    "exit": Action("exit", "stop safely: nothing acknowledged is lost", _exit),
    "remove": Action(
        "remove <user> | remove name <user> | remove ID <notebook>",
        "move an account (digits are an id) or a notebook to the trash",
        _remove,
    ),
    "undelete": Action(
        "undelete <user> | undelete name <user> | undelete ID <notebook>", "take it out of the trash", _undelete
    ),
    "save": Action("save", "write every changed snapshot and the JSON tables", _save),
    "silent": Action("silent", "show or hide HEAD requests and empty polls on this console", _silent),
    "clients": Action("clients", "list the open connections", _clients),
    "password": Action("password <user>", "make a one-time code with which the user sets a new password", _password),
    "add": Action("add <user>", "make an account and a one-time code for its first password", _add),
    "help": Action("help", "this list", _help),
})  # fmt: skip
