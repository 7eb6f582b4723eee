"""Passes live ink on: never stored, never numbered (P6).

Owns the access and the budget; what a post may say is `server.updates.live`. Whoever may only look may show a cursor,
but no ink. I/O thread while access is at hand.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain import strict_json
from server.domain.failures import Failure
from server.domain.ids import Role
from server.updates.live import check_live_post
from server.web.call import Call
from server.web.grant import author_of
from server.web.handlers.guests import guest_for_post
from server.web.json_answer import success


def post_live(call: Call) -> Response:
    """POST /LIVE/<id> and /LIVE/?nb=<code>: points of the stroke being drawn, a cursor, a name."""
    grant = call.notebook_grant
    guest = guest_for_post(call) if call.signed_in is None else None
    call.services.budgets.live(call.peer)
    loaded = strict_json.loads(call.request.body)
    if grant.role is Role.VIEW and type(loaded) is dict and ("stroke" in loaded or "points" in loaded):
        raise Failure.of("role_forbids")
    author = author_of(call.signed_in, guest)
    post = check_live_post(loaded, author.name, guest=call.signed_in is None)
    call.services.online_clients.post_live(grant.notebook.id, post, call.owner)
    return success(None)
