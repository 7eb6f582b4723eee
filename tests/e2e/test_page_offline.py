"""Installable, and open without a network (where the certificate is trusted): manifest, icons, worker, one's own copies."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.history import line, log_in, save, signed_up
from tests.support.icons import ICONS
from tests.support.pages import draw, press, visible_paths, wait_ready, wait_until, wave
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_manifest_and_its_icons_are_served(product: Product) -> None:
    visitor = Person(product.port)
    answer = visitor.get("/manifest.webmanifest")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = json.loads(answer.body)
    assert {icon["purpose"] for icon in manifest["icons"] if "purpose" in icon} == {"any", "maskable"}
    for name, (size, _) in ICONS.items():
        picture = visitor.get(f"/images/{name}")
        assert picture.headers["content-type"] == "image/png"
        assert struct.unpack(">II", picture.body[16:24]) == (size, size)
    worker = visitor.get("/sw.js")
    assert worker.status == 200
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    page = visitor.get("/").body.decode()
    prefix = page.split('href="/v/')[1].split("/")[0]
    listed = visitor.get(f"/v/{prefix}/files.json").json
    assert f"/v/{prefix}/public/js/app/main.js" in listed
    for path in listed[:3]:
        assert visitor.get(path).status == 200
    visitor.close()


def key_hash(certificate: Path) -> str:
    """What Chromium wants in order to take a certificate for trusted: SHA-256 of its public key, in base64."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.mark.browser
def test_page_and_notebook_open_without_the_server_and_log_out_forgets_them(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    trusted = (
        f"--ignore-certificate-errors-spki-list={key_hash(product.data_dir / 'https' / 'servercert.pem')}"
    )
    executable = browser.browser_type.executable_path
    chromium = shutil.which("chromium") or executable
    with signed_up(product, "Dana") as (owner,):
        notebook = owner.new_notebook("Algebra")
        save(owner, f"/SAVE/{notebook}", [("a", line(4500, 1500 + 900 * row)) for row in range(3)])
        context = browser.browser_type.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", trusted],
            locale="en-US",
            viewport={"width": 1280, "height": 800},
        )
        log_in(context, product, owner)
        page = context.new_page()
        page.goto(f"{product.url}/?id={notebook}")
        wait_ready(page, 3)
        wait_until(
            lambda: page.evaluate("caches.keys().then((names) => names.includes('pages'))"),
            timeout_s=60,
            what="the worker keeps the page",
        )
        time.sleep(0.5)
        product.stop()

        page.goto(f"{product.url}/?id={notebook}")
        wait_until(lambda: len(visible_paths(page)) == 3, what="the notebook out of its copy")
        assert page.locator("#title").inner_text() == "Algebra"
        assert page.locator(".entry-open").count() == 1
        draw(page, wave(page, 0.5, 0.7))
        wait_until(
            lambda: "1 stroke waiting" in page.locator("#status").inner_text(), what="the stroke waits"
        )

        product.start()
        wait_ready(page, 4, timeout_s=30)
        assert len(visible_paths(page)) == 4
        press(page, "Log out")
        page.get_by_role("link", name="Log in").first.wait_for()
        left = page.evaluate(
            "new Promise((done) => { const r = indexedDB.open('shared-notebooks-copies'); r.onsuccess = () => {"
            " const a = r.result.transaction('copies').objectStore('copies').getAll(); a.onsuccess = () => done(a.result.length); }; })"
        )
        assert left == 0
        context.close()
