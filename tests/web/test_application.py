"""H1, H2, H3, H5, T22, T89: routing, refusals, full pools, and what an unexpected failure shows."""

from __future__ import annotations

import gzip
import logging
import threading
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from server.domain.failures import Failure
from server.storage.contracts import Notebook
from server.web.handler_pool import HandlerPool
from server.web.limits import WebLimits
from server.web.proxies import client_address
from server.web.routes import Router, make_routes
from server.web.services import WebSettings
from tests.web.world import HOST, STROKE, World, answer_of

LIMITS = WebLimits()


@pytest.mark.parametrize(("method", "path", "allow"), [
    ("PUT", "/LOGIN", "GET, HEAD, POST"), ("DELETE", "/NotebookList", "GET, HEAD"), ("GET", "/LOGOUT", "POST"),
    ("POST", "/css/app.css", "GET, HEAD"), ("OPTIONS", "/", "GET, HEAD"), ("TRACE", "/health", "GET, HEAD"),
    ("GET", "/SAVE/1", "POST"), ("PATCH", "/Notebook/1.svg", "GET, HEAD"), ("POST", "/UPDATE", "GET"),
])  # fmt: skip
def test_h2_a_known_path_with_another_method_is_405_with_allow(
    world: World, method: str, path: str, allow: str
) -> None:
    answer = world.send(method, path)
    assert (answer.status, answer.header("allow")) == (405, allow)
    if method != "HEAD":
        assert answer.reason == "method_not_allowed"


@pytest.mark.parametrize("method", ["MKCOL", "SEARCH", "get", "LINK", "DEBUG"])
def test_h2_an_unknown_method_is_501_and_an_unknown_path_404(world: World, method: str) -> None:
    assert world.send(method, "/LOGIN").status == 501
    assert world.send(method, "/nothing").status == 501
    assert world.send("PUT", "/nothing").status == 404


def test_h2_targets_without_a_path(world: World) -> None:
    assert world.wait(world.begin_raw(f"OPTIONS * HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())).status == 405
    assert (
        world.wait(
            world.begin_raw(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
        ).status
        == 405
    )


def test_h2_head_answers_exactly_what_get_would(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    for path in ("/", "/css/app.css", "/health", "/NotebookList", f"/Notebook/{notebook}", f"/Notebook/{notebook}.svg",
                 "/nothing", "/LOGIN", "/api/account/export", "/api/account/sessions"):  # fmt: skip
        whole, head = ada.send("GET", path), ada.send("HEAD", path)
        assert head.body == b"" and head.status == whole.status, path
        assert [h for h in head.headers if h[0] != "Date"] == [h for h in whole.headers if h[0] != "Date"], (
            path
        )


@pytest.mark.parametrize(("host", "status"), [
    (HOST, 200), (HOST.upper(), 200), (f"{HOST}:8443", 200), (f"{HOST}:1", 200), ("localhost", 200), ("[::1]:8443", 200),
    ("[0:0:0:0:0:0:0:1]", 200), ("evil.example", 421), (f"{HOST}.evil.example", 421), ("127.0.0.9", 421),
])  # fmt: skip
def test_h5_only_our_names_whatever_the_port(world: World, host: str, status: int) -> None:
    answer = world.send("GET", "/health", host=host)
    assert answer.status == status
    if status == 421:
        assert "--name" in answer.data and answer.reason == "wrong_host"


def test_h5_http10_without_a_host_is_served_and_absolute_form_is_judged_by_its_host(world: World) -> None:
    assert world.wait(world.begin_raw(b"GET /health HTTP/1.0\r\n\r\n")).status == 200
    raw = f"GET https://evil.example/health HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    assert world.wait(world.begin_raw(raw.encode())).status in (400, 421)


def test_h1_plain_http_gets_a_link_to_a_host_of_ours_and_nothing_else(world: World) -> None:
    ours = world.application.plain_http(f"GET /?nb=secret HTTP/1.1\r\nHost: {HOST}:8443\r\n\r\n".encode())
    assert ours.startswith(b"HTTP/1.1 400 ") and f'href="https://{HOST}:8443/"'.encode() in ours
    assert b"secret" not in ours and b"Connection: close" in ours and b"nosniff" in ours
    for first in (
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: "><script>\r\n\r\n',
        b"GET",
    ):
        answer = world.application.plain_http(first)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"text/plain" in answer
        assert b"evil" not in answer and b"<" not in answer


def test_t24_no_path_below_an_api_route_is_the_route(world: World) -> None:
    ada = world.sign_up("Ada")
    for path in (
        "/NotebookList/x.css",
        "/NotebookList/",
        "/LOGIN/a.js",
        "/notebooklist",
        "/Notebook/1/2",
        "/SAVE",
    ):
        assert ada.send("GET", path).status == 404, path


@pytest.mark.parametrize("query", ["x=1", "a", "=b", "trash=0&trash=1", "a=%ff", "a=%00"])
def test_h3_a_query_is_read_exactly(world: World, query: str) -> None:
    ada = world.sign_up("Ada")
    answer = ada.send("GET", f"/NotebookList?{query}")
    assert answer.status == 400 and answer.json["code"] == 1


def test_the_first_fitting_pattern_wins() -> None:
    router = Router(make_routes(LIMITS))
    rows, params = router.find("/Notebook/17.svg")
    assert rows[0].pattern == "/Notebook/<id>.svg" and params == {"id": "17"}
    rows, params = router.find("/Notebook/17")
    assert rows[0].pattern == "/Notebook/<id>" and params == {"id": "17"}
    assert router.find("/Notebook/17/x") == ([], {})
    assert router.find("/Notebook/") == ([], {})


def test_h3_an_unexpected_failure_is_500_without_details(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ada = world.sign_up("Ada")

    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("SELECT secret FROM /root/path")

    world.storage.notebooks.list_for = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        answer = ada.send("GET", "/NotebookList")
    assert (answer.status, answer.reason) == (500, "failed")
    assert b"secret" not in answer.wire and b"Traceback" not in answer.wire
    assert "SELECT secret" in caplog.text
    assert ada.send("GET", "/health").status == 200


def test_f35_want_of_memory_is_503(world: World) -> None:
    ada = world.sign_up("Ada")

    def broken(*_args: object, **_named: object) -> None:
        raise MemoryError

    world.storage.notebooks.list_for = broken  # type: ignore[method-assign]
    assert ada.send("GET", "/NotebookList").status == 503


def test_a_full_pool_answers_503_with_retry_after_at_once(make_world: Callable[..., World]) -> None:
    world = make_world(limits=WebLimits(handler_threads=1, handler_queue=2))
    gate = threading.Event()
    find = world.storage.sessions.find
    world.storage.sessions.find = lambda token: (gate.wait(10), find(token))[1]  # type: ignore[method-assign]
    cookies = {"__Host-session": "A" * 43}
    exchanges = [world.begin("GET", "/NotebookList", cookies=cookies) for _ in range(6)]
    refused = [exchange for exchange in exchanges if exchange.answered.is_set()]
    assert len(refused) >= 3
    answer = world.wait(refused[0])
    assert (answer.status, answer.header("retry-after"), answer.reason) == (503, "1", "busy")
    assert world.send("GET", "/health").status == 200 and world.send("GET", "/css/app.css").status == 200
    gate.set()
    assert {world.wait(exchange).status for exchange in exchanges} == {401, 503}


def test_o3_health_needs_no_login_no_thread_and_no_database(world: World) -> None:
    world.storage.close()
    exchange = world.begin("GET", "/health")
    assert exchange.answered.is_set()
    assert world.wait(exchange).data == {"version": "1.0.0", "status": "ok"}


def test_early_refusal_refuses_by_the_head_alone(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    big = "x" * 100_000

    def refusal(*args: object, **options: object) -> int | None:
        exchange = world.begin("POST", *args, **options)  # type: ignore[arg-type]
        world.wait(exchange)
        fresh = type(exchange)(exchange.request, exchange.peer)
        response = world.application.early_refusal(fresh)  # type: ignore[arg-type]
        return answer_of(response).status if response is not None else None

    assert refusal("/nothing", big) == 404
    assert refusal(f"/SAVE/{notebook}", big) == 401
    assert refusal(f"/SAVE/{notebook}", big, headers={"Origin": "https://evil.example"}) == 403
    assert refusal(f"/SAVE/{notebook}", big, headers={"Content-Type": "text/plain"}) == 401
    plain = {"Content-Type": "text/plain"}
    ada.send("GET", "/NotebookList")
    assert refusal(f"/SAVE/{notebook}", [["a", STROKE]], headers=plain, cookies=ada.cookies) == 415
    assert refusal("/LOGIN", {}, headers=plain) == 415
    assert refusal(f"/SAVE/{notebook}", big, host="evil.example") == 421
    assert refusal(f"/SAVE/{notebook}", [["a", STROKE]], cookies=ada.cookies) is None
    request = world.begin("POST", f"/SAVE/{notebook}", []).request
    assert world.application.body_limit(request) == LIMITS.save_body_bytes
    assert world.application.body_limit(world.begin("POST", "/LOGIN", {}).request) == LIMITS.small_body_bytes
    assert (
        world.application.body_limit(world.begin("POST", "/nothing", {}).request) == LIMITS.small_body_bytes
    )


@pytest.mark.parametrize(("peer", "field", "trusted", "found"), [
    ("10.0.0.1", "1.2.3.4", [], "10.0.0.1"),
    ("10.0.0.1", "1.2.3.4", ["10.0.0.1"], "1.2.3.4"),
    ("10.0.0.1", "6.6.6.6, 1.2.3.4", ["10.0.0.1"], "1.2.3.4"),
    ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", ["10.0.0.1", "10.0.0.2"], "1.2.3.4"),
    ("10.0.0.1", "nonsense", ["10.0.0.1"], "10.0.0.1"),
    ("10.0.0.1", "1.2.3.4, <script>", ["10.0.0.1"], "10.0.0.1"),
    ("10.0.0.1", "::ffff:1.2.3.4", ["10.0.0.1"], "1.2.3.4"),
    ("10.0.0.1", "2001:DB8::0:1", ["10.0.0.1"], "2001:db8::1"),
    ("10.0.0.1", None, ["10.0.0.1"], "10.0.0.1"),
    ("10.0.0.9", "1.2.3.4", ["10.0.0.1"], "10.0.0.9"),
])  # fmt: skip
def test_t89_only_a_trusted_proxy_names_the_client(
    peer: str, field: str | None, trusted: list[str], found: str
) -> None:
    assert client_address(peer, field, trusted) == found


def test_t89_budgets_go_by_the_client_behind_the_proxy(make_world: Callable[..., World]) -> None:
    world = make_world(
        settings=WebSettings(trusted_proxies=frozenset({"10.0.0.1"})), limits=WebLimits(signups_per_hour=1)
    )
    for number, status in ((1, 200), (1, 429), (2, 200)):
        answer = world.send(
            "POST",
            "/SIGNUP",
            {"username": f"U {world.clock.now_s}", "password": "correct horse battery"},
            peer="10.0.0.1",
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
        world.clock.forward(1)
        assert answer.status == status


def test_a6_the_export_holds_everything_and_no_secret(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook, gone = ada.notebook("Algebra"), ada.notebook("Gone")
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE, "op-1"], ["e", {"ids": ["1"]}, "op-2"]])
    code = ada.share(notebook)
    ada.send("POST", f"/SAVE/{gone}", [["a", STROKE]])
    ada.send("POST", "/api/notebook/delete", {"id": gone})
    answer = ada.send("GET", "/api/account/export")
    assert answer.header("content-type") == "application/zip"
    with zipfile.ZipFile(BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        texts = {name: archive.read(name).decode() for name in names}
    assert names == {
        "account.json", "sessions.json", "notebooks.json", f"notebooks/{notebook}.svg",
        f"notebooks/{notebook}.changes.jsonl", f"notebooks/{gone}.changes.jsonl",
        f"notebooks/{gone}.svg",
    }  # fmt: skip
    assert texts[f"notebooks/{notebook}.svg"].startswith("<svg") and code in texts["notebooks.json"]
    assert texts[f"notebooks/{notebook}.changes.jsonl"].count("\n") == 2
    assert "<title>Gone</title>" in texts[f"notebooks/{gone}.svg"]
    assert texts[f"notebooks/{gone}.svg"].count('<g id="1">') == 1
    whole = "".join(texts.values())
    assert "argon2" not in whole and ada.cookies["__Host-session"] not in whole


def test_a6_a_notebook_that_cannot_be_read_costs_the_export_its_drawing_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = world.sign_up("Ada")
    good, bad = ada.notebook("Good"), ada.notebook("Bad")
    replicas = world.services.replicas
    plain_of = type(replicas).plain_of

    def broken(self: object, row: Notebook) -> Iterator[bytes]:
        if row.id == bad:
            raise Failure.of("notebook_damaged")
        return plain_of(replicas, row)

    monkeypatch.setattr(type(replicas), "plain_of", broken)
    with zipfile.ZipFile(BytesIO(ada.send("GET", "/api/account/export").body)) as archive:
        assert archive.testzip() is None
        assert archive.read(f"notebooks/{good}.svg").startswith(b"<svg")
        assert f"notebooks/{bad}.svg" not in archive.namelist() and archive.read(f"notebooks/{bad}.txt")


def test_connect_tells_the_fingerprint_and_hands_out_the_public_certificate(world: World) -> None:
    facts = world.send("GET", "/api/connect").data
    assert facts["fingerprint"] == ":".join(["AB"] * 32) and facts["homeMade"] is True
    answer = world.send("GET", facts["authority"])
    assert answer.header("content-type") == "application/x-x509-ca-cert"
    assert b"BEGIN CERTIFICATE" in answer.body and b"PRIVATE" not in answer.body
    world.certificate = world.certificate.__class__("ab" * 32, False)
    assert world.send("GET", "/connect/authority.crt").status == 404
    assert world.send("GET", "/api/connect").data["authority"] is None


def test_the_pool_bounds_what_waits_and_survives_failing_jobs(caplog: pytest.LogCaptureFixture) -> None:
    pool = HandlerPool("test", threads=2, queue=3)
    gate, done = threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        gate.wait(10)
        done.release()

    accepted = [pool.submit(wait) for _ in range(12)]
    assert 3 <= accepted.count(True) <= 5
    gate.set()
    for _ in range(accepted.count(True)):
        assert done.acquire(timeout=5)

    def fail() -> None:
        raise ValueError("in a job")

    assert pool.submit(fail) and pool.submit(done.release)
    assert done.acquire(timeout=5)
    pool.stop(5.0)
    assert not pool.submit(fail)
    assert "a job of the test pool failed" in caplog.text


def test_a_document_streams_when_it_is_big(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    import server.web.handlers.notebooks as handlers

    whole = ada.send("GET", f"/Notebook/{notebook}.svg", headers={"Accept-Encoding": "gzip"})
    limit, handlers._RENDERED_WHOLE_BYTES = handlers._RENDERED_WHOLE_BYTES, 0
    try:
        streamed = ada.send("GET", f"/Notebook/{notebook}.svg", headers={"Accept-Encoding": "gzip"})
    finally:
        handlers._RENDERED_WHOLE_BYTES = limit
    assert streamed.plain == whole.plain and gzip.decompress(streamed.body) == whole.plain


def test_f36_without_a_thread_to_be_had_requests_are_refused_and_the_next_one_finds_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = HandlerPool("test", threads=2, queue=3)

    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    done = threading.Event()
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", none_left)
        assert pool.submit(done.set) is False and pool.waiting == 0
    assert pool.submit(done.set) is True
    assert done.wait(10)
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", none_left)
        again = threading.Event()
        assert pool.submit(again.set) is True  # the thread that runs must do
        assert again.wait(10)
    pool.stop(5)
