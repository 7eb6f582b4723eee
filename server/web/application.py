"""What the network part calls: which call a request is, refusals, static files (Application of server/net).

Owns the order in which a request is judged: name of the server (H5), path and method (H2), other sites (A4), query,
then access and the handler where `call_runner` has them run; and that every answer leaves through the answer desk with
its security headers (H6). `handle`, `early_refusal`, `body_limit` and `refuse` run on I/O threads and never block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from http_core.errors import ParsingError
from http_core.packet import Request, Response
from http_core.target import TargetForm, parse_query
from server.domain.failures import Failure
from server.net.application import AccessRecord
from server.net.exchange import Exchange
from server.web.access_cache import NotCached
from server.web.answer_desk import AnswerDesk
from server.web.body_room import BodyRoom
from server.web.call import Call
from server.web.call_runner import CallRunner
from server.web.cookies import credentials_of
from server.web.cross_site import check_content_type, check_origin
from server.web.failures import FailureAnswers
from server.web.grant import Access
from server.web.handler_pool import Pools
from server.web.hot_files import HotFiles
from server.web.plain_http import plain_http_answer
from server.web.proxies import client_address
from server.web.route import Route
from server.web.routes import Router
from server.web.services import Services
from server.web.static_files import StaticFiles

_KNOWN_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"))
_STATIC_METHODS = ("GET", "HEAD")


class WebApplication:
    """The product behind the sockets."""

    def __init__(
        self,
        services: Services,
        *,
        routes: tuple[Route[Call], ...],
        files: StaticFiles,
        desk: AnswerDesk,
        pools: Pools,
        access_log: Callable[[AccessRecord], None],
    ) -> None:
        """Joins the parts; starts no thread until there is work.

        Args:
            services: what handlers may use.
            routes: the table.
            files: the static files.
            desk: finishes answers.
            pools: the threads for handlers.
            access_log: writes one line for a finished request; any thread.
        """
        self._services = services
        self._router = Router(routes)
        self._files = files
        self._access_log = access_log
        self._desk = desk
        self._finished = desk.finished
        self._failures = FailureAnswers(services.pages)
        self._runner = CallRunner(services, pools=pools, desk=desk, failures=self._failures)
        self._dispatch = self._runner.dispatch
        self._pool = pools.handlers
        self._room = BodyRoom(services.limits)
        self._hot = HotFiles(files, desk, services.clock.now_ms)
        self._trusted = services.settings.trusted_proxies

    # -- what the network part asks ----------------------------------------------------------------------------

    def body_limit(self, request: Request) -> int:
        """Bytes of body the route takes; a path without a route takes little, for its refusal to be read."""
        rows, _ = self._router.find(request.target.path)
        limits = [route.body_limit for route in rows if route.method == request.method]
        return max(limits, default=0) or self._services.limits.small_body_bytes

    def early_refusal(self, exchange: Exchange) -> Response | None:
        """Refuses by the head alone what would be refused anyway, before the body is read."""
        request = exchange.request
        self._name_client(exchange)
        try:
            call = self._call(exchange)
            with contextlib.suppress(NotCached):
                if call is not None:
                    call.admit()
            announced = request.headers.get("content-length")
            size = int(announced) if announced is not None else self.body_limit(request)
            if not self._room.hold(exchange, size):
                raise Failure.of("busy")
        except Exception as error:
            return self._finished(self._failures.answer(error, request))
        return None

    def handle(self, exchange: Exchange) -> None:
        """Answers a request, parks it, or hands it to a pool."""
        exchange.connection.user = ""  # a proxy's connection carries many people, one after the other
        request = exchange.request
        if request.method == "GET" and self._is_ours(request):
            hot = self._hot.answer(request)
            if hot is not None:
                exchange.answer(hot)
                return
        self._name_client(exchange)
        try:
            call = self._call(exchange)
            if call is None:
                exchange.answer(self._finished(self._static(request)))
            else:
                self._dispatch(call)
        except Exception as error:
            exchange.answer(self._finished(self._failures.answer(error, request)))

    def refuse(self, error: ParsingError, peer: str, request: Request | None = None) -> Response:
        """The answer to a broken request, a missed deadline or a full server; the connection closes after it."""
        response = self._finished(self._failures.answer(error, request))
        response.close = True
        return response

    def plain_http(self, first_bytes: bytes) -> bytes:
        """The answer to plain HTTP on the TLS port (H1)."""
        response = plain_http_answer(first_bytes, self._services.hosts())
        return self._desk.encoded(self._finished(response)).wire

    def run_blocking(self, job: Callable[[], None]) -> bool:
        """Runs a job of the network part on a handler thread; False when the pool is full."""
        return self._pool.submit(job)

    def log(self, record: AccessRecord) -> None:
        """Notes one finished request."""
        self._access_log(record)

    # -- judging -----------------------------------------------------------------------------------------------

    def _name_client(self, exchange: Exchange) -> None:
        if self._trusted:
            forwarded = exchange.request.headers.get("x-forwarded-for")
            exchange.peer = client_address(exchange.connection.peer, forwarded, self._trusted)

    def _is_ours(self, request: Request) -> bool:
        """Whether the request names one of our hosts (H5); HTTP/1.0 may leave the name out."""
        return request.host in self._services.hosts() or (request.host == "" and request.http10)

    def _call(self, exchange: Exchange) -> Call | None:
        """The call that a request is, or None for a static file.

        Raises:
            Failure: 400, 403, 404, 405, 415, 421 or 501.
            ParsingError: 400, a malformed query.
        """
        request = exchange.request
        if not self._is_ours(request):
            raise Failure.of("wrong_host")
        if request.method not in _KNOWN_METHODS:
            raise Failure.of("not_implemented")
        found = self._route(request)
        if found is None:
            return None
        route, params = found
        if route.method == "POST":
            check_origin(request)
            if route.access is Access.ANYONE:
                check_content_type(request)
        query = {} if route.query is None and not request.query else parse_query(request.query)
        if route.query is not None and not query.keys() <= route.query:
            raise Failure.of("bad_query", "The query holds a name that does not belong there.")
        return Call(
            exchange,
            route,
            params,
            query,
            services=self._services,
            credentials=credentials_of(request),
            desk=self._runner,
        )

    def _route(self, request: Request) -> tuple[Route[Call], dict[str, str]] | None:
        """The row and its captures; None where a static file is asked for in a way that is allowed."""
        if request.target.form in (TargetForm.ASTERISK, TargetForm.AUTHORITY):
            raise Failure.of("method_not_allowed", allow="GET, HEAD, POST")
        rows, params = self._router.find(request.path)
        allowed: list[str] = []
        for route in rows:
            if request.method in route.methods:
                return route, dict(params)
            allowed += route.methods
        if not rows:
            if request.path not in self._files:
                raise Failure.of("not_found")
            if request.method in _STATIC_METHODS:
                return None
            allowed += _STATIC_METHODS
        raise Failure.of("method_not_allowed", allow=", ".join(dict.fromkeys(allowed)))

    def _static(self, request: Request) -> Response:
        response = self._files.answer(request)
        if response is None:
            raise Failure.of("not_found")
        return response
