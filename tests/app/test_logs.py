"""The log: unforgeable lines, private files, rotation, silent, and a full disk that stops nothing (T10, T11, F39)."""

from __future__ import annotations

import io
import logging
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

import server.logs as logs_module
from server.logs import Logs, escape_for_log


@dataclass
class Line:
    method: str = "GET"
    path: str = "/"
    status: int = 200
    sent_bytes: int = 10
    duration_ms: float = 1.0
    peer: str = "192.0.2.9"
    user: str = ""
    ended_empty: bool = False


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nb",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\u202eevil",
        "\x9b31m",
        "\u2028x",
        "\ud800",
        "\x7f",
        "a\tb",
        "\x00",
    ],
)
def test_t10_no_control_or_direction_character_survives(text: str) -> None:
    safe = escape_for_log(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", safe)
    safe.encode("utf-8")


def test_t10_hebrew_stays_readable_and_length_is_bounded() -> None:
    assert escape_for_log("מחברת של דנה") == "מחברת של דנה"
    assert len(escape_for_log("x" * 10_000)) == 2048


def collect(tmp_path: Path, feed) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    shown = io.StringIO()
    logs = Logs(tmp_path / "logs" / "logs.log", console=shown)
    logs.start()
    feed(logs)
    logs.stop()
    path = tmp_path / "logs" / "logs.log"
    return path.read_text(encoding="utf-8") if path.exists() else "", shown.getvalue()


def test_t10_one_event_is_one_line(tmp_path: Path) -> None:
    def feed(logs: Logs) -> None:
        logs.access(Line(path="/x\r\n2026-01-01 INFO login ok", user="\x1b[31mroot"))
        logs.emit(logging.LogRecord("n", logging.INFO, "", 0, "hello %s", ("a\nb",), None))

    in_file, shown = collect(tmp_path, feed)
    assert in_file.count("\n") == 2
    assert "\\x0d\\x0a" in in_file
    assert "\x1b" not in in_file + shown


def test_t10_words_that_are_kept_stay_safe_and_never_become_somebody_elses(tmp_path: Path) -> None:
    askers = [
        Line(user="Ann"),
        Line(user="Ben"),
        Line(user="Ann", status=404),
        Line(user="\x1b[2J"),
        Line(peer="::1"),
    ]
    long = [Line(path="/" + letter * 3000) for letter in "ab"]

    def feed(logs: Logs) -> None:
        for line in [*askers, *askers, *long, *long]:
            logs.access(line)
        for number in range(2 * logs_module.MOST_KNOWN_WORDS):
            logs.access(Line(path=f"/{number}"))
        logs.access(askers[0])

    in_file, _shown = collect(tmp_path, feed)
    lines = [line.partition(" INFO ")[2] for line in in_file.splitlines()]
    assert lines[:5] == lines[5:10] == [*dict.fromkeys(lines[:5])]
    assert lines[1] == "192.0.2.9 Ben GET / 200 10 1.0ms"
    assert lines[3] == "192.0.2.9 \\x1b[2J GET / 200 10 1.0ms"
    assert [line[:30] for line in lines[10:14]] == [line[:30] for line in 2 * lines[10:12]]
    assert all(len(line) <= 2048 for line in lines)
    assert lines[-1] == lines[0]


def test_words_that_are_kept_are_bounded(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "logs.log")
    for number in range(2 * logs_module.MOST_KNOWN_WORDS):
        logs._words_of(Line(path=f"/{number}"))
        logs._words_of(Line(path=f"/{number}" * 300))
    assert len(logs._words) <= logs_module.MOST_KNOWN_WORDS
    assert all(len(path) < 300 for _peer, _user, _method, path, _status in logs._words)


def test_t86_the_log_file_is_private(tmp_path: Path) -> None:
    collect(tmp_path, lambda logs: logs.access(Line()))
    assert stat.S_IMODE((tmp_path / "logs" / "logs.log").stat().st_mode) == 0o600


def test_o1_silent_hides_on_the_console_only(tmp_path: Path) -> None:
    def feed(logs: Logs) -> None:
        logs.silent = True
        logs.access(Line(method="HEAD", path="/head"))
        logs.access(Line(path="/UPDATE", ended_empty=True))
        logs.access(Line(path="/shown"))

    in_file, shown = collect(tmp_path, feed)
    assert "/head" in in_file
    assert "/UPDATE" in in_file
    assert "/head" not in shown
    assert "/UPDATE" not in shown
    assert "/shown" in shown


def test_rotation_keeps_five_older_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_module, "MAX_FILE_BYTES", 200)

    for _ in range(9):
        collect(tmp_path, lambda logs: [logs.access(Line(path="/" + "x" * 150)) for _ in range(3)])
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert "logs.log.5" in names
    assert "logs.log.6" not in names


def test_f39_an_unwritable_folder_and_a_closed_console_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    closed = io.StringIO()
    closed.close()
    logs = Logs(tmp_path / "logs" / "logs.log", console=closed)
    logs.start()
    logs.access(Line())
    logs.stop()
    assert not logs._thread.is_alive()


def test_a_deleted_log_file_is_made_again(tmp_path: Path) -> None:
    collect(tmp_path, lambda logs: logs.access(Line(path="/one")))
    (tmp_path / "logs" / "logs.log").unlink()
    in_file, _ = collect(tmp_path, lambda logs: logs.access(Line(path="/two")))
    assert "/two" in in_file


def test_an_exception_is_logged_by_type_and_place_without_its_values(tmp_path: Path) -> None:
    def feed(logs: Logs) -> None:
        try:
            raise ValueError("secret-value")
        except ValueError:
            import sys

            logs.emit(logging.LogRecord("n", logging.ERROR, "", 0, "failed", (), sys.exc_info()))

    in_file, _ = collect(tmp_path, feed)
    assert "ValueError in feed" in in_file
    assert "secret-value" not in in_file
