"""Shares on https://localhost and opens the link through the machine's LAN address, in another browser profile.

Run by test_lan_link.py inside a network namespace of its own, where `lan0` has the address given as an argument: a
neighbour's view of the machine without touching any real network. Exits with 0 when the story holds.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.pages import (
    context_for,
    draw,
    press,
    visible_paths,
    wait_ready,
    wait_saved,
    wait_until,
    wave,
)
from tests.support.product import Product

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


def main(address: str) -> None:
    with tempfile.TemporaryDirectory(prefix="lan-") as folder, sync_playwright() as playwright:
        product = Product(Path(folder) / "data", every_interface=True).start()
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            a = context_for(chromium).new_page()
            a.goto(f"{product.url}/")
            draw(a, wave(a, 0.4, 0.4))
            a.goto(f"{product.url}/signUp.html")
            a.get_by_label("User name").fill("Dana")
            a.get_by_label("Password", exact=True).fill("correct horse battery")
            a.get_by_role("button", name="Sign up", exact=True).click()
            a.wait_for_url("**/?id=*")
            wait_ready(a, 1)
            wait_saved(a)
            press(a, "Share")
            a.get_by_role("button", name="Make a link").click()
            field = a.get_by_label("Link", exact=True)
            wait_until(lambda: "nb=" in field.input_value(), what="the link")
            link = field.input_value()
            assert link.startswith(f"https://{address}:{product.port}/?nb="), link
            b = context_for(chromium).new_page()
            b.goto(link)
            wait_ready(b, 1)
            assert len(visible_paths(b)) == 1
            assert visible_paths(a) == visible_paths(b)
        finally:
            chromium.close()
            product.kill()


if __name__ == "__main__":
    main(sys.argv[1])
