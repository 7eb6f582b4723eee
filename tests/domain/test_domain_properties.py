"""What must hold for every history: convergence, undo, commuting erasers, replay, snapshots (C1 to C6)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.change import parse_changes
from server.domain.failures import Failure
from server.domain.ids import Author, NotebookId, Role
from server.domain.log_entry import Known, LogEntry
from server.domain.svg_document import NotebookDocument
from server.domain.svg_vocabulary import parse_fragment
from tests.domain.writer import ANN, INK, STROKE, Book, looks, state

quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

AUTHORS = st.sampled_from([Author("u1", "Ann"), Author("u2", "Ben"), Author("g00", "G"), Author("", "Guest")])
IDS = st.lists(st.integers(1, 9).map(str), max_size=4)
CUT = st.tuples(st.integers(0, 300), st.integers(1, 60)).map(lambda pair: [pair[0], pair[0] + pair[1]])
OPS = st.integers(0, 30).map(lambda number: f"op{number}")
CHANGES = st.one_of(
    st.sampled_from([STROKE, INK]).map(lambda fragment: ["a", fragment]),
    IDS.map(lambda ids: ["e", {"ids": ids}]),
    st.dictionaries(st.integers(1, 9).map(str), st.lists(CUT, min_size=1, max_size=3), max_size=3).map(
        lambda cuts: ["e", {"cuts": cuts}]
    ),
    st.integers(0, 30).map(lambda upto: ["c", {"upto": upto}]),
    OPS.map(lambda op: ["u", {"op": op}]),
    OPS.map(lambda op: ["r", {"op": op}]),
    st.tuples(IDS, st.integers(-90, 90), st.sampled_from([None, [2, 10, 10], [0.3, 1, 2]])).map(
        lambda m: ["m", {"ids": m[0], "by": [m[1], 5], **({"scale": m[2]} if m[2] else {})}]
    ),
    st.tuples(IDS, st.sampled_from(["#ff0000", "#00ff00"])).map(lambda s: ["s", {"ids": s[0], "fill": s[1]}]),
    st.sampled_from(["plain", "ruled", "dotted"]).map(lambda paper: ["p", {"paper": paper}]),
)
HISTORIES = st.lists(st.tuples(CHANGES, AUTHORS, st.sampled_from(list(Role))), min_size=1, max_size=30)


def told(history: list[tuple[list[Any], Author, Role]], look_often: bool = False) -> Book:
    """Sends a history; what is refused leaves no trace."""
    book = Book()
    book.send(["a", INK, "op-first"], ["a", STROKE, "op-second"])
    for number, (change, author, role) in enumerate(history):
        try:
            book.send([*change, f"op{number}"], author=author, role=role)
        except Failure:
            continue
        if look_often:
            list(book.document.fragments())
    return book


@quick
@given(HISTORIES)
def test_c4_replaying_the_log_gives_the_same_document(history: Any) -> None:
    book = told(history, look_often=True)
    again = NotebookDocument(NotebookId(1))
    for entry in book.log:
        again.apply(entry)
    assert state(again) == state(book.document)
    assert again.size_bytes == book.document.size_bytes


@quick
@given(HISTORIES, st.integers(0, 30))
def test_a_snapshot_at_any_point_leads_to_the_same_document(history: Any, cut: int) -> None:
    book = told(history)
    begin = NotebookDocument(NotebookId(1))
    for entry in book.log[:cut]:
        begin.apply(entry)
    loaded = NotebookDocument.load(begin.dump())
    assert list(loaded.dump()) == list(begin.dump())
    for entry in book.log[cut:]:
        assert loaded.apply(entry) == begin.apply(entry)
    assert state(loaded) == state(book.document)


@quick
@given(HISTORIES)
def test_p1_what_an_entry_does_not_tell_is_among_its_effects(history: Any) -> None:
    book = told(history)
    replay = NotebookDocument(NotebookId(1))
    for entry in book.log:
        before = {group_id: replay.stroke(group_id) for group_id in range(1, replay.next_id)}
        affected = replay.apply(entry)
        changed = {group_id for group_id, text in before.items() if replay.stroke(group_id) != text}
        if entry.command in ("u", "r") or (entry.command == "e" and "cuts" in entry.data):
            assert changed <= affected
        else:
            assert affected == frozenset()


@quick
@given(HISTORIES, st.integers(1, 6))
def test_c6_n_undos_and_n_redos_give_the_identical_document(history: Any, count: int) -> None:
    book = told(history)
    mine = [entry.op for entry in book.log if entry.author_id == ANN.id and entry.command not in "ur"]
    in_force = [op for op in mine if getattr(book.document.known(op), "in_force", False)][-count:]
    before = looks(book.document)
    for op in reversed(in_force):
        book.one("u", {"op": op}, f"undo-{op}")
    for op in in_force:
        book.one("r", {"op": op}, f"redo-{op}")
    assert looks(book.document) == before


@quick
@given(st.lists(st.lists(CUT, min_size=1, max_size=3), min_size=2, max_size=6), st.randoms())
def test_c6_concurrent_cuts_commute(cuts: list[list[list[int]]], order: Any) -> None:
    looks_of = []
    for _ in range(2):
        book = Book()
        book.draw(fragment=INK)
        order.shuffle(cuts)
        for cut in cuts:
            book.one("e", {"cuts": {"1": cut}})
        looks_of.append(looks(book.document))
    assert looks_of[0] == looks_of[1]


@quick
@given(HISTORIES)
def test_c3_sending_everything_again_stores_nothing(history: Any) -> None:
    book = told(history)
    before = state(book.document)
    for number, (change, author, _) in enumerate(history):
        op = f"op{number}"
        stored = book.document.known(op)
        if stored is None:
            continue
        (known,) = book.send([*change, op], author=author, role=Role.VIEW)
        assert isinstance(known, Known)
        assert known.seq == stored.seq
    assert state(book.document) == before


@quick
@given(HISTORIES)
def test_every_fragment_is_canonical_again(history: Any) -> None:
    for text in told(history).document.fragments():
        fragment = parse_fragment(text)
        head, _, rest = text.partition(" ")
        assert fragment.text.startswith(head)
        assert parse_fragment(fragment.text) == fragment
        assert fragment.render(int(rest[4 : rest.index('"', 4)])) == text


@quick
@given(HISTORIES)
def test_wire_entries_are_json_that_says_what_the_entry_says(history: Any) -> None:
    for entry in told(history).log:
        wire = json.loads(entry.wire())
        assert (wire["seq"], wire["command"], wire["data"], wire["op"]) == (
            entry.seq,
            entry.command,
            entry.data,
            entry.op,
        )
        assert wire["author"] == {"id": entry.author_id, "name": entry.author_name}
        assert wire.get("id") == (str(entry.group_id) if entry.command in "ac" else None)


@quick
@given(st.text(max_size=30))
def test_p1_any_name_comes_back_exactly(name: str) -> None:
    entry = LogEntry(NotebookId(1), 1, "x", "u1", name, 5, "a", '<g id="1"></g>', b"", 1)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in name):
        return
    assert json.loads(entry.wire())["author"]["name"] == name
    assert b"<" not in entry.wire().split(b'"author"')[1]


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["ids", "id", "type", "cuts", "upto", "op", "by", "scale", "fill", "paper", "margin", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(list("aecurmspx")),
)
def test_c1_any_json_is_a_change_or_a_failure(data: Any, command: str) -> None:
    status = 200
    try:
        parse_changes(json.dumps([[command, data, "x"]]).encode())
    except Failure as failure:
        status = failure.status
    assert status in (200, 400, 422)
