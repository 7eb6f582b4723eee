"""One `/UPDATE` request on its way to its answer.

Owns what is known about a poll: where it stands in the log, who sent it (so that it can be ended when that is no
longer allowed) and whether it waits. Made by the handler, then guarded by the lock of its room. Rules P1, P6.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from http_core.packet import EncodedResponse, Response
from server.domain.ids import NotebookId
from server.updates.live import Owner


class PollExchange(Protocol):
    """What a poll needs of its exchange (server.net.exchange.Exchange)."""

    ended_empty: bool

    def answer(self, response: Response | EncodedResponse) -> bool: ...

    def on_gone(self, callback: Callable[[], None]) -> None: ...

    def park(self) -> None: ...


class PollResult(Enum):
    """What became of a poll on the I/O thread."""

    ANSWERED = "answered"
    PARKED = "parked"
    NEEDS_LOG = "needs the log"
    """A handler thread must take it to `LogRoad.answer`."""


class Poll:
    """A poll.

    Attributes:
        exchange: its request.
        notebook_id: of which notebook.
        since: the last number the reader has; None for now.
        epoch: the epoch the reader knows; None for the current one.
        client: names the page for live ink; empty for none (P6).
        live: the last live number the page has; None for now.
        name: whom others see in `here`.
        guest: whether that is a guest.
        session: hash of the session's token, or None.
        share: hash of the share code, or None for the owner.
        owner: whose page `client` is: nobody else is listed or speaks under this name for it.
        parked: whether it waits in a room.
        slot: the slot of its deadline.
    """

    __slots__ = (
        "client",
        "epoch",
        "exchange",
        "guest",
        "live",
        "name",
        "notebook_id",
        "owner",
        "parked",
        "session",
        "share",
        "since",
        "slot",
    )

    def __init__(
        self,
        exchange: PollExchange,
        notebook_id: NotebookId,
        since: int | None = None,
        epoch: str | None = None,
        *,
        client: str = "",
        live: int | None = None,
        name: str = "",
        guest: bool = False,
        session: bytes | None = None,
        share: bytes | None = None,
        owner: Owner = b"",
    ) -> None:
        self.exchange = exchange
        self.notebook_id = notebook_id
        self.since = since
        self.epoch = epoch
        self.client = client
        self.live = live
        self.name = name
        self.guest = guest
        self.session = session
        self.share = share
        self.owner = owner
        self.parked = False
        self.slot = 0
