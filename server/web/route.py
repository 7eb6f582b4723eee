"""One row of the route table: what it says of a request, not which rows there are.

Owns the row's members and the threads a handler may run on. It knows no handler and not the call that handlers are
given (`Asked`), so that the call can know its row and the table can know the handlers. Pure values; any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from http_core.packet import Response
from server.web.grant import Access

Asked = TypeVar("Asked")
"""What the handler of a row is called with."""


class Runs(Enum):
    """Where a handler runs."""

    IO = "on the I/O thread while everything it asks for is at hand, else on the pool"
    POLL = "on the I/O thread always; the pool only finds out who is asking"
    POOL = "on the pool of handler threads; with a long body on the one thread that reads documents"
    LONG = "on the one thread that reads documents"
    HASH = "on the two threads that may hash passwords"


@dataclass(frozen=True, slots=True)
class Route(Generic[Asked]):
    """One row.

    Attributes:
        method: GET or POST. HEAD goes where GET goes.
        pattern: the decoded path; `<name>` stands for one segment, or a part of the last one.
        access: what is asked of the caller before the handler runs.
        handler: returns the answer, or None where it is given later.
        runs: on which threads.
        body_limit: bytes; 0 for methods without a body.
        query: the names the query may hold; None for pages, which ignore what they do not know.
        at_once: decides by memory alone, on the I/O thread, before the request waits for its thread: False to let
            it go on, True where it has been seen to; or raises a Failure.
        head: whether HEAD is answered (P: never for `/UPDATE`).
    """

    method: str
    pattern: str
    access: Access
    handler: Callable[[Asked], Response | None]
    runs: Runs = Runs.POOL
    body_limit: int = 0
    query: frozenset[str] | None = frozenset()
    head: bool = True
    at_once: Callable[[Asked], bool] | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the row, for Allow."""
        return ("GET", "HEAD") if self.method == "GET" and self.head else (self.method,)
