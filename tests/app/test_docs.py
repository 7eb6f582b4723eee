"""The documents cannot fall behind: limits, routes, rules, numbers of the guide, and what must never be named."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from server.console import ACTIONS
from server.database_settings import DATABASE_KEYS
from server.limits import apply_limits, limit_names, limits_table
from server.settings import COMMANDS, make_parser
from server.web.limits import WebLimits
from server.web.routes import make_routes

ROOT = Path(__file__).resolve().parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_operations_has_the_table_of_limits_as_it_is() -> None:
    block = page("operations.md").split("<!-- limits:begin -->")[1].split("<!-- limits:end -->")[0]
    assert block.strip() == limits_table().strip()


def test_operations_names_every_command_console_word_and_key() -> None:
    text = page("operations.md")
    for command in COMMANDS:
        assert f"`python main.py {command}" in text, command
    for word in ACTIONS:
        assert f"| `{word}" in text, word
    for key in DATABASE_KEYS:
        assert f"`{key}`" in text, key
    for named in re.findall(r"python main\.py ([a-z]+)", text):
        assert named in COMMANDS, named
    help_text = make_parser().format_help()
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", help_text, re.M), command


def test_limits_can_be_changed_by_name_and_keep_their_kind() -> None:
    assert len(set(limit_names())) == len(limit_names())
    changed = apply_limits({"idle_s": 5, "max_fields": 7.0, "handler_threads": 3})
    assert changed.net.idle_s == 5
    assert changed.net.http.max_fields == 7
    assert isinstance(changed.net.http.max_fields, int)
    assert changed.web.handler_threads == 3


def test_every_route_stands_in_the_protocol() -> None:
    text = page("protocol.md")
    for route in make_routes(WebLimits()):
        if route.pattern in {"/", "/index.html"}:
            continue
        assert route.pattern in text, f"docs/protocol.md misses {route.method} {route.pattern}"


def test_every_benchmark_is_told_of_and_every_one_told_of_is_there() -> None:
    text = page("benchmarks.md") + page("http.md")
    told = set(re.findall(r"benchmarks[./]((?:ink[./])?[a-z_]+)(?:\.py)?(?: |`)", text))
    folder = ROOT / "benchmarks"
    scripts = [*folder.glob("*.py"), folder / "ink" / "run.py", folder / "ink" / "timeline.py"]
    helpers = {"http_load", "poll_holder", "viewers"}  # started by the others
    for script in scripts:
        if "__main__" not in script.read_text():
            continue  # part of one
        name = script.relative_to(folder).with_suffix("").as_posix()
        assert name in helpers or name.replace("/", ".") in {one.replace("/", ".") for one in told}, name
    for one in told:
        assert (folder / f"{one.replace('.', '/')}.py").exists(), one


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_guides_have_the_numbers_1_to_11() -> None:
    for name in ("user-guide.md", "user-guide.he.md"):
        numbers = [int(n) for n in re.findall(r"^\| (\d+) \|", page(name), re.M)]
        assert numbers == list(range(1, 12)), name


def test_rules_have_tests_and_tests_name_known_rules() -> None:
    rules = {rule.lower() for rule in re.findall(r"^- \*\*([HANCPSO]\d+)\*\*", page("protocol.md"), re.M)}
    assert len(rules) >= 30
    named: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        named.update(re.findall(r"def test_((?:[hancpso]\d+_)+)", path.read_text(encoding="utf-8")))
    used = {rule for group in named for rule in group.strip("_").split("_")}
    assert used <= rules | {"p5"}, f"tests name unknown rules: {sorted(used - rules)}"
    assert rules <= used, f"rules without a test: {sorted(rules - used)}"


def test_nothing_tracked_names_a_registry_or_a_private_path() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    hosts = ["registry.npm" + "js.org", "files.python" + "hosted.org", "pypi" + ".org"]
    paths = re.compile("/ro" + r"ot/\.|/ho" + "me/[a-z]+/|/wo" + "rk/(main|shared|plan|\\.)")
    for name in tracked:
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".jsonl"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [host for host in hosts if host in text], name
            assert not paths.search(text), f"{name}: {paths.search(text)}"
