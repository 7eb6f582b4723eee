"""Polls that may wait no longer: what they waited by is gone, or the server stops.

Owns which polls that concerns and what each is told: 404 for a notebook or share that is gone, 401 for a session that
ended, 503 for a stop. Whoever takes access away calls it, after the stores know. Any thread; never blocks for long.
Rules P4, O2.
"""

from __future__ import annotations

from collections.abc import Callable

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.delivery import Delivery
from server.updates.polls import Poll
from server.updates.recent_drops import RecentDrops
from server.updates.room import Room
from server.updates.rooms import Rooms


class Evictions:
    """Turns away the polls of the whole server.

    Attributes:
        stopping: what every poll is told from now on, None while the server runs.
        failure_of: why a poll may not wait, where that was lost while it was on its way; else None.
    """

    def __init__(self, rooms: Rooms, delivery: Delivery, clock: Callable[[], float]) -> None:
        """Nobody has been turned away yet.

        Args:
            rooms: where polls wait.
            delivery: tells them.
            clock: seconds, monotonic.
        """
        self._rooms = rooms
        self._delivery = delivery
        self._clock = clock
        self._drops = RecentDrops()
        self.failure_of = self._drops.failure_of
        self.stopping: Failure | None = None

    def drop(self, notebook_id: NotebookId) -> None:
        """The notebook is deleted: its polls are answered 404 at once (P4)."""
        self._close_room(notebook_id, Failure.of("notebook_gone"))

    def drop_share(self, code_hash: bytes) -> None:
        """The share is revoked or expired: its polls are answered 404 at once (P4, S2)."""
        self._drop_where(code_hash, Failure.of("share_gone"), lambda poll: poll.share == code_hash)

    def drop_session(self, token_hash: bytes) -> None:
        """The session has ended: its polls are answered 401 at once (P4)."""
        self._drop_where(token_hash, Failure.of("session_ended"), lambda poll: poll.session == token_hash)

    def close(self) -> None:
        """The server stops: every poll is answered 503 at once, and later ones too (O2)."""
        self.stopping = Failure.of("stopping", retry_after_s=1)
        for room in self._rooms.all():
            self._close_room(room.id, self.stopping)

    def turn_away(self, room: Room, poll: Poll, failure: Failure) -> None:
        """Ends a poll that began to wait just now although it may not (`failure_of`)."""
        with room.lock:
            waited = room.remove(poll)
        if waited:
            self._delivery.refuse([poll], failure)

    def _drop_where(self, key: bytes, failure: Failure, matches: Callable[[Poll], bool]) -> None:
        self._drops.note(key, failure, self._clock())
        for room in self._rooms.all():
            with room.lock:
                polls = [poll for poll in room.waiting if matches(poll)]
                for poll in polls:
                    room.remove(poll)
            self._delivery.refuse(polls, failure)

    def _close_room(self, notebook_id: NotebookId, failure: Failure) -> None:
        room = self._rooms.take_out(notebook_id)
        if room is not None:
            with room.lock:
                polls = room.close()
            self._delivery.refuse(polls, failure)
