"""The documents that logs begin after, as rows.

Owns the table `bases`: a notebook that came from JSON tables or from 2022 has no log before its base, and its
base is part of the truth. The same frames as a snapshot, sealed, one row each. Written at start, within the
loading transaction; read by whoever opens the notebook. Rule P3 (a `since` below the base is a 410).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.database import Connection, Database, Row, Statement, one_int
from server.storage.record_text import frames_of, records_of
from server.storage.records import Record
from server.storage.sealed import SealBroken, Sealer

_SEQ: Final = Statement("SELECT seq FROM bases WHERE notebook_id = ? AND part = 0")
_ADD: Final = Statement("INSERT INTO bases (notebook_id, part, seq, body) VALUES (?, ?, ?, ?)")
_PART: Final = Statement("SELECT seq, body FROM bases WHERE notebook_id = ? AND part = ?")
_LAST: Final = Statement("SELECT MAX(part) FROM bases WHERE notebook_id = ?")


class BaseRows:
    """Bases, by notebook."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database: Final = database
        self._sealer: Final = sealer

    def seq(self, notebook_id: NotebookId) -> int:
        """The number of the base, 0 when there is none."""
        return one_int(self._database.read(lambda connection: connection.row(_SEQ, notebook_id)))

    def load(self, notebook_id: NotebookId) -> tuple[int, Iterator[Record]] | None:
        """The base as (seq, records), or None when there is none.

        Raises:
            Failure: 503 `notebook_damaged`, also while the records are read.
        """
        first = self._database.read(lambda connection: connection.row(_PART, notebook_id, 0))
        if first is None:
            return None
        last = one_int(self._database.read(lambda connection: connection.row(_LAST, notebook_id)))
        return int(first[0]), self._records(notebook_id, int(first[0]), last)

    def add(
        self, connection: Connection, notebook_id: NotebookId, seq: int, records: Iterable[Record]
    ) -> int:
        """Stores a base within a transaction; returns its bytes. A notebook has at most one."""
        stored_bytes = 0
        part = -1
        for part, frame in enumerate([*frames_of(records), b""]):
            sealed = self._sealer.seal(frame, _part_of(notebook_id, seq, part, not frame))
            connection.run(_ADD, notebook_id, part, seq, sealed)
            stored_bytes += len(sealed)
        return stored_bytes

    def _records(self, notebook_id: NotebookId, seq: int, last: int) -> Iterator[Record]:
        try:
            yield from records_of(self._frames(notebook_id, seq, last))
        except (SealBroken, ValueError):
            raise Failure.of("notebook_damaged") from None

    def _frames(self, notebook_id: NotebookId, seq: int, last: int) -> Iterator[bytes]:
        for part in range(last + 1):
            row = self._row(notebook_id, part)
            if row is None:
                raise SealBroken("a part of the base is missing")
            frame = self._sealer.open(row[1], _part_of(notebook_id, seq, part, part == last))
            if frame:
                yield frame

    def _row(self, notebook_id: NotebookId, part: int) -> Row | None:
        return self._database.read(lambda connection: connection.row(_PART, notebook_id, part))


def _part_of(notebook_id: NotebookId, seq: int, part: int, last: bool) -> str:
    return f"base:{notebook_id}:{seq}:{part}:{'last' if last else 'more'}"
