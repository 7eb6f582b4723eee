"""Cookies, dates, ranges and conditions: the fields with a grammar of their own."""

import time

import pytest

from http_core import (
    ByteRange,
    Headers,
    Precondition,
    RangeNotSatisfiableError,
    evaluate,
    format_http_date,
    format_set_cookie,
    parse_cookies,
    parse_http_date,
    parse_range,
    range_applies,
)

NOW = 1_790_000_000  # September 2026
MODIFIED = 784_111_777
MODIFIED_TEXT = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        (None, {}),
        ("", {}),
        (";;;", {}),
        ("===;;;", {}),
        ("a=b", {"a": "b"}),
        ("a=b; c=d", {"a": "b", "c": "d"}),
        ("a=b;c=d ;\te=f", {"a": "b", "c": "d", "e": "f"}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a; b=c", {"b": "c"}),
        ("=b; c=d", {"c": "d"}),
        ("[bad]=1; ok=2", {"ok": "2"}),
        ('a="x;y"; d=e', {"d": "e"}),
        ("a=b c; d=e", {"d": "e"}),
        ("a=b,c; d=e", {"d": "e"}),
        ("a=b\\c; d=e", {"d": "e"}),
        ("a=\xe9; d=e", {"d": "e"}),
        ("a=%00", {"a": "%00"}),
        ("a=1; a=1", {"a": "1"}),
        ("a=1; a=2; b=3", {"b": "3"}),
        ("a=1; a=2; a=1", {}),
    ],
)
def test_cookies(field: str | None, cookies: dict[str, str]) -> None:
    assert parse_cookies(field) == cookies


@pytest.mark.parametrize(
    "field", ['a="' + "\\1" * 200_000 + '"', "a=b;" * 100_000, ";" * 400_000, "a=" * 200_000]
)
def test_cookies_take_linear_time(field: str) -> None:
    started = time.perf_counter()
    parse_cookies(field)
    assert time.perf_counter() - started < 2


def test_set_cookie() -> None:
    assert format_set_cookie("__Host-session", "abc", max_age_s=60) == (
        "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60"
    )
    assert format_set_cookie("a", "", path="/x", secure=False, http_only=False, same_site="Strict") == (
        "a=; Path=/x; SameSite=Strict"
    )
    assert format_set_cookie("a", "", max_age_s=0).endswith("; Max-Age=0")


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "a=b"},
        {"value": "a;b"},
        {"value": "a b"},
        {"value": 'a"b'},
        {"value": "a\r\nb"},
        {"value": "\u0100"},
        {"path": ""},
        {"path": "x"},
        {"path": "/;x"},
        {"max_age_s": -1},
        {"name": "__Host-a", "secure": False},
        {"name": "__Secure-a", "secure": False},
        {"name": "__Host-a", "path": "/x"},
    ],
)
def test_refused_cookies(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        format_set_cookie(**{"name": "a", "value": "b", **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "at_s"),
    [
        (MODIFIED_TEXT, MODIFIED),
        ("Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED),
        ("Sun Nov  6 08:49:37 1994", MODIFIED),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Sat, 29 Feb 2020 00:00:60 GMT", 1_582_934_460),
        ("Sunday, 06-Nov-76 08:49:37 GMT", 3_371_878_177),
        ("Sunday, 06-Nov-77 08:49:37 GMT", 247_654_177),
        ("Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800),
        ("yesterday", None),
        ("", None),
        ("Sun, 6 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("sun, 06 nov 1994 08:49:37 gmt", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 30 Feb 2020 08:49:37 GMT", None),
        ("Sun, 00 Jan 2020 08:49:37 GMT", None),
        ("Sun, 01 Jan 0000 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:60:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:61 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Sun, 0\xb2 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_dates(text: str, at_s: int | None) -> None:
    assert parse_http_date(text, NOW) == at_s


@pytest.mark.parametrize("at_s", [0, 1, MODIFIED, 951_782_400, NOW, 253_402_300_799])
def test_written_dates_are_read_back(at_s: int) -> None:
    assert parse_http_date(format_http_date(at_s), NOW) == at_s
    assert len(format_http_date(at_s)) == 29


@pytest.mark.parametrize(
    ("field", "size", "wanted"),
    [
        (None, 1000, None),
        ("", 1000, None),
        ("bytes=0-0", 1000, ByteRange(0, 0)),
        ("Bytes=10-19", 1000, ByteRange(10, 19)),
        ("bytes=990-", 1000, ByteRange(990, 999)),
        ("bytes=999-5000", 1000, ByteRange(999, 999)),
        ("bytes=-1", 1000, ByteRange(999, 999)),
        ("bytes=-1000", 1000, ByteRange(0, 999)),
        ("bytes=-5000", 1000, ByteRange(0, 999)),
        ("bytes=0-" + "9" * 5000, 1000, ByteRange(0, 999)),
        ("bytes=-" + "9" * 5000, 1000, ByteRange(0, 999)),
        ("bytes=" + "0" * 5000 + "1-2", 1000, ByteRange(1, 2)),
        ("bytes=5-4", 1000, None),
        ("bytes=" + "9" * 30 + "-" + "9" * 29, 1000, None),
        ("bytes=" + "9" * 30 + "-" + "0" * 9 + "9" * 28 + "80", 1000, None),
        ("bytes=005-0007", 1000, ByteRange(5, 7)),
        ("bytes=00-0", 1000, ByteRange(0, 0)),
        ("bytes=", 1000, None),
        ("bytes=-", 1000, None),
        ("bytes=alpha", 1000, None),
        ("bytes=\xb2-9", 1000, None),
        ("bytes=0-9,10-19", 1000, None),
        ("bytes=0-0, -1", 1000, None),
        ("items=0-1", 1000, None),
        ("bytes 0-1", 1000, None),
        ("bytes=-5", 0, None),
    ],
)
def test_ranges(field: str | None, size: int, wanted: ByteRange | None) -> None:
    assert parse_range(field, size) == wanted


@pytest.mark.parametrize(
    ("field", "size"),
    [
        ("bytes=1000-", 1000),
        ("bytes=1000-1001", 1000),
        ("bytes=-0", 1000),
        ("bytes=0-", 0),
        ("bytes=" + "9" * 5000 + "-", 1),
        ("bytes=" + "9" * 30 + "-" + "9" * 31, 1000),
    ],
)
def test_unsatisfiable_ranges(field: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiableError) as caught:
        parse_range(field, size)
    assert caught.value.content_range == f"bytes */{size}"


def test_content_range() -> None:
    assert ByteRange(0, 9).content_range(100) == "bytes 0-9/100"


PROCEED, NOT_MODIFIED, FAILED = Precondition
EARLIER, LATER = "Sat, 05 Nov 1994 08:49:37 GMT", "Mon, 07 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, PROCEED),
        ({"If-None-Match": '"a"'}, NOT_MODIFIED),
        ({"If-None-Match": 'W/"a"'}, NOT_MODIFIED),
        ({"If-None-Match": '"x", "a" , "y"'}, NOT_MODIFIED),
        ({"If-None-Match": ', "a",'}, NOT_MODIFIED),
        ({"If-None-Match": "*"}, NOT_MODIFIED),
        ({"If-None-Match": '"b"'}, PROCEED),
        ({"If-None-Match": "a"}, PROCEED),
        ({"If-None-Match": '"a'}, PROCEED),
        ({"If-None-Match": '"x" "a"'}, PROCEED),
        ({"If-None-Match": '"unterminated, W/,,""'}, PROCEED),
        ({"If-None-Match": ""}, PROCEED),
        ({"If-Match": '"a"'}, PROCEED),
        ({"If-Match": "*"}, PROCEED),
        ({"If-Match": '"b"'}, FAILED),
        ({"If-Match": 'W/"a"'}, FAILED),
        ({"If-Match": '"a"', "If-None-Match": '"a"'}, NOT_MODIFIED),
        ({"If-Match": '"a"', "If-Unmodified-Since": EARLIER}, PROCEED),
        ({"If-Modified-Since": MODIFIED_TEXT}, NOT_MODIFIED),
        ({"If-Modified-Since": LATER}, NOT_MODIFIED),
        ({"If-Modified-Since": EARLIER}, PROCEED),
        ({"If-Modified-Since": "yesterday"}, PROCEED),
        ({"If-None-Match": '"b"', "If-Modified-Since": LATER}, PROCEED),
        ({"If-Unmodified-Since": MODIFIED_TEXT}, PROCEED),
        ({"If-Unmodified-Since": EARLIER}, FAILED),
        ({"If-Unmodified-Since": "yesterday"}, PROCEED),
    ],
)
def test_conditions(fields: dict[str, str], wanted: Precondition) -> None:
    assert evaluate(Headers(fields.items()), etag='"a"', modified_s=MODIFIED, now_s=NOW) is wanted


@pytest.mark.parametrize(
    ("fields", "etag", "wanted"),
    [
        ({"If-None-Match": '"a"'}, 'W/"a"', NOT_MODIFIED),
        ({"If-Match": '"a"'}, 'W/"a"', FAILED),
        ({"If-Match": 'W/"a"'}, 'W/"a"', FAILED),
        ({"If-None-Match": '"a"'}, None, PROCEED),
        ({"If-None-Match": "*"}, None, NOT_MODIFIED),
        ({"If-Match": '"a"'}, None, FAILED),
        ({"If-Modified-Since": LATER, "If-Unmodified-Since": EARLIER}, None, PROCEED),
    ],
)
def test_conditions_without_a_strong_tag_or_a_date(
    fields: dict[str, str], etag: str | None, wanted: Precondition
) -> None:
    assert evaluate(Headers(fields.items()), etag=etag, modified_s=None, now_s=NOW) is wanted


@pytest.mark.parametrize(
    ("condition", "etag", "applies"),
    [
        (None, '"a"', True),
        ('"a"', '"a"', True),
        ('"b"', '"a"', False),
        ('W/"a"', '"a"', False),
        ('W/"a"', 'W/"a"', False),
        ('"a"', None, False),
        ('"a", "b"', '"a"', False),
        (MODIFIED_TEXT, '"a"', True),
        (LATER, '"a"', False),
        ("yesterday", '"a"', False),
    ],
)
def test_if_range(condition: str | None, etag: str | None, applies: bool) -> None:
    headers = Headers([("If-Range", condition)] if condition else [])
    assert range_applies(headers, etag=etag, modified_s=MODIFIED, now_s=NOW) is applies


@pytest.mark.parametrize(
    "field", ['"x", ' * 100_000 + '"a"', '"' * 400_000, "W/" * 200_000, ", " * 200_000, '"x" ' * 100_000]
)
def test_conditions_take_linear_time(field: str) -> None:
    started = time.perf_counter()
    evaluate(Headers([("If-None-Match", field)]), etag='"a"', modified_s=None, now_s=NOW)
    assert time.perf_counter() - started < 2
