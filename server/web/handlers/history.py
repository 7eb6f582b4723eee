"""The notebook's history: its log for the timeline, how far a user has seen it, what one drew (N4's sequel, P1, S3).

Owns `GET /api/notebook/log?id=|code=&since=&limit=`, which answers `{"epoch", "from", "to", "more", "data"}` with entries
as in P1, without waiting; `GET /api/notebook/visit?id=|code=`, which answers `{"seq"}` (null before the first visit);
`POST /api/notebook/visit {"id" or "code", "seq"}`; and `GET /api/notebook/own?id=|code=`, which answers `{"author",
"epoch", "seq", "ids"}`. Visits are kept for accounts alone. Handler threads.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.failures import Failure
from server.web.call import Call, read_count
from server.web.grant import Grant, author_of
from server.web.json_answer import encode_json, raw_json_response, success
from server.web.json_body import JsonObject

_DEFAULT_ENTRIES = 500


def send_log(call: Call) -> Response:
    """GET /api/notebook/log: the changes after `since` (0 where absent), at most `limit` of them.

    Raises:
        Failure: 410 where the log does not reach back to `since`, 409 where `since` is above its last number; both
            with `seq` and `epoch`, as in P3.
    """
    services = call.services
    notebook = call.notebook_grant.notebook
    since = call.since() or 0
    limit = read_count(call.query["limit"]) if "limit" in call.query else _DEFAULT_ENTRIES
    if not 1 <= limit <= services.limits.log_page_entries:
        raise Failure.of("bad_query")
    changes = services.storage.changes
    head = changes.head(notebook.id)
    base = changes.base(notebook.id)
    if "since" not in call.query:
        since = base
    if since < base:
        raise Failure.of("log_trimmed", seq=head, epoch=notebook.epoch)
    if since > head:
        raise Failure.of("other_epoch", seq=head, epoch=notebook.epoch)
    services.budgets.log_entries(call.peer, min(limit, head - since))
    entries = changes.read(notebook.id, since, limit)
    to_seq = entries[-1].seq if entries else since
    head_part = {"code": 0, "epoch": notebook.epoch, "from": since, "to": to_seq, "more": to_seq < head}
    body = encode_json(head_part)[:-1] + b',"data":[' + b",".join(entry.wire() for entry in entries) + b"]}"
    return raw_json_response(200, body)


def send_visit(call: Call) -> Response:
    """GET /api/notebook/visit: how far the user has seen the notebook; null for guests and before the first visit."""
    user = call.user_or_none
    seen = (
        call.services.storage.visits.get(user.id, call.notebook_grant.notebook.id)
        if user is not None
        else None
    )
    return success({"seq": seen})


def note_visit(call: Call) -> Response:
    """POST /api/notebook/visit: the user has seen the notebook up to `seq`."""
    body = JsonObject.read(call.request.body, {"seq": int}, {"id": int, "code": str})
    services = call.services
    grant = _named(call, body)
    seq = body.integer("seq")
    if not 0 <= seq <= services.storage.changes.head(grant.notebook.id):
        raise Failure.of("other_epoch", seq=grant.notebook.seq, epoch=grant.notebook.epoch)
    services.storage.visits.put(call.user.id, grant.notebook.id, seq, services.clock.now_ms())
    return success(None)


def send_own_strokes(call: Call) -> Response:
    """GET /api/notebook/own: which strokes are those of whoever asks, as ranges `[first, last]` of ids, as of `seq`.

    The page of a visitor who may erase only their own strokes asks for it after each load (S3). `author` is null for a
    guest who has written nothing yet.
    """
    services = call.services
    guest = None
    if call.signed_in is None:
        guest = services.access.guest(call.credentials.guest_hash, blocking=True)
    author = author_of(call.signed_in, guest)
    with services.replicas.reading(call.notebook_grant.notebook.id) as (document, epoch):
        seq = document.seq
        ids = document.ids_of(author.id) if author.id else []
    return success({"author": author.id or None, "epoch": epoch, "seq": seq, "ids": ids})


def _named(call: Call, body: JsonObject) -> Grant:
    code, notebook_id = body.optional_text("code"), body.optional_integer("id")
    if (code is None) == (notebook_id is None):
        raise Failure.of("missing_key", 'Name one notebook, by "id" or by "code".')
    if notebook_id is not None:
        return call.own_notebook(notebook_id)
    assert code is not None
    return call.services.access.by_code(code, call.user, call.peer, blocking=True)
