"""One request inside the web part: what a handler sees, and the one way back out.

Owns the answer path: whatever a handler, the update process or a poll answers goes through here and gets its cookies
and security headers in one place. A handler never sees a socket or SQL. Made on the I/O thread, then used by one
thread at a time; `answer` may be called on any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from http_core.packet import EncodedResponse, Request, Response
from server.domain.failures import Failure
from server.net.admission import counting_key
from server.storage.contracts import Guest, User
from server.updates.live import Owner
from server.web.access_cache import NotCached
from server.web.cookies import Credentials
from server.web.cross_site import check_content_type
from server.web.grant import Claim, Grant, SignedIn
from server.web.route import Route

if TYPE_CHECKING:
    from server.net.exchange import Exchange
    from server.web.services import Services

_EPOCH = re.compile(r"[0-9a-f]{16}")


class CallDesk(Protocol):
    """What a call asks of whoever runs it."""

    def finished(self, response: Response) -> Response:
        """Adds what every answer carries."""

    def fail(self, call: Call, error: BaseException) -> None:
        """Answers the call with a failure."""

    def look_again(self, call: Call) -> None:
        """Asks access once more and ends the call where it is refused now."""


class Call:
    """A request, who sends it and what it may reach.

    Attributes:
        exchange: the request on its way to its answer.
        route: the row of the route table.
        params: what the pattern's `<name>` stood for.
        query: the decoded query, checked against the route's names.
        services: what handlers may use.
        credentials: what the cookies claim.
        may_block: whether this thread may ask storage (False on an I/O thread).
        signed_in: the user, once access has been asked; None for nobody.
        grant: the notebook and role, for routes about one notebook.
        guest: the guest of a poll, once it has been asked for.
        guest_asked: whether it has.
        headers: further fields of the answer, such as Set-Cookie.
        stamp: what `Gatekeeper.stamp` said before access was asked.
    """

    __slots__ = (
        "_desk",
        "credentials",
        "exchange",
        "grant",
        "guest",
        "guest_asked",
        "headers",
        "may_block",
        "params",
        "query",
        "route",
        "services",
        "signed_in",
        "stamp",
    )

    def __init__(
        self,
        exchange: Exchange,
        route: Route[Call],
        params: Mapping[str, str],
        query: Mapping[str, str],
        *,
        services: Services,
        credentials: Credentials,
        desk: CallDesk,
    ) -> None:
        self.exchange = exchange
        self.route = route
        self.params = params
        self.query = query
        self.services = services
        self.credentials = credentials
        self.may_block = False
        self.signed_in: SignedIn | None = None
        self.grant: Grant | None = None
        self.guest: Guest | None = None
        self.guest_asked = False
        self.headers: list[tuple[str, str]] = []
        self.stamp: tuple[int, int, int] = (0, 0, 0)
        self._desk = desk

    @property
    def request(self) -> Request:
        """The request."""
        return self.exchange.request

    @property
    def peer(self) -> str:
        """What the client is counted by: its address, behind a trusted proxy if there is one; of IPv6 the /64."""
        return counting_key(self.exchange.peer)

    @property
    def user(self) -> User:
        """The user of a route that wants one."""
        assert self.signed_in is not None, "the route lets nobody in"
        return self.signed_in.user

    @property
    def user_or_none(self) -> User | None:
        """The user, or None for somebody without a session."""
        return self.signed_in.user if self.signed_in is not None else None

    @property
    def owner(self) -> Owner:
        """Whose the pages of this request are (P6): the account's, the guest cookie's, or nobody's."""
        if self.signed_in is not None:
            return self.signed_in.user.id
        return self.credentials.guest_hash or b""

    @property
    def notebook_grant(self) -> Grant:
        """The grant of a route about one notebook."""
        assert self.grant is not None, "the route names no notebook"
        return self.grant

    def admit(self) -> None:
        """Asks access, on this thread.

        Raises:
            Failure: what the route asks is not there.
            NotCached: storage would have to be asked, and may not.
        """
        query = self.query
        claim = Claim(
            self.credentials.session_hash,
            self.peer,
            self.params.get("id") or query.get("id") or query.get("nbID"),
            query["nb"] if "nb" in query else query.get("code"),
        )
        self.signed_in, self.grant = self.services.access.admit(
            self.route.access, claim, blocking=self.may_block
        )
        self.label()
        if self.route.method == "POST":
            check_content_type(self.request)

    def own_notebook(self, notebook_id: int) -> Grant:
        """The user's own notebook, named in the body; blocks. Raises 404 as for an unknown one (N5)."""
        self.grant = self.services.access.owned(self.user, notebook_id, blocking=True)
        self.label()
        return self.grant

    def ask_guest(self) -> Guest | None:
        """The guest behind the cookie of whoever has no session; asked for once.

        Raises:
            NotCached: storage would have to be asked, and may not.
        """
        if not self.guest_asked:
            if self.signed_in is None:
                guest_hash = self.credentials.guest_hash
                self.guest = self.services.access.guest(guest_hash, blocking=self.may_block)
            self.guest_asked = True
        return self.guest

    def require_blocking(self) -> None:
        """Raises NotCached on a thread that may not block; the call is then run again on the pool."""
        if not self.may_block:
            raise NotCached

    def label(self) -> None:
        """Tells the console and the access log who this connection is."""
        info = self.exchange.connection
        if self.signed_in is not None:
            info.user = self.signed_in.user.username
        if self.grant is not None:
            info.notebook = int(self.grant.notebook.id)
            info.role = self.grant.role.word

    def answer(self, response: Response | EncodedResponse) -> bool:
        """Answers the request; False where it was answered before or the client is gone."""
        if isinstance(response, Response):
            if self.headers:
                response.headers = [*response.headers, *self.headers]
            response = self._desk.finished(response)
        return self.exchange.answer(response)

    def fail(self, error: BaseException) -> None:
        """Answers the request with a failure; nothing happens where it was answered before."""
        self._desk.fail(self, error)

    def look_again(self) -> None:
        """Asks access once more, on the pool, and ends the request where it is refused now."""
        self._desk.look_again(self)

    def since(self) -> int | None:
        """The query's `since`: None when absent.

        Raises:
            Failure: 400 `bad_query`.
        """
        text = self.query.get("since")
        return None if text is None else read_count(text)


def read_count(text: str) -> int:
    """Reads a number of a query: 1 to 15 ASCII digits.

    Raises:
        Failure: 400 `bad_query`.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Failure.of("bad_query")
    return int(text)


def is_epoch(text: str) -> bool:
    """Whether a text is written like an epoch: 16 lower-case hex digits (N3)."""
    return _EPOCH.fullmatch(text) is not None
