"""Signs a client up for the updates of a notebook: the long poll (P1 to P4, P6).

Owns the query's grammar and the second look at access after a poll has begun to wait; who is answered when is
`server.updates.online_clients`. I/O thread, never blocks: what memory does not hold goes to the log road.
"""

from __future__ import annotations

from functools import partial

from http_core.packet import Response
from server.domain.failures import Failure
from server.updates.live import CLIENT
from server.updates.polls import Poll, PollResult
from server.web.call import Call, is_epoch, read_count
from server.web.grant import author_of

_LONGEST_WAIT_MS = 40_000


def sign_client_for_update(call: Call) -> Response | None:
    """GET /UPDATE: answers at once or waits until the notebook has changes after `since` (P1)."""
    epoch = call.query.get("epoch")
    if epoch is not None and not is_epoch(epoch):
        raise Failure.of("bad_query")
    client = call.query.get("client")
    if client is not None and not CLIENT.fullmatch(client):
        raise Failure.of("bad_query")
    live = call.query.get("live")
    if live is not None and client is None:
        raise Failure.of("bad_query")
    poll = _poll(call, call.since(), epoch, client or "", read_count(live) if live is not None else None)
    services = call.services
    result = services.online_clients.poll(poll)
    if result is PollResult.NEEDS_LOG:
        services.read_log(poll.notebook_id, [poll])
    if result is not PollResult.ANSWERED:
        _watch(call)
    return None


def _poll(call: Call, since: int | None, epoch: str | None, client: str, live: int | None) -> Poll:
    grant = call.notebook_grant
    signed_in = call.signed_in
    author = author_of(signed_in, call.ask_guest() if client else None)
    return Poll(
        call.exchange,
        grant.notebook.id,
        since,
        epoch,
        client=client,
        live=live,
        name=author.name,
        guest=signed_in is None,
        session=signed_in.session.token_hash if signed_in is not None else None,
        share=grant.code_hash,
        owner=call.owner,
    )


def _watch(call: Call) -> None:
    """Ends a waiting poll when its share or session expires meanwhile, and looks again if access changed just now."""
    services = call.services
    if services.access.stamp() != call.stamp:
        call.look_again()
    ends = [call.notebook_grant.until_ms]
    reasons = ["share_gone"]
    if call.signed_in is not None:
        session = call.signed_in.session
        ends.append(min(session.idle_until_ms, session.absolute_until_ms))
        reasons.append("session_ended")
    now_ms = services.clock.now_ms()
    for end_ms, reason in zip(ends, reasons, strict=False):
        if end_ms is not None and end_ms - now_ms < _LONGEST_WAIT_MS:
            delay_s = max(0, end_ms - now_ms) / 1000
            call.exchange.call_later(delay_s, partial(call.fail, Failure.of(reason)))
