"""Notebooks: listed, made, loaded, renamed, thrown away, brought back, copied (N1 to N6).

Owns the answers' members and the order of the steps; a new notebook's first strokes take the same road through the
update process as any other change, and if they are refused the notebook is gone again. Handler threads.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from http_core.packet import Response
from server.domain.failures import Failure
from server.domain.notebooks import check_description, check_title
from server.storage.contracts import Notebook
from server.updates.turns import in_short_turns
from server.web.call import Call
from server.web.closing import close_notebook
from server.web.first_strokes import strokes_of_document, write_first_strokes
from server.web.grant import Grant
from server.web.json_answer import success
from server.web.json_body import JsonObject
from server.web.security_headers import DOCUMENT_POLICY
from server.web.static_files import accepts_gzip

_RENDERED_WHOLE_BYTES = 2 * 1024 * 1024
_COPY_MARK = " (2)"
_MOST_TITLE = 200
_MOST_DESCRIPTION_FIELD = 900
"""Above this, proxies in between may find the head of the answer too long."""


def send_notebook_list(call: Call) -> Response:
    """GET /NotebookList, or with `?trash=1` the trash: the user's own notebooks (N1, N4).

    `news` says whether something changed since the user last saw the notebook.
    """
    trash = call.query.get("trash", "0")
    if trash not in {"0", "1"}:
        raise Failure.of("bad_query")
    storage = call.services.storage
    found = storage.notebooks.list_for(call.user.id, trashed=trash == "1")
    return success([_listed(notebook, storage.visits.get(call.user.id, notebook.id)) for notebook in found])


def new_notebook(call: Call) -> Response:
    """POST /SAVENEWNB {"title", "description", "svgData"?}: makes a notebook (N2)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"title": str, "description": str}, {"svgData": str})
    title, description = check_title(body.text("title")), check_description(body.text("description"))
    svg = body.optional_text("svgData")
    if svg is not None and len(svg.encode()) > services.limits.svg_data_bytes:
        raise Failure.of(
            "body_too_big", "svgData is at most 1 MiB. Save the strokes of a bigger file in batches."
        )
    strokes: list[object] = []
    if svg is not None:
        services.budgets.document(int(call.user.id), call.peer, len(svg))
        strokes = strokes_of_document(svg)
    _check_quota(call)
    notebook = services.storage.notebooks.create(call.user.id, title, description, services.clock.now_ms())
    seq = write_first_strokes(call, notebook, strokes)
    services.storage.visits.put(call.user.id, notebook.id, seq, services.clock.now_ms())
    return success({"id": int(notebook.id), "seq": seq})


def send_notebook(call: Call) -> Response:
    """GET /Notebook/<id> and /Notebook?nb=<code>: the notebook with its whole document (N3)."""
    grant = call.notebook_grant
    call.services.budgets.rendering(call.peer, grant.notebook.stored_bytes)
    return in_short_turns(partial(_whole_notebook, call, grant))


def _whole_notebook(call: Call, grant: Grant) -> Response:
    services = call.services
    with services.replicas.reading(grant.notebook.id) as (document, epoch):
        size = 0
        pieces: list[bytes] = []
        for piece in document.render_document(epoch, grant.notebook.title):
            size += len(piece)
            if size > services.limits.notebook_data_bytes:
                raise Failure.of("document_too_big", _too_big(call))
            pieces.append(piece)
        seq, next_id = document.seq, document.next_id
    return success(
        {
            "id": int(grant.notebook.id),
            "title": grant.notebook.title,
            "description": grant.notebook.description,
            "seq": seq,
            "epoch": epoch,
            "currentGroupID": next_id,
            "role": grant.role.word,
            "NotebookData": b"".join(pieces).decode(),
        }
    )


def send_document(call: Call) -> Response:
    """GET /Notebook/<id>.svg and /Notebook.svg?nb=<code>: the same document, compressed and streamed (N3)."""
    services = call.services
    notebook = call.notebook_grant.notebook
    fields = [
        ("Content-Type", "image/svg+xml"),
        ("Content-Disposition", f'attachment; filename="notebook-{int(notebook.id)}.svg"'),
        ("Content-Security-Policy", DOCUMENT_POLICY),
        ("Vary", "Accept-Encoding"),
        ("X-Notebook-Role", call.notebook_grant.role.word),
        *_words_of(notebook),
    ]
    if not accepts_gzip(call.request.headers.get("accept-encoding")):
        seq, epoch, pieces = services.replicas.plain(notebook.id)
        return Response(status=200, headers=[*fields, *_as_of(seq, epoch)], stream=iter(pieces))
    fields.append(("Content-Encoding", "gzip"))
    if notebook.stored_bytes <= _RENDERED_WHOLE_BYTES:
        rendered = services.replicas.render(notebook.id)
        return Response(
            status=200, headers=[*fields, *_as_of(rendered.seq, rendered.epoch)], body=rendered.gzip
        )
    stream = services.replicas.stream(notebook.id)
    return Response(status=200, headers=[*fields, *_as_of(stream.seq, stream.epoch)], stream=stream.pieces)


def rename_notebook(call: Call) -> Response:
    """POST /api/notebook/rename {"id", "title", "description"} (N4)."""
    body = JsonObject.read(call.request.body, {"id": int, "title": str, "description": str})
    title, description = check_title(body.text("title")), check_description(body.text("description"))
    notebook = call.own_notebook(body.integer("id")).notebook
    services = call.services
    services.storage.notebooks.rename(notebook.id, title, description, services.clock.now_ms())
    services.access.drop_notebook(notebook.id)
    return success(None)


def delete_notebook(call: Call) -> Response:
    """POST /api/notebook/delete {"id"}: to the trash; polls and links end at once (N4, P4)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"id": int})
    notebook = call.own_notebook(body.integer("id")).notebook
    services.storage.notebooks.trash(notebook.id, services.clock.now_ms())
    services.revocation.notebooks_gone([notebook.id])
    close_notebook(services, notebook.id)
    return success(None)


def restore_notebook(call: Call) -> Response:
    """POST /api/notebook/restore {"id"}: out of the trash (N4)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"id": int})
    notebook = services.access.owned_in_trash(call.user, body.integer("id"))
    if notebook.trashed_ms is None:
        raise Failure.of("not_in_trash")
    _check_quota(call)
    services.storage.notebooks.restore(notebook.id)
    services.access.drop_notebook(notebook.id)
    close_notebook(services, notebook.id)
    return success(None)


def duplicate_notebook(call: Call) -> Response:
    """POST /api/notebook/duplicate {"id"}: a new notebook with the strokes that are visible now (N4)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"id": int})
    source = call.own_notebook(body.integer("id")).notebook
    _check_quota(call)
    services.budgets.document(int(call.user.id), call.peer, source.stored_bytes)
    with services.replicas.reading(source.id) as (document, _epoch):
        changes: list[object] = []
        if document.paper != "plain" or document.margin != "none":
            changes.append(["p", {"paper": document.paper, "margin": document.margin}])
        changes.extend(["a", fragment] for fragment in document.fragments())
    title = source.title[: _MOST_TITLE - len(_COPY_MARK)] + _COPY_MARK
    now_ms = services.clock.now_ms()
    notebook = services.storage.notebooks.create(call.user.id, title, source.description, now_ms)
    seq = write_first_strokes(call, notebook, changes)
    services.storage.visits.put(call.user.id, notebook.id, seq, services.clock.now_ms())
    return success({"id": int(notebook.id), "seq": seq})


def _listed(notebook: Notebook, seen: int | None) -> dict[str, object]:
    listed: dict[str, object] = {
        "id": int(notebook.id),
        "ownerID": int(notebook.owner_id),
        "title": notebook.title,
        "description": notebook.description,
        "seq": notebook.seq,
        "created": notebook.created_ms,
        "changed": notebook.changed_ms,
        "news": seen is not None and notebook.seq > seen,
    }
    if notebook.trashed_ms is not None:
        listed["trashed"] = notebook.trashed_ms
    return listed


def _check_quota(call: Call) -> None:
    """Refuses a notebook above the user's quota, or too many in a short time."""
    services = call.services
    services.budgets.new_notebook(int(call.user.id))
    if services.storage.notebooks.count_for(call.user.id) >= services.limits.notebooks_per_user:
        raise Failure.of("quota_notebooks")
    if services.storage.notebooks.bytes_for(call.user.id) >= services.limits.bytes_per_user:
        raise Failure.of("quota_user")


def _too_big(call: Call) -> str:
    """The sentence with the path of the same document as a file (N3); never with a share code."""
    path = (
        f"/Notebook/{int(call.notebook_grant.notebook.id)}.svg"
        if "id" in call.params
        else "/Notebook.svg?nb=..."
    )
    return f"This notebook is too big for one answer. Load it from {path}."


def _words_of(notebook: Notebook) -> list[tuple[str, str]]:
    """Title and description, percent-encoded, so that opening a share takes one request; a long description waits."""
    fields = [("X-Notebook-Title", quote(notebook.title, safe=""))]
    description = quote(notebook.description, safe="")
    if 0 < len(description) <= _MOST_DESCRIPTION_FIELD:
        fields.append(("X-Notebook-Description", description))
    return fields


def _as_of(seq: int, epoch: str) -> list[tuple[str, str]]:
    return [("X-Notebook-Seq", str(seq)), ("X-Notebook-Epoch", epoch)]
