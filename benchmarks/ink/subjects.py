"""What the ink benchmark drives: our product with notebooks full of strokes, and the peers' pages.

Owns starting both (our server as a user would, a file server for the peers) and opening a page of either with a
given number of strokes; how figures are taken belongs to `driver.py` and `rows.py`.
"""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from benchmarks.ink.driver import Tab, open_tab
from benchmarks.ink.strokes import fill, plain_strokes
from server.domain.points import decode_points
from tests.support.product import Person, Product, running


class Ours:
    """Our product with one user; notebooks are filled when they are first asked for."""

    name = "ours"

    def __init__(self, product: Product, person: Person, kept: Path) -> None:
        self.product = product
        self._person = person
        self.kept = kept
        self.notebooks: dict[str, int] = json.loads(kept.read_text())["notebooks"] if kept.exists() else {}

    @property
    def person(self) -> Person:
        """The user, on a fresh connection: between two rows the server may have closed the idle one."""
        self._person.close()
        return self._person

    def notebook(self, count: int, *, points: int | None = None) -> int:
        """Id of a notebook with so many strokes that no row writes into twice without saying so."""
        key = f"{count}/{points or 'mixed'}"
        if key not in self.notebooks:
            notebook_id = self.person.new_notebook(key)
            fill(self.person, notebook_id, count, points=points)
            self.notebooks[key] = notebook_id
            self.kept.write_text(json.dumps({"notebooks": self.notebooks, "cookies": self.person.cookies}))
        return self.notebooks[key]

    def seq(self, notebook_id: int) -> int:
        return next(
            int(one["seq"]) for one in self.person.get("/NotebookList").data if one["id"] == notebook_id
        )

    def cookies(self) -> list[dict[str, Any]]:
        known = self.person.cookies.items()
        return [{"name": k, "value": v, "url": self.product.url, "secure": True} for k, v in known]

    async def open(self, browser: Browser, count: int) -> Tab:
        return await self.open_notebook(browser, self.notebook(count))

    async def open_notebook(self, browser: Browser, notebook_id: int, **options: Any) -> Tab:
        url = f"{self.product.url}/?id={notebook_id}"
        wanted = self.seq(notebook_id)
        return await open_tab(browser, url, cookies=self.cookies(), wanted_seq=wanted, **options)

    async def saved(self, tab: Tab) -> None:
        for _ in range(600):
            if await tab.page.evaluate("document.documentElement.dataset.saved") == "yes":
                return
            await tab.page.wait_for_timeout(50)
        raise TimeoutError("the page did not say that everything is saved")

    def points_after(self, notebook_id: int, seq: int) -> list[int]:
        """Number of points of each stroke stored after this number."""
        answer = self.person.get(f"/UPDATE?id={notebook_id}&since={seq}")
        texts = [one["data"] for one in answer.json["data"] if one["command"] == "a"]
        return [len(decode_points(text.split('data-p="')[1].split('"')[0])) for text in texts]


@contextmanager
def ours(folder: Path) -> Iterator[Ours]:
    kept = folder / "notebooks.json"
    with running(folder / "data") as product:
        person = Person(product.port, timeout_s=180)
        if kept.exists():
            person.cookies = json.loads(kept.read_text())["cookies"]
        if person.get("/LOGIN").status != 200:
            person.sign_up("bench", "a good long password")
        subject = Ours(product, person, kept)
        yield subject
        person.close()


class Peer:
    """A page bundled by `install_peers.py`."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    async def open(self, browser: Browser, count: int) -> Tab:
        return await open_tab(browser, f"{self.address}/{self.name}.html?strokes={count}")


class _Files(http.server.SimpleHTTPRequestHandler):
    """The bundles, and the strokes as the peers' pages ask for them."""

    scenes: dict[int, bytes] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.split("?")[0].rsplit("/", 1)[-1]
        if not name.startswith("scene-"):
            super().do_GET()
            return
        count = int(name.removeprefix("scene-").removesuffix(".json"))
        if count not in self.scenes:
            self.scenes[count] = json.dumps(plain_strokes(count), separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.scenes[count])))
        self.end_headers()
        self.wfile.write(self.scenes[count])

    def log_message(self, format: str, *args: Any) -> None:
        """The benchmark's own output is the table."""


@contextmanager
def peers(folder: Path | None) -> Iterator[list[Peer]]:
    """The peers whose bundles are there; none, with the reason printed, where there are none."""
    if folder is None or not (folder / "dist").is_dir():
        missing = "no --peers folder was given" if folder is None else f"{folder}/dist is missing"
        print(f"peers skipped: {missing} (benchmarks/ink/install_peers.py makes one)")
        yield []
        return
    handler = functools.partial(_Files, directory=str(folder / "dist"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield [
            Peer(name, address)
            for name in ("excalidraw", "tldraw")
            if (folder / "dist" / f"{name}.html").exists()
        ]
    finally:
        server.shutdown()
