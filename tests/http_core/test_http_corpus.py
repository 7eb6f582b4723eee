"""The corpus of raw requests, at the parser: verdict, connection state, the probe behind it, every cut."""

from typing import Any

import pytest

from http_core import TargetForm
from tests.http_core.streams import Verdict, each_byte, load_corpus, read, stream_of, two_way_splits

CASES = load_corpus()
BY_ID = {case["id"]: case for case in CASES}
PROBE = b"GET /__echo?probe=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
ALLOWED = {"GET", "HEAD", "POST"}
KNOWN = ALLOWED | {"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}
OWN_HOSTS = {"localhost", "[::1]", ""}
METHOD, TARGET, HEADERS, HOST = 0, 1, 3, 4


def parser_cases() -> list[str]:
    """Cases whose expected answer needs no files, no product route and no TLS."""
    return [case["id"] for case in CASES if not case.get("needs") and not case.get("transport")]


def answer(request: tuple[Any, ...]) -> int:
    """What an application does that has one address, /__echo."""
    method, target, host = request[METHOD], request[TARGET], request[HOST]
    if method not in KNOWN:
        return 501
    if method not in ALLOWED:
        return 405
    if host not in OWN_HOSTS:
        return 421
    assert target.form in (TargetForm.ORIGIN, TargetForm.ABSOLUTE)
    return 200 if target.path == "/__echo" else 404


def statuses(verdict: Verdict) -> list[int]:
    answered = [answer(request) for request in verdict.requests]
    return answered if verdict.error is None else [*answered, verdict.error[0]]


@pytest.mark.parametrize("name", parser_cases())
def test_case_is_answered_as_wanted(name: str) -> None:
    case = BY_ID[name]
    data = stream_of(case)
    verdict = read([data], ended=case.get("feed") == "half-close")
    got = statuses(verdict)
    if case["expect"] == "wait":
        assert got == [] and verdict.state == "waiting"
        return
    if case["expect"] == "close":
        assert got == [] and verdict.state == "closed" and verdict.truncated
        return
    wanted = case.get("seq") or [case["status"]] * case.get("n", 1)
    if name == "ds-cl0-extra":
        assert got == [200] and verdict.state == "waiting"
        return
    assert len(got) == len(wanted)
    assert all(status in allowed for status, allowed in zip(got, wanted, strict=True)), got
    check_connection(case, data, verdict)
    check_echo(case, verdict)


def check_connection(case: dict[str, Any], data: bytes, verdict: Verdict) -> None:
    """The state that is left, and that a request sent behind the case is read as itself or not at all."""
    if case["conn"] != "any":
        assert verdict.state == {"keep": "idle", "close": "closed"}[case["conn"]]
    after = read([data, PROBE])
    if verdict.state == "closed":
        assert after.requests == verdict.requests
    else:
        assert len(after.requests) == len(verdict.requests) + 1
        assert after.requests[-1] == read([PROBE]).requests[0]


def check_echo(case: dict[str, Any], verdict: Verdict) -> None:
    for check in case.get("check", []):
        if not verdict.requests or verdict.requests[0][TARGET].path != "/__echo":
            continue
        request = verdict.requests[0]
        headers: dict[str, str] = {}
        for field, value in request[HEADERS]:
            headers[field] = f"{headers[field]}, {value}" if field in headers else value
        kind, _, wanted = check.partition("==")
        if kind == "echo.body":
            assert verdict.bodies[0].decode("latin-1") == wanted
        elif kind.startswith("echo.header:"):
            assert headers[kind.removeprefix("echo.header:")] == wanted
        elif kind.startswith("echo.no-header:"):
            assert kind.removeprefix("echo.no-header:") not in headers
        elif kind == "trailer-not-merged":
            assert headers["host"] == "localhost" and "content-length" not in headers
        elif kind == "got-100":
            assert read([stream_of({**case, "feed": ""})]).continues == 1
        elif kind == "no-1xx":
            assert verdict.continues == 0


@pytest.mark.parametrize("name", [case["id"] for case in CASES])
def test_verdict_does_not_depend_on_the_cut(name: str) -> None:
    data = stream_of(BY_ID[name])
    whole = read([data])
    assert read(each_byte(data)) == whole
    for at in two_way_splits(data, name):
        assert read([data[:at], data[at:]]) == whole, f"cut at {at}"


@pytest.mark.parametrize(
    "name",
    [case["id"] for case in CASES if case["group"] == "path" and case["expect"].startswith("reject")],
)
def test_a_refused_path_never_leaves_the_root(name: str) -> None:
    """What is left for the application to answer 404 has no segment that climbs and nothing encoded."""
    for request in read([stream_of(BY_ID[name])]).requests:
        path = request[TARGET].path
        assert path.startswith("/") and not {".", ".."} & set(path.split("/"))
        assert "\\" not in path and "\0" not in path


@pytest.mark.parametrize(
    "name", [case["id"] for case in CASES if case["expect"] == "accept" and case["conn"] == "keep"]
)
def test_an_accepted_case_twice_on_one_connection(name: str) -> None:
    data = stream_of(BY_ID[name])
    once = read([data])
    twice = read([data + data])
    assert twice.requests == once.requests * 2 and twice.error is None
