"""H4, T23: static files come from a manifest made at start, and from nowhere else."""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from http_core.dates import format_http_date
from http_core.errors import ParsingError
from http_core.limits import Limits
from http_core.parser import Complete, RequestParser
from server.domain.failures import Failure
from server.web.static_files import StaticFile, StaticFiles, accepts_gzip
from server.web.static_manifest import folder_files, read_site
from tests.web.world import Answer, World, answer_of, make_public

HELLO = b"0123456789" * 100


def get(files: StaticFiles, path: str, *headers: str, method: str = "GET") -> Answer | None:
    parser = RequestParser(Limits())
    parser.receive("\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode("latin-1"))
    event = parser.next_event()
    assert isinstance(event, Complete)
    response = files.answer(event.request)
    return answer_of(response, head_only=method == "HEAD") if response is not None else None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "src" / "Styles").mkdir(parents=True)
    (root / "hello.txt").write_bytes(HELLO)
    (root / "index.html").write_text("<!doctype html><p>Here.\n")
    (root / "src" / "Styles" / "main.css").write_text("p { color: black }\n")
    (root / ".env").write_text("SECRET")
    (root / ".hidden.txt").write_text("SECRET")
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("SECRET")
    (root / "index.html.bak").write_text("SECRET")
    (tmp_path / "secret.txt").write_text("SECRET-OUTSIDE-ROOT")
    (root / "link-out.txt").symlink_to("../secret.txt")
    (root / "link-dir").symlink_to("..")
    (root / "loop").symlink_to("loop")
    return root


@pytest.fixture
def files(root: Path) -> StaticFiles:
    return folder_files(root, lambda: 1_790_000_000_000)


def test_t23_the_manifest_lists_regular_files_of_known_types_only(files: StaticFiles) -> None:
    assert sorted(files.paths) == ["/", "/hello.txt", "/index.html", "/src/Styles/main.css"]


@pytest.mark.parametrize("path", ["/secret.txt", "/link-out.txt", "/link-dir/secret.txt", "/.env", "/.git/HEAD",
                                  "/index.html.bak", "/src", "/src/", "/hello.txt/", "/HELLO.TXT", "/hello.txt.",
                                  "//hello.txt", "/hello.txt::$DATA", "/hello.txt%20"])  # fmt: skip
def test_t23_what_is_not_in_the_manifest_is_not_there(files: StaticFiles, path: str) -> None:
    assert get(files, path) is None


def test_t23_no_request_opens_a_file(world: World) -> None:
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open":
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    try:
        for path in (
            "/",
            "/css/app.css",
            "/images/favicon.svg",
            "/nothing.css",
            "/link.txt",
            "/%2e%2e/secret.txt",
        ):
            world_answer(world, path)
    finally:
        watching = False
    assert opened == []


def world_answer(world: World, path: str) -> None:
    with suppress(ParsingError):  # the parser refuses what cannot be a path
        world.send("GET", path)


def test_h4_a_whole_file_and_its_validators(files: StaticFiles) -> None:
    answer = get(files, "/hello.txt")
    assert answer is not None and (answer.status, answer.body) == (200, HELLO)
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.header("cache-control") == "no-cache"
    etag, modified = answer.header("etag"), answer.header("last-modified")
    assert etag and not etag.startswith("W/")
    for field in (f"If-None-Match: {etag}", f"If-None-Match: W/{etag}", f'If-None-Match: "foo", {etag} , "x"',
                  "If-None-Match: *", f"If-Modified-Since: {modified}"):  # fmt: skip
        not_modified = get(files, "/hello.txt", field)
        assert not_modified is not None and (not_modified.status, not_modified.body) == (304, b""), field
        assert not_modified.header("etag") == etag
    for field in ("If-None-Match: foo", 'If-None-Match: "unterminated, W/,,""', "If-Modified-Since: yesterday",
                  "If-Modified-Since: Fri, 31 Dec 99999 23:59:59 GMT", "If-Match: *"):  # fmt: skip
        whole = get(files, "/hello.txt", field)
        assert whole is not None and whole.status == 200, field
    precedence = get(files, "/hello.txt", 'If-None-Match: "foo"', f"If-Modified-Since: {modified}")
    assert precedence is not None and precedence.status == 200
    with pytest.raises(Failure) as failed:
        get(files, "/hello.txt", 'If-Match: "foo"')
    assert failed.value.status == 412


@pytest.mark.parametrize(("field", "status", "body"), [
    ("bytes=0-0", 206, b"0"), ("bytes=10-19", 206, HELLO[10:20]), ("bytes=990-", 206, HELLO[990:]),
    ("bytes=-5", 206, HELLO[-5:]), ("bytes=-5000", 206, HELLO), ("bytes=alpha", 200, HELLO),
    ("bytes=0-9, -10, 10-19", 200, HELLO), ("bytes=", 200, HELLO), ("lines=0-1", 200, HELLO),
    ("bytes=5-2", 200, HELLO), ("bytes=\xb2-9", 200, HELLO),
])  # fmt: skip
def test_h4_single_ranges(files: StaticFiles, field: str, status: int, body: bytes) -> None:
    answer = get(files, "/hello.txt", f"Range: {field}")
    assert answer is not None and (answer.status, answer.body) == (status, body)
    if status == 206:
        first = HELLO.index(body) if len(body) > 10 else None
        content_range = answer.header("content-range") or ""
        assert content_range.endswith("/1000") and (first is None or content_range.startswith("bytes "))


def test_h4_a_range_behind_the_end_is_416_and_if_range_guards_it(world: World, files: StaticFiles) -> None:
    with pytest.raises(Failure) as failed:
        get(files, "/hello.txt", "Range: bytes=1000-")
    assert failed.value.status == 416
    answer = world.send("GET", "/css/app.css", headers={"Range": "bytes=99999-"})
    assert answer.status == 416
    assert answer.header("content-range") == f"bytes */{len('body { color: black }' + chr(10)) * 40}"
    etag = get(files, "/hello.txt").header("etag")  # type: ignore[union-attr]
    hit = get(files, "/hello.txt", "Range: bytes=0-9", f"If-Range: {etag}")
    weak = get(files, "/hello.txt", "Range: bytes=0-9", f"If-Range: W/{etag}")
    assert hit is not None and hit.status == 206
    assert weak is not None and weak.status == 200


def test_h4_compressed_when_the_client_accepts_it_with_a_tag_of_its_own(files: StaticFiles) -> None:
    plain, zipped = get(files, "/hello.txt"), get(files, "/hello.txt", "Accept-Encoding: br, gzip")
    assert plain is not None and zipped is not None
    assert gzip.decompress(zipped.body) == HELLO and zipped.header("content-encoding") == "gzip"
    assert zipped.header("etag") != plain.header("etag")
    assert plain.header("vary") == zipped.header("vary") == "Accept-Encoding"
    again = get(files, "/hello.txt", "Accept-Encoding: gzip", f"If-None-Match: {zipped.header('etag')}")
    assert again is not None and again.status == 304


@pytest.mark.parametrize(("field", "accepted"), [
    (None, False), ("", False), ("gzip", True), ("GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000", False),
    ("*", True), ("*;q=0", False), ("identity", False), ("gzip;q=0, *", False), ("gzip;q=zzz, *;q=-1", True),
    ("gzip;\tq=0", False), ("gzip\t;\tq=0.0 ", False), ("*, gzip ; Q=0", False), ("identity;q=0.5,\tgzip", True),
])  # fmt: skip
def test_h4_accept_encoding(field: str | None, accepted: bool) -> None:
    assert accepts_gzip(field) is accepted


def test_h4_head_answers_what_get_would(files: StaticFiles) -> None:
    for headers in ((), ("Accept-Encoding: gzip",), ("If-Range: x",)):
        whole, head = get(files, "/hello.txt", *headers), get(files, "/hello.txt", *headers, method="HEAD")
        assert whole is not None and head is not None
        assert head.body == b"" and head.headers == whole.headers


def test_h4_a_range_is_for_get_alone(files: StaticFiles) -> None:
    """RFC 9110 section 14.2; a range behind the end is nothing to HEAD either."""
    whole = get(files, "/hello.txt")
    for field in ("bytes=0-9", "bytes=1000-", "bytes=-0"):
        head = get(files, "/hello.txt", f"Range: {field}", method="HEAD")
        assert head is not None and whole is not None
        assert (head.status, head.body, head.headers) == (200, b"", whole.headers)


def test_h4_a_file_from_the_future_was_not_modified_later_than_now(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    os.utime(tmp_path / "a.txt", (2_000_000_000, 2_000_000_000))
    files = folder_files(tmp_path, lambda: 1_790_000_000_000)
    answer = get(files, "/a.txt")
    assert answer is not None and answer.header("last-modified") == format_http_date(1_790_000_000)
    again = get(files, "/a.txt", f"If-Modified-Since: {answer.header('last-modified')}")
    assert again is not None and again.status == 304


def test_h4_versioned_paths_are_immutable_and_plain_ones_revalidated(world: World) -> None:
    prefix = world.site.prefix
    for path in ("public/css/app.css", "public/js/core/a.js", "node_modules/uqr/dist/index.mjs"):
        answer = world.send("GET", f"{prefix}/{path}")
        assert answer.status == 200
        assert answer.header("cache-control") == "public, max-age=31536000, immutable"
    for path in ("/css/app.css", "/images/favicon.svg", "/node_modules/uqr/dist/index.mjs"):
        assert world.send("GET", path).header("cache-control") == "no-cache"
    assert (
        world.send("GET", f"{prefix}/public/js/core/a.js").header("content-type")
        == "text/javascript; charset=utf-8"
    )


@pytest.mark.parametrize("path", ["/node_modules/uqr/package.json", "/node_modules/uqr/dist/other.mjs", "/errors/default.html",
                                  "/linked/secret.txt", "/link.txt", "/notes.bak", "/.env", "/public/css/app.css",
                                  "/https/serverkey.pem", "/Protected/UsersLoginData.json", "/logs/logs.log"])  # fmt: skip
def test_t23_only_listed_files_of_public_and_node_modules(world: World, path: str) -> None:
    assert world.send("GET", path).status == 404


def test_the_prefix_changes_with_any_file(tmp_path: Path) -> None:
    public, modules = make_public(tmp_path)
    before = read_site(public, modules, lambda: 0).prefix
    assert read_site(public, modules, lambda: 0).prefix == before
    (public / "js" / "core" / "b.js").write_text("export const a = 2;\n")
    after = read_site(public, modules, lambda: 0).prefix
    (public / "login.html").write_text("changed")
    assert len({before, after, read_site(public, modules, lambda: 0).prefix}) == 3


def test_hot_answers_equal_those_of_the_usual_road_and_are_dated(world: World) -> None:
    usual = world.application._finished(world.application._static(world.begin("GET", "/css/app.css").request))
    hot = world.send("GET", "/css/app.css")
    assert (hot.body, dict(hot.headers) | {"Date": ""}) == (
        usual.body,
        dict(answer_of(usual).headers) | {"Date": ""},
    )
    world.clock.forward(60)
    assert world.send("GET", "/css/app.css").header("date") != hot.header("date")
    assert world.send("GET", "/css/app.css", host="evil.example").status == 421


def test_t23_a_fifo_in_the_folder_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "a.txt").write_text("a")
    assert folder_files(tmp_path, lambda: 0).paths == ["/a.txt"]


def test_small_or_incompressible_files_have_no_gzip_form() -> None:
    assert StaticFile.of(b"tiny", "text/plain").gzip_body is None
    assert StaticFile.of(os.urandom(4000), "text/plain").gzip_body is None
    assert StaticFile.of(b"x" * 4000, "image/png").gzip_body is None
