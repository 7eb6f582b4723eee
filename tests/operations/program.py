"""`python main.py` as a person or a service manager starts it, for tests of what it says and what it leaves behind.

Owns running one command to its end, copies of the project, running as a user without rights, and the look at
processes and files that a stopped server must not leave.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.product import ROOT, free_port

NOBODY = 65534


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    output: str
    errors: str


def environment(**more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NOTEBOOKS_")}
    return {**clean, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **more}


def run(
    *arguments: str,
    data_dir: Path | None = None,
    root: Path = ROOT,
    python: Sequence[str] = (sys.executable,),
    before: Sequence[str] = (),
    timeout_s: float = 60.0,
    stdin: str = "",
    **more: str,
) -> Done:
    """Run `main.py` to its end."""
    place = [] if data_dir is None else ["--data-dir", str(data_dir)]
    done = subprocess.run(
        [*before, *python, "main.py", *arguments, *place],
        cwd=root, env=environment(**more), input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def start(data_dir: Path, *arguments: str, **options: object) -> Done:
    """Start a server that is expected to refuse."""
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    return run(*port, "--host", "127.0.0.1", "--no-console", *arguments, data_dir=data_dir, **options)  # type: ignore[arg-type]


def sentence(done: Done, *words: str, status: int = 1, lines: int = 1) -> str:
    """The one refusal on standard error: no traceback, no ready line, every expected word in it, a next step."""
    assert "Traceback" not in done.errors + done.output, done.errors
    assert done.status == status, (done.status, done.errors, done.output[-500:])
    assert "is ready" not in done.output
    text = done.errors.strip()
    assert text.count("\n") + 1 == lines, text
    assert text[0].isupper() or text[0] in "-'/", text
    for word in words:
        assert word in text, (word, text)
    return text


def as_nobody() -> list[str] | None:
    """The words before a command that run it as a user without rights; None where that is not possible."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        return None
    before = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
    tried = subprocess.run(
        [*before, sys.executable, "-c", "import ssl"], cwd=ROOT, capture_output=True, check=False
    )
    return before if tried.returncode == 0 else None


def copy_of_the_project(folder: Path, *, libraries: bool) -> Path:
    """The tracked files as a fresh clone has them; with `libraries` the browser libraries are linked in."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\n")):
        if name.startswith(("tests/", "benchmarks/")) or not (ROOT / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    if libraries:
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def processes_of(data_dir: Path) -> list[int]:
    """Processes whose command line or open files name the data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            named = str(data_dir).encode() in (entry / "cmdline").read_bytes()
            held = any(os.readlink(fd).startswith(str(data_dir)) for fd in (entry / "fd").iterdir())
        except OSError:
            continue
        if named or held:
            found.append(int(entry.name))
    return found


LEFT_BY_DESIGN = {"notebooks.sqlite3", "server.lock", "updates.lock", "Protected", "https", "keys", "logs"}


def leftovers(data_dir: Path) -> set[str]:
    """Files of a stopped server's data folder that should not be there: sockets, temporary files, database logs."""
    top = {path.name for path in data_dir.iterdir()} - LEFT_BY_DESIGN
    hidden = {str(path.relative_to(data_dir)) for path in data_dir.rglob(".*")}
    sockets = {str(path.relative_to(data_dir)) for path in data_dir.rglob("*") if path.is_socket()}
    return top | hidden | sockets


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true within {timeout_s} s"
        time.sleep(0.02)


def merged(first: Mapping[str, object], **more: object) -> dict[str, object]:
    return {**first, **more}
