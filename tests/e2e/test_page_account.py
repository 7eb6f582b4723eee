"""The account in the real page (A6): sessions ended, another password, the end of the account; and a session that
ended while the page was away is noticed before anything goes out under another name (S3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.history import line, log_in, save, signed_up
from tests.support.pages import (
    context_for,
    draw,
    open_notebook,
    press,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PASSWORD = "a good long password"


def test_a6_sessions_password_and_the_end_of_the_account(browser: Browser, product: Product) -> None:
    with signed_up(product, "Dana") as (owner,):
        owner.new_notebook("Algebra")
        other = Person(product.port)
        assert other.post("/LOGIN", {"username": "Dana", "password": PASSWORD}).status == 200
        context = context_for(browser)
        log_in(context, product, owner)
        page = context.new_page()
        page.goto(product.url + "/")
        press(page, "Account")
        dialog = page.get_by_role("dialog", name="Your account")
        end = dialog.get_by_role("button", name="End", exact=True)
        end.first.wait_for()
        end.first.click()
        wait_until(lambda: other.get("/LOGIN").status == 401, what="the other session ended")
        wait_until(lambda: end.count() == 0, what="its row is gone")

        dialog.get_by_label("Present password").fill("not this one")
        dialog.get_by_label("New password").fill("quite another password")
        dialog.get_by_role("button", name="Change", exact=True).click()
        dialog.get_by_text("The password is wrong").wait_for()
        dialog.get_by_label("Present password").fill(PASSWORD)
        dialog.get_by_role("button", name="Change", exact=True).click()
        wait_until(
            lambda: (
                other.post("/LOGIN", {"username": "Dana", "password": "quite another password"}).status == 200
            ),
            what="the new password holds",
        )
        assert other.post("/LOGIN", {"username": "Dana", "password": PASSWORD}).status == 401

        dialog.get_by_text("Delete account").click()
        dialog.get_by_label("Password", exact=True).fill("quite another password")
        dialog.get_by_role("button", name="Delete it for good").click()
        page.get_by_role("link", name="Sign up").first.wait_for()
        assert other.get("/LOGIN").status == 401
        assert page.evaluate("localStorage.getItem('notebooks.user')") in (None, "null")
        other.close()
        context.close()


def test_s2_a_new_link_is_revoke_and_create_and_the_window_never_shows_a_dead_one(
    browser: Browser, start_product: Callable[..., Product]
) -> None:
    product = start_product("--name", "notes.example")
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        code = owner.share(notebook)
        page = open_notebook(browser, product, owner, notebook)
        page.get_by_role("button", name="Share", exact=True).click()
        window = page.get_by_role("dialog", name="Share this notebook")
        link = window.get_by_label("Link", exact=True)
        link.wait_for()
        assert link.input_value().endswith(f"nb={code}")
        window.get_by_text("Other links").click()
        window.get_by_role("button", name="New link").click()
        wait_until(
            lambda: link.count() == 1 and not link.input_value().endswith(f"nb={code}"), what="the new link"
        )
        new = link.input_value().partition("nb=")[2]
        stranger = Person(product.port)
        assert [stranger.get(f"/Notebook?nb={which}").status for which in (code, new)] == [404, 200]
        window.get_by_role("button", name="Revoke").click()
        window.get_by_text("Nobody else can open this notebook yet.").wait_for()
        assert stranger.get(f"/Notebook?nb={new}").status == 404
        view = owner.post("/api/notebook/share", {"id": notebook, "role": "view"}).data["code"]
        visitor = context_for(browser).new_page()
        visitor.goto(f"https://localhost:{product.port}/?nb={view}")
        visitor.get_by_role("button", name="Share", exact=True).click()
        visitor.get_by_text("You are here by a link.").wait_for()
        assert visitor.get_by_text("Whoever has this link can write here.").count() == 0
        stranger.close()
        visitor.context.close()
        page.context.close()


def test_s3_ink_of_an_account_is_not_sent_as_a_guests_after_its_session_ended(
    browser: Browser, product: Product
) -> None:
    with signed_up(product, "Dana", "Noa") as (owner, friend):
        notebook = owner.new_notebook("Algebra")
        code = owner.share(notebook)
        save(owner, f"/SAVE/{notebook}", [("a", line(4500, 1500))])
        context = context_for(browser)
        log_in(context, product, friend)
        page = context.new_page()
        page.goto(f"{product.url}/?nb={code}")
        wait_ready(page, 1)
        draw(page, wave(page, 0.5, 0.4))
        wait_saved(page)
        context.set_offline(True)
        draw(page, wave(page, 0.5, 0.6))
        wait_until(lambda: "Offline" in page.locator("#status").inner_text(), timeout_s=15, what="offline")
        assert friend.post("/LOGOUT").status == 200
        context.set_offline(False)
        wait_until(
            lambda: "Log in again" in page.locator("#status").inner_text(),
            timeout_s=20,
            what="asked to log in",
        )
        log = owner.get(f"/api/notebook/log?id={notebook}").json["data"]
        assert [one["author"]["name"] for one in log] == ["Dana", "Noa"]
        assert len(visible_paths(page)) == 3

        assert friend.post("/LOGIN", {"username": "Noa", "password": PASSWORD}).status == 200
        log_in(context, product, friend)
        page.reload()
        wait_ready(page, 3)
        wait_saved(page)
        log = owner.get(f"/api/notebook/log?id={notebook}").json["data"]
        assert [one["author"]["name"] for one in log] == ["Dana", "Noa", "Noa"]
        press(page, "Pen")
        context.close()
