"""docs/threat-model.md cannot fall behind: every threat has a row, every row names tests that exist, every file is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THREATS = [*range(1, 13), *range(20, 29), *range(40, 50), *range(60, 68), *range(80, 90)]
IDS = [
    *(f"O{number}" for number in range(1, 17)),
    *(f"T{number}" for number in THREATS),
    *(f"F{number}" for number in range(1, 47)),
]


def rows() -> dict[str, str]:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    return {match[1]: match[2] for match in re.finditer(r"^\| ([OTF]\d+) \|(.*)\|$", text, re.M)}


def functions() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found.update(re.findall(r"^\s*def (test_\w+)", path.read_text(encoding="utf-8"), re.M))
    return found


@pytest.mark.parametrize("threat", IDS)
def test_every_threat_has_a_row(threat: str) -> None:
    assert threat in rows()


def test_every_row_names_tests_that_exist() -> None:
    known = functions()
    for threat, row in rows().items():
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"{threat} names no test"
        missing = [name for name in named if name not in known]
        assert missing == [], f"{threat}: {missing}"


def test_every_place_a_row_names_exists() -> None:
    for threat, row in rows().items():
        for place in re.findall(r"`((?:server|http_core|public)/[^`:]*)", row):
            assert (ROOT / place).exists(), f"{threat}: {place}"
