"""All polls that wait, by notebook: who waits, who is answered when something happens, and when.

Owns the decision about a poll (an answer from memory, a place in a room, or the log) and what wakes those that wait:
news, live ink, the deadline. `poll` runs on an I/O thread and never blocks; `publish` runs on the send_updates thread.
Turning polls away is `evictions`, giving them their answers `delivery`. Lock order: a room's lock, then the others'.
Rules P1 to P3, P6.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from http_core.packet import EncodedResponse
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.delivery import AnswerMany, Delivery, ReadLog
from server.updates.evictions import Evictions
from server.updates.live import LivePost, Owner
from server.updates.messages import Applied
from server.updates.pacer import Pacer
from server.updates.polls import Poll, PollResult
from server.updates.room import Encode, Room
from server.updates.rooms import Rooms
from server.updates.waiting_list import SLOT_S, PollLimits, WaitingList


class Counts(NamedTuple):
    """For the console and `/health`."""

    waiting: int
    rooms: int
    sessions: int
    tail_bytes: int


class _Decision(NamedTuple):
    """What becomes of a poll."""

    result: PollResult
    answer: EncodedResponse | None = None
    victim: Poll | None = None
    """The oldest poll of a session that has too many."""


class OnlineClients:
    """The waiting polls of the whole server.

    Attributes:
        evictions: ends those that may wait no longer.
    """

    def __init__(
        self,
        encode: Encode,
        *,
        answer_many: AnswerMany,
        read_log: ReadLog,
        pacer: Pacer,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
        limits: PollLimits | None = None,
    ) -> None:
        """Makes an empty table.

        Args:
            encode: status and JSON body to a whole response.
            answer_many: gives one response to many exchanges (server.net.exchange.answer_many).
            read_log: takes polls to a handler thread and there to the log road; any thread, does not block.
            pacer: calls back later.
            random: for the jitter of deadlines.
            clock: seconds, monotonic; the pacer's.
            limits: the caps.
        """
        self._pacer = pacer
        self._clock = clock
        limits = limits or PollLimits()
        self._rooms = Rooms(encode, max_rooms=limits.rooms, max_tail_bytes=limits.tail_bytes)
        self._waiting = WaitingList(
            limits, random, lambda slot: pacer.call_at(slot * SLOT_S, lambda: self._expire(slot))
        )
        self._delivery = Delivery(self._waiting, encode, answer_many=answer_many, read_log=read_log)
        self.evictions = Evictions(self._rooms, self._delivery, clock)

    # --- polls ----------------------------------------------------------------------------------------------

    def poll(self, poll: Poll) -> PollResult:
        """Answers a poll from memory, or lets it wait. I/O thread or handler thread; never blocks for long.

        Raises:
            Failure: 503 when too many polls wait, or the server is stopping.
        """
        if self.evictions.stopping is not None:
            raise self.evictions.stopping
        room = self._rooms.get(poll.notebook_id)
        if room is None:
            return PollResult.NEEDS_LOG
        now_s = self._clock()
        with room.lock:
            head = room.head
            if room.closed or head is None or poll.epoch not in (None, room.epoch):
                return PollResult.NEEDS_LOG
            if poll.since is None:
                poll.since = head
            if poll.since < 0:
                raise Failure.of("bad_query")
            if poll.since > head or poll.since < room.tail.start:
                return PollResult.NEEDS_LOG
            decision = self._decide(room, poll, now_s)
        return self._finish(room, poll, decision)

    def wait_at(self, room: Room, poll: Poll) -> PollResult:
        """Lets a poll wait whose `since` the log road found to be the last number; it may be ahead of the room."""
        if self.evictions.stopping is not None:
            raise self.evictions.stopping
        with room.lock:
            if room.closed or room.head is None:
                return PollResult.NEEDS_LOG
            if poll.since is None or poll.since < room.tail.start:
                return PollResult.NEEDS_LOG
            decision = self._decide(room, poll, self._clock())
        return self._finish(room, poll, decision)

    def open_room(self, notebook_id: NotebookId) -> Room:
        """The room of a notebook, made if need be; from now on it gets what is published (log road)."""
        room = self._rooms.open(notebook_id)
        for idle in self._rooms.take_idle():
            with idle.lock:
                polls = idle.close()
            self._delivery.to_log(idle, polls)
        return room

    def live_members(self, room: Room, poll: Poll) -> bytes:
        """The live members of an answer that the log road makes."""
        if not poll.client:
            return b""
        now_s = self._clock()
        with room.lock:
            self._enter(room, poll, now_s)
            return room.live.members(room.live.group_key(poll.live or 0, poll.client), now_s)

    def _decide(self, room: Room, poll: Poll, now_s: float) -> _Decision:
        """Whether a poll has an answer, waits from now on, or must go through the log (room's lock held)."""
        room.used_s = now_s
        assert poll.since is not None and room.head is not None
        if poll.client:
            self._enter(room, poll, now_s)
        if poll.since < room.head:
            if not room.can_answer(poll.since):
                return _Decision(PollResult.NEEDS_LOG)
            if room.flush_at(now_s) <= now_s:
                return _Decision(PollResult.ANSWERED, room.answer_now(poll, now_s))
            self._schedule(room, now_s)
        elif room.has_live_news(poll):
            if room.live_flush_at(now_s) <= now_s:
                return _Decision(PollResult.ANSWERED, room.answer_now(poll, now_s))
            self._schedule_live(room, now_s)
        victim = self._waiting.add(poll, now_s)
        room.waiting[poll] = None
        poll.parked = True
        return _Decision(PollResult.PARKED, None, victim)

    def _finish(self, room: Room, poll: Poll, decision: _Decision) -> PollResult:
        if decision.answer is not None:
            poll.exchange.answer(decision.answer)
        if decision.result is not PollResult.PARKED:
            return decision.result
        poll.exchange.on_gone(lambda: self._gone(room, poll))
        poll.exchange.park()
        if decision.victim is not None:
            self._end(decision.victim)
        failure = self.evictions.failure_of(poll)
        if failure is not None:
            self.evictions.turn_away(room, poll, failure)
        return PollResult.PARKED

    def _enter(self, room: Room, poll: Poll, now_s: float) -> None:
        room.live.enter(poll, poll.client, poll.name, guest=poll.guest, owner=poll.owner, now_s=now_s)
        if poll.live is None or poll.live > room.live.head:
            poll.live = room.live.head

    def _expire(self, slot: int) -> None:
        """The deadline of the polls in a slot has come (pacer)."""
        by_notebook: dict[NotebookId, list[Poll]] = {}
        for poll in self._waiting.take_slot(slot):
            by_notebook.setdefault(poll.notebook_id, []).append(poll)
        for notebook_id, polls in by_notebook.items():
            room = self._rooms.get(notebook_id)
            if room is not None:
                with room.lock:
                    ready = room.expire(polls, self._clock())
                self._delivery.hand_out(room, ready, ended_empty=True)

    def _end(self, poll: Poll) -> None:
        """Ends one poll with an empty answer."""
        room = self._rooms.get(poll.notebook_id)
        if room is not None:
            with room.lock:
                ready = room.expire([poll], self._clock())
            self._delivery.hand_out(room, ready, ended_empty=True)

    def _gone(self, room: Room, poll: Poll) -> None:
        """The connection closed while the poll waited (I/O thread)."""
        with room.lock:
            waited = room.remove(poll)
            if poll.client:
                room.live.leave(poll, poll.client)
        if waited:
            self._waiting.remove([poll])

    # --- news -----------------------------------------------------------------------------------------------

    def publish(self, batches: Iterable[Applied]) -> None:
        """Takes batches into memory and answers the polls that wait for them (send_updates thread)."""
        for applied in batches:
            room = self._rooms.get(applied.notebook_id)
            if room is None:
                continue
            now_s = self._clock()
            with room.lock:
                if room.closed:
                    continue
                behind = room.take(applied)
                ready = None
                if room.waiting:
                    if room.flush_at(now_s) <= now_s:
                        ready = room.flush(now_s)
                    else:
                        self._schedule(room, now_s)
            if behind:
                self._delivery.to_log(room, behind)
            if ready is not None:
                self._delivery.hand_out(room, ready)

    def post_live(self, notebook_id: NotebookId, post: LivePost, owner: Owner = b"") -> None:
        """Passes live ink on to the pages that are here (P6). Any thread; nothing happens where nobody reads.

        Raises:
            Failure: 429, the client posts more than 50 a second.
        """
        room = self._rooms.get(notebook_id)
        if room is None:
            return
        now_s = self._clock()
        with room.lock:
            room.live.post(post, now_s, owner)
            self._schedule_live(room, now_s)

    def recheck(self) -> None:
        """Sends every waiting poll to the log: the update process was replaced and may have stored unheard."""
        for room in self._rooms.all():
            with room.lock:
                polls = room.empty_out()
                room.head = None
            self._delivery.to_log(room, polls)

    def _schedule(self, room: Room, now_s: float) -> None:
        if not room.flush_due:
            room.flush_due = True
            self._pacer.call_at(room.flush_at(now_s), lambda: self._flush(room))

    def _schedule_live(self, room: Room, now_s: float) -> None:
        if not room.live_due:
            room.live_due = True
            self._pacer.call_at(room.live_flush_at(now_s), lambda: self._flush_live(room))

    def _flush(self, room: Room) -> None:
        with room.lock:
            ready = room.flush(self._clock())
        self._delivery.hand_out(room, ready)

    def _flush_live(self, room: Room) -> None:
        with room.lock:
            ready = room.flush_live(self._clock())
        self._delivery.hand_out(room, ready)

    # --- figures --------------------------------------------------------------------------------------------

    def counts(self) -> Counts:
        """How much is held."""
        rooms, tail_bytes = self._rooms.counts()
        return Counts(self._waiting.count, rooms, self._waiting.sessions, tail_bytes)

    def inside(self, notebook_id: NotebookId) -> dict[bytes | None, list[str]]:
        """Who has a notebook open, by the share they came by (None for the owner's own address): names, one a page.

        Only pages that say who they are (P6) are listed; one that is between two polls may be missing.
        """
        room = self._rooms.get(notebook_id)
        if room is None:
            return {}
        with room.lock:
            return room.inside()
