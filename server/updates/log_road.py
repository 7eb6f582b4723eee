"""Polls that memory cannot answer: far behind, ahead, of an unknown room, or with strokes to be looked up.

Owns the way through the database: what a poll gets from the log, when it is told to load again (P3), and how a
poll that turns out to be up to date gets into its room without missing a change (the room is opened first, so
that whatever is stored after the look at the log is published into it). Handler threads only. Rules P1 to P3.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.domain.log_entry import LogEntry
from server.domain.stroke import Deed, Stroke
from server.domain.svg_document import NotebookDocument
from server.storage.contracts import Storage
from server.updates.answers import (
    NO_EFFECTS,
    RELOAD,
    Effects,
    effects_members,
    failure_body,
    told_entry,
    update_body,
)
from server.updates.notebook import effects_now
from server.updates.online_clients import OnlineClients
from server.updates.polls import Poll, PollResult
from server.updates.replicas import Replicas
from server.updates.room import Encode

ANSWER_ENTRIES = 1000
ANSWER_BYTES = 1 << 20
MAX_AFFECTED = 20_000
_TRIES = 5
_CACHED_SPANS = 64


class _LogSpan(NamedTuple):
    """What the log says after some number: as members of an answer."""

    to_seq: int
    entries: list[bytes]
    more: bool
    effects: bytes


class LogRoad:
    """Answers polls from the database."""

    def __init__(
        self,
        storage: Storage,
        replicas: Replicas,
        clients: Callable[[], OnlineClients],
        encode: Encode,
    ) -> None:
        """Makes the road.

        Args:
            storage: the database.
            replicas: documents, for the strokes of an answer.
            clients: the rooms (a function, because each of the two knows the other).
            encode: status and JSON body to a whole response.
        """
        self._storage = storage
        self._replicas = replicas
        self._clients = clients
        self._encode = encode
        self._lock = Lock()
        self._spans: OrderedDict[tuple[NotebookId, str, int, int], _LogSpan] = OrderedDict()

    def answer_all(self, polls: Iterable[Poll]) -> None:
        """Answers polls one after the other; never raises."""
        for poll in polls:
            self.answer(poll)

    def answer(self, poll: Poll) -> None:
        """Answers one poll, or puts it into its room; a failure is its answer."""
        try:
            self._answer(poll)
        except Failure as failure:
            poll.exchange.answer(self._encode(failure.status, failure_body(failure)))
        except Exception:
            poll.exchange.answer(self._encode(500, failure_body(Failure.of("failed"))))
            raise

    def _answer(self, poll: Poll) -> None:
        clients = self._clients()
        if poll.since is not None and poll.since < 0:
            raise Failure.of("bad_query")
        for _ in range(_TRIES):
            room = clients.open_room(poll.notebook_id)
            row = self._storage.notebooks.get(poll.notebook_id)
            if row is None:
                raise Failure.of("notebook_gone")
            if poll.epoch not in (None, row.epoch) or (poll.since is not None and poll.since > row.seq):
                raise Failure.of("other_epoch", seq=row.seq, epoch=row.epoch)
            if poll.since is None:
                poll.since = row.seq
            if poll.since < row.seq:
                span = self._span(poll.notebook_id, row.epoch, poll.since, row.seq)
                members = clients.live_members(room, poll)
                body = update_body(
                    row.epoch,
                    poll.since,
                    span.to_seq,
                    span.entries,
                    more=span.more,
                    further=span.effects + members,
                )
                poll.exchange.answer(self._encode(200, body))
                return
            with room.lock:
                room.open_at(row.epoch, row.seq)
            if clients.wait_at(room, poll) is not PollResult.NEEDS_LOG:
                return
        raise Failure.of("busy")

    def _span(self, notebook_id: NotebookId, epoch: str, since: int, head: int) -> _LogSpan:
        """The log after `since`; one look at it for all who ask the same."""
        key = (notebook_id, epoch, since, head)
        with self._lock:
            found = self._spans.get(key)
            if found is not None:
                return found
        span = self._read(notebook_id, epoch, since)
        with self._lock:
            self._spans[key] = span
            while len(self._spans) > _CACHED_SPANS:
                self._spans.popitem(last=False)
        return span

    def _read(self, notebook_id: NotebookId, epoch: str, since: int) -> _LogSpan:
        changes = self._storage.changes
        base = changes.base(notebook_id)
        if since < base:
            raise Failure.of("log_trimmed", seq=changes.head(notebook_id), epoch=epoch)
        entries = changes.read(notebook_id, since, ANSWER_ENTRIES, ANSWER_BYTES)
        if not any(map(_tells_too_little, entries)):
            to_seq = entries[-1].seq if entries else since
            more = changes.head(notebook_id) > to_seq
            return _LogSpan(to_seq, [entry.wire() for entry in entries], more, b"")
        with self._replicas.reading(notebook_id) as (document, _epoch):
            to_seq = document.seq
            if entries[-1].seq < to_seq:
                rest = ANSWER_ENTRIES - len(entries)
                entries += changes.read(notebook_id, entries[-1].seq, max(rest, 1), ANSWER_BYTES)
            entries = [entry for entry in entries if entry.seq <= to_seq]
            more = entries[-1].seq < to_seq
            effects = RELOAD if more else _effects_of(document, entries)
            told = [told_entry(entry, document) for entry in entries]
        return _LogSpan(entries[-1].seq, told, more, effects_members(effects))


def _tells_too_little(entry: LogEntry) -> bool:
    """Whether a reader must also be given strokes (P1)."""
    return entry.command in ("u", "r") or (entry.command == "e" and "cuts" in entry.data)


def _effects_of(document: NotebookDocument, entries: Sequence[LogEntry]) -> Effects:
    """The strokes that these entries altered in a way they do not tell, as the document has them now."""
    affected: set[int] = set()
    for entry in entries:
        if entry.command == "e" and "cuts" in entry.data:
            affected.update(map(int, entry.data["cuts"]))
        elif entry.command in ("u", "r"):
            match document.known(entry.data["op"]):
                case Stroke() as stroke:
                    affected.add(stroke.id)
                case Deed(kind="c") as clear:
                    affected.update(range(1, document.highest_id_upto(clear.payload) + 1))
                case Deed() as deed:
                    affected.update(deed.stroke_ids())
        if len(affected) > MAX_AFFECTED:
            return RELOAD
    return effects_now(document, affected) or NO_EFFECTS
