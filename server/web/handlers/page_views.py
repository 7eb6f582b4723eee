"""Sends the HTML pages: the board, login, sign-up and the doorway (H3, H4).

Owns which page stands at which address, and that a link to a notebook which leads nowhere gets the error page with
status 404 rather than an empty board. I/O thread; a share code that is not at hand is asked for on the pool.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.failures import Failure
from server.web.call import Call


def send_board(call: Call) -> Response:
    """GET /: the board. With `?nb=<code>` the code is tried first (H3: a revoked link gets a page that says so)."""
    code = call.query.get("nb")
    if code is not None:
        call.services.access.by_code(code, None, call.peer, blocking=call.may_block)
    return _page(call, "index.html", of_notebook=code is not None or "id" in call.query)


def send_login(call: Call) -> Response:
    """GET /login.html."""
    return _page(call, "login.html")


def send_sign_up(call: Call) -> Response:
    """GET /signUp.html."""
    return _page(call, "signUp.html")


def send_connect(call: Call) -> Response:
    """GET /connect: how to get in, without a login."""
    return _page(call, "connect.html")


def _page(call: Call, name: str, *, of_notebook: bool = False) -> Response:
    page = call.services.pages.answer(name, call.request, of_notebook=of_notebook)
    if page is None:
        raise Failure.of("not_found")
    return page
