"""T5, T24, T27, T28, T46 in a real browser: what another site, a frame or a link can do with the product, which is nothing.

Two origins on one machine: the product, and a hostile page on a port of its own that frames it, posts forms to it,
calls it from script, and writes down every Referer it is sent.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.pages import context_for, wait_until
from tests.support.product import Person, Product, stroke

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


class Elsewhere(ThreadingHTTPServer):
    """The other site."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.seen: list[tuple[str, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append((self.path, self.headers.get("Referer")))
                body = site.pages.get(self.path, "<p>elsewhere").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def signed_in(browser: Browser, house: Product, person: Person) -> BrowserContext:
    context = context_for(browser)
    context.add_cookies(
        [
            {
                "name": name,
                "value": value,
                "url": house.url,
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
            for name, value in person.cookies.items()
        ]
    )
    return context


def test_t27_a_frame_on_another_site_is_blank(
    house: Product, people: Callable[[], Person], browser: Browser, elsewhere: Elsewhere
) -> None:
    owner = people()
    notebook = owner.new_notebook("Framed")
    code = owner.share(notebook)
    paths = ("/", "/login.html", f"/?nb={code}", f"/Notebook/{notebook}.svg", "/health", "/connect")
    elsewhere.pages["/frames"] = "".join(f'<iframe src="{house.url}{path}"></iframe>' for path in paths)
    context = signed_in(browser, house, owner)
    page = context.new_page()
    page.goto(f"{elsewhere.url}/frames")
    page.wait_for_timeout(500)
    frames = [frame for frame in page.frames if frame is not page.main_frame]
    assert len(frames) == len(paths)
    for frame in frames:
        assert frame.url.startswith(("chrome-error://", "about:blank")) or frame.url == "", frame.url
    context.close()


def test_t28_t44_a_form_or_script_of_another_site_changes_nothing(
    house: Product, people: Callable[[], Person], browser: Browser, elsewhere: Elsewhere
) -> None:
    owner = people()
    notebook = owner.new_notebook("Before")
    owner.post(f"/SAVE/{notebook}", [["a", stroke(), "mine"]])
    code = owner.share(notebook)
    before = owner.get(f"/Notebook/{notebook}").data, owner.get("/NotebookList").data
    targets = [
        "/SAVENEWNB",
        f"/SAVE/{notebook}",
        "/api/notebook/delete",
        "/LOGOUT",
        "/api/account/delete",
        f"/SAVE/?nb={code}",
        "/LOGIN",
    ]
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
    forms = [(target, kind) for target in targets for kind in kinds]
    elsewhere.pages["/forms"] = "".join(
        f'<form method=post enctype="{kind}" target="f{number}" action="{house.url}{target}">'
        '<input name=\'{"title":"After","description":"","x":"\' value=\'"}\'></form>'
        f'<iframe name="f{number}"></iframe>'
        for number, (target, kind) in enumerate(forms)
    )
    context = signed_in(browser, house, owner)
    page = context.new_page()
    log_before = len(house.output)
    page.goto(f"{elsewhere.url}/forms")
    page.evaluate("() => document.querySelectorAll('form').forEach(form => form.submit())")

    def statuses() -> list[str]:
        return re.findall(r" POST \S+ (\d{3}) ", house.output[log_before:])

    wait_until(lambda: len(statuses()) >= len(forms), what="an answer to every form")
    assert set(statuses()) <= {"403", "415"}
    results = page.evaluate(
        """async ([url, id, code]) => {
          const out = [];
          for (const [path, mode, type] of [["/NotebookList", "cors", ""], ["/NotebookList", "no-cors", ""], [`/Notebook/${id}`, "cors", ""],
              [`/api/notebook/delete`, "no-cors", "text/plain"], [`/api/notebook/delete`, "cors", "application/json"], ["/LOGOUT", "no-cors", "text/plain"]]) {
            const options = { mode, credentials: "include" };
            if (type) Object.assign(options, { method: "POST", headers: { "Content-Type": type }, body: JSON.stringify({ id }) });
            try { const answer = await fetch(url + path, options); out.push((await answer.text()).length); } catch { out.push("refused"); }
          }
          for (const [tag, path] of [["script", "/NotebookList"], ["img", `/Notebook/${id}.svg`], ["link", "/css/app.css"], ["script", "/js/app/main.js"]]) {
            const node = document.createElement(tag);
            if (tag === "link") { node.rel = "stylesheet"; node.href = url + path; } else node.src = url + path;
            out.push(await new Promise(done => { node.onload = () => done("loaded"); node.onerror = () => done("refused"); document.body.append(node); }));
          }
          return out;
        }""",
        [house.url, notebook, code],
    )
    assert set(results) <= {"refused", 0}, results
    # A new window of the product cannot be reached through its opener.
    with context.expect_page() as opened:
        page.evaluate("url => { window.w = window.open(url + '/?id=1'); }", house.url)
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("window.opener === null")
    assert page.evaluate(
        "() => { try { return window.w.closed || window.w.document === null; } catch { return true; } }"
    )
    after = owner.get(f"/Notebook/{notebook}").data, owner.get("/NotebookList").data
    assert after == before
    assert owner.get("/LOGIN").status == 200
    context.close()


def test_t46_no_referer_carries_a_share_code(
    house: Product, people: Callable[[], Person], browser: Browser, elsewhere: Elsewhere
) -> None:
    owner = people()
    notebook = owner.new_notebook("Referrer")
    code = owner.share(notebook)
    context = context_for(browser)
    page = context.new_page()
    own: list[str | None] = []
    page.on("request", lambda r: own.append(r.headers.get("referer")))
    page.goto(f"{house.url}/?nb={code}")
    wait_until(
        lambda: page.evaluate("document.documentElement.dataset.readySeq") is not None,
        what="the shared notebook",
    )
    elsewhere.seen.clear()
    page.evaluate(
        """url => {
          const link = document.createElement("a");
          link.href = url + "/linked"; link.target = "_blank"; link.rel = "opener"; document.body.append(link); link.click();
          location.href = url + "/gone";
        }""",
        elsewhere.url,
    )
    wait_until(lambda: {"/linked", "/gone"} <= {path for path, _ in elsewhere.seen}, what="both requests")
    assert not [one for one in elsewhere.seen if one[1] and (code in one[1] or house.url in one[1])], (
        elsewhere.seen
    )
    assert not [referrer for referrer in own if referrer and code in referrer]
    context.close()


def test_t5_t27_trusted_types_and_no_inline_script(
    house: Product, people: Callable[[], Person], browser: Browser
) -> None:
    owner = people()
    notebook = owner.new_notebook("Trusted types")
    context = signed_in(browser, house, owner)
    page = context.new_page()
    page.goto(f"{house.url}/?id={notebook}")
    wait_until(
        lambda: page.evaluate("document.documentElement.dataset.readySeq") is not None, what="the notebook"
    )
    refused = page.evaluate(
        """async () => {
          const out = {};
          const attempt = (name, act) => { try { act(); out[name] = "done"; } catch (error) { out[name] = error.name; } };
          attempt("innerHTML", () => { document.createElement("div").innerHTML = "<b>x</b>"; });
          attempt("insertAdjacentHTML", () => document.body.insertAdjacentHTML("beforeend", "<b>x</b>"));
          attempt("script.src", () => { document.createElement("script").src = "/js/app/main.js"; });
          await new Promise(done => setTimeout(done, 10));  // the DevTools' own leave for eval ends here
          attempt("eval", () => { eval("1"); });
          attempt("Function", () => { new Function("1"); });
          window.ran = false;
          const script = document.createElement("script");
          try { script.append("window.ran = true"); document.body.append(script); } catch {}
          const handler = document.createElement("button");
          try { handler.setAttribute("onclick", "window.ran = true"); document.body.append(handler); handler.click(); } catch {}
          await new Promise(done => setTimeout(done, 50));
          out.ran = window.ran;
          const image = new Image();
          out.foreign = await new Promise(done => { image.onload = () => done("loaded"); image.onerror = () => done("refused"); image.src = "https://localhost:1/x.png"; });
          return out;
        }"""
    )
    assert refused == {
        "innerHTML": "TypeError",
        "insertAdjacentHTML": "TypeError",
        "script.src": "TypeError",
        "eval": "EvalError",
        "Function": "EvalError",
        "ran": False,
        "foreign": "refused",
    }
    assert page.evaluate("document.cookie") == ""  # HttpOnly
    assert page.evaluate("Object.values(localStorage).join()").count(next(iter(owner.cookies.values()))) == 0
    context.close()
