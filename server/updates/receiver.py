"""Reads the pipe in the update process, so that the loop finds in memory all that came during its last commit.

Owns the byte form of the lists of messages, the dropping of what cannot be read (one poison message, with a log
line, the others go on), and the parsing of big saves beside the loop: a maximal save takes longer to parse than
all the others of a batch together. Two threads of the update process. Rule C2; threats T66, F26.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from server.domain.change import Change, parse_changes
from server.domain.failures import Failure
from server.updates.inbox import Inbox, WaitingSave
from server.updates.messages import Flush, Forget, Message, Note, Ping, Save, Stop
from server.updates.turns import Rest, in_short_turns

PARSED_ASIDE_BYTES = 64 * 1024


class PipeEnd(Protocol):
    """One end of an mp.Pipe, as far as it is needed here."""

    def recv_bytes(self) -> bytes: ...

    def send_bytes(self, buf: bytes) -> None: ...

    def close(self) -> None: ...


def packed(messages: Sequence[Message]) -> bytes:
    """The byte form of a list of messages (main process)."""
    return pickle.dumps(list(messages), pickle.HIGHEST_PROTOCOL)


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
                messages = pickle.loads(data)  # noqa: S301 - only the parent writes to this pipe
                self._take(messages if isinstance(messages, list) else [messages])
            except Exception as error:
                self._note(
                    Note(logging.ERROR, f"a message that cannot be read was dropped ({type(error).__name__})")
                )
        self._aside.put(None)
        self._inbox.close()

    def _take(self, messages: list[Message]) -> None:
        good: list[Message] = []
        for message in messages:
            if isinstance(message, Save):
                if not _is_sound(message):
                    self._drop(message)
                elif len(message.body) > PARSED_ASIDE_BYTES:
                    self._aside.put(message)
                else:
                    good.append(message)
            elif isinstance(message, Forget | Flush | Ping | Stop):
                good.append(message)
            else:
                self._drop(message)
        self._inbox.put(good)

    def _drop(self, message: object) -> None:
        self._note(Note(logging.ERROR, f"an unknown message was dropped ({type(message).__name__})"))

    def _parse_aside(self) -> None:
        while (save := self._aside.get()) is not None:
            rest = Rest()
            self._inbox.put([WaitingSave(save, in_short_turns(partial(parse_save, save)))])
            rest.take_between(waiting=not self._aside.empty())


def parse_save(save: Save) -> list[Change] | Failure:
    """The changes of a save, or the failure that refuses it."""
    try:
        return parse_changes(save.body)
    except Failure as failure:
        return failure
    except (RecursionError, MemoryError):
        return Failure.of("failed")


def _is_sound(save: Save) -> bool:
    return (
        isinstance(save.body, bytes)
        and isinstance(save.notebook_id, int)
        and isinstance(save.request_id, int)
    )
