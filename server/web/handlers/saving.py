"""Saves changes: access, budgets, then the update process; the answer comes from there (C1 to C5).

Owns nothing of what a change means. Runs on the I/O thread while access is at hand (the first POST of a new guest goes
to the pool, because it makes the guest); the answer is given on the send_updates thread, after the commit.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.failures import Failure
from server.domain.ids import Role
from server.web.call import Call, is_epoch
from server.web.grant import author_of
from server.web.handlers.guests import guest_for_post
from server.web.json_answer import raw_json_response


def save_notebook(call: Call) -> Response | None:
    """POST /SAVE/<id> and /SAVE/?nb=<code>: a list of changes, all stored or none (C2).

    With `&epoch=` they are refused (409) where the notebook has another one by now (P3).
    """
    grant = call.notebook_grant
    epoch = call.query.get("epoch")
    if epoch is not None and not is_epoch(epoch):
        raise Failure.of("bad_query")
    services = call.services
    if grant.role is not Role.VIEW:  # a viewer hears of the role, with op and index, and not of room
        services.access.check_room(grant.notebook.owner_id, blocking=call.may_block)
    guest = guest_for_post(call) if call.signed_in is None else None
    body = call.request.body
    services.budgets.save(call.peer, grant.code_hash, len(body))
    author = author_of(call.signed_in, guest)
    if not call.exchange.connection.user:
        call.exchange.connection.user = author.name

    def answered(status: int, told: bytes) -> None:
        call.answer(raw_json_response(status, told))

    services.updates.submit(
        grant.notebook.id, author, grant.role, body, services.clock.now_ms(), answered, epoch or ""
    )
    return None
