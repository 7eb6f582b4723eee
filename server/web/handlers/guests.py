"""Guests: visitors with a name of their choice and no account (S3).

Owns the guest cookie's first setting and the guest's name. A guest is never equal to an account: its id begins with
`g`, and a name that an account has, or that looks the same, is refused. Handler threads.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.accounts import GUEST_NAME, check_username
from server.domain.failures import Failure
from server.domain.tokens import new_guest_id, new_token, token_hash
from server.storage.contracts import Guest
from server.web.call import Call
from server.web.cookies import guest_cookie
from server.web.json_answer import success
from server.web.json_body import JsonObject


def send_guest(call: Call) -> Response:
    """GET /api/guest: the guest of this browser, `{"id", "name"}`, or null before the first POST by code."""
    guest = call.services.access.guest(call.credentials.guest_hash, blocking=True)
    return success(_described(guest) if guest is not None else None)


def name_guest(call: Call) -> Response:
    """POST /api/guest {"name"}: the name under which this browser writes without an account."""
    services = call.services
    body = JsonObject.read(call.request.body, {"name": str})
    name, _ = check_username(body.text("name"))
    if services.access.is_account(name):
        raise Failure.of("name_taken")
    hashed = call.credentials.guest_hash
    guest = services.access.guest(hashed, blocking=True)
    if guest is None or hashed is None:
        services.budgets.name_guest(call.peer)
        return success(_described(_make(call, name)))
    services.storage.guests.rename(hashed, name)
    services.access.drop_guest(hashed)
    return success(_described(Guest(guest.guest_id, name, guest.created_ms)))


def guest_for_post(call: Call) -> Guest | None:
    """The guest of a POST by code without a session: the cookie's, else a new one whose cookie goes with the answer.

    None where the address has made too many guests: then one writes without taking anything back. Raises NotCached
    where storage would have to be asked and may not.
    """
    guest = call.services.access.guest(call.credentials.guest_hash, blocking=call.may_block)
    if guest is not None:
        return guest
    call.require_blocking()
    if not call.services.budgets.guest_allowed(call.peer):
        return None
    return _make(call, GUEST_NAME)


def _make(call: Call, name: str) -> Guest:
    token = new_token()
    guest_id = new_guest_id()
    services = call.services
    guest = services.storage.guests.create(token_hash(token), guest_id, name, services.clock.now_ms())
    call.headers.append(guest_cookie(token, services.limits.guest_cookie_s))
    return guest


def _described(guest: Guest) -> dict[str, object]:
    return {"id": guest.guest_id, "name": guest.name}
