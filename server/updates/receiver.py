"""Reads the pipe in the update process, so that the loop finds in memory all that came during its last commit.

Owns the dropping of what cannot be read (one poison message, with a log line, the others go on), and the parsing of
big saves beside the loop: a maximal save takes longer to parse than all the others of a batch together. Two threads of
the update process. Rule C2; threats T66, F26.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from server.domain.change import Change, parse_changes
from server.domain.failures import Failure
from server.updates.inbox import Inbox, WaitingSave
from server.updates.messages import Message, Note, Save
from server.updates.packing import unpacked
from server.updates.turns import Rest, in_short_turns

PARSED_ASIDE_BYTES = 64 * 1024


class PipeEnd(Protocol):
    """One end of an mp.Pipe, as far as it is needed here."""

    def recv_bytes(self) -> bytes: ...

    def send_bytes(self, buf: bytes) -> None: ...

    def close(self) -> None: ...


class Receiver(threading.Thread):
    """Pipe to inbox."""

    def __init__(self, pipe: PipeEnd, inbox: Inbox, note: Callable[[Note], None]) -> None:
        """Makes the thread; `start` starts it.

        Args:
            pipe: the end to read.
            inbox: where messages go; closed when the pipe ends.
            note: gets a line for each message that was dropped.
        """
        super().__init__(name="receiver", daemon=True)
        self._pipe = pipe
        self._inbox = inbox
        self._note = note
        self._aside: queue.SimpleQueue[Save | None] = queue.SimpleQueue()
        self._parser = threading.Thread(target=self._parse_aside, name="parser", daemon=True)

    def run(self) -> None:
        self._parser.start()
        while True:
            try:
                data = self._pipe.recv_bytes()
            except (EOFError, OSError):
                break
            try:
                self._take(unpacked(data))
            except Exception as error:
                self._note(
                    Note(logging.ERROR, f"a message that cannot be read was dropped ({type(error).__name__})")
                )
        self._aside.put(None)
        self._inbox.close()

    def _take(self, messages: list[Message | None]) -> None:
        good: list[Message] = []
        for message in messages:
            if message is None:
                self._note(Note(logging.ERROR, "what is no message was dropped"))
            elif isinstance(message, Save) and len(message.body) > PARSED_ASIDE_BYTES:
                self._aside.put(message)
            else:
                good.append(message)
        self._inbox.put(good)

    def _parse_aside(self) -> None:
        while (save := self._aside.get()) is not None:
            rest = Rest()
            self._inbox.put([WaitingSave(save, in_short_turns(partial(parse_save, save)))])
            rest.take()


def parse_save(save: Save) -> list[Change] | Failure:
    """The changes of a save, or the failure that refuses it."""
    try:
        return parse_changes(save.body)
    except Failure as failure:
        return failure
    except (RecursionError, MemoryError):
        return Failure.of("failed")
