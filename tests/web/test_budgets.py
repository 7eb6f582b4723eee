"""A5, S2, S5, T41, T42, T46: what is limited, and that a class of forty behind one address is not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.updates.turns import Rest
from server.web.budgets import Budgets
from server.web.handlers import notebooks
from server.web.limits import WebLimits
from server.web.token_buckets import TokenBuckets
from tests.support.pages import wait_until
from tests.web.world import PASSWORD, STROKE, HandClock, World

ELSEWHERE = "198.51.100.9"


def guess(world: World, name: str, password: str = "wrong password", **options: object) -> int:
    return world.send("POST", "/LOGIN", {"username": name, "password": password}, **options).status


def test_token_buckets_refill_stay_bounded_and_let_big_costs_owe() -> None:
    clock = HandClock()
    buckets = TokenBuckets(rate_per_s=2, burst=4, monotonic_s=lambda: clock.now_s, most_keys=3)
    assert [buckets.take("a") for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    clock.forward(0.5)
    assert buckets.take("a") == 0.0
    assert buckets.take("b", 10) == 0.0
    assert buckets.take("b") == pytest.approx(3.5)
    assert [buckets.pace("c") for _ in range(6)] == [0.0] * 4 + [0.5, 1.0]
    for key in range(10):
        buckets.take(key)
    assert len(buckets) == 3


def test_a5_a_class_of_40_behind_one_address_signs_in_draws_and_is_never_refused(world: World) -> None:
    pupils = [world.sign_up(f"Pupil {n}") for n in range(40)]
    notebook = pupils[0].notebook()
    code = pupils[0].share(notebook)
    statuses: list[int] = []

    def morning(number: int) -> None:
        answer = world.send("POST", "/LOGIN", {"username": f"Pupil {number}", "password": PASSWORD})
        statuses.append(answer.status)
        for _ in range(5):
            saved = world.send(
                "POST",
                f"/SAVE/?nb={code}",
                [["a", STROKE]],
                cookies={"__Host-session": answer.cookie("__Host-session") or ""},
            )
            statuses.append(saved.status)

    threads = [threading.Thread(target=morning, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 240


def test_a5_t42_an_account_waits_longer_with_each_failure_but_never_for_ever(world: World) -> None:
    world.sign_up("Ada", peer="192.0.2.1")
    assert [guess(world, "Ada") for _ in range(6)] == [401] * 5 + [429]
    refused = world.send("POST", "/LOGIN", {"username": "Ada", "password": PASSWORD}, peer=ELSEWHERE)
    assert refused.status == 429 and int(refused.header("retry-after") or 0) == 5
    assert refused.json["retry_after_s"] == 5
    world.clock.forward(5.1)
    assert guess(world, "Ada") == 401
    refused = world.send("POST", "/LOGIN", {"username": "Ada", "password": PASSWORD}, peer=ELSEWHERE)
    assert int(refused.header("retry-after") or 0) == 10
    world.clock.forward(10.1)
    assert guess(world, "Ada", PASSWORD, peer=ELSEWHERE) == 200
    assert guess(world, "Ada") == 401  # its counter began anew


def test_f25_a_clock_that_is_set_back_locks_nobody_out_and_keeps_sessions(world: World) -> None:
    ada = world.sign_up("Ada", peer=ELSEWHERE)
    assert [guess(world, "Ada") for _ in range(6)] == [401] * 5 + [429]
    assert [guess(world, f"Account {n}") for n in range(96)][-1] == 429  # the address, too
    world.clock.forward(-10 * 86_400)
    assert guess(world, "Ada", PASSWORD) == 200
    assert ada.send("GET", "/LOGIN", peer=ELSEWHERE).status == 200
    world.clock.forward(20 * 86_400)
    assert ada.send("GET", "/LOGIN", peer=ELSEWHERE).status == 200  # in use ten days ago
    world.clock.forward(75 * 86_400)
    assert ada.send("GET", "/LOGIN", peer=ELSEWHERE).status == 401


def test_t42_strangers_cannot_keep_an_account_out_of_where_it_has_logged_in(world: World) -> None:
    world.sign_up("Ada", peer=ELSEWHERE)
    assert guess(world, "Ada", PASSWORD, peer=ELSEWHERE) == 200
    for _ in range(8):
        guess(world, "Ada")
    assert guess(world, "Ada") == 429
    assert guess(world, "Ada", PASSWORD, peer=ELSEWHERE) == 200


def test_a5_an_address_has_100_failures_over_all_accounts_and_others_log_in_meanwhile(world: World) -> None:
    world.sign_up("Ada", peer=ELSEWHERE)
    statuses = [guess(world, f"Account {n}") for n in range(110)]
    assert statuses == [401] * 100 + [429] * 10
    assert guess(world, "Ada", PASSWORD, peer=ELSEWHERE) == 200
    assert guess(world, "Ada", PASSWORD) == 429
    world.clock.forward(901)
    assert guess(world, "Ada", PASSWORD) == 200


def test_t41_whoever_checks_a_wrong_password_rests_as_long_as_it_took(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown names as much as wrong passwords (T43); who logs in is not held up."""
    world.sign_up("Ada", peer=ELSEWHERE)
    rests: list[Rest] = []

    def take(rest: Rest) -> None:
        rests.append(rest)

    monkeypatch.setattr(Rest, "take", take)
    for name, password, status, count in (
        ("Ada", PASSWORD, 200, 0),
        ("Ada", "not this one", 401, 1),
        ("Nobody", "not this one", 401, 2),
        ("\u200b", "not this one", 401, 3),
        ("Ada", PASSWORD, 200, 3),
    ):
        assert guess(world, name, password) == status
        assert len(rests) == count


def test_a5_t42_a_network_of_ipv6_has_the_budgets_of_one_address(make_world: Callable[..., World]) -> None:
    """One host has as many addresses in its /64 as it likes."""
    world = make_world(limits=WebLimits(login_failures_address=10, signups_per_hour=3))
    world.sign_up("Ada", peer="2001:db8:0:2::1")
    assert [guess(world, f"Account {n}", peer=f"2001:db8:0:1:{n}::7") for n in range(12)] == [401] * 10 + [
        429
    ] * 2
    assert guess(world, "Ada", PASSWORD, peer="2001:db8:0:1::99") == 429
    assert guess(world, "Ada", PASSWORD, peer="2001:db8:0:2:5::5") == 200
    missed = [
        world.send("GET", f"/Notebook?nb={n:022d}", peer=f"2001:db8:0:3:{n}::1").status for n in range(22)
    ]
    assert missed == [404] * 20 + [429] * 2
    for n, status in enumerate([200, 200, 200, 429]):
        body = {"username": f"New {n}", "password": PASSWORD}
        assert world.send("POST", "/SIGNUP", body, peer=f"2001:db8:0:4::{n}").status == status


def test_t42_the_counters_survive_a_restart(world: World) -> None:
    world.sign_up("Ada")
    for _ in range(5):
        guess(world, "Ada", peer=ELSEWHERE)
    again = world.services.login_guard.__class__(
        world.storage.attempts, world.services.clock, world.services.limits
    )
    with pytest.raises(Failure) as refused:
        again.check("ada", ELSEWHERE)
    assert refused.value.status == 429


def test_t41_more_logins_than_may_wait_are_turned_away_and_pages_stay_quick(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(hash_queue=4))
    gate = threading.Event()
    verify = world.hasher.verify_dummy
    world.hasher.verify_dummy = lambda password: (gate.wait(10), verify(password))[1]  # type: ignore[method-assign]
    body = {"username": "Nobody", "password": PASSWORD}
    waiting = [world.begin("POST", "/LOGIN", body, peer=f"192.0.2.{n}") for n in range(20)]
    turned_away = [exchange for exchange in waiting if exchange.answered.is_set()]
    assert len(turned_away) >= 13 and all(world.wait(exchange).status == 503 for exchange in turned_away)
    assert world.send("GET", "/").status == 200 and world.send("GET", "/NotebookList").status == 401
    gate.set()
    assert {world.wait(exchange).status for exchange in waiting} <= {401, 503, 429}
    assert world.send("POST", "/LOGIN", body, peer="192.0.2.200").status in (401, 429)


def test_t41_known_guesses_are_turned_away_without_the_line_and_without_the_database(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(hash_queue=1))
    assert [guess(world, "Ada") for _ in range(6)] == [401] * 5 + [429]
    gate = threading.Event()
    world.hasher.verify_dummy = lambda _password: gate.wait(10)  # type: ignore[method-assign,assignment]
    body = {"username": "Nobody", "password": PASSWORD}
    line = [world.begin("POST", "/LOGIN", body, peer=f"192.0.2.{n}") for n in range(8)]
    assert not line[0].answered.is_set() and world.wait(line[-1]).status == 503  # nobody else gets in line
    asked: list[object] = []
    world.storage.attempts.get = lambda *args: asked.append(args)  # type: ignore[method-assign,assignment,func-returns-value]
    assert [guess(world, "Ada") for _ in range(20)] == [429] * 20
    assert asked == []
    gate.set()
    assert {world.wait(exchange).status for exchange in line} <= {401, 503, 429}


def test_t41_a_storm_of_refused_guesses_is_answered_no_faster_than_its_rate(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(refused_logins_per_s=4))
    assert [guess(world, "Ada") for _ in range(5)] == [401] * 5
    assert [guess(world, "Ada") for _ in range(4)] == [429] * 4
    body = {"username": "Ada", "password": "wrong password"}
    late = [world.begin("POST", "/LOGIN", body) for _ in range(3)]
    assert [exchange.timers[0].delay_s for exchange in late] == [0.25, 0.5, 0.75]
    assert guess(world, "Ada", peer=ELSEWHERE) == 429  # others are told at once
    for exchange in late:
        assert not exchange.answered.is_set()
        exchange.timers[0].callback()
        assert world.wait(exchange).status == 429


def test_t41_one_address_cannot_fill_the_line_of_logins(make_world: Callable[..., World]) -> None:
    world = make_world(limits=WebLimits(logins_waiting_address=3))
    gate = threading.Event()
    world.hasher.verify_dummy = lambda _password: gate.wait(10)  # type: ignore[method-assign,assignment]
    body = {"username": "Nobody", "password": PASSWORD}
    exchanges = [world.begin("POST", "/LOGIN", body) for _ in range(5)]
    assert [exchange.answered.is_set() for exchange in exchanges] == [False] * 3 + [True] * 2
    assert world.wait(exchanges[4]).status == 429
    other = world.begin("POST", "/LOGIN", body, peer=ELSEWHERE)
    assert not other.answered.is_set()
    gate.set()
    assert world.wait(other).status == 401


def test_s2_t46_code_misses_are_limited_but_valid_revoked_and_expired_codes_never(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    good, revoked = ada.share(notebook), ada.share(notebook)
    ada.send("POST", "/api/notebook/unshare", {"code": revoked})
    misses = [world.send("GET", f"/Notebook?nb={n:022d}").status for n in range(25)]
    assert misses == [404] * 20 + [429] * 5
    assert world.send("GET", f"/Notebook?nb={good}").status == 200
    assert world.send("GET", f"/Notebook?nb={revoked}").status == 404
    assert world.send("GET", "/Notebook?nb=malformed").status == 404
    assert world.send("GET", f"/Notebook?nb={'9' * 22}", peer=ELSEWHERE).status == 404
    world.clock.forward(3.1)
    assert world.send("GET", f"/Notebook?nb={'8' * 22}").status == 404


def test_s5_class_codes_30_misses_an_address_and_120_for_the_server(world: World) -> None:
    def join(number: int, peer: str) -> int:
        return world.send("POST", "/api/join", {"classcode": f"{number:08d}"}, peer=peer).status

    assert [join(n, "192.0.2.1") for n in range(32)] == [404] * 30 + [429] * 2
    for last in range(2, 5):
        assert [join(n, f"192.0.2.{last}") for n in range(30)] == [404] * 30
    assert join(1, "192.0.2.77") == 429


def test_a5_sign_ups_per_address(make_world: Callable[..., World]) -> None:
    world = make_world(limits=WebLimits(signups_per_hour=3))
    for n in range(3):
        world.sign_up(f"User {n}")
    answer = world.send("POST", "/SIGNUP", {"username": "User 3", "password": PASSWORD})
    assert answer.status == 429 and answer.header("retry-after")
    world.sign_up("User 4", peer=ELSEWHERE)


def test_saves_are_limited_per_address_and_per_share(make_world: Callable[..., World]) -> None:
    world = make_world(limits=WebLimits(saves_per_s=5))
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    statuses = [ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]]).status for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    statuses = [
        ada.send("POST", f"/SAVE/?nb={code}", [["a", STROKE]], peer=f"192.0.2.{n}").status for n in range(7)
    ]
    assert statuses == [200] * 5 + [429] * 2
    world.clock.forward(1.0)
    assert ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]]).status == 200


def test_save_bytes_are_limited() -> None:
    clock = HandClock()
    budgets = Budgets(WebLimits(save_bytes_per_s=1000), lambda: clock.now_s)
    budgets.save("peer", None, 900)
    with pytest.raises(Failure) as refused:
        budgets.save("peer", None, 900)
    assert refused.value.status == 429 and refused.value.extra["retry_after_s"] == 1


def test_new_notebooks_are_limited_by_rate_and_quota(make_world: Callable[..., World]) -> None:
    world = make_world(limits=WebLimits(new_notebooks_burst=4, new_notebooks_per_s=1, notebooks_per_user=3))
    ada = world.sign_up("Ada")
    for _ in range(3):
        ada.notebook()
    answer = ada.send("POST", "/SAVENEWNB", {"title": "t", "description": ""})
    assert (answer.status, answer.reason) == (409, "quota_notebooks")
    assert ada.send("POST", "/SAVENEWNB", {"title": "t", "description": ""}).status == 429


def test_a_budget_for_the_probe_app_can_be_switched_off(make_world: Callable[..., World]) -> None:
    world = make_world(guesses_limited=False)
    assert [guess(world, "Nobody") for _ in range(12)] == [401] * 12
    assert [world.send("GET", f"/Notebook?nb={n:022d}").status for n in range(30)] == [404] * 30


def test_t66_long_documents_are_read_one_at_a_time_and_hold_up_nothing_else(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(limits=WebLimits(document_queue=2, document_bytes_burst=250_000))
    ada = world.sign_up("Ada")
    gate, reading = threading.Event(), threading.Semaphore(0)

    def read(_svg: str) -> list[object]:
        reading.release()
        assert gate.wait(10)
        return []

    monkeypatch.setattr(notebooks, "strokes_of_document", read)
    body = {"title": "Big", "description": "", "svgData": "x" * 70_000}
    begun = [ada.begin("POST", "/SAVENEWNB", body)]
    assert reading.acquire(timeout=10)
    begun += [ada.begin("POST", "/SAVENEWNB", body) for _ in range(3)]
    assert world.wait(begun[3]).status == 503  # one is read, two wait
    assert not reading.acquire(blocking=False)
    assert ada.send("POST", "/SAVENEWNB", {"title": "Small", "description": ""}).status == 200
    assert ada.send("GET", "/NotebookList").status == 200
    gate.set()
    assert [world.wait(exchange).status for exchange in begun[:3]] == [200] * 3
    assert ada.send("POST", "/SAVENEWNB", body).status == 429  # its account has sent enough for now
    world.clock.forward(1)
    assert ada.send("POST", "/SAVENEWNB", body).status == 200


def test_t66_documents_are_limited_by_address_too_and_leave_the_others_their_turns(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(limits=WebLimits(document_address_bytes_burst=150_000, document_address_bytes_per_s=1))
    usual_s = sys.getswitchinterval()
    turns: list[float] = []

    def read(_svg: str) -> list[object]:
        turns.append(sys.getswitchinterval())
        return []

    monkeypatch.setattr(notebooks, "strokes_of_document", read)
    body = {"title": "Big", "description": "", "svgData": "x" * 70_000}
    people = [world.sign_up(name) for name in ("Ada", "Ben", "Eve")]
    assert [person.send("POST", "/SAVENEWNB", body).status for person in people] == [200, 200, 429]
    assert people[2].send("POST", "/SAVENEWNB", body, peer=ELSEWHERE).status == 200
    assert turns == [pytest.approx(0.0005)] * 3
    wait_until(lambda: sys.getswitchinterval() == usual_s, what="the usual turns")


def test_t66_a_copy_costs_as_much_as_a_document_and_is_made_on_the_thread_for_them(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(limits=WebLimits(document_bytes_burst=60_000, document_bytes_per_s=1))
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    for _ in range(3):
        ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]] * 60)
    world.clock.forward(2)
    stored = world.storage.notebooks.get(NotebookId(notebook))
    assert stored is not None and 20_000 < stored.stored_bytes < 30_000
    threads: list[str] = []
    write = notebooks.write_first_strokes

    def noted(*args: object) -> int:
        threads.append(threading.current_thread().name)
        return write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(notebooks, "write_first_strokes", noted)
    copies = [ada.send("POST", "/api/notebook/duplicate", {"id": notebook}).status for _ in range(3)]
    assert copies == [200, 200, 429]
    assert {name.rpartition("-")[0] for name in threads} == {"document"}


def test_t66_whole_notebooks_as_json_are_limited_by_address_and_small_ones_are_not(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(rendered_bytes_burst=60_000, rendered_bytes_per_s=1))
    ada = world.sign_up("Ada")
    big, small = ada.notebook(), ada.notebook()
    for _ in range(3):
        ada.send("POST", f"/SAVE/{big}", [["a", STROKE]] * 60)
    world.clock.forward(2)
    assert [ada.send("GET", f"/Notebook/{big}").status for _ in range(3)] == [200, 200, 429]
    assert ada.send("GET", f"/Notebook/{small}").status == 200
    assert ada.send("GET", f"/Notebook/{big}", peer=ELSEWHERE).status == 200
    assert ada.send("GET", f"/Notebook/{big}.svg").status == 200  # what the page loads: made once for all


def test_t66_histories_are_limited_by_address_and_by_what_there_is_to_read(
    make_world: Callable[..., World],
) -> None:
    world = make_world(limits=WebLimits(log_entries_burst=100, log_entries_per_s=1))
    ada = world.sign_up("Ada")
    notebook, empty = ada.notebook(), ada.notebook()
    ada.send("POST", f"/SAVE/{notebook}", [["a", STROKE]] * 40)
    path = f"/api/notebook/log?id={notebook}"
    assert [ada.send("GET", path).status for _ in range(3)] == [200, 200, 429]
    assert ada.send("GET", f"/api/notebook/log?id={empty}").status == 200
    assert ada.send("GET", path, peer=ELSEWHERE).status == 200
    world.clock.forward(40)
    assert ada.send("GET", path).status == 200
