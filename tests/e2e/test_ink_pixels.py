"""Ink is the same picture everywhere: wet and dry, author and peer, page and export.

The real page with the real server. Pixels are compared where there is ink: a stroke's last wet frame with its first
dry one, and the page with its export as rsvg and poppler, two other renderers, draw it. The path data of a stroke
has to be the same text at the author, at a peer, after a reload, in the stored document and in the export.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from server.domain.points import decode_points
from tests.conftest import missing
from tests.e2e.ink_hands import HANDS, InkPage, opened, stored_ink
from tests.support.pages import wait_until
from tests.support.product import Person, Product, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# Pixels of ink in either picture (the second one may be cut out of a larger one), and those that differ by more
# than a shade of antialiasing.
COMPARE = """async ([a, b, left, top, shade]) => {
  const picture = async (text) => createImageBitmap(await (await fetch('data:image/png;base64,' + text)).blob());
  const [one, other] = [await picture(a), await picture(b)];
  const pixels = (image, x, y) => {
    const pen = new OffscreenCanvas(one.width, one.height).getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, one.width, one.height);
    pen.drawImage(image, -x, -y);
    return pen.getImageData(0, 0, one.width, one.height).data;
  };
  const [p, q] = [pixels(one, 0, 0), pixels(other, left, top)];
  let ink = 0, differ = 0, dark = [0, 0];
  for (let i = 0; i < p.length; i += 4) {
    const far = Math.max(...[0, 1, 2].map((c) => Math.abs(p[i + c] - q[i + c])));
    const least = [Math.min(p[i], p[i + 1], p[i + 2]), Math.min(q[i], q[i + 1], q[i + 2])];
    if (least[0] < 200 || least[1] < 200) ink += 1;
    dark[0] += 255 - least[0];
    dark[1] += 255 - least[1];
    if (far > shade) differ += 1;
  }
  return { ink, differ, darkness: dark[0] / Math.max(1, dark[1]) };
}"""

ONE_STEP = 64
"""Chromium smooths edges in four steps: a shade apart by no more than one of them is the same edge."""

# In every frame: how many copies of the one stroke are on the sheet.
COPIES = """() => {
  window.copies = [];
  const wet = document.querySelector('#board .board-wet');
  const look = () => {
    const dry = new Set([...document.querySelectorAll('#board .board-inks [data-key]')].map((n) => n.dataset.key));
    copies.push(dry.size + (wet.hidden ? 0 : 1));
    requestAnimationFrame(look);
  };
  document.querySelector('#board').addEventListener('pointerdown', () => {
    requestAnimationFrame(() => requestAnimationFrame(look));
  }, { once: true });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(Path(tmp_path_factory.mktemp("pixels")) / "data") as product:
        yield product


@pytest.fixture(scope="module")
def person(server: Product) -> Iterator[Person]:
    dana = Person(server.port).sign_up("Dana")
    yield dana
    dana.close()


def compare(browser: Browser, *arguments: Any) -> dict[str, float]:
    page = browser.new_page()
    try:
        return dict(page.evaluate(COMPARE, list(arguments)))
    finally:
        page.close()


def picture(ink: InkPage, clip: tuple[float, float, float, float]) -> str:
    x, y, width, height = clip
    shot = ink.page.screenshot(clip={"x": x, "y": y, "width": width, "height": height})
    return base64.b64encode(shot).decode()


def middle(ink: InkPage) -> tuple[float, float, float, float]:
    """A part of the board that no tool covers, on whole pixels."""
    (x0, y0), (x1, y1) = ink.at(0.15, 0.12), ink.at(0.85, 0.88)
    return round(x0), round(y0), round(x1) - round(x0), round(y1) - round(y0)


@pytest.mark.parametrize("kind", HANDS)
@pytest.mark.parametrize("ratio", [1, 2])
def test_the_last_wet_frame_is_the_first_dry_one(
    browser: Browser, server: Product, person: Person, kind: str, ratio: int
) -> None:
    notebook_id = person.new_notebook("wet")
    with opened(
        browser, server, person, f"/?id={notebook_id}", has_touch=True, device_scale_factor=ratio
    ) as ink:
        hand = ink.hands[kind]
        ink.page.evaluate(COPIES)
        way = ink.wave(0.2, 0.5, length=0.6, count=160)
        hand.down(way[0])
        for at in way[1:]:
            hand.move(at)
        ink.page.wait_for_timeout(80)
        wet = picture(ink, middle(ink))
        hand.up(way[-1])
        ink.wait_count(1, "the dry stroke")
        dry = picture(ink, middle(ink))
        ink.settle()
        found = compare(browser, wet, dry, 0, 0, ONE_STEP)
        assert found["ink"] > 1000
        assert found["differ"] / found["ink"] < 0.005, found
        assert found["darkness"] == pytest.approx(1, abs=0.002)
        assert set(ink.page.evaluate("copies")) == {1}


def test_lifting_the_pen_adds_no_point_and_no_pressure(
    browser: Browser, server: Product, person: Person
) -> None:
    notebook_id = person.new_notebook("lift")
    with opened(browser, server, person, f"/?id={notebook_id}") as ink:
        hand = ink.hands["pen"]
        way = ink.wave(0.3, 0.4, count=30)
        hand.down(way[0], force=1.0)
        for at in way[1:]:
            hand.move(at, force=1.0)
        hand.up(way[-1])
        ink.wait_count(1, "the stroke")
        ink.settle()
    document = person.get(f"/Notebook/{notebook_id}").data["NotebookData"]
    points = decode_points(document.split('data-p="')[1].split('"')[0])
    assert len(points) == len(way)
    assert {pressure for _, _, pressure in points} == {63}


def drawn_page(ink: InkPage) -> None:
    """Ink of every kind: pen, marker under it, a cut stroke, other colours, a moved one."""
    hand, press = ink.hands["pen"], ink.page.keyboard.press
    for row in (0.25, 0.4, 0.55):
        hand.draw(ink.wave(0.2, row, length=0.5, count=60))
    press("m")
    hand.draw(ink.line(0.2, 0.4, 0.7, 0.4))
    press("Shift+E")
    hand.draw(ink.line(0.45, 0.48, 0.45, 0.62))
    press("r")
    hand.draw(ink.line(0.15, 0.15, 0.75, 0.3))
    wait_until(ink.is_choosing, what="a choice")
    hand.draw(ink.line(0.4, 0.25, 0.45, 0.72))
    hand.press("Colour")
    swatch = ink.page.get_by_role("button", name="Blue", exact=True)
    swatch.wait_for()
    hand.tap(swatch)
    press("Escape")
    wait_until(lambda: any("#1d4ed8" in stroke for stroke in ink.ink()), what="blue ink")
    ink.page.locator("#board").press("p")
    wait_until(lambda: not ink.is_choosing(), what="nothing chosen")
    ink.settle()


def exported(ink: InkPage, kind: str) -> bytes:
    ink.page.locator("#status").click()
    with ink.page.expect_download() as download:
        ink.page.get_by_role("button", name=f"Download as {kind}").click()
    return Path(download.value.path()).read_bytes()


def origin(ink: InkPage) -> tuple[float, float]:
    """Where the sheet's corner is on the page, in CSS pixels: by a stroke whose place on the sheet is known."""
    found: list[float] = ink.page.evaluate(
        """() => {
          const path = document.querySelector('#board .board-inks path');
          const matrix = path.getScreenCTM();
          return [matrix.e, matrix.f, matrix.a];
        }"""
    )
    assert found[2] == pytest.approx(0.1)
    return found[0], found[1]


RENDERERS = {
    "SVG": ["rsvg-convert", "-z", "2", "-b", "white"],
    "PDF": ["pdftoppm", "-r", "192", "-f", "1", "-l", "1", "-png", "-"],
}
PACKAGES = {"rsvg-convert": "librsvg2-bin", "pdftoppm": "poppler-utils"}


def test_the_export_in_other_renderers_is_the_page_and_every_path_the_same_text(
    browser: Browser, server: Product, person: Person
) -> None:
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            missing(program, package)
    notebook_id = person.new_notebook("export")
    path = f"/?id={notebook_id}"
    code = person.share(notebook_id)
    with opened(browser, server, person, path, device_scale_factor=2, accept_downloads=True) as ink:
        drawn_page(ink)
        author = ink.ink()
        assert len(author) == 4
        clip = middle(ink)
        page = picture(ink, clip)
        left, top = origin(ink)
        files = {kind: exported(ink, kind) for kind in RENDERERS}
        for kind, command in RENDERERS.items():
            made = subprocess.run(command, input=files[kind], capture_output=True, check=True).stdout
            place = [round((clip[0] - left) * 2), round((clip[1] - top) * 2)]
            found = compare(browser, page, base64.b64encode(made).decode(), *place, ONE_STEP)
            assert found["ink"] > 5000, kind
            assert found["differ"] / found["ink"] < 0.01, (kind, found)
        with opened(browser, server, None, f"/?nb={code}", seq=1) as peer:
            peer.wait_ink(author, "the same ink at the peer")
        ink.reload()
        ink.wait_ink(author, "the same ink after a reload")
        assert stored_ink(person, notebook_id) == author
        in_export = set(re.findall(r' d="([^"]*)"', files["SVG"].decode()))
        on_page = {part.split(" #")[0] for stroke in author for part in stroke.split("|")}
        assert on_page <= in_export
        served = person.get(f"/Notebook/{notebook_id}.svg").body.decode()
        assert on_page == set(re.findall(r' d="([^"]*)"', served))
