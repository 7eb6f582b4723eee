"""H3, H4: pages in the visitor's language, with their modules named ahead; error pages for people."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from http_core.packet import Request
from http_core.target import parse_target
from server.domain.failures import REASONS
from server.web.error_texts import error_text
from server.web.languages import LANGUAGE_COOKIE, LANGUAGES, Language, preferred_language
from server.web.module_graph import modules_behind
from server.web.page_words import page_words, with_words
from server.web.pages import PAGE_FILES, Pages, PageSources
from server.web.static_manifest import read_site
from tests.web.world import World


def test_h4_pages_are_filled_in_revalidated_and_name_their_modules(world: World) -> None:
    answer = world.send("GET", "/", headers={"Accept-Language": "he-IL, en;q=0.5"})
    text = answer.body.decode()
    prefix = world.site.prefix
    assert '<html lang="he" dir="rtl">' in text and "{{" not in text
    for module in ("public/js/core/a.js", "public/js/core/b.js", "node_modules/uqr/dist/index.mjs"):
        assert f'<link rel="modulepreload" href="{prefix}/{module}">' in text
    assert f'<script type="module" src="{prefix}/public/js/main.js">' in text
    assert "late.js" not in text
    assert answer.header("cache-control") == "no-cache" and answer.header("etag")
    assert answer.header("vary") == "Accept-Encoding, Accept-Language, Cookie"
    again = world.send(
        "GET", "/", headers={"Accept-Language": "he-IL, en;q=0.5", "If-None-Match": answer.header("etag")}
    )
    assert again.status == 304
    english = world.send("GET", "/")
    assert b'<html lang="en" dir="ltr">' in english.body and english.header("etag") != answer.header("etag")


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/login.html", "/signUp.html", "/connect", "/?fbclid=x&utm=1", "/?id=7"]
)
def test_pages_need_no_login_and_ignore_what_links_carry(world: World, path: str) -> None:
    answer = world.send("GET", path)
    assert answer.status == 200 and answer.header("content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize(("field", "language"), [
    (None, "en"), ("", "en"), ("he", "he"), ("iw-IL", "he"), ("fr, he;q=0.4, en;q=0.3", "he"),
    ("en, he", "en"), ("he;q=0.1, en;q=0.9", "en"), ("he;q=zzz", "en"), ("he;q=0", "en"), ("\x80", "en"),
    ("he;q=1.0000000", "en"), (",".join(["fr"] * 5000), "en"), ("he;q=²", "en"),
])  # fmt: skip
def test_the_language_of_a_visitor(field: str | None, language: str) -> None:
    assert preferred_language(field) == language


@pytest.mark.parametrize(("cookies", "accepted", "language"), [
    (f"{LANGUAGE_COOKIE}=he", "en", "he"), (f"{LANGUAGE_COOKIE}=en", "he", "en"), (f"{LANGUAGE_COOKIE}=fr", "he", "he"),
    (f"{LANGUAGE_COOKIE}=he; {LANGUAGE_COOKIE}=en", "en", "en"), ("language=he", "en", "en"),
])  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/login.html", "/nothing"])
def test_h3_a_language_that_was_chosen_is_stronger_than_the_browsers(
    world: World, path: str, cookies: str, accepted: str, language: str
) -> None:
    headers = {"Accept": "text/html", "Accept-Language": accepted, "Cookie": cookies}
    answer = world.send("GET", path, headers=headers)
    assert f'<html lang="{language}"' in answer.body.decode()
    assert "Accept-Language, Cookie" in (answer.header("vary") or "")


SITE = read_site(Path("public"), Path("node_modules"), lambda: 0)
MARK = re.compile(r'data-t(?:-\w+)?="([\w.]+)"')


@pytest.mark.parametrize("name", PAGE_FILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_h3_a_page_is_in_its_readers_language_from_the_first_byte(name: str, language: Language) -> None:
    template, words = SITE.pages.templates[name], page_words(SITE.pages.modules, language)
    page = with_words(template, words)
    for key in MARK.findall(template):
        assert html.escape(words[key], quote=False) in page, key
    if language == "en":
        assert page == template, "the template's own words are the English catalogue's"
    else:
        shown = re.sub(r"<noscript>.*?</noscript>|<[^>]*>", " ", page[page.index("<body") :])
        latin = set(re.findall(r"[A-Za-z]{4,}", shown))
        names = {word for key in MARK.findall(template) for word in re.findall(r"[A-Za-z]{4,}", words[key])}
        assert latin <= names | {"English"}


def test_a_word_with_signs_of_markup_stays_a_word() -> None:
    template = (
        '<p class="a" data-t="x">old</p><a data-t-label="x" aria-label="old">&lt;</a><b data-t="y">kept</b>'
    )
    page = with_words(template, {"x": '<i> & "you"'})
    assert page == (
        '<p class="a" data-t="x">&lt;i&gt; &amp; "you"</p>'
        '<a data-t-label="x" aria-label="&lt;i&gt; &amp; &quot;you&quot;">&lt;</a><b data-t="y">kept</b>'
    )


def test_h3_a_navigation_gets_a_page_and_a_program_gets_json(world: World) -> None:
    page = world.send("GET", "/nothing", headers={"Accept": "text/html,*/*", "Accept-Language": "he"})
    assert page.status == 404 and page.header("content-type") == "text/html; charset=utf-8"
    text = page.body.decode()
    assert 'dir="rtl"' in text and 'href="/"' in text and "{{" not in text
    json = world.send("GET", "/nothing")
    assert json.status == 404 and json.json == {
        "code": 1,
        "data": REASONS["not_found"].sentence,
        "reason": "not_found",
    }
    posted = world.send("POST", "/nothing", {}, headers={"Accept": "text/html"})
    assert posted.status == 404 and posted.reason == "not_found"


def test_h3_a_revoked_link_opens_a_page_that_says_so(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    assert world.send("GET", f"/?nb={code}", headers={"Accept": "text/html"}).status == 200
    ada.send("POST", "/api/notebook/unshare", {"code": code})
    answer = world.send("GET", f"/?nb={code}", headers={"Accept": "text/html"})
    assert answer.status == 404 and error_text(404, "share_gone", "en").title in answer.body.decode()
    assert world.send("GET", "/?nb=nonsense", headers={"Accept": "text/html"}).status == 404


def test_t24_an_error_page_repeats_nothing_of_the_request(world: World) -> None:
    answer = world.send(
        "GET",
        "/%3Cscript%3Ealert(1)%3C/script%3E".replace("/script", "%5fscript"),
        headers={"Accept": "text/html"},
    )
    assert answer.status == 404 and b"alert" not in answer.wire and b"<script>" not in answer.body


def test_every_reason_has_a_page_in_every_language() -> None:
    pages = Pages(PageSources({}, {}, "/v/1"), lambda: 0)
    for language in LANGUAGES:
        for reason, (status, _) in REASONS.items():
            page = pages.error(status, reason, language).decode()
            assert "{{" not in page and f'lang="{language}"' in page
            assert error_text(status, reason, language).text


def test_module_graph_follows_static_imports_only() -> None:
    sources = {
        "a/x.js": b'import { y } from "./y.js";\nimport "../b/z.js";\nconst l = () => import("./late.js");\n'
        b'export * from "./y.js";\nimport {\n  one,\n  two,\n} from "./multi.js";\n// import "./comment.js"\n',
        "a/y.js": b'import "./x.js";\n',
        "b/z.js": b'import "bare";\n',
        "a/multi.js": b"",
        "a/late.js": b"",
        "a/comment.js": b"",
    }
    assert modules_behind("a/x.js", sources) == ["a/x.js", "a/y.js", "b/z.js", "a/multi.js"]


def test_a_page_whose_address_names_a_notebook_begins_to_load_it_before_all_else() -> None:
    root = Path(__file__).resolve().parents[2]
    site = read_site(root / "public", root / "node_modules", lambda: 0)
    pages = Pages(site.pages, lambda: 0)

    def text(*, of_notebook: bool) -> str:
        request = Request("GET", parse_target("GET", "/"))
        answer = pages.answer("index.html", request, of_notebook=of_notebook)
        assert answer is not None
        return answer.body.decode()

    start = f'<script type="module" async src="{site.prefix}/public/js/net/document_start.js"></script>'
    wire = f'<link rel="modulepreload" href="{site.prefix}/public/js/app/wire.js">'
    plain, notebook = text(of_notebook=False), text(of_notebook=True)
    assert start not in plain and wire not in plain and "{{" not in plain
    assert notebook.index(start) < notebook.index("/public/js/app/main.js") < notebook.index(wire)
    named = re.findall(r'modulepreload"[^>]* href="([^"]+)"', notebook)
    assert named[0].endswith("/document_start.js") and len([one for one in named if one == named[0]]) == 1
    assert len(named) == len(set(named))
    for path in named:
        assert (root / path.removeprefix(site.prefix + "/")).is_file(), path


def test_the_board_of_a_notebook_is_such_a_page(world: World) -> None:
    ada = world.sign_up("Ada")
    notebook = ada.notebook()
    code = ada.share(notebook)
    etags = [world.send("GET", path).header("etag") for path in ("/", f"/?id={notebook}", f"/?nb={code}")]
    assert etags[0] != etags[1] == etags[2]
