"""Whole documents (N2, N6): what they may hold, their unit, and that an export comes back without loss."""

from __future__ import annotations

import json

import pytest

from server.domain.failures import Failure
from server.domain.ids import Role
from server.domain.points import decode_points, encode_points
from server.domain.svg_document_reader import parse_document, read_document
from server.domain.svg_vocabulary import take_apart
from tests.domain.writer import ANN, INK, STROKE, Book, looks

OURS = '<svg xmlns="http://www.w3.org/2000/svg" data-seq="5">{}</svg>'


def texts(document: str) -> list[str]:
    return [fragment.text for fragment in parse_document(document)]


def test_n2_groups_and_loose_paths_become_strokes_in_order() -> None:
    document = OURS.format('<path d="M1 1"/><g id="7"><path d="M2 2"/><path d="M3 3"/></g><path d=""/><g/>')
    assert texts(document) == [
        '<g><path d="M1 1"/></g>',
        '<g><path d="M2 2"/><path d="M3 3"/></g>',
        "<g></g>",
    ]


def test_n2_defs_without_children_title_desc_and_metadata_are_skipped() -> None:
    document = OURS.format(
        "<title>T<b/></title><desc><g><path d='M0 0'/></g></desc><defs/><defs></defs>"
        "<metadata><r:RDF xmlns:r='urn:r'><r:a><r:b/></r:a></r:RDF></metadata>" + STROKE
    )
    assert texts(document) == [STROKE]


@pytest.mark.parametrize(
    "inner",
    [
        "<defs><g/></defs>",
        "<defs><script/></defs>",
        "<script/>",
        "<g><g/></g>",
        "<g><title/></g>",
        "<g><path d='M0 0'><title/></path></g>",
        "<svg/>",
        "<rect/>",
        "<path d='x'/>",
        "<x:g xmlns:x='urn:x'/>",
        "<g>" + "<path d='M0 0'/>" * 17 + "</g>",
        "<metadata>" + "<a>" * 40 + "</a>" * 40 + "</metadata>",
        "&x;",
    ],
)
def test_n2_any_other_element_is_422(inner: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_document(OURS.format(inner))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    "document",
    [
        "<g/>",
        "",
        "<?xml version='1.0'?><svg/>",
        "<!DOCTYPE svg><svg/>",
        "<svg xmlns='urn:x'/>",
        "<svg/><svg/>",
        "<svg>" + " " * 2**20 + "</svg>",
    ],
)
def test_n2_what_is_no_svg_document_is_422(document: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_document(document)
    assert caught.value.status == 422


@pytest.mark.parametrize("before", ["", "\n", "\ufeff"])
def test_t7_a_declaration_of_xml_is_refused_with_what_to_do(before: str) -> None:
    """Every drawing program writes one."""
    with pytest.raises(Failure) as caught:
        parse_document(f'{before}<?xml version="1.0" encoding="UTF-8"?>\n<svg/>')
    assert "Leave out the line <?xml" in str(caught.value)
    with pytest.raises(Failure) as caught:
        parse_document("<svg><?xml-stylesheet href='x'?></svg>")
    assert "Leave out" not in str(caught.value)


def test_n2_without_data_seq_the_unit_is_a_css_pixel() -> None:
    points = [(1, 2, 3), (40, 50, 6)]
    document = (
        '<svg width="100%"><g data-p="' + encode_points(points) + '" data-w="5">'
        '<path d="M0.55 1h5a1 2 45 0 1 3 4" stroke="red" fill="none"/></g><path d="M1 1" stroke-width="2"/></svg>'
    )
    first, second = (take_apart(text) for text in texts(document))
    assert first.paths[0]["d"] == "M5.5 10h50a10 20 45 0 1 30 40"
    assert first.paths[0]["stroke-width"] == "10"
    assert (first.group["data-w"], decode_points(first.group["data-p"])) == (
        "50",
        [(10, 20, 3), (400, 500, 6)],
    )
    assert second.paths[0] == {"d": "M10 10", "stroke-width": "20"}


def test_n2_pixels_beyond_the_sheet_are_422() -> None:
    for inner in (
        '<path d="M100001 0"/>',
        '<path d="M99999 0l2 0"/>',
        f'<g data-p="{encode_points([(100_001, 0, 0)])}"/>',
    ):
        with pytest.raises(Failure) as caught:
            parse_document(f"<svg>{inner}</svg>")
        assert caught.value.status == 422


def test_n6_an_exported_notebook_is_read_again_without_loss() -> None:
    book = Book()
    book.draw(fragment=INK)
    book.draw()
    book.draw(fragment=INK)
    book.one("e", {"cuts": {"1": [[64, 128], [200, 210]]}})
    book.one("m", {"ids": ["1", "2"], "by": [7, 8], "scale": [1.5, 0, 0]})
    book.one("e", {"ids": ["3"]})
    book.one("p", {"paper": "squared", "margin": "right"})
    exported = b"".join(book.document.render_document("0" * 16, "Title")).decode()
    imported = read_document(exported)
    again = Book()
    for entry in again.document.prepare(imported.changes(), ANN, Role.OWNER, 1):
        again.document.apply(entry)  # type: ignore[arg-type]
    assert looks(again.document) == looks(book.document)
    assert json.loads(json.dumps(imported.changes()[0].data)) == {"paper": "squared", "margin": "right"}


def test_n2_unknown_page_setups_are_left_out() -> None:
    document = read_document('<svg data-seq="1" data-paper="lined" data-margin="top"/>')
    assert (document.paper, document.margin, document.changes()) == (None, "none", [])
