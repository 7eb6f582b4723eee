"""A4, T28: what another site can make a browser send is refused before any session is looked at."""

from __future__ import annotations

import itertools

import pytest

from tests.web.world import HOST, World

OWN = f"https://{HOST}"
ORIGINS: dict[str, tuple[str | None, bool]] = {
    "none": (None, True),
    "own": (OWN, True),
    "own port": (f"{OWN}:443", True),
    "foreign": ("https://evil.example", False),
    "null": ("null", False),
    "http": (f"http://{HOST}", False),
    "prefix": (f"{OWN}.evil.example", False),
    "twice": (f"{OWN}, {OWN}", False),
    "other port": (f"{OWN}:8444", False),
}
SITES: dict[str | None, bool] = {
    None: True,
    "same-origin": True,
    "none": True,
    "same-site": False,
    "cross-site": False,
    "x": False,
}
TYPES: dict[str | None, bool] = {
    "application/json": True,
    "application/json; charset=utf-8": True,
    "Application/JSON": True,
    "text/plain": False,
    "application/x-www-form-urlencoded": False,
    "multipart/form-data; boundary=x": False,
    "application/json-patch": False,
    "application/json; charset=utf-16": False,
    "": False,
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_a4_t28_the_matrix_of_origin_site_and_type(world: World, origin: str) -> None:
    value, own = ORIGINS[origin]
    for (site, site_ok), (kind, type_ok) in itertools.product(SITES.items(), TYPES.items()):
        headers = {"Content-Type": kind or ""}
        if value is not None:
            headers["Origin"] = value
        if site is not None:
            headers["Sec-Fetch-Site"] = site
        if not kind:
            headers["Content-Type"] = None  # type: ignore[assignment]
        answer = world.send("POST", "/LOGOUT", {}, headers=headers)
        expected = 403 if not (own and site_ok) else 415 if not type_ok else 200
        assert answer.status == expected, (origin, site, kind)


def test_a4_a_refused_post_changes_nothing_even_with_a_session(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    forged = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    assert ada.send("POST", "/api/notebook/delete", {"id": notebook}, headers=forged).status == 403
    assert [row["id"] for row in ada.send("GET", "/NotebookList").data] == [notebook]


@pytest.mark.parametrize(("host", "status"), [(HOST, 200), ("evil.example", 403)])
def test_a4_the_host_of_an_absolute_target_is_the_one_that_counts(
    world: World, host: str, status: int
) -> None:
    """RFC 9112 3.2.2: `Host` beside such a target means nothing, so it cannot make another origin our own."""
    raw = (
        f"POST https://{HOST}/LOGOUT HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert world.wait(world.begin_raw(raw.encode())).status == status


@pytest.mark.parametrize(("coding", "status"), [
    (None, 200), ("identity", 200), ("Identity", 200), ("gzip", 415), ("identity, gzip", 415), ("x", 415), ("", 415),
])  # fmt: skip
def test_h2_a_coded_body_is_not_guessed_at(world: World, coding: str | None, status: int) -> None:
    """RFC 9110 15.5.16: the answer says which codings would do."""
    headers = {} if coding is None else {"Content-Encoding": coding}
    answer = world.send("POST", "/LOGOUT", {}, headers=headers)
    assert (answer.status, answer.header("accept-encoding")) == (
        status,
        "identity" if status == 415 else None,
    )


def test_a4_two_origin_fields_are_refused(world: World) -> None:
    raw = (
        f"POST /LOGOUT HTTP/1.1\r\nHost: {HOST}\r\nOrigin: {OWN}\r\nOrigin: https://evil.example\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    assert world.wait(world.begin_raw(raw.encode())).status == 403


def test_a4_a_get_needs_no_origin(world: World) -> None:
    answer = world.send(
        "GET", "/health", headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") is None
