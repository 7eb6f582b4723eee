"""Looking up header fields."""

from http_core import Headers

PAIRS = [("Host", "h"), ("X-A", " 1 "), ("x-a", "\t2"), ("Cookie", "a=b: c"), ("X-B", ""), ("É", "ÀÉ\xa0")]


def test_names_are_case_insensitive_and_values_trimmed() -> None:
    headers = Headers(PAIRS)
    assert headers.get("host") == "h" and "host" in headers
    assert headers.get("cookie") == "a=b: c"
    assert headers.get("x-b") == "" and "x-b" in headers
    assert headers.get("x") is None and "x" not in headers and "a=b" not in headers


def test_only_spaces_and_tabs_are_trimmed() -> None:
    assert Headers([("A", " \xa0b\x85\t")]).get("a") == "\xa0b\x85"


def test_repeated_fields() -> None:
    headers = Headers(PAIRS)
    assert headers.get("x-a") == "1, 2" and headers.get_all("x-a") == ["1", "2"]
    assert headers.get_all("x-c") == []


def test_items_are_in_order() -> None:
    headers = Headers([("B", "1"), ("A", "2"), ("b", "3")])
    assert headers.items() == list(headers) == [("b", "1"), ("a", "2"), ("b", "3")]
    assert len(headers) == 3 and len(Headers()) == 0 and Headers().items() == []


def test_lowering_moves_nothing() -> None:
    headers = Headers([("A", "ÀÉ"), ("B", "x")])
    assert headers.get("a") == "ÀÉ" and headers.get("b") == "x"


def test_equality_and_representation() -> None:
    assert Headers([("A", "b")]) == Headers([("a", " b")]) != Headers([("a", "c")])
    assert Headers() != object() and len({Headers([("A", "b")]), Headers([("a", "b")])}) == 1
    assert repr(Headers([("Cookie", "secret"), ("B", "c")])) == "Headers(cookie, b)"
