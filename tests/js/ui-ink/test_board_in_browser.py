"""The board alone in Chromium, without a server: pen, finger and mouse, every tool and its undo, wet against dry ink.

Owns the proofs of INK.md that need a browser but no product: what each pointer does, that a stroke is on the sheet
exactly once in every frame, that exports show what the page shows. The page under test is board.html beside this
file; static_server.mjs serves it.
"""

from __future__ import annotations

import base64
import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.ink.strokes import fragments

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
Press = tuple[float, float, float]
"""x and y in CSS pixels, pressure 0 to 1."""

# Counts pixels of ink in either picture, and those that differ by more than a shade of antialiasing.
COMPARE = """async ([a, b, shade]) => {
  const pixels = async (text) => {
    const blob = await (await fetch('data:image/png;base64,' + text)).blob();
    const image = await createImageBitmap(blob);
    const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height).data;
  };
  const [one, other] = [await pixels(a), await pixels(b)];
  let ink = 0, differ = 0;
  for (let i = 1; i < one.length; i += 4) {
    if (one[i] < 200 || other[i] < 200) ink += 1;
    if (Math.abs(one[i] - other[i]) > shade) differ += 1;
  }
  return { ink, differ };
}"""


class Board:
    """The page under test and the ways to touch it."""

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self.page = page
        self.cdp = cdp

    def run(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def wait_for(self, condition: str) -> None:
        # wait_for_function would need eval, which the page's policy forbids, as the product's does.
        until = time.monotonic() + 10
        while not self.run(condition):
            assert time.monotonic() < until, condition
            self.page.wait_for_timeout(20)

    def pen_event(
        self, kind: str, press: Press, buttons: int = 1, button: str = "left", **more: float
    ) -> None:
        x, y, force = press
        self.cdp.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "force": force,
                "button": button,
                "buttons": buttons,
                "pointerType": "pen",
                "clickCount": 0 if kind == "mouseMoved" else 1,
                **more,
            },
        )

    def pen(self, way: list[Press], *, lift: bool = True) -> None:
        self.pen_event("mousePressed", way[0])
        for press in way[1:]:
            self.pen_event("mouseMoved", press)
        if lift:
            self.lift(way[-1])

    def lift(self, press: Press) -> None:
        self.pen_event("mouseReleased", press, buttons=0)

    def mouse(self, way: list[Press]) -> None:
        self.page.mouse.move(way[0][0], way[0][1])
        self.page.mouse.down()
        for x, y, _ in way[1:]:
            self.page.mouse.move(x, y)
        self.page.mouse.up()

    def touch(self, kind: str, points: list[tuple[int, float, float]]) -> None:
        touches = [{"id": number, "x": x, "y": y} for number, x, y in points]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def finger(self, way: list[Press]) -> None:
        self.touch("touchStart", [(1, way[0][0], way[0][1])])
        for x, y, _ in way[1:]:
            self.touch("touchMove", [(1, x, y)])
        self.touch("touchEnd", [])

    def shown(self) -> int:
        return int(self.run("notebook.shownCount"))

    def settle(self) -> None:
        """Until every change came back from the log and is painted."""
        self.run("board.whenPainted()")
        self.wait_for("notebook.pending.size === 0")
        self.run("board.whenPainted()")

    def picture(self) -> str:
        return base64.b64encode(self.page.screenshot()).decode()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    node = shutil.which("node")
    assert node is not None
    server = subprocess.Popen([node, str(HERE / "static_server.mjs")], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    with server:
        port = server.stdout.readline().strip()
        yield f"http://127.0.0.1:{port}/tests/js/ui-ink/board.html"
        server.kill()


@pytest.fixture
def open_board(browser: Browser, address: str) -> Iterator[Any]:
    contexts = []
    errors: list[str] = []

    def open_(query: str = "", slow: str = "", **options: Any) -> Board:
        context = browser.new_context(viewport={"width": 900, "height": 600}, **options)
        contexts.append(context)
        page = context.new_page()
        if slow:
            page.route(f"**/{slow}", lambda route: (time.sleep(0.8), route.continue_()))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}?{query}")
        page.wait_for_selector("html[data-ready-seq]", state="attached")
        return Board(page, context.new_cdp_session(page))

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def wave(x: float, y: float, count: int = 40, width: float = 300) -> list[Press]:
    return [
        (x + width * i / count, y + 25 * math.sin(i / 4), 0.3 + 0.4 * abs(math.sin(i / 7)))
        for i in range(count)
    ]


def line(x0: float, y0: float, x1: float, y1: float, count: int = 12) -> list[Press]:
    return [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count, 0.5) for i in range(count + 1)]


def test_pen_finger_and_mouse_each_draw_one_stroke(open_board: Any) -> None:
    board = open_board(has_touch=True)
    board.mouse(wave(50, 100))
    board.finger(wave(50, 200))
    board.pen(wave(50, 300))
    board.settle()
    strokes = board.run("notebook.visible().map((s) => [s.tool(), s.points().length / 3])")
    assert [tool for tool, _ in strokes] == ["mouse", "mouse", "pen"]
    assert strokes[2][1] >= 40


def test_every_pen_sample_is_captured_with_its_pressure(open_board: Any) -> None:
    board = open_board()
    way = wave(50, 200, count=120, width=600)
    board.pen(way)
    points = board.run("Array.from(notebook.visible()[0].points())")
    captured = {tuple(points[i : i + 2]) for i in range(0, len(points), 3)}
    scale = 10
    missed = [
        (x, y)
        for x, y, _ in way
        if (math.floor(x * scale + 0.5), math.floor(y * scale + 0.5)) not in captured
    ]
    assert missed == []
    assert len(set(points[2::3])) > 10


@pytest.mark.parametrize(("ratio", "zoom"), [(1, 1), (2, 1), (2, 1.37), (3, 0.73)])
def test_the_last_wet_frame_is_the_first_dry_one(open_board: Any, ratio: int, zoom: float) -> None:
    board = open_board(device_scale_factor=ratio)
    board.run(f"board.viewport.zoomAt(0, 0, {zoom})")
    board.page.wait_for_timeout(250)
    way = wave(60, 300, count=220, width=780)
    board.pen(way, lift=False)
    board.page.wait_for_timeout(80)
    wet = board.picture()
    board.lift(way[-1])
    board.settle()
    compared = board.page.context.new_page().evaluate(COMPARE, [wet, board.picture(), 32])
    assert compared["ink"] > 1000
    assert compared["differ"] / compared["ink"] < 0.005


def test_what_was_left_before_it_was_drawn_stays_out_of_the_page(open_board: Any) -> None:
    board = open_board()
    strays = board.page.evaluate(
        """async (texts) => {
          const strokes = texts.map((fragment, i) => ({ id: String(i + 1), fragment }));
          notebook.load({ seq: 1, epoch: '0', strokes });
          board.viewport.panBy(0, -12000);
          await board.whenPainted();
          while (board.view.dry.queue.length) await new Promise(requestAnimationFrame);
          const known = new Set([...board.view.dry.tiles.values()].map((tile) => tile.ink.svg));
          const tiles = [...document.querySelectorAll('.board-inks > svg')];
          return [tiles.length > 0, tiles.filter((svg) => !known.has(svg)).length];
        }""",
        list(fragments(20_000)),
    )
    assert strays == [True, 0]


def test_a_stroke_is_on_the_sheet_exactly_once_in_every_frame(open_board: Any) -> None:
    board = open_board()
    board.run(
        """() => {
          window.frames = [];
          const look = () => {
            const dry = new Set([...document.querySelectorAll('.board-inks [data-key]')].map((n) => n.dataset.key));
            frames.push(dry.size + (document.querySelector('.board-wet').hidden ? 0 : 1));
            requestAnimationFrame(look);
          };
          board.addEventListener('drawstart', () => requestAnimationFrame(() => requestAnimationFrame(look)), { once: true });
        }"""
    )
    board.pen(wave(50, 200))
    board.settle()
    assert set(board.run("frames")) == {1}


def test_palm_beside_the_pen_draws_nothing_and_a_second_finger_pinches(open_board: Any) -> None:
    board = open_board(has_touch=True)
    board.finger(line(100, 400, 110, 400))
    board.touch("touchStart", [(1, 300, 300)])
    board.touch("touchStart", [(1, 300, 300), (2, 500, 300)])
    board.touch("touchMove", [(1, 250, 300), (2, 550, 300)])
    board.touch("touchEnd", [])
    board.settle()
    assert board.shown() == 1
    assert board.run("board.viewport.zoom") == pytest.approx(1.5, rel=0.02)
    board.pen(wave(50, 150))
    board.finger(line(400, 500, 420, 520))
    board.settle()
    assert board.shown() == 2


def test_a_pen_that_comes_after_the_palm_draws_and_the_palm_does_not(open_board: Any) -> None:
    board = open_board(has_touch=True)
    board.touch("touchStart", [(1, 600, 450)])
    board.touch("touchMove", [(1, 640, 470)])
    board.pen(wave(50, 150))
    board.touch("touchMove", [(1, 660, 480)])
    board.touch("touchEnd", [])
    board.settle()
    assert board.run("notebook.visible().map((s) => s.tool())") == ["pen"]
    assert board.run("document.querySelector('.board-wet').hidden") is True


def test_a_touch_the_system_takes_away_leaves_no_ink_and_nothing_to_undo(open_board: Any) -> None:
    board = open_board(has_touch=True)
    board.touch("touchStart", [(1, 100, 200)])
    for x in range(120, 300, 20):
        board.touch("touchMove", [(1, x, 220)])
    board.touch("touchCancel", [])
    board.settle()
    assert board.shown() == 0
    assert board.run("board.canUndo") is False
    assert board.run("document.querySelector('.board-wet').hidden") is True
    board.finger(wave(50, 150))
    board.settle()
    assert board.shown() == 1


@pytest.mark.parametrize("lacking", ["missing", "empty"])
def test_a_browser_without_coalesced_events_still_takes_every_event(open_board: Any, lacking: str) -> None:
    board = open_board()
    board.run(
        """(lacking) => {
          for (const name of ['getCoalescedEvents', 'getPredictedEvents']) {
            if (lacking === 'missing') delete PointerEvent.prototype[name];
            else PointerEvent.prototype[name] = () => [];
          }
          window.moves = [];
          document.querySelector('#board').addEventListener('pointermove', (event) => {
            if (event.buttons) moves.push([Math.floor(event.clientX * 10 + 0.5), Math.floor(event.clientY * 10 + 0.5)]);
          });
        }""",
        lacking,
    )
    board.pen(wave(50, 200, count=80, width=600))
    board.settle()
    points = board.run("Array.from(notebook.visible()[0].points())")
    captured = {tuple(points[i : i + 2]) for i in range(0, len(points), 3)}
    moves = [tuple(at) for at in board.run("moves")]
    assert len(moves) >= 3
    assert [at for at in moves if at not in captured] == []
    assert board.run("notebook.visible()[0].tool()") == "pen"


def test_with_a_pen_in_use_one_finger_pans(open_board: Any) -> None:
    board = open_board(has_touch=True)
    board.pen(wave(50, 150))
    board.page.wait_for_timeout(600)
    before = board.run("board.viewport.offsetY")
    board.finger(line(400, 500, 400, 400))
    board.settle()
    assert board.shown() == 1
    assert board.run("board.viewport.offsetY") == pytest.approx(before - 100, abs=10)


def test_the_barrel_button_erases_and_undo_brings_back(open_board: Any) -> None:
    board = open_board()
    board.pen(wave(50, 150))
    board.pen(wave(50, 350))
    board.pen_event("mousePressed", (200, 100, 0.5), buttons=2, button="right")
    for press in line(200, 100, 200, 200)[1:]:
        board.pen_event("mouseMoved", press, buttons=2, button="right")
    board.pen_event("mouseReleased", (200, 200, 0), buttons=0, button="right")
    board.settle()
    assert board.shown() == 1
    board.page.keyboard.press("Control+z")
    board.settle()
    assert board.shown() == 2


def test_the_eraser_end_erases_whatever_tool_is_chosen(open_board: Any) -> None:
    board = open_board()
    board.pen(wave(50, 150))
    board.pen(wave(50, 350))
    board.settle()
    # The DevTools protocol has no eraser end: the page gets the events as such a pen sends them (button 5, buttons 32).
    board.run(
        """() => {
          const fire = (type, x, y, buttons) => document.querySelector('#board').dispatchEvent(new PointerEvent(type, {
            bubbles: true, cancelable: true, pointerId: 7, pointerType: 'pen', clientX: x, clientY: y,
            button: type === 'pointermove' ? -1 : 5, buttons, pressure: buttons ? 0.5 : 0 }));
          fire('pointerdown', 200, 100, 32);
          for (let y = 110; y <= 200; y += 10) fire('pointermove', 200, y, 32);
          fire('pointerup', 200, 200, 0);
        }"""
    )
    board.settle()
    assert board.shown() == 1
    assert board.run("board.toolName") == "pen"
    board.pen(wave(50, 250))
    board.settle()
    assert board.shown() == 2


def test_a_tool_that_is_still_on_its_way_gets_the_whole_gesture(open_board: Any) -> None:
    board = open_board(slow="board_extras.js")
    board.mouse(wave(50, 150))
    board.mouse(wave(50, 350))
    board.page.keyboard.press("e")
    board.mouse(line(200, 80, 200, 220))
    board.settle()
    assert board.shown() == 1
    board.page.keyboard.press("Control+z")
    board.settle()
    assert board.shown() == 2


def test_a_drag_by_the_hand_whose_key_is_not_understood_yet_moves_the_sheet(open_board: Any) -> None:
    board = open_board(slow="board_extras.js")
    board.mouse(wave(50, 150))
    before = board.run("[board.viewport.offsetX, board.viewport.offsetY]")
    board.page.keyboard.press("h")
    board.mouse(line(400, 400, 340, 350))
    board.settle()
    assert board.shown() == 1
    after = board.run("[board.viewport.offsetX, board.viewport.offsetY]")
    assert abs(after[0] - before[0] + 60) <= 1
    assert abs(after[1] - before[1] + 50) <= 1


def test_what_came_in_idle_time_works_without_a_network(open_board: Any) -> None:
    board = open_board()
    board.mouse(wave(50, 150))
    # The parts come one after the other; this is the last one.
    board.wait_for("performance.getEntriesByType('resource').some((one) => one.name.endsWith('/svg.esm.js'))")
    board.page.context.set_offline(True)
    assert board.run("board.exported('pdf').then((blob) => blob.size)") > 500
    board.page.keyboard.press("e")
    board.mouse(line(200, 80, 200, 220))
    board.settle()
    assert board.shown() == 0


def test_tilt_is_kept_and_an_upright_pen_has_none(open_board: Any) -> None:
    board = open_board()
    board.pen(wave(50, 150))
    way = wave(50, 350)
    board.pen_event("mousePressed", way[0], tiltX=45, tiltY=0)
    for press in way[1:]:
        board.pen_event("mouseMoved", press, tiltX=0, tiltY=45)
    board.lift(way[-1])
    board.settle()
    upright, leaning = board.run("notebook.visible().map((s) => s.text)")
    assert "data-tilt" not in upright
    tilt = leaning.split('data-tilt="')[1].split('"')[0]
    assert tilt.startswith("8084")
    assert len(tilt) == 2 * board.run("notebook.visible()[1].points().length / 3")


@pytest.mark.parametrize("first", [0.0, 0.2])
def test_a_light_pen_leaves_no_blob_at_either_end(open_board: Any, first: float) -> None:
    board = open_board()
    board.pen([(x, y, first if i == 0 else 0.2) for i, (x, y, _) in enumerate(line(50, 150, 350, 150))])
    board.settle()
    pressures = board.run("Array.from(notebook.visible()[0].points()).filter((_, i) => i % 3 === 2)")
    assert max(pressures) <= 16
    assert pressures[-1] == pressures[-2] == 13


def test_each_tool_by_its_key_and_its_undo(open_board: Any) -> None:
    board = open_board("paper=ruled&margin=left")
    board.mouse(wave(50, 150))
    board.mouse(wave(50, 350))
    press = board.page.keyboard.press
    press("e")
    board.mouse(line(200, 80, 200, 220))
    board.settle()
    assert board.shown() == 1
    press("Control+z")
    press("Shift+E")
    board.mouse(line(200, 80, 200, 450))
    board.settle()
    assert board.run("notebook.visible().filter((s) => s.isCut()).length") == 2
    press("Control+z")
    board.settle()
    assert board.run("notebook.visible().filter((s) => s.isCut()).length") == 0
    press("m")
    board.mouse(line(50, 150, 350, 150))
    board.settle()
    assert board.run("notebook.visible().at(-1).tool()") == "marker"
    press("r")
    board.mouse(line(20, 80, 400, 230))
    assert board.run("board.selection.strokes.size") == 2
    board.mouse(line(200, 150, 300, 180))
    board.settle()
    assert board.run("state.log.at(-1).command") == "m"
    assert board.run("state.log.at(-1).data.by") == [1000, 300]
    press("Control+d")
    board.settle()
    assert board.shown() == 5
    press("Delete")
    board.settle()
    assert board.shown() == 3
    press("l")
    board.mouse([(40, 300, 0), (400, 300, 0), (400, 420, 0), (40, 420, 0), (40, 310, 0)])
    assert board.run("board.selection.strokes.size") == 1
    board.run("board.setColour('#b3261e')")
    board.settle()
    assert "#b3261e" in board.run("[...board.selection.strokes][0].text")
    while board.run("board.canUndo"):
        press("Control+z")
    board.settle()
    assert board.shown() == 0
    while board.run("board.canRedo"):
        press("Control+Shift+z")
    board.settle()
    assert board.shown() == 3


def test_clear_is_one_step_also_with_strokes_that_are_on_their_way(open_board: Any) -> None:
    board = open_board()
    board.mouse(wave(50, 150))
    board.settle()
    board.run("state.echo = false")
    board.mouse(wave(50, 350))
    board.run("board.clear()")
    assert board.shown() == 0
    board.run("board.undo()")
    assert board.shown() == 2


def test_hebrew_starts_at_the_right_edge_and_readers_only_pan(open_board: Any) -> None:
    board = open_board("dir=rtl&paper=ruled&margin=right")
    assert board.run("board.viewport.boardX(12000)") == pytest.approx(900)
    board.run("board.setRole('view')")
    board.mouse(line(500, 300, 400, 300))
    assert board.shown() == 0
    assert board.run("board.viewport.boardX(12000)") == pytest.approx(800)


def test_live_ink_of_a_peer_gives_way_to_the_committed_stroke(open_board: Any) -> None:
    author, peer = open_board(), open_board()
    author.run("state.echo = false")
    way = wave(50, 200, count=90, width=500)
    author.pen(way[:30], lift=False)
    for part in (way[30:60], way[60:]):
        author.page.wait_for_timeout(100)  # a piece goes to the others 80 ms after the one before
        for press in part:
            author.pen_event("mouseMoved", press)
    author.lift(way[-1])
    pieces = [piece for piece in author.run("state.live") if "points" in piece]
    assert len(pieces) >= 3
    seen = peer.page.evaluate(
        """async ([pieces, fragment]) => {
          board.showLive(pieces.map((piece) => ({ client: 'a', name: 'A', ...piece })));
          const live = () => document.querySelector('.board-live canvas');
          while (live()?.hidden !== false) await new Promise(requestAnimationFrame);
          echo('x1', 'a', fragment);
          return [notebook.shownCount, live().hidden,
            document.querySelectorAll('.board-inks [data-key]').length > 0];
        }""",
        [pieces, author.run("notebook.visible()[0].text")],
    )
    assert seen == [1, True, True]


def test_exports_show_what_the_page_shows(open_board: Any, tmp_path: Path) -> None:
    board = open_board()
    board.mouse(wave(50, 150))
    board.run("board.setColour('#2b4a9b')")
    board.mouse(wave(50, 350))
    board.settle()
    files = {}
    for kind in ("svg", "png", "pdf"):
        text = board.page.evaluate(
            """async (kind) => {
              const bytes = new Uint8Array(await (await board.exported(kind)).arrayBuffer());
              return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
            }""",
            kind,
        )
        files[kind] = base64.b64decode(text)
    png = base64.b64encode(files["png"]).decode()
    compare = board.page.context.new_page()
    renderers = {
        "svg": ["rsvg-convert", "-z", "2", "-b", "white"],
        "pdf": ["pdftoppm", "-r", "192", "-png", "-"],
    }
    for kind, command in renderers.items():
        if shutil.which(command[0]) is None:
            continue
        made = subprocess.run(command, input=files[kind], capture_output=True, check=True).stdout
        compared = compare.evaluate(COMPARE, [png, base64.b64encode(made).decode(), 64])
        assert compared["ink"] > 1000, kind
        assert compared["differ"] / compared["ink"] < 0.01, kind
