"""The text of a change in the log: short, and read again whatever it was written by."""

from __future__ import annotations

import json
import zlib

import pytest

from server.domain.ids import NotebookId
from server.storage import entry_text
from server.storage.entry_text import MOST_BYTES, PLAIN_BYTES, decode_entry, encode_entry
from server.storage.opening import SqlStorage
from tests.storage.conftest import NOW, make_entry

INK = (
    '<g><path d="M'
    + "".join(f"{number * 7919 % 4001} {number * 104729 % 2801} " for number in range(150))
    + '"/></g>'
)


def test_an_entry_comes_back_as_it_was() -> None:
    for data in (
        "<g/>",
        INK,
        {"ids": ["1", "2"]},
        {"ids": [str(number) for number in range(5000)]},
        "א" * 500,
    ):
        entry = make_entry(1, 5, data=data, author_name="נועה", group_id=17)
        assert decode_entry(encode_entry(entry)) == (data, "נועה", entry.digest, 17)


def test_ink_takes_half_the_room_and_what_is_short_stays_plain() -> None:
    assert len(encode_entry(make_entry(1, 1, data=INK))) < 0.6 * len(INK)
    short = encode_entry(make_entry(1, 1, data={"ids": ["1"]}))
    assert short.startswith(b"[") and len(short) < PLAIN_BYTES


def test_logs_written_before_there_was_compression_are_read(
    storage: SqlStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = storage.users.create("Ada", "ada", "hash", NOW)
    notebook = storage.notebooks.create(ada.id, "Algebra", "", NOW)
    monkeypatch.setattr(entry_text, "PLAIN_BYTES", 1 << 30)
    storage.changes.append_batch([make_entry(notebook.id, 1, data=INK)])
    monkeypatch.undo()
    storage.changes.append_batch([make_entry(notebook.id, 2, data=INK)])
    assert [entry.data for entry in storage.changes.read(NotebookId(notebook.id), 0)] == [INK, INK]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[",
        b"[1, 2]",
        b"\x00" * 20,
        zlib.compress(INK.encode())[:-5],
        zlib.compress(json.dumps([INK, "Ada", "00" * 16, 1]).encode()) + b"more",
        zlib.compress(json.dumps([INK, "Ada", "no hex", 1]).encode()),
        zlib.compress(bytes(MOST_BYTES + 1)),
    ],
)
def test_what_is_no_such_text_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_entry(text)
