"""The grammar of changes (C1, C2, C5): what a list may hold, before the notebook is looked at."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from server.domain.change import MAX_CHANGES, make_change, parse_changes
from server.domain.failures import Failure
from tests.domain.writer import STROKE


def read(*changes: Any) -> list[Any]:
    return parse_changes(json.dumps(changes).encode())


def refused(body: bytes) -> Failure:
    with pytest.raises(Failure) as caught:
        parse_changes(body)
    return caught.value


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["e", {"type": "g", "id": "17"}], {"type": "g", "id": "17"}),
        (["e", {"type": "g", "id": 17}], {"type": "g", "id": "17"}),
        (["e", {"type": "g", "id": "op:x.y"}], {"type": "g", "id": "op:x.y"}),
        (["e", {"ids": ["17", 18, "17"]}], {"ids": ["17", "18"]}),
        (["e", {"cuts": {"17": [[160, 412], [5, 9], [8, 20]]}}], {"cuts": {"17": [[5, 20], [160, 412]]}}),
        (["c", {"upto": 0}], {"upto": 0}),
        (["u", {"op": "a"}], {"op": "a"}),
        (["r", {"op": "a"}], {"op": "a"}),
        (["m", {"ids": ["1"], "by": [1.0, -2.5]}], {"ids": ["1"], "by": [1, -2.5]}),
        (
            ["m", {"ids": [], "by": [0, 0], "scale": [20, 1, 1]}],
            {"ids": [], "by": [0, 0], "scale": [20, 1, 1]},
        ),
        (["s", {"ids": [1], "fill": "#FF00aa"}], {"ids": ["1"], "fill": "#ff00aa"}),
        (["p", {"paper": "ruled", "margin": "left"}], {"paper": "ruled", "margin": "left"}),
        (["p", {"paper": "dotted"}], {"paper": "dotted", "margin": "none"}),
    ],
)
def test_c1_every_command_is_read_into_its_canonical_form(sent: list[Any], kept: object) -> None:
    (change,) = read(sent)
    assert (change.command, change.data, change.op) == (sent[0], kept, None)


@pytest.mark.parametrize(
    "change",
    [
        ["e", {"type": "svg", "id": "1"}],
        ["e", {"type": ["g"], "id": "1"}],
        ["e", {"type": "g", "id": "01"}],
        ["e", {"type": "g", "id": "0"}],
        ["e", {"type": "g", "id": "-1"}],
        ["e", {"type": "g", "id": "\u0661"}],
        ["e", {"type": "g", "id": "1234567890"}],
        ["e", {"type": "g", "id": True}],
        ["e", {"type": "g", "id": 1.0}],
        ["e", {"type": "g", "id": None}],
        ["e", {"type": "g", "id": "op:"}],
        ["e", {"type": "g", "id": "op:a b"}],
        ["e", {"type": "g"}],
        ["e", {"ids": "17"}],
        ["e", {"ids": [["17"]]}],
        ["e", {"cuts": [["17"]]}],
        ["e", {"cuts": {"x": [[0, 5]]}}],
        ["e", {"cuts": {"17": []}}],
        ["e", {"cuts": {"17": [[5, 5]]}}],
        ["e", {"cuts": {"17": [[-1, 5]]}}],
        ["e", {"cuts": {"17": [[0, 5.0]]}}],
        ["e", {"cuts": {"17": [[0, True]]}}],
        ["e", {"cuts": {"17": [[0, 65537]]}}],
        ["e", {"cuts": {"17": [[0, 1, 2]]}}],
        ["e", {}],
        ["e", None],
        ["e", "1"],
        ["c", {"upto": -1}],
        ["c", {"upto": True}],
        ["c", {"upto": "5"}],
        ["c", {"upto": 2**60}],
        ["c", {}],
        ["u", {"op": ""}],
        ["u", {"op": "x" * 65}],
        ["u", {"op": 5}],
        ["m", {"ids": ["1"]}],
        ["m", {"ids": ["1"], "by": [1]}],
        ["m", {"ids": ["1"], "by": [1, "2"]}],
        ["m", {"ids": ["1"], "by": [1, True]}],
        ["m", {"ids": ["1"], "by": [3_000_000, 0]}],
        ["m", {"ids": ["1"], "by": [0, 0], "scale": [0.04, 0, 0]}],
        ["m", {"ids": ["1"], "by": [0, 0], "scale": [20.5, 0, 0]}],
        ["m", {"ids": ["1"], "by": [0, 0], "scale": [-1, 0, 0]}],
        ["m", {"ids": ["1"], "by": [0, 0], "scale": [1, 0]}],
        ["s", {"ids": ["1"], "fill": "none"}],
        ["s", {"ids": ["1"], "fill": "red"}],
        ["s", {"ids": ["1"], "fill": "#f00"}],
        ["s", {"ids": ["1"], "fill": "#ff0000 "}],
        ["s", {"ids": ["1"], "fill": "#ff000\uff10"}],
        ["s", {"ids": ["1"], "fill": "rgb(0,0,0)"}],
        ["s", {"ids": ["1"], "fill": "url(#a)"}],
        ["s", {"ids": ["1"], "fill": 0}],
        ["p", {"paper": "lined"}],
        ["p", {"paper": "ruled", "margin": "top"}],
        ["p", {"margin": "left"}],
        ["p", {"paper": ["ruled"]}],
        ["a", None],
        ["a", {"svg": STROKE}],
        ["x", STROKE],
        ["", STROKE],
        ["__class__", STROKE],
        ["a", STROKE, "a b"],
        ["a", STROKE, ""],
        ["a", STROKE, "x" * 65],
        ["a", STROKE, 5],
        ["a", STROKE, None],
    ],
)
def test_c1_a_value_outside_the_grammar_is_422(change: list[Any]) -> None:
    failure = refused(json.dumps([change]).encode())
    assert failure.status == 422
    assert failure.extra["index"] == 0


@pytest.mark.parametrize(
    "change",
    [
        ["e", {"type": "g", "id": "1", "x": 1}],
        ["e", {"ids": ["1"], "cuts": {}}],
        ["c", {"upto": 1, "ids": []}],
        ["u", {"op": "a", "ops": []}],
        ["m", {"ids": ["1"], "by": [0, 0], "rotate": 5}],
        ["s", {"ids": ["1"], "fill": "#000000", "stroke": "#000000"}],
        ["p", {"paper": "plain", "margins": "none"}],
    ],
)
def test_c1_an_unknown_key_is_400(change: list[Any]) -> None:
    failure = refused(json.dumps([change]).encode())
    assert (failure.status, failure.reason) == (400, "unknown_key")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'"stop"',
        b"null",
        b'["a", "<g/>"]',
        b'[["a"]]',
        b'[["a", "<g/>", "x", "y"]]',
        b'[[["a", "<g/>"]]]',
        b"[null]",
        b'[{"0": "a", "1": "<g/>"}]',
        b'[[true, "<g/>"]]',
        b'[["a", "<g/>"],',
        b"",
        b"\xff\xfe",
    ],
)
def test_c2_a_body_that_is_no_list_of_lists_is_400(body: bytes) -> None:
    assert refused(body).status == 400


def test_c2_up_to_512_changes_make_a_list() -> None:
    assert len(read(*[["a", "<g/>"]] * MAX_CHANGES)) == MAX_CHANGES
    assert refused(json.dumps([["a", "<g/>"]] * (MAX_CHANGES + 1)).encode()).status == 400


def test_c2_a_refusal_names_op_and_index() -> None:
    failure = refused(json.dumps([["a", STROKE, "good"], ["e", {"type": "x", "id": "1"}, "bad"]]).encode())
    assert (failure.extra["op"], failure.extra["index"]) == ("bad", 1)
    assert refused(json.dumps([["a", "<p/>"]]).encode()).extra == {"op": None, "index": 0}


def test_c3_the_digest_is_of_the_content_not_of_its_spelling() -> None:
    pairs = [
        (["e", {"type": "g", "id": "17"}, "x"], ["e", {"id": 17, "type": "g"}, "y"]),
        (["a", STROKE], ["a", STROKE.replace("<g>", '<g xmlns="http://www.w3.org/2000/svg" id="9">')]),
        (
            ["e", {"cuts": {"1": [[0, 5]], "2": [[1, 2]]}}],
            ["e", {"cuts": {"2": [[1, 2]], "1": [[0, 3], [2, 5]]}}],
        ),
    ]
    for first, second in pairs:
        assert read(first)[0].digest == read(second)[0].digest
    different = [
        ["a", STROKE],
        ["a", STROKE.replace("2 2", "2 3")],
        ["e", {"type": "g", "id": "17"}],
        ["e", {"type": "g", "id": "op:x"}],
        ["u", {"op": "x"}],
        ["r", {"op": "x"}],
        ["c", {"upto": 5}],
        ["c", {"upto": 6}],
    ]
    digests = {change.digest for change in read(*different)}
    assert len(digests) == len(different)
    assert all(len(digest) == 16 for digest in digests)


def test_c5_a_fragment_over_64_kib_is_refused() -> None:
    fits = STROKE.replace("</g>", " " * (64 * 1024 - len(STROKE)) + "</g>")
    assert len(fits) == 64 * 1024
    assert make_change("a", fits).data == STROKE
    with pytest.raises(Failure) as caught:
        make_change("a", fits.replace("</g>", " </g>"))
    assert caught.value.status == 422


def test_c5_a_fragment_of_wide_characters_is_measured_in_bytes() -> None:
    fits = "<g><!--" + "\u05d0" * 32_755 + "--></g>"
    assert len(fits.encode()) <= 64 * 1024
    assert make_change("a", fits).data == "<g></g>"
    with pytest.raises(Failure):
        make_change("a", "<g><!--" + "\u05d0" * 32_800 + "--></g>")


def test_numbers_of_a_move_are_finite() -> None:
    for text in ("1e999", "-1e999", "NaN", "Infinity"):
        body = f'[["m", {{"ids": ["1"], "by": [{text}, 0]}}]]'.encode()
        assert refused(body).status == 400
    (change,) = read(["m", {"ids": ["1"], "by": [0.1, 0.2], "scale": [0.1, 0.3, math.pi]}])
    assert change.data["scale"] == [0.1, 0.3, math.pi]
