"""Shares: links with a role, listed, revoked, lent out as class codes (S1, S2, S5).

Owns the answers' members and the bounds of times. Only the owner sees or makes codes; whoever types digits gets the
code that they stand for. Handler threads.
"""

from __future__ import annotations

from http_core.packet import Response
from server.domain.failures import Failure
from server.domain.ids import Role
from server.domain.share_code import generate_notebook_code
from server.domain.tokens import digits_hash, new_digits, read_digits
from server.storage.contracts import Notebook, Share, ShareStatus
from server.web.call import Call
from server.web.json_answer import success
from server.web.json_body import JsonObject, read_integer

_SHARE_ROLES = frozenset({Role.VIEW, Role.ADD, Role.EDIT})
_CLASS_DRAWS = 20
_DEFAULT_MINUTES = 15
MOST_NAMES = 50
"""Names of people inside that a row of the list carries at most; `here` of P6 has the same bound."""


def api_post_response(call: Call) -> Response:
    """POST /api/notebook/create with the notebook's id as body: makes or returns its edit link (S1)."""
    notebook = call.own_notebook(read_integer(call.request.body)).notebook
    shares = call.services.storage.shares
    share = shares.current_edit(notebook.id)
    if share is None:
        share = _make(call, notebook, Role.EDIT, None)
    return success({"code": share.code})


def send_code(call: Call) -> Response:
    """GET /api/notebook/code?nbID=<id>: the current edit link's code, or null (S1)."""
    share = call.services.storage.shares.current_edit(call.notebook_grant.notebook.id)
    return success({"code": share.code if share is not None else None})


def make_share(call: Call) -> Response:
    """POST /api/notebook/share {"id", "role", "expires"?}: a new code; `expires` in ms since 1970 UTC (S2)."""
    body = JsonObject.read(call.request.body, {"id": int, "role": str}, {"expires": int})
    role = Role.from_word(body.text("role"))
    if role not in _SHARE_ROLES or role is None:
        raise Failure.of("share_role")
    expires_ms = body.optional_integer("expires")
    if expires_ms is not None and not call.services.clock.now_ms() < expires_ms < 1 << 53:
        raise Failure.of("bad_expiry")
    notebook = call.own_notebook(body.integer("id")).notebook
    return success(_described(_make(call, notebook, role, expires_ms)))


def send_shares(call: Call) -> Response:
    """GET /api/notebook/shares?id=<id>: the shares that hold, and who is inside by each (S2)."""
    services = call.services
    notebook_id = call.notebook_grant.notebook.id
    now_ms = services.clock.now_ms()
    found = [
        s for s in services.storage.shares.list_for(notebook_id) if s.status(now_ms) is ShareStatus.VALID
    ]
    inside = services.online_clients.inside(notebook_id)
    return success(
        [{**_described(share), "inside": inside.get(share.code_hash, [])[:MOST_NAMES]} for share in found]
    )


def revoke_share(call: Call) -> Response:
    """POST /api/notebook/unshare {"code"}: ends a share at once, open polls included (S2)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"code": str})
    share = services.access.share_of(call.user, body.text("code"), in_trash=True)
    services.storage.shares.revoke(share.code_hash, services.clock.now_ms())
    services.revocation.shares_revoked([share.code_hash])
    return success(None)


def lend_class_code(call: Call) -> Response:
    """POST /api/notebook/classcode {"code", "minutes"?}: lends eight digits to a share, at most an hour (S5).

    Answers `{"classcode", "until"}`; the page shows the digits as `1234 5678`.
    """
    services = call.services
    body = JsonObject.read(call.request.body, {"code": str}, {"minutes": int})
    minutes = body.optional_integer("minutes")
    minutes = _DEFAULT_MINUTES if minutes is None else minutes
    if not 1 <= minutes <= services.limits.class_code_minutes:
        raise Failure.of("bad_minutes")
    share = services.access.share_of(call.user, body.text("code"))
    now_ms = services.clock.now_ms()
    if share.status(now_ms) is not ShareStatus.VALID:
        raise Failure.of("share_gone")
    until_ms = now_ms + minutes * 60_000
    for _ in range(_CLASS_DRAWS):
        digits = new_digits()
        if services.storage.shares.lend_class_code(digits_hash(digits), share.code_hash, now_ms, until_ms):
            return success({"classcode": digits, "until": until_ms})
    raise Failure.of("busy")


def join_by_class_code(call: Call) -> Response:
    """POST /api/join {"classcode"}: the share code that the digits stand for (S5)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"classcode": str})
    digits = read_digits(body.text("classcode"))
    if digits is None:
        raise Failure.of("class_code_wrong")
    services.budgets.check_class_code(call.peer)
    now_ms = services.clock.now_ms()
    lent = services.storage.shares.find_class_code(digits_hash(digits), now_ms)
    share = (
        services.storage.shares.find(lent.code_hash) if lent is not None and now_ms < lent.until_ms else None
    )
    if (
        share is None
        or share.status(now_ms) is not ShareStatus.VALID
        or services.storage.notebooks.get(share.notebook_id) is None  # deleted, or in the trash
    ):
        services.budgets.class_code_missed(call.peer)
        raise Failure.of("class_code_wrong")
    return success({"code": share.code})


def _make(call: Call, notebook: Notebook, role: Role, expires_ms: int | None) -> Share:
    services = call.services
    shares = services.storage.shares
    if len(shares.list_for(notebook.id)) >= services.limits.shares_per_notebook:
        raise Failure.of("quota_shares")
    return shares.create(notebook.id, role, generate_notebook_code(), services.clock.now_ms(), expires_ms)


def _described(share: Share) -> dict[str, object]:
    return {
        "code": share.code,
        "role": share.role.word,
        "created": share.created_ms,
        "expires": share.expires_ms,
    }
