"""Request targets, hosts, paths and queries, table by table."""

import pytest

from http_core import ParsingError, TargetForm, parse_host, parse_query
from http_core.target import decode_path, parse_target


@pytest.mark.parametrize(
    ("method", "raw", "form", "path", "raw_path", "query", "host"),
    [
        ("GET", "/", TargetForm.ORIGIN, "/", "/", "", None),
        ("GET", "/a/b", TargetForm.ORIGIN, "/a/b", "/a/b", "", None),
        ("GET", "/a?", TargetForm.ORIGIN, "/a", "/a", "", None),
        ("GET", "/a?b?c/d", TargetForm.ORIGIN, "/a", "/a", "b?c/d", None),
        ("GET", "/a%20b?c%20d", TargetForm.ORIGIN, "/a b", "/a%20b", "c%20d", None),
        ("GET", "/a+b", TargetForm.ORIGIN, "/a+b", "/a+b", "", None),
        ("GET", "/%D7%A9", TargetForm.ORIGIN, "/ש", "/%D7%A9", "", None),
        ("GET", "/%252e", TargetForm.ORIGIN, "/%2e", "/%252e", "", None),
        ("GET", "/.well-known/...", TargetForm.ORIGIN, "/.well-known/...", "/.well-known/...", "", None),
        ("GET", "//a", TargetForm.ORIGIN, "//a", "//a", "", None),
        ("GET", "http://h", TargetForm.ABSOLUTE, "/", "/", "", "h"),
        ("GET", "HTTPS://H.:443/A?q", TargetForm.ABSOLUTE, "/A", "/A", "q", "h"),
        ("GET", "http://h?x=1", TargetForm.ABSOLUTE, "/", "/", "x=1", "h"),
        ("GET", "http://[0:0::1]:80/%41", TargetForm.ABSOLUTE, "/A", "/%41", "", "[::1]"),
        ("OPTIONS", "*", TargetForm.ASTERISK, "*", "*", "", None),
        ("OPTIONS", "/x", TargetForm.ORIGIN, "/x", "/x", "", None),
        ("CONNECT", "h:443", TargetForm.AUTHORITY, "h:443", "h:443", "", "h"),
        ("CONNECT", "[::1]:443", TargetForm.AUTHORITY, "[::1]:443", "[::1]:443", "", "[::1]"),
    ],
)
def test_target_forms(
    method: str, raw: str, form: TargetForm, path: str, raw_path: str, query: str, host: str | None
) -> None:
    assert parse_target(method, raw) == (form, path, raw_path, query, host)


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        ("GET", "*"),
        ("GET", "a/b"),
        ("GET", "h:443"),
        ("GET", "?q"),
        ("GET", "/a#b"),
        ("GET", "/a?b#c"),
        ("GET", "/a%"),
        ("GET", "/a%4"),
        ("GET", "/a%4g"),
        ("GET", "/a?%"),
        ("GET", "/a?%zz"),
        ("GET", "ftp://h/"),
        ("GET", "http:/h"),
        ("GET", "http://"),
        ("GET", "http:///a"),
        ("GET", "http://u@h/"),
        ("GET", "http://u:p@h/"),
        ("GET", "http://h:p/"),
        ("GET", "http://h/../a"),
        ("CONNECT", "h"),
        ("CONNECT", "h:"),
        ("CONNECT", "[::1]"),
        ("CONNECT", "/"),
        ("CONNECT", "*"),
        ("CONNECT", "http://h:443/"),
        *(("GET", f"/a{char}") for char in '"<>\\^`{|}[]'),
        *(("GET", f"/a?{char}") for char in '"<>\\^`{|}[]'),
    ],
)
def test_refused_targets(method: str, raw: str) -> None:
    with pytest.raises(ParsingError) as caught:
        parse_target(method, raw)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "raw",
    [
        "/%2f",
        "/a%2Fb",
        "/..",
        "/.",
        "/../a",
        "/a/./b",
        "/%2e%2e/a",
        "/.%2E",
        "/%00",
        "/%1f",
        "/%7f",
        "/%0d%0a",
        "/%5c",
        "/%c2%85",
        "/%ff",
        "/%c0%ae",
        "/%ed%a0%80",
        "/%f4%90%80%80",
    ],
)
def test_ambiguous_paths_are_refused(raw: str) -> None:
    with pytest.raises(ParsingError) as caught:
        decode_path(raw)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        ("localhost", "localhost"),
        ("LocalHost", "localhost"),
        ("localhost.", "localhost"),
        ("localhost:8443", "localhost"),
        ("localhost:", "localhost"),
        ("a-b_c.d0", "a-b_c.d0"),
        ("192.168.0.1:65535", "192.168.0.1"),
        ("[::1]", "[::1]"),
        ("[::1]:0", "[::1]"),
        ("[2001:DB8:0:0::1]:443", "[2001:db8::1]"),
        ("[::ffff:1.2.3.4]", "[::ffff:102:304]"),
        ("a" * 253, "a" * 253),
    ],
)
def test_hosts(raw: str, host: str) -> None:
    assert parse_host(raw) == host


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a,b",
        "a/b",
        "a?b",
        "a#b",
        "u@a",
        "a:b",
        "a:65536",
        "a:123456",
        "a:1:2",
        "a:-1",
        "::1",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1].",
        "[]",
        "[:::]",
        "[1.2.3.4]",
        "[::1%25eth0]",
        "[v1.a]",
        "[g::1]",
        "%61",
        "é",
        "a" * 254,
    ],
)
def test_refused_hosts(raw: str) -> None:
    with pytest.raises(ParsingError) as caught:
        parse_host(raw)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("", {}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=+b%2B", {"a": " b+"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("%D7%A9=%D7%9C", {"ש": "ל"}),
        ("&".join(f"k{i}=" for i in range(64)), {f"k{i}": "" for i in range(64)}),
    ],
)
def test_queries(raw: str, query: dict[str, str]) -> None:
    assert parse_query(raw) == query


@pytest.mark.parametrize(
    "raw",
    [
        "&",
        "a&",
        "=b",
        "a=1&a=2",
        "a=1&%61=1",
        "a=%",
        "a=%z1",
        "%=",
        "a=%ff",
        "a=%c0%ae",
        "a=%00",
        "a=%0a",
        "a=%7f",
        "&".join(f"k{i}=" for i in range(65)),
    ],
)
def test_refused_queries(raw: str) -> None:
    with pytest.raises(ParsingError) as caught:
        parse_query(raw)
    assert caught.value.status == 400
