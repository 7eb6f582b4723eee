"""Runs calls: which thread a handler runs on, what becomes of what it raises, and the second look at access.

Owns the choice between the I/O thread and the pools, the way of a call from one to the other, and what calls ask of
whoever made them (`CallDesk`). `dispatch` runs on I/O threads and never blocks; the rest runs where the route says.
"""

from __future__ import annotations

from functools import partial

from server.domain.failures import Failure
from server.web.access_cache import NotCached
from server.web.access_queue import AccessQueue
from server.web.answer_desk import AnswerDesk
from server.web.call import Call
from server.web.failures import FailureAnswers
from server.web.handler_pool import Pools, considerately
from server.web.route import Runs
from server.web.services import Services

_LONG_BODY_BYTES = 64 * 1024


class CallRunner:
    """Gives calls their threads."""

    def __init__(
        self, services: Services, *, pools: Pools, desk: AnswerDesk, failures: FailureAnswers
    ) -> None:
        """Starts no thread until there is work.

        Args:
            services: what handlers may use.
            pools: the threads for handlers.
            desk: finishes answers.
            failures: makes answers of exceptions.
        """
        self._access = services.access
        self._budgets = services.budgets
        self._pool = pools.handlers
        self._hashing = pools.hashing
        self._documents = pools.documents
        self._access_queue = AccessQueue(self._pool.submit, services.limits.access_queue)
        self.finished = desk.finished
        self._failures = failures

    def dispatch(self, call: Call) -> None:
        """Runs the call where its route says. Raises Failure 503 where there is no room."""
        match call.route.runs:
            case Runs.IO | Runs.POLL:
                call.stamp = self._access.stamp()
                try:
                    call.admit()
                    self._respond(call)
                except NotCached:
                    if not self._access_queue.put(partial(self._run_later, call)):
                        raise Failure.of("busy") from None
            case Runs.POOL | Runs.LONG:
                long = call.route.runs is Runs.LONG or len(call.request.body) > _LONG_BODY_BYTES
                run = partial(self._run, call)
                if long:
                    run = partial(considerately, self._documents, run)
                if not (self._documents if long else self._pool).submit(run):
                    raise Failure.of("busy")
            case Runs.HASH:
                if call.route.at_once is not None and call.route.at_once(call):
                    return
                self._budgets.login_waits(call.peer)
                if not self._hashing.submit(partial(self._run_hashing, call)):
                    self._budgets.login_done(call.peer)
                    raise Failure.of("busy")

    def _run(self, call: Call) -> None:
        """Access and handler on a thread that may block."""
        call.may_block = True
        try:
            call.admit()
            self._respond(call)
        except Exception as error:
            self.fail(call, error)

    def _run_hashing(self, call: Call) -> None:
        try:
            self._run(call)
        finally:
            self._budgets.login_done(call.peer)

    def _run_later(self, call: Call) -> None:
        """What the I/O thread could not decide, on a handler thread; polls then go back to their I/O thread."""
        if call.route.runs is not Runs.POLL:
            self._run(call)
            return
        call.may_block = True
        try:
            call.admit()
            call.ask_guest()
        except Exception as error:
            self.fail(call, error)
            return
        call.may_block = False
        call.exchange.call_later(0.0, partial(self._respond_guarded, call))

    def _respond_guarded(self, call: Call) -> None:
        try:
            self._respond(call)
        except Exception as error:
            self.fail(call, error)

    def _respond(self, call: Call) -> None:
        response = call.route.handler(call)
        if response is not None:
            call.answer(response)

    # -- what a call asks ----------------------------------------------------------------------------------------

    def fail(self, call: Call, error: BaseException) -> None:
        """Answers a call with a failure; any thread."""
        call.answer(self._failures.answer(error, call.request))

    def look_again(self, call: Call) -> None:
        """Asks access once more, on the pool, and ends the call where it is refused now."""

        def look() -> None:
            call.may_block = True
            try:
                call.admit()
            except Exception as error:
                self.fail(call, error)

        if not self._access_queue.put(look):
            self.fail(call, Failure.of("busy"))
