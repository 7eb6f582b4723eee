"""Who may change what (S3), row by row."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.ids import Author, Role
from tests.domain.writer import ANN, BEN, GUEST, INK, NOBODY, STROKE, Book


@pytest.fixture
def book() -> Book:
    """Stroke 1 is Ann's (op `ann`), stroke 2 Ben's (op `ben`); Ann erased nothing, Ben cleared nothing yet."""
    book = Book()
    book.one("a", INK, "ann", author=ANN)
    book.one("a", INK, "ben", author=BEN)
    return book


EVERYTHING: list[list[Any]] = [
    ["a", STROKE],
    ["e", {"ids": ["1"]}],
    ["e", {"type": "g", "id": "1"}],
    ["e", {"cuts": {"1": [[0, 50]]}}],
    ["c", {"upto": 2}],
    ["m", {"ids": ["1"], "by": [1, 1]}],
    ["s", {"ids": ["1"], "fill": "#ff0000"}],
    ["p", {"paper": "ruled"}],
    ["u", {"op": "ann"}],
    ["r", {"op": "ann"}],
]


@pytest.mark.parametrize("change", EVERYTHING)
def test_s3_view_may_change_nothing(book: Book, change: list[Any]) -> None:
    failure = book.refused([*change, "x"], author=ANN, role=Role.VIEW)
    assert (failure.status, failure.reason, failure.extra["index"]) == (403, "role_forbids", 0)


@pytest.mark.parametrize("change", EVERYTHING)
def test_s3_owner_may_change_everything(book: Book, change: list[Any]) -> None:
    assert len(book.send([*change, "x"], author=Author("u99", "Owner"), role=Role.OWNER)) == 1


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (["a", STROKE], True),
        (["e", {"ids": ["2"]}], True),
        (["e", {"ids": ["1"]}], False),
        (["e", {"ids": ["2", "1"]}], False),
        (["e", {"type": "g", "id": "op:ann"}], False),
        (["e", {"ids": ["2", "77"]}], True),
        (["e", {"cuts": {"2": [[0, 50]]}}], True),
        (["e", {"cuts": {"1": [[0, 50]]}}], False),
        (["m", {"ids": ["2"], "by": [1, 1]}], True),
        (["m", {"ids": ["1"], "by": [1, 1]}], False),
        (["s", {"ids": ["op:ben"], "fill": "#ff0000"}], True),
        (["s", {"ids": ["1"], "fill": "#ff0000"}], False),
        (["c", {"upto": 2}], False),
        (["p", {"paper": "ruled"}], False),
        (["u", {"op": "ben"}], True),
        (["u", {"op": "ann"}], False),
        (["r", {"op": "ann"}], False),
    ],
)
def test_s3_add_may_touch_own_strokes_only(book: Book, change: list[Any], allowed: bool) -> None:
    if allowed:
        book.send([*change, "x"], author=BEN, role=Role.ADD)
    else:
        assert book.refused([*change, "x"], author=BEN, role=Role.ADD).reason == "role_forbids"


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (["e", {"ids": ["1", "2"]}], True),
        (["e", {"cuts": {"1": [[0, 50]]}}], True),
        (["m", {"ids": ["1"], "by": [1, 1]}], True),
        (["s", {"ids": ["1"], "fill": "#ff0000"}], True),
        (["c", {"upto": 2}], True),
        (["p", {"paper": "ruled"}], False),
        (["u", {"op": "ben"}], True),
        (["u", {"op": "ann"}], False),
        (["r", {"op": "ann"}], False),
    ],
)
def test_s3_edit_may_touch_all_strokes_but_take_back_own_changes_only(
    book: Book, change: list[Any], allowed: bool
) -> None:
    if allowed:
        book.send([*change, "x"], author=BEN, role=Role.EDIT)
    else:
        assert book.refused([*change, "x"], author=BEN, role=Role.EDIT).reason == "role_forbids"


def test_s3_whoever_may_clear_may_take_any_clear_back(book: Book) -> None:
    book.one("c", {"upto": 2}, "wipe", author=ANN, role=Role.OWNER)
    assert book.refused(["u", {"op": "wipe"}, "x"], author=BEN, role=Role.ADD).status == 403
    book.one("u", {"op": "wipe"}, author=BEN, role=Role.EDIT)
    assert book.ids() == [1, 2]
    book.one("r", {"op": "wipe"}, author=BEN, role=Role.EDIT)
    assert book.ids() == []


def test_s3_a_redo_is_no_way_around_a_smaller_role(book: Book) -> None:
    book.one("e", {"ids": ["1"]}, "foreign", author=BEN, role=Role.EDIT)
    book.one("c", {"upto": 2}, "wipe", author=BEN, role=Role.EDIT)
    for op in ("foreign", "wipe"):
        book.one("u", {"op": op}, author=BEN, role=Role.ADD)
        assert book.refused(["r", {"op": op}, "x"], author=BEN, role=Role.ADD).reason == "role_forbids"


def test_s3_a_stroke_of_the_same_list_is_ones_own(book: Book) -> None:
    book.send(
        ["a", STROKE, "x"],
        ["e", {"ids": ["op:x"]}, "y"],
        ["u", {"op": "y"}, "z"],
        author=GUEST,
        role=Role.ADD,
    )
    assert book.ids() == [1, 2, 3]


def test_s3_a_guest_without_cookie_appends_and_erases_but_takes_nothing_back(book: Book) -> None:
    stroke = book.one("a", STROKE, author=NOBODY, role=Role.EDIT)
    book.one("e", {"ids": ["1"]}, author=NOBODY, role=Role.EDIT)
    assert book.refused(["u", {"op": stroke.op}, "x"], author=NOBODY, role=Role.EDIT).reason == "role_forbids"
    assert book.refused(["u", {"op": stroke.op}, "x"], author=NOBODY, role=Role.ADD).reason == "role_forbids"


def test_s3_strokes_of_guests_without_cookie_are_nobodys_own(book: Book) -> None:
    group_id = book.draw(author=NOBODY, role=Role.ADD)
    assert (
        book.refused(["e", {"ids": [group_id]}, "x"], author=NOBODY, role=Role.ADD).reason == "role_forbids"
    )


def test_s3_a_resend_is_answered_though_the_role_is_smaller_now(book: Book) -> None:
    (known,) = book.send(["a", INK, "ben"], author=BEN, role=Role.VIEW)
    assert known.seq == 2
