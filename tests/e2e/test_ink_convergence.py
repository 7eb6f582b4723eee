"""Two people cut the same stroke at the same time and one takes it back: everybody sees the same ink (C6).

Once in two browsers with the real server, with cuts that truly overlap in time and with one of the two cut off from
the network meanwhile; and once as a property: random cuts, moves and undos in the server's document and in the
page's, which hears its own changes before, and everything else after, the log.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from server.domain.change import make_change
from server.domain.ids import Author, NotebookId, Role
from server.domain.outline import outline_path
from server.domain.points import encode_points
from server.domain.svg_document import NotebookDocument
from tests.e2e.ink_hands import InkPage, opened, stored_ink
from tests.support.pages import stroke_box, wait_until
from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dana(product: Product) -> Iterator[Person]:
    person = Person(product.port).sign_up("Dana")
    yield person
    person.close()


def same_everywhere(a: InkPage, b: InkPage, person: Person, notebook_id: int) -> bool:
    return a.ink() == b.ink() == stored_ink(person, notebook_id)


def pieces(ink: list[str]) -> int:
    """Into how many parts the only stroke is cut; 0 while its tiles are being redrawn one after the other."""
    return len(ink[0].split("|")) if len(ink) == 1 else 0


def cross_at(ink: InkPage, part: float) -> list[tuple[float, float]]:
    """A short upright line across the only stroke, at this part of its width."""
    paths = ink.ink()[0].split("|")
    boxes = [stroke_box(ink.page, path.split(" #")[0]) for path in paths]
    left, right = min(b[0] for b in boxes), max(b[0] + b[2] for b in boxes)
    top, bottom = min(b[1] for b in boxes), max(b[1] + b[3] for b in boxes)
    x = left + (right - left) * part
    return [(x, top - 12 + (bottom - top + 24) * i / 10) for i in range(11)]


@pytest.mark.browser
@pytest.mark.parametrize("apart", ["interleaved", "offline"])
def test_c6_two_cut_one_stroke_at_once_and_one_undoes(
    browser: Browser, product: Product, dana: Person, apart: str
) -> None:
    notebook_id = dana.new_notebook("cuts")
    code = dana.share(notebook_id)
    with (
        opened(browser, product, dana, f"/?id={notebook_id}") as a,
        opened(browser, product, None, f"/?nb={code}") as b,
    ):
        a.hands["pen"].draw(a.wave(0.25, 0.4, length=0.5, count=60))
        b.wait_count(1, "the stroke at the other")
        whole = a.ink()
        for one in (a, b):
            one.page.keyboard.press("Shift+E")
            # The tools come after the first paint: the line is cut only when this one is there.
            one.page.wait_for_selector("#board[data-tool=partial_eraser]")
        way_a, way_b = cross_at(a, 0.35), cross_at(b, 0.65)
        if apart == "offline":
            b.context.set_offline(True)
        a.hands["pen"].down(way_a[0])
        b.hands["mouse"].down(way_b[0])
        for at_a, at_b in zip(way_a[1:], way_b[1:], strict=True):
            a.hands["pen"].move(at_a)
            b.hands["mouse"].move(at_b)
        a.hands["pen"].up(way_a[-1])
        b.hands["mouse"].up(way_b[-1])
        if apart == "offline":
            wait_until(lambda: pieces(b.ink()) >= 2, what="B's own cut while offline")
            b.context.set_offline(False)
        wait_until(
            lambda: pieces(a.ink()) == 3 and same_everywhere(a, b, dana, notebook_id),
            timeout_s=20,
            what="three parts everywhere",
        )
        both = a.ink()
        a.page.keyboard.press("Control+z")
        wait_until(
            lambda: pieces(a.ink()) == 2 and same_everywhere(a, b, dana, notebook_id),
            what="A's cut taken back everywhere, B's in force",
        )
        a.page.keyboard.press("Control+Shift+z")
        wait_until(lambda: a.ink() == both, what="A's cut again")
        b.page.keyboard.press("Control+z")
        wait_until(
            lambda: pieces(b.ink()) == 2 and same_everywhere(a, b, dana, notebook_id),
            what="B's cut taken back everywhere, A's in force",
        )
        a.page.keyboard.press("Control+z")
        wait_until(lambda: a.ink() == whole and same_everywhere(a, b, dana, notebook_id), what="whole again")


# --- the same as a property --------------------------------------------------------------------------

POINTS = 60

PAGE_SIDE = """
import { NotebookDocument } from "%(root)s/public/js/core/document.js";
import * as serverInk from "%(root)s/public/js/core/server_ink.js";
const cases = JSON.parse(await new Response(process.stdin).text());
const shown = (notebook) => [...notebook.visible()].map((s) => [s.key, [...s.text.matchAll(/ d="([^"]*)" fill="([^"]*)"/g)].map(([, d, fill]) => [d, fill])]);
const answers = await Promise.all(cases.map(async ({ log, own, strokes, ahead }) => {
  const notebook = new NotebookDocument();
  notebook.equip(serverInk);
  notebook.load({ seq: 0, epoch: "e", strokes: [] });
  // Its own changes are on the page `ahead` log entries before they come back.
  const waiting = own.map((seq) => log[seq - 1]);
  for (const entry of log) {
    while (waiting.length && waiting[0].seq <= entry.seq + ahead) {
      const { op, command, data } = waiting.shift();
      notebook.addPending({ op, command, data });
    }
    const answer = { from: entry.seq - 1, to: entry.seq, data: [entry] };
    notebook.applyAnswer({ ...answer, ...strokes[entry.seq] });
  }
  await notebook.settled();
  return shown(notebook).sort((a, b) => Number(a[0]) - Number(b[0]));
}));
console.log(JSON.stringify(answers));
"""


class Notebook:
    """The server's document, and what a poll carries for each of its changes (P1)."""

    def __init__(self) -> None:
        self.document = NotebookDocument(NotebookId(1))
        self.log: list[dict[str, Any]] = []
        self.strokes: dict[int, dict[str, Any]] = {}

    def do(self, command: str, data: Any, author: Author) -> dict[str, Any]:
        op = f"{author.id}-{len(self.log)}"
        change = make_change(command, data, op)
        (entry,) = self.document.prepare([change], author, Role.EDIT, 0)
        affected = self.document.apply(entry)  # type: ignore[arg-type]
        wire = json.loads(entry.wire())  # type: ignore[union-attr]
        self.log.append(wire)
        shown = {str(i): self.document.stroke(i) for i in sorted(affected)}
        self.strokes[wire["seq"]] = {
            "strokes": {i: text for i, text in shown.items() if text is not None},
            "hidden": [i for i, text in shown.items() if text is None],
        }
        return wire

    def ink(self) -> list[Any]:
        made = []
        for group_id in self.document.visible_ids():
            text = self.document.stroke(group_id)
            assert text is not None
            paths = re.findall(r' d="([^"]*)" fill="([^"]*)"', text)
            made.append([str(group_id), [list(path) for path in paths]])
        return made


def fragment(dice: random.Random) -> str:
    x, y = dice.randint(0, 5000), dice.randint(0, 5000)
    points = [(x + 30 * i, y + dice.randint(-20, 20), dice.randint(10, 60)) for i in range(POINTS)]
    d = outline_path(points, 30)
    return f'<g data-p="{encode_points(points)}" data-v="1" data-w="30" data-t="pen"><path d="{d}" fill="#000000"/></g>'


def story(seed: int) -> dict[str, Any]:
    """Two people at one stroke or two: cuts that overlap, moves, colours, and each one's own undo and redo."""
    dice = random.Random(seed)
    people = (Author("u1", "Dana"), Author("u2", "Noa"))
    notebook = Notebook()
    strokes = dice.randint(1, 2)
    for _ in range(strokes):
        notebook.do("a", fragment(dice), people[0])
    done: dict[str, list[str]] = {"u1": [], "u2": []}
    undone: dict[str, list[str]] = {"u1": [], "u2": []}
    for _ in range(dice.randint(4, 24)):
        author = dice.choice(people)
        target = str(dice.randint(1, strokes))
        kind = dice.choice(["cut", "cut", "cut", "undo", "undo", "redo", "move", "colour", "erase"])
        if kind == "undo" and done[author.id]:
            op = done[author.id].pop()
            notebook.do("u", {"op": op}, author)
            undone[author.id].append(op)
            continue
        if kind == "redo" and undone[author.id]:
            op = undone[author.id].pop()
            notebook.do("r", {"op": op}, author)
            done[author.id].append(op)
            continue
        if kind == "move":
            wire = notebook.do("m", {"ids": [target], "by": [dice.randint(-900, 900), 40]}, author)
        elif kind == "colour":
            wire = notebook.do("s", {"ids": [target], "fill": dice.choice(["#c81e1e", "#15803d"])}, author)
        elif kind == "erase" and dice.random() < 0.3:
            wire = notebook.do("e", {"ids": [target]}, author)
        else:
            start = dice.randint(0, 16 * (POINTS - 2))
            end = min(16 * (POINTS - 1), start + dice.randint(1, 400))
            wire = notebook.do("e", {"cuts": {target: [[start, end]]}}, author)
        done[author.id].append(wire["op"])
        undone[author.id].clear()
    own = [entry["seq"] for entry in notebook.log if entry["author"]["id"] == "u2"]
    return {
        "log": notebook.log,
        "own": own,
        "strokes": notebook.strokes,
        "ahead": dice.choice([0, 1, 3, 50]),
        "expected": notebook.ink(),
    }


def test_c6_cuts_and_undos_of_two_leave_the_same_ink_at_the_page_and_the_server() -> None:
    node = shutil.which("node")
    assert node is not None
    stories = [story(seed) for seed in range(120)]
    made = subprocess.run(
        [node, "--input-type=module", "-e", PAGE_SIDE % {"root": ROOT}],
        input=json.dumps([{k: v for k, v in one.items() if k != "expected"} for one in stories]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    for seed, (one, shown) in enumerate(zip(stories, json.loads(made.stdout), strict=True)):
        assert shown == one["expected"], (
            f"seed {seed}: {[(e['seq'], e['command'], e['data']) for e in one['log']]}"
        )
