"""T1, T2: no SQL text is built from anything; every statement is a constant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = {"execute", "executemany", "executescript", "command", "transaction", "_transaction"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in [ROOT / "main.py", *sorted((ROOT / "server").rglob("*.py"))]:
        if path.exists():
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def is_constant_text(node: ast.expr) -> bool:
    """A literal, literals joined with `+`, a name in capitals, or an attribute of a Statement."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_constant_text(node.left) and is_constant_text(node.right)
    if isinstance(node, ast.IfExp):
        return is_constant_text(node.body) and is_constant_text(node.orelse)
    return isinstance(node, ast.Name) and node.id.lstrip("_").isupper()


def offences(name: str, tree: ast.Module) -> Iterator[str]:
    loops = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and is_constant_text(node.iter)
    }
    parameters = {
        argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in ("command", "transaction", "_transaction")
        for argument in node.args.args
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in RUNNERS and node.args:
            first = node.args[0]
            statement = isinstance(first, ast.Attribute) and first.attr in ("sqlite", "mysql")
            looped = isinstance(first, ast.Name) and first.id in loops | parameters
            if not (is_constant_text(first) or statement or looped):
                yield f"{name}:{node.lineno}: {called}({ast.unparse(first)})"
        if called == "Statement" and not all(is_constant_text(argument) for argument in node.args):
            yield f"{name}:{node.lineno}: Statement({ast.unparse(node.args[0])})"


def test_t1_every_statement_in_the_server_is_constant() -> None:
    found = [offence for name, tree in sources() for offence in offences(name, tree)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "cursor.execute(f'SELECT {x}')",
        "cursor.execute('SELECT %s' % x)",
        "cursor.execute('SELECT ' + x)",
        "cursor.execute('SELECT {}'.format(x))",
        "cursor.execute(x)",
        "Statement('SELECT ' + table)",
        "Statement(f'SELECT {x}')",
    ],
)
def test_the_check_itself_notices_built_text(text: str) -> None:
    assert list(offences("x", ast.parse(text)))


def test_t2_no_statement_is_made_outside_a_module_constant() -> None:
    for name, tree in sources():
        inside = [
            node
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.Lambda)
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Statement"
        ]
        assert inside == [], name


def test_only_the_storage_package_speaks_to_a_database() -> None:
    for name, tree in sources():
        if name.startswith("server/storage/"):
            continue
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        } | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        allowed = name == "main.py"  # says which package is missing
        assert allowed or not {one for one in imported if one.split(".")[0] in ("sqlite3", "mysql")}, name
