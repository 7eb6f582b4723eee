"""All polls that wait, by notebook: who is answered when something happens, and who is turned away.

Owns the rooms, the caps, the deadlines and the ways a poll ends: news, live ink, deadline, a notebook or share
that is gone (404), a session that ended (401), a stop. `poll` runs on an I/O thread and never blocks; `publish`
runs on the send_updates thread; drops run on handler threads. What the memory does not hold goes to the log road
by `read_log`. Lock order: a room's lock, then the table's. Rules P1 to P4, P6.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

from http_core.packet import EncodedResponse
from server.domain.failures import Failure
from server.domain.ids import NotebookId, UserId
from server.updates.answers import failure_body
from server.updates.live import LivePost
from server.updates.messages import Applied
from server.updates.pacer import Pacer
from server.updates.polls import Poll, PollResult
from server.updates.room import Encode, Ready, Room
from server.updates.waiting_list import SLOT_S, PollLimits, WaitingList

AnswerMany = Callable[[Sequence[Any], EncodedResponse], None]
ReadLog = Callable[[NotebookId, list[Poll]], None]

_DROPPED_FOR_S = 10.0


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
    """The waiting polls of the whole server."""

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
        self._encode = encode
        self._answer_many = answer_many
        self._read_log = read_log
        self._pacer = pacer
        self._clock = clock
        self._limits = limits or PollLimits()
        self._lock = threading.Lock()
        self._rooms: OrderedDict[NotebookId, Room] = OrderedDict()
        self._waiting = WaitingList(
            self._limits, random, lambda slot: pacer.call_at(slot * SLOT_S, lambda: self._expire(slot))
        )
        self._dropped: dict[bytes | int, tuple[float, Failure]] = {}
        self._stopping: Failure | None = None

    # --- polls ----------------------------------------------------------------------------------------------

    def poll(self, poll: Poll) -> PollResult:
        """Answers a poll from memory, or lets it wait. I/O thread or handler thread; never blocks for long.

        Raises:
            Failure: 503 when too many polls wait, or the server is stopping.
        """
        if self._stopping is not None:
            raise self._stopping
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
        if self._stopping is not None:
            raise self._stopping
        with room.lock:
            if room.closed or room.head is None:
                return PollResult.NEEDS_LOG
            if poll.since is None or poll.since < room.tail.start:
                return PollResult.NEEDS_LOG
            decision = self._decide(room, poll, self._clock())
        return self._finish(room, poll, decision)

    def open_room(self, notebook_id: NotebookId) -> Room:
        """The room of a notebook, made if need be; from now on it gets what is published (log road)."""
        with self._lock:
            room = self._rooms.get(notebook_id)
            if room is None or room.closed:
                room = self._rooms[notebook_id] = Room(notebook_id, self._encode)
            self._rooms.move_to_end(notebook_id)
        self._close_idle_rooms()
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
        failure = self._was_dropped(poll)
        if failure is not None and self._take_out(poll):
            self._refuse([poll], failure)
        return PollResult.PARKED

    def _enter(self, room: Room, poll: Poll, now_s: float) -> None:
        room.live.enter(poll, poll.client, poll.name, guest=poll.guest, now_s=now_s)
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
                self._hand_out(room, ready, ended_empty=True)

    def _end(self, poll: Poll) -> None:
        """Ends one poll with an empty answer."""
        room = self._rooms.get(poll.notebook_id)
        if room is not None:
            with room.lock:
                ready = room.expire([poll], self._clock())
            self._hand_out(room, ready, ended_empty=True)

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
        """Wakes the polls that wait for these batches (send_updates thread)."""
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
                self._to_log(room, behind)
            if ready is not None:
                self._hand_out(room, ready)

    def post_live(self, notebook_id: NotebookId, post: LivePost) -> None:
        """Passes live ink on to the pages that are here (P6). Any thread; nothing happens where nobody reads.

        Raises:
            Failure: 429, the client posts more than 50 a second.
        """
        room = self._rooms.get(notebook_id)
        if room is None:
            return
        now_s = self._clock()
        with room.lock:
            room.live.post(post, now_s)
            self._schedule_live(room, now_s)

    def recheck(self) -> None:
        """Sends every waiting poll to the log: the update process was replaced and may have stored unheard."""
        for room in list(self._rooms.values()):
            with room.lock:
                polls = room.empty_out()
                room.head = None
            if polls:
                self._to_log(room, polls)

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
        self._hand_out(room, ready)

    def _flush_live(self, room: Room) -> None:
        with room.lock:
            ready = room.flush_live(self._clock())
        self._hand_out(room, ready)

    def _hand_out(self, room: Room, ready: Ready, *, ended_empty: bool = False) -> None:
        polls = ready.polls()
        if not polls:
            return
        self._waiting.remove(polls)
        for answer, group in ready.answers:
            exchanges = [poll.exchange for poll in group]
            if ended_empty:
                for exchange in exchanges:
                    exchange.ended_empty = True
            if len(exchanges) == 1:
                exchanges[0].answer(answer)
            else:
                self._answer_many(exchanges, answer)
        if ready.to_log:
            self._read_log(room.id, ready.to_log)

    def _to_log(self, room: Room, polls: list[Poll]) -> None:
        self._waiting.remove(polls)
        self._read_log(room.id, polls)

    # --- ends -----------------------------------------------------------------------------------------------

    def drop(self, notebook_id: NotebookId) -> None:
        """The notebook is deleted: its polls are answered 404 at once (P4)."""
        with self._lock:
            room = self._rooms.pop(notebook_id, None)
        if room is not None:
            with room.lock:
                polls = room.close()
            self._waiting.remove(polls)
            self._refuse(polls, Failure.of("notebook_gone"))

    def drop_share(self, code_hash: bytes) -> None:
        """The share is revoked or expired: its polls are answered 404 at once (P4, S2)."""
        self._drop_where(code_hash, Failure.of("share_gone"), lambda poll: poll.share == code_hash)

    def drop_session(self, token_hash: bytes) -> None:
        """The session has ended: its polls are answered 401 at once (P4)."""
        self._drop_where(token_hash, Failure.of("session_ended"), lambda poll: poll.session == token_hash)

    def drop_user(self, user_id: UserId) -> None:
        """The account is gone: its polls are answered 401 at once."""
        self._drop_where(int(user_id), Failure.of("session_ended"), lambda poll: poll.user_id == user_id)

    def close(self) -> None:
        """The server stops: every poll is answered 503 at once, and later ones too (O2)."""
        self._stopping = Failure.of("stopping", retry_after_s=1)
        for notebook_id in list(self._rooms):
            with self._lock:
                room = self._rooms.pop(notebook_id, None)
            if room is not None:
                with room.lock:
                    polls = room.close()
                self._waiting.remove(polls)
                self._refuse(polls, self._stopping)

    def counts(self) -> Counts:
        """How much is held."""
        with self._lock:
            tail_bytes = sum(room.tail.bytes for room in self._rooms.values())
            return Counts(self._waiting.count, len(self._rooms), self._waiting.sessions, tail_bytes)

    def waiting_in(self, notebook_id: NotebookId) -> int:
        """How many polls wait for one notebook."""
        room = self._rooms.get(notebook_id)
        return len(room.waiting) if room is not None else 0

    def _drop_where(self, key: bytes | int, failure: Failure, matches: Callable[[Poll], bool]) -> None:
        now_s = self._clock()
        with self._lock:
            for old in [old for old, (until_s, _failure) in self._dropped.items() if until_s < now_s]:
                del self._dropped[old]
            self._dropped[key] = (now_s + _DROPPED_FOR_S, failure)
            rooms = list(self._rooms.values())
        for room in rooms:
            with room.lock:
                polls = [poll for poll in room.waiting if matches(poll)]
                for poll in polls:
                    room.remove(poll)
            if polls:
                self._waiting.remove(polls)
                self._refuse(polls, failure)

    def _was_dropped(self, poll: Poll) -> Failure | None:
        """Whether the poll's right to wait ended while it was on its way into the room."""
        if not self._dropped:
            return None
        with self._lock:
            for key in (poll.share, poll.session, poll.user_id):
                found = self._dropped.get(key) if key is not None else None
                if found is not None:
                    return found[1]
        return None

    def _take_out(self, poll: Poll) -> bool:
        room = self._rooms.get(poll.notebook_id)
        if room is None:
            return False
        with room.lock:
            waited = room.remove(poll)
        if waited:
            self._waiting.remove([poll])
        return waited

    def _refuse(self, polls: list[Poll], failure: Failure) -> None:
        if polls:
            self._answer_many(
                [poll.exchange for poll in polls], self._encode(failure.status, failure_body(failure))
            )

    def _close_idle_rooms(self) -> None:
        """Closes the rooms nobody waits in, longest unused first, while there are too many."""
        limits = self._limits
        while True:
            with self._lock:
                crowded = len(self._rooms) > limits.rooms or (
                    len(self._rooms) > 1
                    and sum(room.tail.bytes for room in self._rooms.values()) > limits.tail_bytes
                )
                idle = (
                    next((room for room in self._rooms.values() if not room.waiting), None)
                    if crowded
                    else None
                )
                if idle is None or idle is next(reversed(self._rooms.values())):
                    return
                del self._rooms[idle.id]
            with idle.lock:
                polls = idle.close()
            if polls:
                self._to_log(idle, polls)
