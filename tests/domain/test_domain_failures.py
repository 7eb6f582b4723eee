"""Failures and JSON (H3): every reason is in the table, every sentence helps, every body is read strictly."""

from __future__ import annotations

import ast
import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.colours import NAMES, check_colour
from server.domain.failures import REASONS, Failure
from server.domain.strict_json import loads

SERVER = Path(__file__).parents[2] / "server"


def raised() -> list[tuple[str, int | None, str]]:
    """Every `Failure(status, "reason", ...)` and `Failure.of("reason", ...)` of the server with its place."""
    found = []
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            constants = [
                argument.value if isinstance(argument, ast.Constant) else None for argument in node.args
            ]
            if name == "Failure" and len(constants) >= 2 and type(constants[1]) is str:
                found.append((f"{path.name}:{node.lineno}", constants[0], constants[1]))
            if name == "Failure.of" and constants and type(constants[0]) is str:
                found.append((f"{path.name}:{node.lineno}", None, constants[0]))
    return found  # type: ignore[return-value]


def test_h3_every_reason_in_use_is_in_the_table() -> None:
    uses = raised()
    assert len(uses) > 40
    assert [use for use in uses if use[2] not in REASONS] == []


def test_h3_statuses_are_those_of_the_protocol() -> None:
    allowed = {
        400,
        401,
        403,
        404,
        405,
        408,
        409,
        410,
        412,
        413,
        414,
        415,
        416,
        417,
        421,
        422,
        429,
        431,
        500,
        501,
        503,
        505,
        507,
    }
    assert {reason.status for reason in REASONS.values()} <= allowed


def test_h3_words_are_fixed_and_sentences_are_sentences() -> None:
    for word, reason in REASONS.items():
        assert re.fullmatch(r"[a-z][a-z_]*", word)
        assert re.fullmatch(r"[A-Z].*[.]", reason.sentence)
        assert not re.search(
            r"[/\\{}<>]|SELECT|Traceback",
            reason.sentence.replace("HTTP/1", "HTTP").replace("https://", "").replace("application/json", ""),
        )


def test_a_failure_names_the_change_it_is_about_and_travels_between_processes() -> None:
    failure = Failure.of("op_reused", seq=5).at("x", 3)
    assert (failure.status, failure.extra) == (409, {"seq": 5, "op": "x", "index": 3})
    again = pickle.loads(pickle.dumps(failure))
    assert (again.status, again.reason, again.sentence, again.extra) == (
        failure.status,
        failure.reason,
        failure.sentence,
        failure.extra,
    )
    assert str(Failure(404, "not_found", "Gone.")) == "404 not_found: Gone."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[",
        b"[1,]",
        b"{a:1}",
        b"'x'",
        b"[1]x",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"\xef\xbb\xbf[]",
        b'["\x00"]',
        b'["\xff"]',
        b'["\xed\xa0\x80"]',
        b'["\xc0\xaf"]',
        b'["\\ud800"]',
        b'["\\udc00\\ud800"]',
        b'{"\\ud800":1}',
        b'["\\ud83d x"]',
        b'{"a":1,"a":2}',
        b'[{"a":{"b":1,"b":1}}]',
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"1" * 31,
        b"0." + b"1" * 30,
        b"-" + b"1" * 30,
        "[]".encode("utf-16"),
        b"// x\n[]",
        b'["a\nb"]',
        b'["\\x41"]',
    ],
)
def test_h3_what_is_not_strict_json_is_400(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        loads(body)
    assert (caught.value.status, caught.value.reason) == (400, "bad_json")


def test_h3_strict_json_is_read() -> None:
    assert loads(b"[" * 32 + b"]" * 32)
    assert loads(b"1" * 30) == int("1" * 30)
    assert loads(b' {"a": ["\\ud83d\\ude00", 1.5, -0, true, null]} ') == {"a": ["😀", 1.5, 0, True, None]}
    assert loads(b'["' + b"[" * 100 + b'"]') == ["[" * 100]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**20), 10**20)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_h3_any_json_comes_back(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


def test_c1_the_148_colour_names() -> None:
    assert len(NAMES) == 148
    assert (NAMES["rebeccapurple"], NAMES["lightgoldenrodyellow"], NAMES["darkslategrey"]) == (
        "#663399",
        "#fafad2",
        "#2f4f4f",
    )


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#1A2b3C", "#1a2b3c"),
        ("#abc", "#aabbcc"),
        ("RED", "#ff0000"),
        (" none ", "none"),
        ("rgb(1,2,3)", "#010203"),
        ("RGB( 255 , 0 , 16 )", "#ff0010"),
        ("rgb(1 2 3)", "#010203"),
        ("rgb(100%,50%,0%)", "#ff8000"),
        ("Grey", "#808080"),
    ],
)
def test_c1_colours_are_kept_as_hex(text: str, colour: str) -> None:
    assert check_colour(text) == colour == check_colour(colour)
