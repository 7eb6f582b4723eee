"""Which strokes of a notebook are one's own: `GET /api/notebook/own?id=|code=` (S3).

Owns the answer `{"author", "epoch", "seq", "ids"}`: the author id of whoever asks (null for a guest who has written
nothing yet), and the ids of the strokes drawn under it, as ranges `[first, last]`, as of `seq`. The page of a visitor
who may erase only their own strokes asks for it after each load. Handler threads.
"""

from __future__ import annotations

from http_core.packet import Response
from server.web.call import Call
from server.web.grant import author_of
from server.web.json_answer import success


def send_own_strokes(call: Call) -> Response:
    """GET /api/notebook/own."""
    services = call.services
    guest = None
    if call.signed_in is None:
        guest = services.access.guest(call.credentials.guest_hash, blocking=True)
    author = author_of(call.signed_in, guest)
    with services.replicas.reading(call.notebook_grant.notebook.id) as (document, epoch):
        seq = document.seq
        ids = document.ids_of(author.id) if author.id else []
    return success({"author": author.id or None, "epoch": epoch, "seq": seq, "ids": ids})
