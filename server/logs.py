"""The log: one line per event (time, level, message) to the console and to `logs/logs.log`.

Owns `myLogger` and `colorText` of the 2022 program under their Python names, the escaping that makes a line
unforgeable, the rotation (10 MB x 5, mode 0600) and the console's `silent` switch. Callers on any thread put
records on a bounded queue; one "log" thread formats and writes them, so that a slow terminal or a full disk
never holds up a request. Implements O1 (`silent`) and threats T10, T11 and F39.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Protocol, TextIO

MAX_LINE_CHARS = 2048
MAX_FILE_BYTES = 10_000_000
KEPT_FILES = 5
MAX_WAITING_RECORDS = 50_000
BATCH_LINES = 1000
MOST_KNOWN_WORDS = 1024
_LONGEST_KNOWN_PATH = 256
PAUSE_S = 0.02

_COLOURS = {"grey": "90", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1"}
_LEVEL_COLOURS = {"DEBUG": "grey", "INFO": "cyan", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}

# Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)

# What has the form of a share code or of a token, in a path that somebody mistyped (`/nb=...`, `/<code>`).
_SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22}(?:[A-Za-z0-9_-]{21})?(?![A-Za-z0-9_-])")


class AccessLine(Protocol):
    """What the access log needs to know of one finished request (server.net's AccessRecord)."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def sent_bytes(self) -> int: ...
    @property
    def duration_ms(self) -> float: ...
    @property
    def peer(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def ended_empty(self) -> bool: ...


def _escape_one(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def escape_for_log(text: str) -> str:
    """Make any text safe to print: one line, no control or direction character, at most 2,048 characters."""
    # Nothing of the pattern is printable, and this test costs a tenth of the search.
    safe = text if text.isprintable() else _UNSAFE.sub(_escape_one, text)
    return safe if len(safe) <= MAX_LINE_CHARS else safe[: MAX_LINE_CHARS - 3] + "..."


def _path_word(path: str) -> str:
    """A path as one word of the line, without anything that looks like a share code or a token."""
    return _SECRET.sub("...", path).replace(" ", "%20")


def _user_word(user: str) -> str:
    """A name as one word of the line: names may hold spaces, and could look like further columns."""
    return '"' + user.replace('"', r"\x22") + '"' if " " in user else user or "-"


def color_text(text: str, colour: str, *, enabled: bool = True) -> str:
    """Wrap text in the terminal's colour codes; the text is expected to be escaped already."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if enabled else text


def wants_colour(stream: TextIO) -> bool:
    """Colours only on a terminal, and not where the user asked for none (NO_COLOR)."""
    return (
        not stream.closed
        and stream.isatty()
        and "NO_COLOR" not in os.environ
        and os.environ.get("TERM") != "dumb"
    )


class _RotatingFile:
    """Append-only log file, mode 0600, rotated by size. A failing disk loses lines, never the program."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def write(self, text: str) -> None:
        try:
            if self._file is None or not self._path.exists():
                self.close()
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                self._file = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
            self._file.write(text)
            self._file.flush()
            if self._file.tell() > MAX_FILE_BYTES:
                self._rotate()
        except (OSError, ValueError):
            self.close()

    def _rotate(self) -> None:
        self.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                self._file = None
            self._file = None


class Logs(logging.Handler):
    """The log thread and its queue. Attach to a `logging` logger for messages; call `access` for requests."""

    def __init__(
        self, path: Path | None, *, console: TextIO | None = None, level: int = logging.INFO
    ) -> None:
        """Make the log.

        Args:
            path: the log file, or None for none.
            console: where lines are shown, or None for nowhere.
            level: the lowest level that is kept.
        """
        super().__init__(level)
        self.silent = False
        self.lost_lines = 0
        self._file = _RotatingFile(path) if path else None
        self._console = console
        self._colour = console is not None and wants_colour(console)
        # A deque and an event instead of a queue.Queue: noting a line then takes no lock while the thread is awake.
        self._waiting: deque[logging.LogRecord | tuple[float, AccessLine]] = deque()
        self._news = threading.Event()
        self._awake = False
        self._ending = False
        # What a line says of who asked for what, by just that: a notebook's polls come in the same words again and
        # again, and making them safe for every one was a tenth of the processor time of a delivered change.
        self._words: dict[tuple[str, str, str, str, int], str] = {}
        self._stamp_second = -1
        self._stamp = ""
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._put(record)

    def access(self, line: AccessLine) -> None:
        """Note one finished request. Any thread; never blocks."""
        self._put((time.time(), line))

    def stop(self) -> None:
        """Write what waits and end the thread."""
        self._ending = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _put(self, item: logging.LogRecord | tuple[float, AccessLine]) -> None:
        if len(self._waiting) >= MAX_WAITING_RECORDS:
            self.lost_lines += 1
            return
        self._waiting.append(item)
        if not self._awake:
            self._awake = True
            self._news.set()

    def _run(self) -> None:
        while not self._ending:
            self._news.wait()
            self._news.clear()
            while self._write_some():
                time.sleep(PAUSE_S)  # lines that come close together are written together
            self._awake = False
            self._write_some()  # what came between the last look and the line above
        while self._write_some():
            continue
        if self._file:
            self._file.close()

    def _write_some(self) -> bool:
        """Write at most one batch; whether there was anything to write."""
        in_file: list[str] = []
        shown: list[str] = []
        try:
            while len(in_file) < BATCH_LINES:
                self._format(self._waiting.popleft(), in_file, shown)
        except IndexError:
            if not in_file:
                return False
        if self._file:
            self._file.write("".join(in_file))
        self._show("".join(shown))
        return True

    def _format(
        self, item: logging.LogRecord | tuple[float, AccessLine], in_file: list[str], shown: list[str]
    ) -> None:
        hidden = False
        if isinstance(item, logging.LogRecord):
            at, level, message = item.created, item.levelname, item.getMessage()
            if item.exc_info and item.exc_info[1] is not None:
                message += f" [{_where(item.exc_info[1])}]"
        else:
            at, line = item
            level = "INFO" if line.status < 500 else "WARNING"
            message = f"{self._words_of(line)} {line.sent_bytes} {line.duration_ms:.1f}ms"
            hidden = self.silent and (line.method == "HEAD" or line.ended_empty)
        second = int(at)
        if second != self._stamp_second:
            self._stamp_second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        stamp = f"{self._stamp},{int((at - second) * 1000):03d}"
        text = escape_for_log(message)
        plain = f"{stamp} {level} {text}\n"
        in_file.append(plain)
        if self._console is None or hidden:
            return
        if self._colour:
            name = color_text(level, _LEVEL_COLOURS.get(level, "cyan"))
            shown.append(f"{color_text(stamp, 'grey')} {name} {text}\n")
        else:
            shown.append(plain)

    def _words_of(self, line: AccessLine) -> str:
        """Who asked for what, and the status, safe to print."""
        key = (line.peer, line.user, line.method, line.path, line.status)
        words = self._words.get(key)
        if words is None:
            words = escape_for_log(
                f"{line.peer} {_user_word(line.user)} {line.method} {_path_word(line.path)} {line.status}"
            )
            if len(self._words) >= MOST_KNOWN_WORDS:
                self._words.clear()
            if len(line.path) <= _LONGEST_KNOWN_PATH:
                self._words[key] = words
        return words

    def _show(self, text: str) -> None:
        if not text or self._console is None:
            return
        try:
            self._console.write(text)
            self._console.flush()
        except (OSError, ValueError):
            self._console = None  # the terminal is gone; the file goes on


def _where(error: BaseException) -> str:
    """Type and innermost place of an exception: enough to find it, without values that may be private."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name} ({Path(code.co_filename).name}:{trace.tb_lineno})"


def open_logs(folder: Path, *, console: TextIO | None = None) -> Logs:
    """Start the log of one server process and make it the handler of every `server` logger."""
    logs = Logs(folder / "logs.log", console=console if console is not None else sys.stdout)
    logger = logging.getLogger("server")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(logs)
    logs.start()
    return logs
