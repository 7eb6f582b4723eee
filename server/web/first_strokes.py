"""Writes the first changes of a new notebook: an imported document or the strokes of a copy (N2, N4).

Owns the batches (as large as a save may be) and what happens when one is refused: the new notebook goes again, so that
nobody finds half a drawing. The changes go through the update process like any others. Handler threads; blocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from server.domain import strict_json
from server.domain.failures import REASONS, Failure
from server.domain.ids import Author, Role
from server.domain.svg_document_reader import read_document
from server.storage.contracts import Notebook
from server.web.call import Call
from server.web.closing import close_notebook
from server.web.json_answer import encode_json

_MOST_CHANGES = 512
_MOST_BYTES = 240 * 1024
"""Under what one notebook may put into a batch of the update process."""


def strokes_of_document(svg: str) -> list[object]:
    """The first changes for an SVG document: its paper, then its strokes.

    Raises:
        Failure: 422 for anything that the vocabulary refuses.
    """
    document = read_document(svg)
    setup: list[object] = [["p", page] for page in document.page_setup()]
    return setup + [["a", fragment.text] for fragment in document.fragments]


def write_first_strokes(call: Call, notebook: Notebook, changes: Sequence[object]) -> int:
    """Stores the first changes of a notebook.

    Returns:
        The number of the last one, 0 without changes.

    Raises:
        Failure: what the update process refused; the notebook is gone then.
    """
    services = call.services
    author = Author.of_user(call.user.id, call.user.username)
    seq = 0
    for body in _batches(changes):
        now_ms = services.clock.now_ms()
        try:
            status, answer = services.updates.submit_and_wait(notebook.id, author, Role.OWNER, body, now_ms)
            if status != 200:
                raise _refusal(status, answer)
        except Failure:
            services.storage.notebooks.delete_for_good(notebook.id)
            close_notebook(services, notebook.id)
            raise
        seq = json.loads(answer)["seq"]
    return seq


def _batches(changes: Sequence[object]) -> Iterator[bytes]:
    pieces: list[bytes] = []
    size = 0
    for change in changes:
        piece = encode_json(change)
        if pieces and (len(pieces) >= _MOST_CHANGES or size + len(piece) > _MOST_BYTES):
            yield b"[" + b",".join(pieces) + b"]"
            pieces, size = [], 0
        pieces.append(piece)
        size += len(piece) + 1
    if pieces:
        yield b"[" + b",".join(pieces) + b"]"


def _refusal(status: int, answer: bytes) -> Failure:
    told = strict_json.loads(answer)
    reason = told.get("reason")
    return Failure(status, reason if reason in REASONS else "failed", str(told.get("data", "")))
