"""The corpus of raw requests against the live TLS server: whole, byte by byte, and cut in seeded places.

The verdict on a stream of bytes may not depend on how it arrives (T20, T21), and the request sent behind each case
must be read as itself or not at all. `--long` cuts every case everywhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server.net import NetLimits
from tests.http_core.streams import load_corpus, stream_of
from tests.net.wire import Answer, Ended, Wire
from tests.support.probe_app import running_probe

PROBE = b"GET /__echo?probe=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
WORKERS = 12
QUIET_S = 0.12
LARGE_BYTES = 2000
STALE = ("${ETAG}", "${LM}")
CASES = {
    case["id"]: case for case in load_corpus() if case.get("needs") != "app" and not case.get("transport")
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_probe(limits=NetLimits(linger_s=1.0)) as (_, bound):
        yield bound


def cuts(name: str, data: bytes, how: str) -> list[bytes]:
    """The stream in pieces."""
    if how == "whole" or len(data) < 2:
        return [data]
    if how == "bytes":
        if len(data) <= LARGE_BYTES:
            return [data[at : at + 1] for at in range(len(data))]
        # every byte near both ends, where heads and framing are; the filling between them in odd lengths
        middle = [data[at : at + 97] for at in range(400, len(data) - 400, 97)]
        start, end = data[:400], data[400 + 97 * len(middle) :]
        return [
            *(start[at : at + 1] for at in range(len(start))),
            *middle,
            *(end[at : at + 1] for at in range(len(end))),
        ]
    if how.startswith("at "):
        return [data[: int(how[3:])], data[int(how[3:]) :]]
    places = sorted(
        random.Random(f"{name} {how}").sample(range(1, len(data)), min(len(data) - 1, int(how[-1])))
    )
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def converse(port: int, case: dict[str, Any], how: str) -> tuple[list[int], str, list[Answer]]:
    """Send a case; returns the statuses, what became of the connection, and the answers."""
    data = stream_of(case)
    if any(mark in case["raw"] for mark in STALE):
        with Wire(port) as asking:
            known = asking.get("/hello.txt").headers
        raw = case["raw"].replace("${ETAG}", known["etag"]).replace("${LM}", known["last-modified"])
        data = stream_of({**case, "raw": raw})
    count = case.get("n", 1)
    heads = case.get("heads") or [data.lstrip(b"\r\n").startswith(b"HEAD ")] * count
    with Wire(port) as wire:
        wire.send_all(cuts(case["id"], data, how))
        answers: list[Answer] = []
        if case.get("feed") == "half-close":
            wire.half_close()
        if case["expect"] == "wait":
            return [], "waiting" if wire.silent(QUIET_S) else "closed", answers
        try:
            for number in range(count):
                answers.append(wire.read(head_only=heads[number]))
        except Ended:
            return [answer.status for answer in answers], "closed", answers
        statuses = [answer.status for answer in answers]
        return statuses, probe(wire, hash(case["id"]) % 10**6), answers


def probe(wire: Wire, number: int) -> str:
    """What becomes of a request sent behind the case."""
    wire.send_all([PROBE % number])
    try:
        answer = wire.read()
    except Ended:
        return "closed"
    if answer.status == 200 and json.loads(answer.body)["query"] == f"probe={number}":
        return "open"
    return f"answered {answer.status}"


def complaint(case: dict[str, Any], statuses: list[int], after: str) -> str:
    """What is wrong with the outcome, "" for nothing."""
    got = f"{case['id']}: {statuses}, then {after}"
    if case["expect"] == "wait":
        return "" if not statuses else got
    if case["expect"] == "close":
        return "" if after == "closed" and not statuses else got
    wanted = case.get("seq") or [case["status"]] * case.get("n", 1)
    if len(statuses) != len(wanted) or any(
        s not in allowed for s, allowed in zip(statuses, wanted, strict=False)
    ):
        return f"{got}, wanted {wanted}"
    if case.get("probe_may_fail"):
        return ""
    allowed_after = {"keep": {"open"}, "close": {"closed"}}.get(case["conn"], {"open", "closed"})
    return "" if after in allowed_after else f"{got}, wanted {case['conn']}"


def run_corpus(port: int, how: str) -> list[str]:
    def one(name: str) -> str:
        case = CASES[name]
        try:
            statuses, after, _ = converse(port, case, how)
        except TimeoutError:
            return f"{name}: no answer in time"
        return complaint(case, statuses, after)

    with ThreadPoolExecutor(WORKERS) as pool:
        return [said for said in pool.map(one, CASES) if said]


@pytest.mark.parametrize("how", ["whole", "bytes", "split-1", "split-2"])
def test_h1_corpus_is_answered_alike_however_it_is_cut(port: int, how: str) -> None:
    assert run_corpus(port, how) == []


def test_h1_no_answer_of_the_corpus_is_a_500(port: int) -> None:
    """Counted over one whole run: a 500 would be somebody's crash."""
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(lambda name: converse(port, CASES[name], "whole")[0], CASES))
    assert not [statuses for statuses in outcomes if 500 in statuses]


@pytest.mark.long
def test_h1_corpus_in_every_two_way_split(port: int) -> None:
    def one(job: tuple[str, int]) -> str:
        name, at = job
        statuses, after, _ = converse(port, CASES[name], f"at {at}")
        return complaint(CASES[name], statuses, after)

    jobs = [
        (name, at) for name, case in CASES.items() for at in range(1, min(len(stream_of(case)), LARGE_BYTES))
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        assert [said for said in pool.map(one, jobs) if said] == []
