"""The user's sessions: listed and revoked (A3, A6).

Owns `GET /api/account/sessions`, which answers `[{"id", "label", "created", "idleUntil", "until", "current"}]`, times in
ms, and `POST /api/account/sessions/revoke {"id"}` or `{"others": true}`. An `id` is the first 16 hex digits of the
token's hash: enough to name a session of one user, useless as a token. Handler threads.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.failures import Failure
from server.storage.contracts import Session
from server.web.call import Call
from server.web.json_answer import success
from server.web.json_body import JsonObject


def send_sessions(call: Call) -> Response:
    """GET /api/account/sessions: the sessions that hold, newest first."""
    now_ms = call.services.clock.now_ms()
    found = [
        session for session in call.services.storage.sessions.list_for(call.user.id) if session.holds(now_ms)
    ]
    found.sort(key=lambda session: session.created_ms, reverse=True)
    return success([_described(session, call) for session in found])


def revoke_session(call: Call) -> Response:
    """POST /api/account/sessions/revoke: ends one session by `id`, or all `others`; answers how many ended."""
    body = JsonObject.read(call.request.body, {}, {"id": str, "others": bool})
    services = call.services
    current = call.credentials.session_hash
    if body.get("others") is True and "id" not in body:
        ended = services.storage.sessions.revoke_all(call.user.id, current)
    elif "id" in body and "others" not in body:
        wanted = body.text("id")
        ended = [s.token_hash for s in services.storage.sessions.list_for(call.user.id) if _id(s) == wanted]
        if not ended:
            raise Failure.of("not_found")
        for token_hash in ended:
            services.storage.sessions.revoke(token_hash)
    else:
        raise Failure.of("missing_key", 'Name one session by its "id", or send "others": true.')
    services.revocation.sessions_ended(ended)
    return success({"ended": len(ended)})


def _id(session: Session) -> str:
    return session.token_hash[:8].hex()


def _described(session: Session, call: Call) -> dict[str, object]:
    return {
        "id": _id(session),
        "label": session.label,
        "created": session.created_ms,
        "idleUntil": session.idle_until_ms,
        "until": session.absolute_until_ms,
        "current": session.token_hash == call.credentials.session_hash,
    }
