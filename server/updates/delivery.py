"""What polls get when they stop waiting: an answer, the way to the log, or a refusal.

Owns that order: a poll that left its room is taken off the waiting list first and then gets what is due, one encoding
for all who share it. Called without a room's lock, on any thread; never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from http_core.packet import EncodedResponse
from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.answers import failure_body
from server.updates.polls import Poll
from server.updates.room import Encode, Ready, Room
from server.updates.waiting_list import WaitingList

AnswerMany = Callable[[Sequence[Any], EncodedResponse], None]
ReadLog = Callable[[NotebookId, list[Poll]], None]


class Delivery:
    """Hands out."""

    def __init__(
        self, waiting: WaitingList, encode: Encode, *, answer_many: AnswerMany, read_log: ReadLog
    ) -> None:
        """Joins the list to the ways out.

        Args:
            waiting: where the polls are noted.
            encode: status and JSON body to a whole response.
            answer_many: gives one response to many exchanges (server.net.exchange.answer_many).
            read_log: takes polls to a handler thread and there to the log road; any thread, does not block.
        """
        self._waiting = waiting
        self._encode = encode
        self._answer_many = answer_many
        self._read_log = read_log

    def hand_out(self, room: Room, ready: Ready, *, ended_empty: bool = False) -> None:
        """Answers the polls that left a room, each group with its one answer; the rest ask the log.

        Args:
            room: which they left.
            ready: the groups.
            ended_empty: whether nothing happened but that their time was over.
        """
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

    def to_log(self, room: Room, polls: list[Poll]) -> None:
        """Sends polls that left a room to the log."""
        if polls:
            self._waiting.remove(polls)
            self._read_log(room.id, polls)

    def refuse(self, polls: list[Poll], failure: Failure) -> None:
        """Ends polls that left a room with a failure."""
        if polls:
            self._waiting.remove(polls)
            self._answer_many(
                [poll.exchange for poll in polls], self._encode(failure.status, failure_body(failure))
            )
