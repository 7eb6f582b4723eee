"""What the console's commands do to the running server: accounts, notebooks, tables, connections (O1).

Owns the sentences the operator reads. Uses the stores, the revocation of access and the update process; never a
socket. Runs on the console thread, one command at a time.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

from server.domain.accounts import PasswordHasher, check_account_name, check_username
from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.domain.wording import counted
from server.logs import Logs, escape_for_log
from server.net.net_server import NetServer
from server.storage.contracts import Notebook, Storage, User
from server.web.reset_codes import LIFE_S, issue_reset_code
from server.web.revocation import Revocation

TRASH_DAYS = 30


class ServerOperator:
    """The console's view of one running server (the `Operator` protocol of server.console)."""

    def __init__(
        self,
        *,
        storage: Storage,
        revocation: Revocation,
        hasher: PasswordHasher,
        net: NetServer,
        logs: Logs,
        save_tables: Callable[[], str],
        close_notebook: Callable[[NotebookId], None],
        request_stop: Callable[[str], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._revocation = revocation
        self._hasher = hasher
        self._net = net
        self._logs = logs
        self._save_tables = save_tables
        self._close_notebook = close_notebook
        self._request_stop = request_stop
        self._now_ms = now_ms

    # --- accounts ----------------------------------------------------------------------------------------------

    def _find_user(self, word: str, *, by_name: bool, with_trash: bool) -> User | None:
        if not by_name:
            return (
                self._storage.users.by_id(UserId(int(word)), with_trash=with_trash)
                if len(word) <= 10
                else None
            )
        try:
            _, key = check_username(word)
        except Failure:
            return None
        return self._storage.users.by_key(key, with_trash=with_trash)

    def describe_user(self, word: str, *, by_name: bool, trashed: bool) -> tuple[int, str] | None:
        user = self._find_user(word, by_name=by_name, with_trash=trashed)
        if user is None or (user.trashed_ms is not None) != trashed:
            return None
        what = counted(self._storage.notebooks.count_for(user.id), "notebook")
        return int(user.id), f"Account {user.id} '{escape_for_log(user.username)}', {what},"

    def remove_user(self, user_id: int) -> str:
        ended = [session.token_hash for session in self._storage.sessions.list_for(UserId(user_id))]
        notebooks = self._storage.users.trash(UserId(user_id), self._now_ms())
        self._revocation.user_gone(ended, notebooks)
        for notebook_id in notebooks:
            self._close_notebook(notebook_id)
        return f"Account {user_id} and {counted(len(notebooks), 'notebook')} are in the trash for {TRASH_DAYS} days. `undelete {user_id}` brings them back."

    def undelete_user(self, user_id: int) -> str:
        notebooks = self._storage.users.restore(UserId(user_id))
        self._bring_back(notebooks)
        return f"Account {user_id} and {counted(len(notebooks), 'notebook')} are back."

    def reset_code(self, word: str) -> str:
        user = self._find_user(word, by_name=not (word.isascii() and word.isdigit()), with_trash=False)
        if user is None:
            raise Failure.of(
                "not_found", "There is no such account. Digits are an id, anything else is a name."
            )
        return self._lend_reset_code(user)

    def add_user(self, name: str) -> str:
        display, key = check_account_name(name)
        # Nobody knows this password; the one-time code sets the first real one.
        user = self._storage.users.create(
            display, key, self._hasher.hash(secrets.token_urlsafe(32)), self._now_ms()
        )
        return f"Account {user.id} was made. " + self._lend_reset_code(user)

    def _lend_reset_code(self, user: User) -> str:
        code = issue_reset_code(self._storage.resets, user.id, self._now_ms())
        shown = f"{code[:4]} {code[4:]}"
        return (
            f"One-time code for '{escape_for_log(user.username)}': {shown}. It sets a new password on the login page "
            f"('Forgotten your password, or have a code?') within {LIFE_S // 60} minutes, five tries."
        )

    # --- notebooks ---------------------------------------------------------------------------------------------

    def describe_notebook(self, notebook_id: int, *, trashed: bool) -> str | None:
        row = self._notebook(notebook_id, with_trash=trashed)
        if row is None or (row.trashed_ms is not None) != trashed:
            return None
        return f"Notebook {row.id} of account {row.owner_id}, {row.seq} changes,"

    def _notebook(self, notebook_id: int, *, with_trash: bool) -> Notebook | None:
        if not 0 < notebook_id < 10**10:
            return None
        return self._storage.notebooks.get(NotebookId(notebook_id), with_trash=with_trash)

    def remove_notebook(self, notebook_id: int) -> str:
        if not self._storage.notebooks.trash(NotebookId(notebook_id), self._now_ms()):
            return f"There is no notebook {notebook_id}."
        self._revocation.notebooks_gone([NotebookId(notebook_id)])
        self._close_notebook(NotebookId(notebook_id))
        return f"Notebook {notebook_id} is in the trash for {TRASH_DAYS} days. `undelete ID {notebook_id}` brings it back."

    def undelete_notebook(self, notebook_id: int) -> str:
        if not self._storage.notebooks.restore(NotebookId(notebook_id)):
            return f"Notebook {notebook_id} is not in the trash."
        self._bring_back([NotebookId(notebook_id)])
        return f"Notebook {notebook_id} is back."

    def _bring_back(self, notebooks: Sequence[NotebookId]) -> None:
        self._revocation.notebooks_back(notebooks)
        for notebook_id in notebooks:
            self._close_notebook(notebook_id)

    # --- the server --------------------------------------------------------------------------------------------

    def save_tables(self) -> str:
        return self._save_tables()

    def toggle_silent(self) -> bool:
        self._logs.silent = not self._logs.silent
        return self._logs.silent

    def describe_clients(self) -> list[str]:
        now_s = time.monotonic()
        lines = []
        for info in self._net.connections():
            waiting = f"waiting {now_s - info.parked_since:.0f}s" if info.parked_since is not None else "-"
            notebook = f"notebook {info.notebook}" if info.notebook is not None else "-"
            user = escape_for_log(info.user) or "-"
            lines.append(f"{info.peer}:{info.port}  {user}  {notebook}  {info.role or '-'}  {waiting}")
        counters = self._net.counters()
        total = ", ".join(
            f"{counters[name]} {name}" for name in ("connections", "parked", "working", "handshakes")
        )
        return [*lines, f"{total}; {counters['accepted']} accepted since the start"]

    def request_stop(self, why: str) -> None:
        self._request_stop(why)
