"""Everything that is stored about a user, as one zip (A6).

Owns the archive's layout: `account.json`, `sessions.json`, `notebooks.json` (with their shares) and, for each notebook, those in
the trash too, `notebooks/<id>.svg` and its whole history in `notebooks/<id>.changes.jsonl`. Written while it is sent: memory
holds one piece at a time. Handler threads; no password hash and no token is in it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from http_core.packet import Response
from server.domain.failures import Failure
from server.storage.contracts import Notebook
from server.web.call import Call
from server.web.zip_stream import ZipSink

_PIECE = 64 * 1024


def send_export(call: Call) -> Response:
    """GET /api/account/export: the zip."""
    call.services.budgets.export(int(call.user.id))
    fields = [
        ("Content-Type", "application/zip"),
        ("Content-Disposition", 'attachment; filename="shared-notebooks-export.zip"'),
    ]
    return Response(status=200, headers=fields, stream=_archive(call))


def _archive(call: Call) -> Iterator[bytes]:
    storage = call.services.storage
    user = call.user
    notebooks = storage.notebooks.list_for(user.id) + storage.notebooks.list_for(user.id, trashed=True)
    sink = ZipSink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
        account = {"id": int(user.id), "username": user.username, "created": user.created_ms}
        archive.writestr("account.json", _text(account))
        archive.writestr("sessions.json", _text(_sessions(call)))
        archive.writestr("notebooks.json", _text([_described(call, notebook) for notebook in notebooks]))
        yield from sink.taken()
        for notebook in notebooks:
            yield from _write(archive, sink, *_document(call, notebook))
            yield from _write(
                archive, sink, f"notebooks/{int(notebook.id)}.changes.jsonl", _history(call, notebook)
            )
    yield from sink.taken()


def _write(archive: zipfile.ZipFile, sink: ZipSink, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with archive.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            member.write(piece)
            if sink.size >= _PIECE:
                yield from sink.taken()
    yield from sink.taken()


def _document(call: Call, notebook: Notebook) -> tuple[str, Iterator[bytes]]:
    """The name and pieces of a notebook's drawing; a text that says why where it cannot be read now."""
    name = f"notebooks/{int(notebook.id)}"
    try:
        return f"{name}.svg", call.services.replicas.plain_of(notebook)
    except Failure as failure:  # one notebook that cannot be read must not cost the others
        return f"{name}.txt", iter([failure.sentence.encode()])


def _history(call: Call, notebook: Notebook) -> Iterator[bytes]:
    changes = call.services.storage.changes
    since = changes.base(notebook.id)
    while True:
        entries = changes.read(notebook.id, since)
        if not entries:
            return
        for entry in entries:
            yield entry.wire() + b"\n"
        since = entries[-1].seq


def _sessions(call: Call) -> list[dict[str, object]]:
    sessions = call.services.storage.sessions.list_for(call.user.id)
    return [
        {
            "label": s.label,
            "created": s.created_ms,
            "until": s.absolute_until_ms,
            "idleUntil": s.idle_until_ms,
        }
        for s in sessions
    ]


def _described(call: Call, notebook: Notebook) -> dict[str, object]:
    storage = call.services.storage
    return {
        "id": int(notebook.id),
        "title": notebook.title,
        "description": notebook.description,
        "created": notebook.created_ms,
        "changed": notebook.changed_ms,
        "seq": notebook.seq,
        "trashed": notebook.trashed_ms,
        "seen": storage.visits.get(call.user.id, notebook.id),
        "shares": [
            {"code": s.code, "role": s.role.word, "created": s.created_ms, "expires": s.expires_ms}
            for s in storage.shares.list_for(notebook.id)
        ],
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
