"""The readers of one notebook: the polls that wait, the tail that answers them, live ink and presence.

Owns which polls can be answered now and with what; every method is called with `lock` held, which orders
publishing against registering, so that nothing falls between two polls. Does not answer anybody itself: it
returns groups, one shared encoding each, and the caller hands them out after the lock. Rules P1, P2, P6.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from http_core.packet import EncodedResponse
from server.domain.ids import NotebookId
from server.updates.answers import effects_members, update_body
from server.updates.live import LIVE_EVERY_S, LiveRoom, Owner
from server.updates.messages import Applied
from server.updates.polls import Poll
from server.updates.tail import Span, Tail

Encode = Callable[[int, bytes], EncodedResponse]
"""Makes a whole response of a status and a JSON body; given by the web part."""

FEW_READERS = 50
_LEAST_WINDOW_S = 0.025
_MOST_WINDOW_S = 0.040
_CACHE_S = 1.0


class Ready(NamedTuple):
    """Polls that leave the room: groups with one answer each, and those that must go through the log."""

    answers: list[tuple[EncodedResponse, list[Poll]]]
    to_log: list[Poll]

    def polls(self) -> list[Poll]:
        """All of them."""
        return [poll for _answer, polls in self.answers for poll in polls] + self.to_log


NOBODY = Ready([], [])


class Room:
    """One notebook's readers. `head` is the last number published here, None until that is known."""

    __slots__ = (
        "_answers",
        "_answers_until_s",
        "_encode",
        "_next_flush_s",
        "_spans",
        "closed",
        "epoch",
        "flush_due",
        "head",
        "id",
        "live",
        "live_due",
        "live_flushed_s",
        "lock",
        "tail",
        "used_s",
        "waiting",
    )

    def __init__(self, notebook_id: NotebookId, encode: Encode) -> None:
        self.id = notebook_id
        self.lock = threading.Lock()
        self.epoch = ""
        self.head: int | None = None
        self.tail = Tail(0)
        self.waiting: dict[Poll, None] = {}
        self.live = LiveRoom()
        self.closed = False
        self.flush_due = False
        self.live_due = False
        self.live_flushed_s = 0.0
        self.used_s = 0.0
        self._encode = encode
        self._next_flush_s = 0.0
        self._spans: dict[int, Span | None] = {}
        self._answers: dict[tuple[int, bytes], EncodedResponse] = {}
        self._answers_until_s = 0.0

    def open_at(self, epoch: str, head: int) -> None:
        """Learns from the log where the notebook stands, unless a published batch said so before."""
        if self.head is None or self.epoch != epoch:
            self.epoch = epoch
            self.head = head
            self.tail.restart(head)
            self._forget_encoded()

    def take(self, applied: Applied) -> list[Poll]:
        """Takes a published batch into the tail; returns polls that must go through the log because of a gap."""
        if self.head is None:
            self.epoch = applied.epoch
            self.head = applied.from_seq
            self.tail.restart(applied.from_seq)
        elif applied.epoch != self.epoch:
            self.epoch = applied.epoch
            self.head = applied.to_seq
            self.tail.restart(applied.to_seq)
            self._forget_encoded()
            return self._leave(list(self.waiting))
        if applied.to_seq <= self.head:
            return []
        behind: list[Poll] = []
        if applied.from_seq > self.head:
            behind = self._leave([poll for poll in self.waiting if _since(poll) < applied.from_seq])
            self.tail.restart(applied.from_seq)
        elif applied.from_seq < self.head:
            applied = applied._replace(
                from_seq=self.head, entries=applied.entries[self.head - applied.from_seq :]
            )
        if applied.entries:
            self.tail.append(applied)
        self.head = applied.to_seq
        self._forget_encoded()
        return behind

    def flush_at(self, now_s: float) -> float:
        """When polls that are behind may be answered: now, or a little later while there are many readers."""
        return max(now_s, self._next_flush_s)

    def flush(self, now_s: float) -> Ready:
        """The waiting polls that are behind, answered."""
        self.flush_due = False
        head = self.head
        if head is None:
            return NOBODY
        ready = self._answer([poll for poll in self.waiting if _since(poll) < head], now_s)
        readers = sum(len(polls) for _answer, polls in ready.answers)
        self._next_flush_s = now_s + window_s(readers)
        return ready

    def flush_live(self, now_s: float) -> Ready:
        """The waiting polls for which there is live ink of others, at most every 100 ms."""
        self.live_due = False
        self.live_flushed_s = now_s
        return self._answer([poll for poll in self.waiting if self.has_live_news(poll)], now_s)

    def live_flush_at(self, now_s: float) -> float:
        """When live ink may next end a poll."""
        return max(now_s, self.live_flushed_s + LIVE_EVERY_S)

    def has_live_news(self, poll: Poll) -> bool:
        """Whether others posted live ink that this poll's page has not got."""
        return bool(poll.client) and self.live.has_news(poll.live or 0, poll.client)

    def expire(self, polls: Iterable[Poll], now_s: float) -> Ready:
        """Ends polls with what there is, which is mostly nothing (P2)."""
        return self._answer([poll for poll in polls if poll.parked and poll in self.waiting], now_s)

    def can_answer(self, since: int) -> bool:
        """Whether memory has the answer to a poll with this `since`."""
        return self._span(since) is not None

    def answer_now(self, poll: Poll, now_s: float) -> EncodedResponse | None:
        """The answer to a poll that does not wait; None when it must go through the log."""
        since = _since(poll)
        span = self._span(since)
        if span is None:
            return None
        if now_s > self._answers_until_s:
            self._answers.clear()
            self._answers_until_s = now_s + _CACHE_S
        members = b""
        if poll.client:
            members = self.live.members(self.live.group_key(poll.live or 0, poll.client), now_s)
        key = (since, members)
        answer = self._answers.get(key)
        if answer is None:
            head = max(since, self.head or 0)
            body = update_body(
                self.epoch, since, head, span.entries, further=effects_members(span.effects) + members
            )
            answer = self._answers[key] = self._encode(200, body)
        return answer

    def inside(self) -> dict[bytes | None, list[str]]:
        """Who waits and says who they are, by the share they came by: names, one a page."""
        found: dict[bytes | None, dict[tuple[str, Owner], str]] = {}
        for poll in self.waiting:
            if poll.client:
                found.setdefault(poll.share, {})[poll.client, poll.owner] = poll.name
        return {share: sorted(names.values()) for share, names in found.items()}

    def remove(self, poll: Poll) -> bool:
        """Takes a poll out; whether it was waiting."""
        if not poll.parked:
            return False
        poll.parked = False
        self.waiting.pop(poll, None)
        return True

    def close(self) -> list[Poll]:
        """Ends the room; returns the polls that waited."""
        self.closed = True
        return self._leave(list(self.waiting))

    def empty_out(self) -> list[Poll]:
        """Lets all polls leave: the log must be asked again."""
        return self._leave(list(self.waiting))

    def _answer(self, polls: list[Poll], now_s: float) -> Ready:
        groups: dict[int, tuple[EncodedResponse, list[Poll]]] = {}
        to_log: list[Poll] = []
        for poll in self._leave(polls):
            answer = self.answer_now(poll, now_s)
            if answer is None:
                to_log.append(poll)
                continue
            group = groups.get(id(answer))
            if group is None:
                groups[id(answer)] = (answer, [poll])
            else:
                group[1].append(poll)
        return Ready(list(groups.values()), to_log)

    def _span(self, since: int) -> Span | None:
        if since < self.tail.start:
            return None
        if since not in self._spans:
            self._spans[since] = self.tail.span(since)
        return self._spans[since]

    def _leave(self, polls: list[Poll]) -> list[Poll]:
        for poll in polls:
            poll.parked = False
        if len(polls) == len(self.waiting):
            self.waiting.clear()
        else:
            for poll in polls:
                self.waiting.pop(poll, None)
        return polls

    def _forget_encoded(self) -> None:
        self._spans.clear()
        self._answers.clear()


def _since(poll: Poll) -> int:
    assert poll.since is not None, "a poll in a room knows where it stands"
    return poll.since


def window_s(readers: int) -> float:
    """How long answers are gathered after a flush: not at all for few readers, 25 to 40 ms for many."""
    if readers < FEW_READERS:
        return 0.0
    return min(_MOST_WINDOW_S, _LEAST_WINDOW_S + (readers - FEW_READERS) * 0.0003)
