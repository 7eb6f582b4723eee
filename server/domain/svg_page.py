"""The whole SVG document of a notebook, as text.

Owns the root element: its units, its page and the `data-*` that let an exported notebook be read again without
loss. Does not know how strokes come about. Pure; any thread. Rules N3, N6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

PIECE_BYTES = 64 * 1024
PAGE_WIDTH = 12_000
PAGE_HEIGHT = 16_000


def page_of(
    fragments: Iterable[str], *, seq: int, epoch: str, paper: str, margin: str, title: str = ""
) -> Iterator[bytes]:
    """Writes the document in pieces.

    Args:
        fragments: canonical fragments in order of id.
        seq: the number that the document is as of.
        epoch: 16 lower-case hex digits.
        paper: a word of `change.PAPERS`.
        margin: a word of `change.MARGINS`.
        title: any text without control characters; left out where empty.

    Yields:
        UTF-8, some 64 KiB each.
    """
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE_WIDTH} {PAGE_HEIGHT}" '
        f'width="{PAGE_WIDTH // 10}" height="{PAGE_HEIGHT // 10}" data-seq="{seq}" data-epoch="{epoch}" '
        f'data-paper="{paper}" data-margin="{margin}">'
    ]
    if title:
        pieces.append(f"<title>{escape(title)}</title>")
    size = 0
    for fragment in fragments:
        pieces.append(fragment)
        size += len(fragment)
        if size >= PIECE_BYTES:
            yield "".join(pieces).encode()
            pieces = []
            size = 0
    pieces.append("</svg>")
    yield "".join(pieces).encode()
