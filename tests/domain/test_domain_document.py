"""The reducer (C1 to C6): ids, numbers, undo, clear, cuts, moves, paper, and what a change affects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.domain.change import make_change
from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role
from server.domain.log_entry import Known, LogEntry
from server.domain.preparation import NotebookLimits
from server.domain.svg_document import NotebookDocument
from tests.domain.writer import ANN, BEN, INK, STROKE, Book, looks, state


@pytest.fixture
def book() -> Book:
    return Book()


def test_c1_ids_count_from_one_and_are_never_used_again(book: Book) -> None:
    assert [book.draw() for _ in range(3)] == ["1", "2", "3"]
    book.one("c", {"upto": 99})
    book.one("e", {"ids": ["3"]})
    assert book.draw() == "4"
    assert book.document.stroke(4) == STROKE.replace("<g>", '<g id="4">')


def test_c1_a_refused_stroke_takes_no_id(book: Book) -> None:
    book.refused(["a", STROKE, "x"], ["a", "<script/>", "y"])
    assert book.draw() == "1"


def test_c1_ids_may_be_strings_integers_or_ops(book: Book) -> None:
    book.one("a", STROKE, "first")
    book.draw()
    book.draw()
    entry = book.one("e", {"ids": ["op:first", 2, "3"]})
    assert entry.data == {"ids": ["1", "2", "3"]}
    assert book.ids() == []


def test_c1_an_op_earlier_in_the_same_list_names_its_stroke(book: Book) -> None:
    entries = book.send(["a", STROKE, "x"], ["a", STROKE, "y"], ["e", {"type": "g", "id": "op:x"}, "z"])
    assert isinstance(entries[2], LogEntry)
    assert entries[2].data == {"type": "g", "id": "1"}
    assert book.ids() == [2]


def test_c1_ids_never_given_are_ignored(book: Book) -> None:
    book.draw()
    assert book.one("e", {"ids": ["2", "99", "op:unknown", "1"]}).data == {"ids": ["1"]}
    assert book.one("e", {"type": "g", "id": "7"}).data == {"ids": []}
    assert book.one("e", {"cuts": {"7": [[0, 5]]}}).data == {"cuts": {}}
    book.one("a", STROKE, "later")
    assert book.ids() == [2], "a stroke that came later is not hidden by what was said before it came"


def test_c1_hiding_what_is_hidden_succeeds_and_changes_nothing(book: Book) -> None:
    book.draw()
    book.one("e", {"ids": ["1"]})
    before = looks(book.document)
    assert book.one("e", {"ids": ["1"]}).seq == 3
    assert looks(book.document) == before


def test_c1_paper_is_set_and_the_last_one_in_force_wins(book: Book) -> None:
    assert (book.document.paper, book.document.margin) == ("plain", "none")
    book.one("p", {"paper": "ruled", "margin": "right"})
    second = book.one("p", {"paper": "dotted"})
    assert (book.document.paper, book.document.margin) == ("dotted", "none")
    book.one("u", {"op": second.op})
    assert (book.document.paper, book.document.margin) == ("ruled", "right")
    book.one("r", {"op": second.op})
    assert book.document.paper == "dotted"


def test_c2_a_refused_list_stores_nothing(book: Book) -> None:
    failure = book.refused(["a", STROKE, "x"], ["u", {"op": "missing"}, "y"])
    assert (failure.reason, failure.extra["op"], failure.extra["index"]) == ("unknown_op", "y", 1)
    assert book.document.seq == 0


def test_c3_the_same_op_and_content_is_stored_once(book: Book) -> None:
    book.draw()
    first = book.one("a", STROKE, "mine")
    (again,) = book.send(["a", STROKE, "mine"])
    assert again == Known("mine", first.seq, first.group_id, "a")
    assert book.document.seq == 2


def test_c3_a_resent_erase_by_op_matches_though_its_ids_are_resolved_now(book: Book) -> None:
    book.send(["a", STROKE, "x"], ["e", {"ids": ["op:x"]}, "gone"])
    (again,) = book.send(["e", {"ids": ["op:x"]}, "gone"])
    assert again == Known("gone", 2, 0, "e")


def test_c3_a_resent_clear_gives_the_same_seq_and_id(book: Book) -> None:
    book.draw()
    first = book.one("c", {"upto": 10**6}, "wipe")
    book.draw()
    (again,) = book.send(["c", {"upto": 10**6}, "wipe"])
    assert isinstance(again, Known)
    assert (again.seq, again.group_id) == (first.seq, first.group_id) == (2, 1)
    assert book.ids() == [2]


def test_c3_the_same_op_with_other_content_is_409_naming_it(book: Book) -> None:
    book.one("a", STROKE, "mine")
    failure = book.refused(["a", STROKE, "new"], ["a", INK, "mine"])
    assert (failure.status, failure.reason) == (409, "op_reused")
    assert (failure.extra["op"], failure.extra["index"]) == ("mine", 1)


def test_c3_a_list_may_mix_stored_and_new_changes(book: Book) -> None:
    book.send(["a", STROKE, "x"], ["a", STROKE, "y"])
    mixed = book.send(["a", STROKE, "y"], ["a", STROKE, "z"], ["e", {"ids": ["op:y", "op:z"]}, "w"])
    assert [(type(change).__name__, change.seq) for change in mixed] == [
        ("Known", 2),
        ("LogEntry", 3),
        ("LogEntry", 4),
    ]
    assert book.ids() == [1]


def test_c3_an_op_twice_in_one_list_is_stored_once_or_refused(book: Book) -> None:
    first, second = book.send(["a", STROKE, "x"], ["a", STROKE, "x"])
    assert isinstance(first, LogEntry)
    assert second == Known("x", 1, 1, "a")
    assert book.refused(["a", STROKE, "y"], ["a", INK, "y"]).reason == "op_reused"


def test_c3_a_change_without_op_gets_one_of_its_own(book: Book) -> None:
    entries = book.send(["a", STROKE], ["a", STROKE])
    assert entries[0].op != entries[1].op
    assert book.ids() == [1, 2]


def test_c3_a_chosen_op_is_never_one_that_is_taken(book: Book) -> None:
    book.one("a", STROKE, "taken")
    names = iter(["taken", "fresh", "fresh", "other"])
    changes = [make_change("a", STROKE), make_change("a", STROKE)]
    entries = book.document.prepare(changes, ANN, Role.OWNER, 1, new_op=lambda: next(names))
    assert [entry.op for entry in entries] == ["fresh", "other"]


def test_c4_numbers_run_without_gaps(book: Book) -> None:
    book.send(*[["a", STROKE] for _ in range(5)])
    book.one("c", {"upto": 2})
    book.one("e", {"ids": ["99"]})
    assert [entry.seq for entry in book.log] == [1, 2, 3, 4, 5, 6, 7]


def test_c4_an_entry_out_of_order_is_not_taken(book: Book) -> None:
    entry = book.one("a", STROKE)
    for wrong in (
        entry,
        replace(entry, seq=3, group_id=2, op="z"),
        replace(entry, seq=2, group_id=5, op="z"),
    ):
        with pytest.raises(ValueError):
            book.document.apply(wrong)
    undo = book.one("u", {"op": entry.op})
    for command, data in (("?", {}), ("u", {"op": undo.op})):
        with pytest.raises(ValueError):
            book.document.apply(replace(entry, seq=3, op="z", command=command, data=data))


def test_c5_a_full_notebook_takes_no_stroke_but_can_be_erased() -> None:
    book = Book()
    book.document.limits = NotebookLimits(max_strokes=2)
    book.draw()
    book.draw()
    assert book.refused(["a", STROKE, "x"]).reason == "notebook_full"
    assert book.refused(["a", STROKE, "x"]).status == 413
    book.one("e", {"ids": ["1"]})
    book.document.limits = NotebookLimits(max_bytes=book.document.size_bytes)
    assert book.refused(["a", STROKE, "x"]).reason == "notebook_full"
    book.one("e", {"ids": ["2"]})


def test_c6_undo_and_redo_of_a_stroke(book: Book) -> None:
    stroke = book.one("a", STROKE)
    book.one("u", {"op": stroke.op})
    assert book.ids() == []
    book.one("r", {"op": stroke.op})
    assert book.ids() == [1]


def test_c6_the_latest_of_many_undos_and_redos_counts(book: Book) -> None:
    stroke = book.one("a", STROKE)
    for command, visible in [("u", []), ("u", []), ("r", [1]), ("r", [1]), ("u", []), ("r", [1])]:
        book.one(command, {"op": stroke.op})
        assert book.ids() == visible


def test_c6_undoing_my_erase_does_not_resurrect_what_somebody_else_erased(book: Book) -> None:
    book.draw()
    mine = book.one("e", {"ids": ["1"]}, author=ANN)
    book.one("e", {"ids": ["1"]}, author=BEN)
    book.one("u", {"op": mine.op}, author=ANN)
    assert book.ids() == []


def test_c6_a_clear_hides_what_it_covers_and_later_strokes_stay(book: Book) -> None:
    for _ in range(3):
        book.draw()
    entry = book.one("c", {"upto": 2})
    assert (entry.group_id, book.ids()) == (2, [3])
    book.draw()
    assert book.ids() == [3, 4]


def test_c6_upto_above_the_number_before_this_change_is_taken_as_that_number(book: Book) -> None:
    entries = book.send(["a", STROKE], ["c", {"upto": 10**9}], ["a", STROKE])
    assert isinstance(entries[1], LogEntry)
    assert (entries[1].data, entries[1].group_id) == ({"upto": 1}, 1)
    assert book.ids() == [2]
    assert book.one("c", {"upto": 0}).group_id == 0
    assert book.ids() == [2]


def test_c6_two_clears_hide_until_both_are_taken_back(book: Book) -> None:
    for _ in range(4):
        book.draw()
    small = book.one("c", {"upto": 2})
    large = book.one("c", {"upto": 3})
    assert book.ids() == [4]
    book.one("u", {"op": large.op})
    assert book.ids() == [3, 4]
    book.one("r", {"op": large.op})
    book.one("u", {"op": small.op})
    assert book.ids() == [4]
    book.one("u", {"op": large.op})
    assert book.ids() == [1, 2, 3, 4]


@pytest.mark.parametrize("command", ["u", "r"])
def test_c6_undo_names_a_stored_change_and_not_an_undo(book: Book, command: str) -> None:
    stroke = book.one("a", STROKE)
    undo = book.one("u", {"op": stroke.op})
    assert book.refused([command, {"op": "unknown"}, "x"]).reason == "unknown_op"
    assert book.refused([command, {"op": undo.op}, "x"]).status == 422
    assert book.refused([command, {"op": "x"}, "x"]).status == 422, "nor itself"


def test_c6_undo_of_a_change_in_the_same_list(book: Book) -> None:
    book.send(["a", STROKE, "x"], ["u", {"op": "x"}, "y"])
    assert book.ids() == []


def test_c6_a_change_that_alters_nothing_is_numbered_all_the_same(book: Book) -> None:
    stroke = book.one("a", STROKE)
    assert book.one("r", {"op": stroke.op}).seq == 2


def test_c6_moves_and_colours_follow_in_order_of_number(book: Book) -> None:
    book.draw()
    first = book.one("m", {"ids": ["1"], "by": [10, 0]})
    book.one("m", {"ids": ["1"], "by": [0, 0], "scale": [2, 0, 0]})
    assert book.document.stroke(1) == '<g id="1"><path d="M20 0Q22 2 24 4" fill="#000000"/></g>'
    book.one("u", {"op": first.op})
    assert book.document.stroke(1) == '<g id="1"><path d="M0 0Q2 2 4 4" fill="#000000"/></g>'
    book.one("r", {"op": first.op})
    assert book.document.stroke(1) == '<g id="1"><path d="M20 0Q22 2 24 4" fill="#000000"/></g>'


def test_c6_the_last_colour_in_force_wins(book: Book) -> None:
    book.draw()
    book.one("s", {"ids": ["1"], "fill": "#111111"})
    second = book.one("s", {"ids": ["1"], "fill": "#222222"})
    assert 'fill="#222222"' in str(book.document.stroke(1))
    book.one("u", {"op": second.op})
    assert 'fill="#111111"' in str(book.document.stroke(1))


def test_c6_many_moves_give_what_they_give_one_by_one(book: Book) -> None:
    book.draw(fragment=INK)
    other = Book()
    other.draw(fragment=INK)
    for step in range(40):
        move = (
            {"ids": ["1"], "by": [step, -3]}
            if step % 7
            else {"ids": ["1"], "by": [1, 1], "scale": [1.1, 5, 5]}
        )
        book.one("m", move)
        other.one("m", move)
        other.document.stroke(1)  # looked at after each
    assert book.document.stroke(1) == other.document.stroke(1)


def test_c6_a_move_off_the_sheet_leaves_the_stroke_where_it_is(book: Book) -> None:
    book.draw()
    for by in ([1_000_000, 0], [-5, 0], [1_999_999, 0], [3, 0]):
        book.one("m", {"ids": ["1"], "by": by})
    assert book.document.stroke(1) == STROKE.replace("M0 0Q1 1 2 2", "M-2 0Q-1 1 0 2").replace(
        "<g>", '<g id="1">'
    )


def test_c6_cuts_are_a_union_and_are_taken_back_one_by_one(book: Book) -> None:
    book.draw(fragment=INK)
    whole = book.document.stroke(1)
    first = book.one("e", {"cuts": {"1": [[64, 128]]}})
    once = book.document.stroke(1)
    second = book.one("e", {"cuts": {"1": [[96, 200]]}}, author=BEN)
    assert 'data-cuts="64-200"' in str(book.document.stroke(1))
    book.one("u", {"op": second.op}, author=BEN)
    assert book.document.stroke(1) == once
    book.one("u", {"op": first.op})
    assert book.document.stroke(1) == whole


def test_c6_a_stroke_without_points_cannot_be_cut(book: Book) -> None:
    book.draw()
    before = book.document.stroke(1)
    book.one("e", {"cuts": {"1": [[0, 5]]}})
    assert book.document.stroke(1) == before


def test_p1_effects_name_strokes_that_the_entries_do_not_tell(book: Book) -> None:
    for _ in range(4):
        book.draw(fragment=INK)

    def affected(command: str, data: object, op: str) -> set[int]:
        (entry,) = book.document.prepare([make_change(command, data, op)], ANN, Role.OWNER, 1)
        assert isinstance(entry, LogEntry)
        return set(book.document.apply(entry))

    assert affected("a", INK, "a5") == set()
    assert affected("e", {"ids": ["1"]}, "e1") == set()
    assert affected("m", {"ids": ["2"], "by": [1, 1]}, "m1") == set()
    assert affected("s", {"ids": ["2"], "fill": "#ff0000"}, "s1") == set()
    assert affected("e", {"cuts": {"3": [[0, 20]]}}, "x1") == {3}
    assert affected("u", {"op": "m1"}, "u1") == {2}
    assert affected("u", {"op": "m1"}, "u2") == set(), "it was out of force already"
    assert affected("r", {"op": "s1"}, "r1") == set(), "it was in force already"
    assert affected("c", {"upto": 3}, "c1") == set()
    assert affected("u", {"op": "c1"}, "u3") == {2, 3}, "stroke 1 is hidden by an erase as well"
    assert affected("u", {"op": "e1"}, "u4") == {1}
    assert affected("u", {"op": "a5"}, "u5") == {5}
    assert affected("u", {"op": "x1"}, "u6") == {3}


def test_n6_the_whole_document_is_one_svg(book: Book) -> None:
    book.draw()
    book.draw()
    book.one("e", {"ids": ["1"]})
    book.one("p", {"paper": "squared", "margin": "left"})
    text = b"".join(book.document.render_document("0123456789abcdef", "A & <b>")).decode()
    assert text == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12000 16000" width="1200" height="1600" '
        'data-seq="4" data-epoch="0123456789abcdef" data-paper="squared" data-margin="left">'
        '<title>A &amp; &lt;b&gt;</title><g id="2"><path d="M0 0Q1 1 2 2" fill="#000000"/></g></svg>'
    )


def test_n6_a_big_document_comes_in_pieces(book: Book) -> None:
    for _ in range(8):
        book.send(*[["a", INK] for _ in range(50)])
    pieces = list(book.document.render_document("0" * 16))
    assert len(pieces) > 2
    assert max(map(len, pieces)) < 80_000
    assert b"".join(pieces).count(b"<g ") == 400


def test_n6_a_document_being_written_out_does_not_see_later_changes(book: Book) -> None:
    book.draw(fragment=INK)
    book.one("m", {"ids": ["1"], "by": [5, 5]})
    fragments = book.document.fragments()
    expected = list(book.document.fragments())
    book.one("m", {"ids": ["1"], "by": [5, 5]})
    book.one("c", {"upto": 99})
    assert list(fragments) == expected


def test_a_dump_is_of_the_moment_of_the_call_and_loads_again(book: Book) -> None:
    book.draw(fragment=INK)
    book.one("e", {"cuts": {"1": [[64, 128]]}}, "cut")
    book.one("m", {"ids": ["1"], "by": [5, 5]})
    expected = state(book.document)
    records = book.document.dump()
    book.one("u", {"op": "cut"})
    book.draw()
    book.one("c", {"upto": 99})
    for form in (tuple, list):
        records = [form(record) for record in records]
        assert state(NotebookDocument.load(records)) == expected


def test_a_dump_that_is_cut_short_or_mixed_up_is_not_loaded(book: Book) -> None:
    for _ in range(3):
        book.draw()
    book.one("c", {"upto": 1})
    records = list(book.document.dump())
    for broken in (
        [],
        records[1:],
        records[:-1],
        records[:2],
        [records[0], records[2], records[1], *records[3:]],
        [("notebook", 99, *records[0][2:]), *records[1:]],
        [*records, ("e",)],
    ):
        with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
            NotebookDocument.load(broken)


def test_a_dump_may_become_another_notebook(book: Book) -> None:
    book.draw()
    copy = NotebookDocument.load(book.document.dump(), notebook_id=NotebookId(9))
    assert copy.notebook_id == 9
    assert state(copy) == state(book.document)


def test_ids_that_were_never_given_have_no_stroke(book: Book) -> None:
    book.draw()
    assert [book.document.stroke(group_id) for group_id in (-1, 0, 2)] == [None, None, None]
    assert [book.document.highest_id_upto(seq) for seq in (0, 1, 5)] == [0, 1, 1]


def test_a_failure_leaves_no_trace_in_later_ids(book: Book) -> None:
    book.draw()
    with pytest.raises(Failure):
        book.send(["a", STROKE, "p"], ["a", STROKE, "q"], ["e", {"type": "x", "id": "1"}])
    assert book.draw() == "2"
