"""H4, H6, T24, T27: the headers of every answer, whatever route and status it has."""

from __future__ import annotations

import pytest

from http_core.errors import ParsingError
from server.web.answer_desk import AnswerDesk
from server.web.json_answer import raw_json_response
from server.web.limits import WebLimits
from server.web.routes import make_routes
from server.web.security_headers import DOCUMENT_POLICY, PAGE_POLICY
from server.web.services import WebSettings
from tests.web.test_authorization import request_for
from tests.web.world import HOST, STROKE, Answer, World, answer_of

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def check(answer: Answer, where: str) -> None:
    for name, value in ALWAYS.items():
        assert answer.all(name) == [value], (where, name)
    policies = answer.all("content-security-policy")
    assert policies in ([PAGE_POLICY], [DOCUMENT_POLICY]), where
    assert "unsafe-inline" not in policies[0] and "frame-ancestors 'none'" in policies[0]
    assert answer.header("strict-transport-security") is None, where
    assert len(answer.all("cache-control")) == 1, where
    if answer.status >= 400 or answer.all("set-cookie"):
        assert answer.header("cache-control") == "no-store", where
    assert answer.header("server") is None and answer.header("access-control-allow-origin") is None


def test_h6_t27_every_route_with_and_without_a_session(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]])
    code = ada.share(notebook)
    for route in make_routes(WebLimits()):
        name = f"{route.method} {route.pattern}"
        if name == "POST /api/account/delete":
            continue
        target, body = request_for(name, notebook, code, code)
        check(world.send(route.method, target, body), f"{name} nobody")
        check(ada.send(route.method, target, body), f"{name} owner")
        check(ada.send("DELETE", target), f"{name} 405")
        check(ada.send(route.method, target, body, host="evil.example"), f"{name} 421")
        if route.method == "POST":
            check(ada.send("POST", target, body=b"{"), f"{name} 400")
            check(ada.send("POST", target, body, headers={"Sec-Fetch-Site": "cross-site"}), f"{name} 403")
    for target in ("/nothing", "/.env", "/NotebookList/x.css"):
        check(ada.send("GET", target), target)
        check(ada.send("GET", target, headers={"Accept": "text/html"}), target)


@pytest.mark.parametrize("status", [400, 408, 413, 414, 417, 431, 501, 503, 505])
def test_h6_answers_to_broken_requests_and_full_servers(world: World, status: int) -> None:
    error = ParsingError(status, "some_word", "What to do.")
    response = world.application.refuse(error, "203.0.113.1")
    assert response.close
    answer = answer_of(response)
    check(answer, str(status))
    assert answer.status == status and answer.json["code"] == 1 and answer.json["reason"]


@pytest.mark.parametrize(("language", "word"), [("en", 'lang="en"'), ("he", 'dir="rtl"')])
def test_h3_a_full_server_shows_a_person_a_page(world: World, language: str, word: str) -> None:
    seen = world.begin("GET", "/", headers={"Accept": "text/html", "Accept-Language": language}).request
    full = ParsingError(503, "too_many_connections", "Try again soon.")
    answer = answer_of(world.application.refuse(full, "203.0.113.1", seen))
    check(answer, "full")
    assert answer.status == 503 and answer.header("content-type") == "text/html; charset=utf-8"
    assert word in answer.body.decode() and 'href="/"' in answer.body.decode()
    assert answer.header("retry-after") == "1"


def test_h6_files_carry_them_too(world: World) -> None:
    for target in ("/", "/images/favicon.svg", "/css/app.css"):
        check(world.send("GET", target), target)
        check(world.send("GET", target, headers={"If-None-Match": "*"}), target)


def test_h6_shared_poll_answers_carry_them_too(world: World) -> None:
    for status in (200, 401, 404, 503):
        check(answer_of(world.application._desk.encode(status, b"{}")), str(status))


def test_h6_shared_answers_are_what_the_whole_encoder_makes_of_them() -> None:
    """Their heads are kept for a second; status, length and time are never those of another answer."""
    now_ms = 1_790_000_000_400
    desk = AnswerDesk(hsts=True, now_ms=lambda: now_ms)
    for _ in range(3):
        for status in (200, 404, 503, 200):
            for body in (b"{}", b"[]" * 700, b"", b"Content-Length: 0\r\n"):
                more = [("Retry-After", "1")] if status == 503 else []
                whole = desk.encoded(desk.finished(raw_json_response(status, body, more)))
                assert desk.encode(status, body) == whole
        now_ms += 700


def test_h6_hsts_only_when_the_operator_asks(make_world) -> None:  # type: ignore[no-untyped-def]
    world = make_world(settings=WebSettings(hsts=True))
    assert world.send("GET", "/health").header("strict-transport-security") == "max-age=31536000"


def test_h4_t24_private_answers_are_never_stored(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    for target in (
        "/NotebookList",
        "/LOGIN",
        f"/Notebook/{notebook}",
        f"/Notebook/{notebook}.svg",
        "/api/account/export",
    ):
        assert ada.send("GET", target).header("cache-control") == "no-store", target
        assert world.send("GET", target).header("cache-control") == "no-store", target


def test_t24_no_host_is_reflected_but_ours(world: World) -> None:
    answer = world.send("GET", "/api/connect", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.data["address"] == f"https://{HOST}/"
    refused = world.send("GET", "/api/connect", host="evil.example")
    assert refused.status == 421 and b"evil" not in refused.wire and "--name" in refused.data


def test_rs_svg_sandbox_a_document_can_run_and_load_nothing(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    answer = ada.send("GET", f"/Notebook/{notebook}.svg", headers={"Accept-Encoding": "gzip"})
    assert answer.header("content-security-policy") == DOCUMENT_POLICY
    assert answer.header("content-disposition") == f'attachment; filename="notebook-{notebook}.svg"'
    assert answer.plain.startswith(b"<svg")
