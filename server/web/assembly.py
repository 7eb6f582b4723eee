"""Joins the web part: desk, pools, access, polls, services, application, in the one order that works.

Owns that order and nothing else: polls answer through the desk, the log road runs on the pool, revocation knows both
cache and polls, and the application comes last. Runs once, on the thread that starts the server (or a test).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from http_core.packet import EncodedResponse
from server.domain.accounts import PasswordHasher
from server.domain.ids import NotebookId
from server.net.application import AccessRecord
from server.net.exchange import answer_many
from server.storage.contracts import Storage
from server.updates.log_road import LogRoad
from server.updates.online_clients import OnlineClients
from server.updates.pacer import Pacer
from server.updates.replicas import Replicas
from server.updates.waiting_list import PollLimits
from server.web.access import Gatekeeper
from server.web.answer_desk import AnswerDesk
from server.web.application import WebApplication
from server.web.budgets import Budgets
from server.web.call import Call
from server.web.clock import Clock
from server.web.handler_pool import Pools
from server.web.limits import WebLimits
from server.web.login_guard import LoginGuard
from server.web.pages import Pages
from server.web.poll_log_queue import PollLogQueue
from server.web.revocation import Revocation
from server.web.route import Route
from server.web.routes import make_routes
from server.web.services import CertificateFacts, Services, Updates, WebSettings
from server.web.static_manifest import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the web part is made of; see `Services` for the members that handlers see.

    Attributes:
        site: static files and page templates (`static_manifest.read_site`).
        pacer: calls back at deadlines of polls; on the clock's `monotonic_s`.
        access_log: writes one line for a finished request.
        random: for the jitter of polls.
        guesses_limited: False switches the budgets for failed logins and guessed codes off (the probe app).
        more_routes: rows beside the product's own (the probe app).
        answer_many: gives one encoded answer to many exchanges.
    """

    storage: Storage
    updates: Updates
    replicas: Replicas
    hasher: PasswordHasher
    site: Site
    pacer: Pacer
    hosts: Callable[[], Container[str]]
    addresses: Callable[[], Sequence[str]]
    certificate: Callable[[], CertificateFacts | None]
    health: Callable[[], Mapping[str, object]]
    access_log: Callable[[AccessRecord], None]
    discard_files: Callable[[NotebookId], None]
    settings: WebSettings = field(default_factory=WebSettings)
    limits: WebLimits = field(default_factory=WebLimits)
    poll_limits: PollLimits = field(default_factory=PollLimits)
    clock: Clock = field(default_factory=Clock)
    random: Random = field(default_factory=Random)
    guesses_limited: bool = True
    more_routes: tuple[Route[Call], ...] = ()
    answer_many: Callable[[Sequence[Any], EncodedResponse], None] = answer_many


@dataclass(frozen=True, slots=True)
class Web:
    """The joined web part: what the rest of the program needs of it."""

    application: WebApplication
    services: Services
    pools: Pools


def join_web(parts: WebParts) -> Web:
    """Makes the web part of its parts; starts no thread."""
    clock, limits = parts.clock, parts.limits
    desk = AnswerDesk(hsts=parts.settings.hsts, now_ms=clock.now_ms)
    pools = Pools.of(limits)
    budgets = Budgets(limits, clock.monotonic_s, guesses_limited=parts.guesses_limited)
    access = Gatekeeper(parts.storage, budgets, clock, limits)
    road = LogRoad(parts.storage, parts.replicas, lambda: polls, desk.encode)
    queue = PollLogQueue(pools.handlers.submit, road.answer_all, desk.encode)
    polls = OnlineClients(
        desk.encode,
        answer_many=parts.answer_many,
        read_log=queue.put,
        pacer=parts.pacer,
        random=parts.random,
        clock=clock.monotonic_s,
        limits=parts.poll_limits,
    )
    services = Services(
        storage=parts.storage,
        updates=parts.updates,
        online_clients=polls,
        replicas=parts.replicas,
        read_log=queue.put,
        discard_files=parts.discard_files,
        access=access,
        revocation=Revocation(access, polls.evictions),
        budgets=budgets,
        login_guard=LoginGuard(parts.storage.attempts, clock, limits, enabled=parts.guesses_limited),
        hasher=parts.hasher,
        pages=Pages(parts.site.pages, clock.now_ms),
        clock=clock,
        limits=limits,
        settings=parts.settings,
        hosts=parts.hosts,
        addresses=parts.addresses,
        certificate=parts.certificate,
        health=parts.health,
    )
    application = WebApplication(
        services,
        routes=make_routes(limits) + parts.more_routes,
        files=parts.site.files,
        desk=desk,
        pools=pools,
        access_log=parts.access_log,
    )
    return Web(application, services, pools)
