"""What the sources must never do, read from the sources: T5, T11, T45, T88.

Companion of tests/storage/test_statements.py, which holds every SQL statement to be a constant (T1, T2). Each check has
a test that feeds it an offence, so that a check which sees nothing is noticed.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
NEVER_IMPORTED = {"shelve", "marshal", "yaml", "dill", "xmlrpc", "telnetlib", "ftplib", "cgi", "http.server"}
PICKLE_ROAD = {"server/updates/packing.py"}
"""The byte form of what crosses between the server and its own child process; see docs/threat-model.md."""

SINKS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write(?:ln)?|createContextualFragment|setHTMLUnsafe|parseHTMLUnsafe"
    r"|DOMParser|srcdoc|createPolicy|importScripts)\b|\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\("
    r"|\bset(?:Timeout|Interval)\s*\(\s*[\"'`]|javascript:|\.html\s*\("
)


def python_sources() -> Iterator[tuple[str, ast.Module]]:
    for path in [
        ROOT / "main.py",
        *sorted((ROOT / "server").rglob("*.py")),
        *sorted((ROOT / "http_core").rglob("*.py")),
    ]:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def log_offences(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        logger = ast.unparse(node.func.value)
        if node.func.attr not in LOG_METHODS or logger not in {
            "_log",
            "self._log",
            "log",
            "logging",
            "logger",
        }:
            continue
        at = 1 if node.func.attr == "log" else 0
        if len(node.args) <= at or not constant(node.args[at]):
            yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def dangerous_offences(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for imported in {module, *(alias.name for alias in node.names)}:
                if imported in NEVER_IMPORTED or (imported == "pickle" and name not in PICKLE_ROAD):
                    yield f"{name}:{node.lineno}: import {imported}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in RUNS_TEXT or called in {"os.system", "os.popen", "tempfile.mktemp"}:
            yield f"{name}:{node.lineno}: {called}"
        for keyword in node.keywords:
            if keyword.arg == "shell" and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield f"{name}:{node.lineno}: shell"


def secret_offences(name: str, tree: ast.Module) -> Iterator[str]:
    """Secrets come from `secrets` or `os.urandom`; hashes of secrets are not compared with `==`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            for side in (node.left, *node.comparators):
                text = ast.unparse(side)
                if re.search(r"(?:token|code|class|digits)_hash\b|\.hash\b", text) and "len(" not in text:
                    yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def test_t11_every_logger_call_has_a_constant_text() -> None:
    assert [offence for name, tree in python_sources() for offence in log_offences(name, tree)] == []


def test_t87_no_client_data_is_run_unpickled_or_given_to_a_shell() -> None:
    assert [offence for name, tree in python_sources() for offence in dangerous_offences(name, tree)] == []


OWN_ROWS = {
    "token_hash != keep",  # ends all sessions but the one that asks
    "poll.share == code_hash",  # ends the polls of a share that its owner revoked
    "poll.session == token_hash",
    "session.token_hash == call.credentials.session_hash",  # marks the session that asks in its user's list
}
"""Comparisons that choose among what is already the caller's; none lets anybody in."""


def test_t45_hashes_of_secrets_are_compared_in_constant_time() -> None:
    found = [offence for name, tree in python_sources() for offence in secret_offences(name, tree)]
    assert {offence.split(": ", 1)[1] for offence in found} <= OWN_ROWS
    stores = "".join(
        (ROOT / "server/storage" / name).read_text() for name in ("small_stores.py", "shares_store.py")
    )
    assert stores.count("hmac.compare_digest(") >= 4  # guests, reset codes, shares, class codes
    assert "hmac.compare_digest(" in (ROOT / "server/domain/accounts.py").read_text()


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (log_offences, "_log.info(f'{x}')"),
        (log_offences, "_log.info('a' % x)"),
        (log_offences, "self._log.log(level, x)"),
        (log_offences, "_log.error(text)"),
        (dangerous_offences, "import pickle"),
        (dangerous_offences, "from pickle import loads"),
        (dangerous_offences, "subprocess.run(x, shell=True)"),
        (dangerous_offences, "eval(x)"),
        (dangerous_offences, "os.system(x)"),
        (secret_offences, "if row.token_hash == given: pass"),
    ],
)
def test_t11_t45_the_checks_notice(check, text: str) -> None:  # type: ignore[no-untyped-def]
    assert list(check("x.py", ast.parse(text)))


def browser_sources() -> list[Path]:
    return sorted([*(ROOT / "public/js").rglob("*.js"), *(ROOT / "public/js").rglob("*.mjs")])


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", text, flags=re.S)


WORKER_POLICY = 'types.createPolicy("worker", { createScriptURL: () => WORKER })'
"""A Trusted Types policy that knows one constant address, of the service worker."""


def test_t5_t6_the_page_makes_nodes_and_never_markup() -> None:
    assert len(browser_sources()) > 40
    for path in browser_sources():
        text = without_comments(path.read_text("utf-8"))
        if path.name == "install.js":
            assert 'const WORKER = "/sw.js";' in text
            text = text.replace(WORKER_POLICY, "")
        if path.name == "svg_import.js":  # held by test_t5_the_pages_own_import_takes_values_and_runs_nothing
            text = re.sub(
                r"new DOMParser\(\)\.parseFromString\(readable\(text\), \"image/svg\+xml\"\)|\.createPolicy\(\"import\"",
                "",
                text,
            )
        found = SINKS.search(text)
        assert found is None, f"{path.relative_to(ROOT)}: {found and found.group()}"


@pytest.mark.parametrize(
    "text",
    [
        "a.innerHTML = b",
        "x.insertAdjacentHTML('b', c)",
        "eval (a)",
        "new Function(a)",
        "$(x).html(y)",
        "setTimeout('a')",
    ],
)
def test_t5_t6_the_check_notices_markup(text: str) -> None:
    assert SINKS.search(text)


def test_t27_no_page_has_a_script_style_or_handler_inline() -> None:
    for path in sorted((ROOT / "public").rglob("*.html")):
        text = path.read_text("utf-8")
        assert not re.search(
            r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:", text, re.I
        ), path.name
        assert "http://" not in text.replace("http://www.w3.org/", "") and "https://" not in text, path.name


def test_t88_every_dependency_is_pinned_with_its_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.M)
        blocks = re.split(r"^(?=[A-Za-z0-9_.-]+==)", text, flags=re.M)[1:]
        assert pins and all("--hash=sha256:" in block for block in blocks), name
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package for path, package in locked.items() if path)


def test_t85_no_key_is_or_was_in_git() -> None:
    names = subprocess.run(
        ["git", "log", "--all", "--name-only", "--format="],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [
        name for name in names if name.endswith((".pem", ".key", ".sqlite3", ".sealed", "/dbconfig.json"))
    ] == []


def test_t88_bandit_has_nothing_that_is_not_answered() -> None:
    """The static audit. What it may report stands here, each with its reason; anything new fails."""
    found = subprocess.run(
        ["bandit", "-q", "-r", "server", "http_core", "main.py", "-f", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin"},
    )
    answered = {
        ("B101", ""),  # assert: states an invariant for the type checker, never a check of a client's data
        ("B104", "server/listeners.py"),  # every interface: the documented default of a server for a class
        ("B104", "server/addresses.py"),  # asks whether every interface is listened on; binds nothing
        ("B403", "server/updates/packing.py"),  # the pipe between the server and its own child
        ("B301", "server/updates/packing.py"),
    }
    results = json.loads(found.stdout)["results"]
    assert [
        f"{one['test_id']} {one['filename']}:{one['line_number']}"
        for one in results
        if (one["test_id"], "") not in answered and (one["test_id"], one["filename"]) not in answered
    ] == []
