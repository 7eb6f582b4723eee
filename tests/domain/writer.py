"""Writers for the tests of the document: they send changes as a client would and apply what is accepted."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from server.domain.change import parse_changes
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.domain.log_entry import Known, LogEntry
from server.domain.outline import outline_path
from server.domain.points import encode_points
from server.domain.svg_document import NotebookDocument

ANN = Author("u1", "Ann")
BEN = Author("u2", "Ben")
GUEST = Author("g00112233445566aa", "Guest")
NOBODY = Author("", "Guest")

STROKE = '<g><path d="M0 0Q1 1 2 2" fill="#000000"/></g>'
POINTS = [(1000 + 40 * i, 1000, 32) for i in range(20)]
INK = (
    f'<g data-p="{encode_points(POINTS)}" data-v="1" data-w="30" data-t="pen">'
    f'<path d="{outline_path(POINTS, 30)}" fill="#1a2b3c"/></g>'
)


class Book:
    """A notebook, its log, and the numbers of the ops it made up."""

    def __init__(self) -> None:
        self.document = NotebookDocument(NotebookId(1))
        self.log: list[LogEntry] = []
        self._numbers = count(1)

    def send(
        self, *changes: list[Any], author: Author = ANN, role: Role = Role.OWNER
    ) -> list[LogEntry | Known]:
        """Sends one list of changes; what is new is applied."""
        prepared = self.document.prepare(parse_changes(json.dumps(changes).encode()), author, role, 1_000)
        for change in prepared:
            if isinstance(change, LogEntry):
                self.document.apply(change)
                self.log.append(change)
        return prepared

    def one(
        self, command: str, data: Any, op: str | None = None, author: Author = ANN, role: Role = Role.OWNER
    ) -> LogEntry:
        """Sends one new change and gives its entry."""
        (entry,) = self.send([command, data, op or f"op-{next(self._numbers)}"], author=author, role=role)
        assert isinstance(entry, LogEntry)
        return entry

    def draw(self, author: Author = ANN, fragment: str = STROKE, role: Role = Role.OWNER) -> str:
        """Appends a stroke and gives its id."""
        return str(self.one("a", fragment, author=author, role=role).group_id)

    def refused(self, *changes: list[Any], author: Author = ANN, role: Role = Role.OWNER) -> Failure:
        """Sends a list that must be refused, checks that nothing changed, and gives the failure."""
        before = state(self.document)
        try:
            self.send(*changes, author=author, role=role)
        except Failure as failure:
            assert state(self.document) == before
            return failure
        raise AssertionError("the changes were accepted")

    def ids(self) -> list[int]:
        """The visible strokes."""
        return self.document.visible_ids()


def state(document: NotebookDocument) -> tuple[object, ...]:
    """Everything that can be seen of a document."""
    return document.seq, document.next_id, document.paper, document.margin, tuple(document.fragments())


def looks(document: NotebookDocument) -> tuple[object, ...]:
    """What a reader sees, without numbers."""
    return document.paper, document.margin, tuple(document.fragments())
