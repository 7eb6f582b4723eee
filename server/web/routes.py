"""The route table: every address of the product in one place (PROTOCOL.md).

Owns which method and path go to which handler, who may call it, how long its body may be, the names its query may
hold, and on which threads it runs. What is not here, not a page and not a static file is 404. `Router` finds rows;
it decides nothing else. Pure; any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from server.web.call import Call
from server.web.grant import Access
from server.web.handlers import (
    account_export,
    accounts,
    connect,
    guests,
    history,
    live,
    notebooks,
    page_views,
    saving,
    sessions,
    shares,
    updates,
)
from server.web.limits import WebLimits
from server.web.route import Route, Runs


def _query(*names: str) -> frozenset[str]:
    return frozenset(names)


def make_routes(limits: WebLimits) -> tuple[Route[Call], ...]:
    """The table, with the body limits of this server."""
    anyone, session = Access.ANYONE, Access.SESSION
    owner, owner_body = Access.OWNER, Access.OWNER_BODY
    notebook, notebook_body = Access.NOTEBOOK, Access.NOTEBOOK_BODY
    io, poll, pool, long, hashing = Runs.IO, Runs.POLL, Runs.POOL, Runs.LONG, Runs.HASH
    small, save, document = limits.small_body_bytes, limits.save_body_bytes, limits.document_body_bytes
    live_body = limits.live_body_bytes
    nothing = _query()
    by_id, by_code = _query("id"), _query("nb")
    by_either = _query("id", "code")
    return (
        # pages
        Route("GET", "/", anyone, page_views.send_board, io, query=None),
        Route("GET", "/index.html", anyone, page_views.send_board, io, query=None),
        Route("GET", "/login.html", anyone, page_views.send_login, io, query=None),
        Route("GET", "/signUp.html", anyone, page_views.send_sign_up, io, query=None),
        Route("GET", "/connect", anyone, page_views.send_connect, io, query=None),
        # accounts and sessions (A1 to A6)
        Route("GET", "/LOGIN", session, accounts.send_user, io, 0, nothing),
        Route(
            "POST",
            "/LOGIN",
            anyone,
            accounts.login_attempt,
            hashing,
            small,
            nothing,
            at_once=accounts.turn_guesses_away,
        ),
        Route("POST", "/LOGOUT", anyone, accounts.log_out, pool, small, nothing),
        Route("POST", "/SIGNUP", anyone, accounts.sign_up, hashing, small, nothing),
        Route("POST", "/api/account/password", session, accounts.change_password, hashing, small, nothing),
        Route("POST", "/api/account/reset", anyone, accounts.reset_password, hashing, small, nothing),
        Route("POST", "/api/account/delete", session, accounts.delete_account, hashing, small, nothing),
        Route("GET", "/api/account/export", session, account_export.send_export, pool, 0, nothing),
        Route("GET", "/api/account/sessions", session, sessions.send_sessions, pool, 0, nothing),
        Route("POST", "/api/account/sessions/revoke", session, sessions.revoke_session, pool, small, nothing),
        # notebooks (N1 to N4)
        Route("GET", "/NotebookList", session, notebooks.send_notebook_list, pool, 0, _query("trash")),
        Route("POST", "/SAVENEWNB", session, notebooks.new_notebook, pool, document, nothing),
        Route("GET", "/Notebook.svg", notebook, notebooks.send_document, pool, 0, by_code),
        Route("GET", "/Notebook", notebook, notebooks.send_notebook, pool, 0, by_code),
        Route("GET", "/Notebook/<id>.svg", notebook, notebooks.send_document, pool, 0, nothing),
        Route("GET", "/Notebook/<id>", notebook, notebooks.send_notebook, pool, 0, nothing),
        Route("POST", "/api/notebook/rename", owner_body, notebooks.rename_notebook, pool, small, nothing),
        Route("POST", "/api/notebook/delete", owner_body, notebooks.delete_notebook, pool, small, nothing),
        Route("POST", "/api/notebook/restore", owner_body, notebooks.restore_notebook, pool, small, nothing),
        Route(
            "POST", "/api/notebook/duplicate", owner_body, notebooks.duplicate_notebook, long, small, nothing
        ),
        # the notebook's history, and how far one has seen it
        Route(
            "GET",
            "/api/notebook/log",
            notebook,
            history.send_log,
            pool,
            0,
            by_either | _query("since", "limit"),
        ),
        Route("GET", "/api/notebook/visit", notebook, history.send_visit, pool, 0, by_either),
        Route("GET", "/api/notebook/own", notebook, history.send_own_strokes, pool, 0, by_either),
        Route("POST", "/api/notebook/visit", notebook_body, history.note_visit, pool, small, nothing),
        # changes (C) and updates (P)
        Route("POST", "/SAVE/", notebook, saving.save_notebook, io, save, by_code | _query("epoch")),
        Route("POST", "/SAVE/<id>", notebook, saving.save_notebook, io, save, _query("epoch")),
        Route(
            "GET",
            "/UPDATE",
            notebook,
            updates.sign_client_for_update,
            poll,
            0,
            by_either | _query("since", "epoch", "client", "live"),
            head=False,
        ),
        Route("POST", "/LIVE/", notebook, live.post_live, io, live_body, by_code),
        Route("POST", "/LIVE/<id>", notebook, live.post_live, io, live_body, nothing),
        # sharing (S1 to S5)
        Route("POST", "/api/notebook/create", owner_body, shares.api_post_response, pool, small, nothing),
        Route("GET", "/api/notebook/code", owner, shares.send_code, pool, 0, _query("nbID")),
        Route("POST", "/api/notebook/share", owner_body, shares.make_share, pool, small, nothing),
        Route("GET", "/api/notebook/shares", owner, shares.send_shares, pool, 0, by_id),
        Route("POST", "/api/notebook/unshare", owner_body, shares.revoke_share, pool, small, nothing),
        Route("POST", "/api/notebook/classcode", owner_body, shares.lend_class_code, pool, small, nothing),
        Route("POST", "/api/join", anyone, shares.join_by_class_code, pool, small, nothing),
        Route("GET", "/api/guest", anyone, guests.send_guest, pool, 0, nothing),
        Route("POST", "/api/guest", anyone, guests.name_guest, pool, small, nothing),
        Route("GET", "/api/addresses", session, connect.send_addresses, pool, 0, nothing),
        # the doorway and the operator
        Route("GET", "/api/connect", anyone, connect.send_connect_facts, pool, 0, nothing),
        Route("GET", "/connect/authority.crt", anyone, connect.send_authority, pool, 0, nothing),
        Route("GET", "/health", anyone, connect.send_health, io, 0, nothing),
    )


class Router:
    """Finds the rows of a path."""

    def __init__(self, routes: Iterable[Route[Call]]) -> None:
        """Indexes the table: exact paths at once, patterns in the order of the table."""
        self._exact: dict[str, list[Route[Call]]] = {}
        patterns: dict[str, list[Route[Call]]] = {}
        for route in routes:
            table = patterns if "<" in route.pattern else self._exact
            table.setdefault(route.pattern, []).append(route)
        self._patterns = [(_compiled(pattern), rows) for pattern, rows in patterns.items()]

    def find(self, path: str) -> tuple[list[Route[Call]], Mapping[str, str]]:
        """The rows whose pattern fits the path, and what their `<name>`s stand for; none where none fits."""
        rows = self._exact.get(path)
        if rows is not None:
            return rows, {}
        for pattern, candidates in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return candidates, match.groupdict()
        return [], {}


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"<([a-z]+)>", pattern)
    text = "".join(re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(parts))
    return re.compile(text)
