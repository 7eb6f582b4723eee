"""The arrows of the package map: who may import whom, in Python and in the browser modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ALLOWED = {
    "http_core": {"http_core"},
    "server.domain": {"server.domain"},
    "server.storage": {"server.storage", "server.domain"},
    "server.updates": {"server.updates", "server.domain", "server.storage", "server.net", "http_core"},
    "server.net": {"server.net", "http_core"},
    "server.web": {
        "server.web", "http_core", "server.domain", "server.storage", "server.updates", "server.net", "server.addresses",
    },
}  # fmt: skip
STANDARD_ONLY = ("http_core",)
NO_IO = {
    "socket",
    "ssl",
    "threading",
    "time",
    "selectors",
    "sqlite3",
    "subprocess",
    "logging",
    "os",
    "pathlib",
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package.replace(".", "/")).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_no_module_of_the_product_is_longer_than_300_lines() -> None:
    paths = [path for package in ("http_core", "server", "benchmarks") for path in modules(package)]
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths
    }
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_the_map_allows(package: str) -> None:
    assert modules(package), f"{package} has no modules"
    for path in modules(package):
        for name in imports(path):
            if name.split(".")[0] in {"server", "http_core", "main"}:
                assert any(name == a or name.startswith(a + ".") for a in ALLOWED[package]), (
                    f"{path.name} imports {name}"
                )


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_no_import_leads_back_to_where_it_began(package: str) -> None:
    """Also not one for the type checker alone: a module can be read, and moved, with what is below it."""
    paths = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules(package)}
    below = {name: imports(path) & paths.keys() for name, path in paths.items()}
    while below:
        leaves = {name for name, names in below.items() if not names & below.keys()}
        assert leaves, f"these import each other in a circle: {', '.join(sorted(below))}"
        below = {name: names for name, names in below.items() if name not in leaves}


@pytest.mark.parametrize("package", ["http_core", "server.domain"])
def test_pure_packages_touch_no_clock_file_or_socket(package: str) -> None:
    for path in modules(package):
        assert not {name.split(".")[0] for name in imports(path)} & NO_IO, path


def test_nothing_platform_bound_is_imported_at_module_level() -> None:
    for path in [*modules("server"), *modules("http_core"), ROOT / "main.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {"fcntl", "resource", "msvcrt", "pwd", "grp"} & set(names), path


def test_a_package_has_at_least_three_modules() -> None:
    for package in ALLOWED:
        assert len([p for p in modules(package) if p.name != "__init__.py"]) >= 3, package


def test_every_module_opens_with_what_it_owns() -> None:
    for path in [*modules("server"), *modules("http_core"), ROOT / "main.py"]:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert text, f"{path} has no module docstring"
        assert len(text) >= 40, f"{path}: the docstring says too little"


def test_the_original_names_are_where_the_table_says() -> None:
    """docs/architecture.md has the table 2022 -> here; every `path: name` of its second column must import."""
    import importlib

    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]+\|([^|]+)\|", text.split("## The parts of 2022")[1].split("\n## ")[0], re.M)
    names = [hit for row in rows for hit in re.findall(r"`([\w/]+)\.py: ([\w., ]+)`", row)]
    assert len(names) >= 10
    for module, members in names:
        loaded = importlib.import_module(module.replace("/", "."))
        for member in members.split(","):
            value: object = loaded
            for part in member.strip().split("."):
                value = getattr(value, part)


JS_ALLOWED = {
    "core": {"core"},
    "i18n": {"i18n", "core"},
    "net": {"net", "core"},
    "ui": {"ui", "net", "core", "i18n"},
}


def test_browser_modules_import_only_what_the_map_allows() -> None:
    base = ROOT / "public" / "js"
    for path in sorted(base.rglob("*.js")):
        area = path.relative_to(base).parts[0]
        text = re.sub(
            r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S
        )  # types in JSDoc may point anywhere
        statements = r"""^\s*(?:import|export)\b(?:[^;"']*\bfrom)?\s*["']([^"']+)["']"""
        for target in [
            *re.findall(statements, text, re.M),
            *re.findall(r"""\bimport\(\s*["']([^"']+)""", text),
        ]:
            if "node_modules" in target:
                continue
            assert target.startswith("."), f"{path}: {target} is not a relative path"
            other = (path.parent / target).resolve()
            assert other.is_file(), f"{path} imports {target}, which does not exist"
            if area in JS_ALLOWED:
                assert other.relative_to(base).parts[0] in JS_ALLOWED[area], f"{path} imports {target}"


def test_core_browser_modules_know_no_page() -> None:
    for path in sorted((ROOT / "public" / "js" / "core").rglob("*.js")):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"(?<![/\w])(document|window|localStorage|navigator)\.\w|\bfetch\(", code), path


def test_no_pattern_has_a_possessive_group() -> None:
    """Python 3.11.0 to 3.11.4 (Debian 12 has 3.11.2) match some possessive groups wrongly; single characters are fine."""
    import importlib
    import re._constants as codes
    import re._parser as parser

    single = {codes.IN, codes.LITERAL, codes.NOT_LITERAL, codes.ANY}

    def groups(tree: object) -> bool:
        if isinstance(tree, parser.SubPattern):
            return any(groups(item) for item in tree.data)
        if isinstance(tree, tuple) and tree and tree[0] is codes.POSSESSIVE_REPEAT:
            body = tree[1][2]
            if len(body) != 1 or body[0][0] not in single:
                return True
        return isinstance(tree, tuple | list) and any(groups(item) for item in tree)

    assert groups(parser.parse("(?:ab)*+"))
    assert not groups(parser.parse("[ab]*+c?+"))
    for path in [*modules("server"), *modules("http_core")]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, re.Pattern):
                text = value.pattern if isinstance(value.pattern, str) else value.pattern.decode("latin-1")
                assert not groups(parser.parse(text)), (name, text[:80])
