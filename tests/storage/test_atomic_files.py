"""Atomic files under every fault of one step (F1, F12, F13, F16, F17, F45)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from server.domain.failures import Failure
from server.storage.atomic_files import Files, read_whole, remove_leftovers, write_atomically
from tests.storage.faulty_files import FaultyFiles, Killed

OLD, NEW = b"old" * 10, [b"new", b"-" * 1000, b"", b"er"]
STEPS = ["open", "write", "write", "write", "fsync", "replace", "fsync_folder"]


def test_the_steps_are_the_durable_ones_in_their_order(tmp_path: Path) -> None:
    files = FaultyFiles()
    write_atomically(tmp_path / "f", NEW, files)
    assert files.steps == STEPS
    assert (tmp_path / "f").read_bytes() == b"".join(NEW)
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EMFILE, errno.EACCES, None])
def test_i2_old_or_new_after_a_fault_at_any_step(tmp_path: Path, step: int, error: int | None) -> None:
    path = tmp_path / "f"
    path.write_bytes(OLD)
    with pytest.raises((Failure, Killed)) as caught:
        write_atomically(path, NEW, FaultyFiles(step, error))
    if isinstance(caught.value, Failure):
        full = error in (errno.ENOSPC, errno.EDQUOT)
        assert (caught.value.status, caught.value.reason) == (
            (507, "disk_full") if full else (503, "storage_down")
        )
        assert str(tmp_path) not in str(caught.value)
        assert os.listdir(tmp_path) == ["f"]
    replaced = step > STEPS.index("replace") + 1
    assert path.read_bytes() == (b"".join(NEW) if replaced else OLD)
    remove_leftovers(tmp_path, Files())
    assert os.listdir(tmp_path) == ["f"]
    write_atomically(path, NEW, Files())
    assert path.read_bytes() == b"".join(NEW)


def test_f16_short_writes_are_continued(tmp_path: Path) -> None:
    write_atomically(tmp_path / "f", NEW, FaultyFiles(short_writes=True))
    assert (tmp_path / "f").read_bytes() == b"".join(NEW)


def test_a_source_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(OLD)

    def chunks():  # type: ignore[no-untyped-def]
        yield b"new"
        raise ValueError

    with pytest.raises(ValueError):
        write_atomically(tmp_path / "f", chunks(), Files())
    assert (tmp_path / "f").read_bytes() == OLD and os.listdir(tmp_path) == ["f"]


def test_f11_leftovers_are_removed_and_links_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.write_bytes(b"keep")
    for number in range(50):
        (folder / f".f.new-{number}").write_bytes(b"x")
    (folder / ".f.new-link").symlink_to(outside)
    (folder / "f").write_bytes(b"keep")
    (folder / ".hidden").write_bytes(b"keep")
    (folder / ".f.new-folder").mkdir()
    assert remove_leftovers(folder, Files()) == 51
    assert outside.read_bytes() == b"keep"
    assert sorted(os.listdir(folder)) == [".f.new-folder", ".hidden", "f"]
    assert remove_leftovers(tmp_path / "absent", Files()) == 0


def test_f17_only_regular_files_are_read(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"secret")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("link", "fifo", "folder", "absent"):
        with pytest.raises(OSError):
            read_whole(tmp_path / name, Files())
    assert read_whole(target, Files()) == b"secret"


def test_f45_a_temporary_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    (tmp_path / "trap").symlink_to(victim)
    with pytest.raises(OSError):
        Files().open_new(tmp_path / "trap")
    with pytest.raises(OSError):
        Files().open_new(victim)
    assert victim.read_bytes() == b"keep"
