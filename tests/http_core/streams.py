"""Feeding byte streams to the parser and writing down what came out, for all tests of http_core.

A stream is given as pieces; its `Verdict` says which requests were read, which error ended it and what
state was left. Two ways of cutting one stream must give equal verdicts. Owns the corpus reader too.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from http_core import CLOSED, NEED_DATA, PAUSED, Complete, Head, Limits, ParsingError, Request, RequestParser

DATA = Path(__file__).parent.parent / "data"
CORPUS = (DATA / "http_cases.jsonl", DATA / "http_more_cases.jsonl")
SMALL_BYTES = 2000
_REPEAT = re.compile(r"\$\{(.+?)\*(\d+)\}", re.S)


@dataclass
class Verdict:
    """Everything observable about one stream."""

    requests: list[tuple[object, ...]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    error: tuple[int, str, str] | None = None
    state: str = "idle"
    truncated: bool = False
    continues: int = field(default=0, compare=False)


def facts(request: Request) -> tuple[object, ...]:
    """All of a request as one comparable value."""
    return (
        request.method,
        request.target,
        request.version,
        tuple(request.headers.items()),
        request.host,
        request.keep_alive,
        request.expects_continue,
        request.body,
    )


def read(pieces: Iterable[bytes], *, limits: Limits | None = None, ended: bool = False) -> Verdict:
    """Feeds the pieces one after another, answering every request at once."""
    parser = RequestParser(limits or Limits())
    verdict = Verdict()
    for piece in filter(None, pieces):
        parser.receive(piece)
        if not drain(parser, verdict):
            break
    if ended:
        parser.receive(b"")
        drain(parser, verdict)
    if parser.next_event() is CLOSED:
        verdict.state = "closed"
        verdict.truncated = parser.truncated
    else:
        verdict.state = "idle" if parser.idle else "waiting"
    return verdict


def drain(parser: RequestParser, verdict: Verdict) -> bool:
    """Takes all events there are; False when the parser is closed."""
    while True:
        try:
            event = parser.next_event()
        except ParsingError as error:
            assert verdict.error is None, "a second protocol error"
            verdict.error = (error.status, error.reason, error.sentence)
            continue
        match event:
            case Head(request):
                assert request.body == b""
                verdict.continues += request.expects_continue and parser.buffered == 0
            case Complete(request):
                assert parser.next_event() is PAUSED
                verdict.requests.append(facts(request))
                verdict.bodies.append(request.body)
                parser.start_next()
            case _:
                return event is NEED_DATA


def each_byte(data: bytes) -> Iterator[bytes]:
    """The stream one byte at a time."""
    for value in data:
        yield bytes((value,))


def two_way_splits(data: bytes, seed: str) -> Iterator[int]:
    """Every inner position of a small stream, a hundred seeded ones of a large one."""
    if len(data) <= SMALL_BYTES:
        return iter(range(1, len(data)))
    return iter(random.Random(seed).sample(range(1, len(data)), 100))


def load_corpus() -> list[dict[str, Any]]:
    """All cases, in the order of the files."""
    return [json.loads(line) for path in CORPUS for line in path.read_text(encoding="utf-8").splitlines()]


def stream_of(case: dict[str, Any]) -> bytes:
    """The bytes of a case, its placeholders replaced."""
    raw = case["raw"]
    for name, value in {"ETAG": '"none"', "LM": "Thu, 01 Jan 1970 00:00:00 GMT", "CODE": "A" * 22}.items():
        raw = raw.replace("${" + name + "}", value)
    data = _REPEAT.sub(lambda match: match[1] * int(match[2]), raw).encode("latin-1")
    if case.get("feed", "").startswith("expect:"):
        data += case["feed"][7:].encode("latin-1")
    return data
