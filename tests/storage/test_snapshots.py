"""Snapshots: sound, damaged, cut short, somebody else's (F9, F17, I2, I3)."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.storage.record_text import FRAME_BYTES, frames_of, records_of
from server.storage.sealed import Sealer
from server.storage.snapshots import SnapshotStore
from tests.storage.conftest import KEY
from tests.storage.faulty_files import FaultyFiles, Killed

BOOK = NotebookId(7)
EPOCH = "00112233445566ff"


def records(count: int = 3000) -> list[tuple[object, ...]]:
    noise = random.Random(1)
    return [
        (
            "stroke",
            number,
            f"<g id={number}>שלום" + "".join(noise.choices("0123456789L ", k=400)),
            bytes(16),
            None,
            True,
        )
        for number in range(count)
    ]


def store(folder: Path, key: bytes = KEY) -> SnapshotStore:
    made = SnapshotStore(folder, Sealer(key))
    made.prepare()
    return made


def loaded(snapshots: SnapshotStore) -> tuple[int, str, list[tuple[object, ...]]] | None:
    found = snapshots.load(BOOK)
    return None if found is None else (found[0], found[1], list(found[2]))


def test_round_trip_in_frames(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    pauses: list[int] = []
    snapshots.save(BOOK, 41, EPOCH, iter(records()), pause=lambda: pauses.append(1))
    assert len(pauses) > 3
    assert loaded(snapshots) == (41, EPOCH, records())
    header = snapshots.header(BOOK)
    assert header is not None and (header.notebook_id, header.seq, header.epoch) == (BOOK, 41, EPOCH)
    assert snapshots.ids() == [BOOK]
    assert snapshots.path(BOOK).stat().st_mode & 0o777 == 0o600
    assert b"stroke" not in snapshots.path(BOOK).read_bytes()
    snapshots.save(BOOK, 42, EPOCH, [])
    assert loaded(snapshots) == (42, EPOCH, [])
    snapshots.remove(BOOK)
    snapshots.remove(BOOK)
    assert loaded(snapshots) is None and snapshots.header(BOOK) is None


def test_a_record_may_be_longer_than_a_frame() -> None:
    long = [("x" * (3 * FRAME_BYTES + 5), 1), ("y",)]
    frames = list(frames_of(long))
    assert len(frames) == 4 and list(records_of(frames)) == long
    with pytest.raises(ValueError):
        list(records_of(frames[:3]))


def test_f9_a_file_cut_short_anywhere_is_set_aside(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    snapshots.save(BOOK, 41, EPOCH, records(600))
    whole = snapshots.path(BOOK).read_bytes()
    noise = random.Random(2)
    cuts = {0, 1, 7, 8, 39, 40, 41, 43, 44, 45, len(whole) - 1, len(whole) - 29, len(whole) - 33}
    cuts |= {noise.randrange(len(whole)) for _ in range(60)}
    for number, cut in enumerate(sorted(cuts)):
        snapshots.path(BOOK).write_bytes(whole[:cut])
        assert loaded(snapshots) is None, cut
        assert not snapshots.path(BOOK).exists()
        assert len(os.listdir(tmp_path / "set-aside")) == number + 1
    snapshots.path(BOOK).write_bytes(whole)
    assert loaded(snapshots) is not None


def test_f9_any_altered_byte_and_swapped_sectors_are_noticed(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    snapshots.save(BOOK, 41, EPOCH, records(600))
    whole = snapshots.path(BOOK).read_bytes()
    noise = random.Random(3)
    places = [*range(48), *(noise.randrange(len(whole)) for _ in range(60))]
    for place in places:
        broken = bytearray(whole)
        broken[place] ^= 1 << noise.randrange(8)
        snapshots.path(BOOK).write_bytes(broken)
        assert loaded(snapshots) is None, place
    swapped = bytearray(whole)
    swapped[512:1024], swapped[1024:1536] = whole[1024:1536], whole[512:1024]
    for broken_file in (
        swapped,
        whole + b"\0",
        whole[:-100] + bytes(100),
        whole[:40] + whole[:40] + whole[40:],
        whole + whole[40:],
    ):
        snapshots.path(BOOK).write_bytes(broken_file)
        assert loaded(snapshots) is None


def test_another_notebooks_or_keys_snapshot_is_not_taken(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    snapshots.save(NotebookId(8), 1, EPOCH, [("a",)])
    snapshots.path(NotebookId(8)).rename(snapshots.path(BOOK))
    assert loaded(snapshots) is None
    store(tmp_path, bytes(32)).save(BOOK, 1, EPOCH, [("a",)])
    assert loaded(snapshots) is None


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_f17_something_else_under_the_name(tmp_path: Path, kind: str) -> None:
    snapshots = store(tmp_path)
    snapshots.save(BOOK, 1, EPOCH, [("a",)])
    place = snapshots.path(BOOK)
    place.rename(tmp_path / "elsewhere")
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    assert snapshots.load(BOOK) is None
    snapshots.save(BOOK, 2, EPOCH, [("b",)])
    assert loaded(snapshots) == (2, EPOCH, [("b",)])


def test_i2_a_save_that_fails_anywhere_leaves_the_snapshot_before(tmp_path: Path) -> None:
    sound = store(tmp_path)
    probe = FaultyFiles()
    SnapshotStore(tmp_path, Sealer(KEY), probe).save(BOOK, 1, EPOCH, records(1500))
    for step in range(1, len(probe.steps) + 1):
        for error in (28, None):
            sound.save(BOOK, 1, EPOCH, [("old",)])
            with pytest.raises((Failure, Killed)):
                SnapshotStore(tmp_path, Sealer(KEY), FaultyFiles(step, error)).save(
                    BOOK, 2, EPOCH, records(1500)
                )
            found = loaded(sound)
            assert found is not None
            assert found == (
                (2, EPOCH, records(1500)) if step == len(probe.steps) else (1, EPOCH, [("old",)])
            )
            assert sound.prepare() == (1 if error is None and step < len(probe.steps) and step > 1 else 0)
