"""Writes the table of limits into docs/operations.md; run it after a limit was added or changed.

A test fails while the page and the program differ. Not part of the running program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.limits import limits_table  # noqa: E402


def main() -> None:
    path = ROOT / "docs" / "operations.md"
    text = path.read_text(encoding="utf-8")
    block = f"<!-- limits:begin -->\n{limits_table()}\n<!-- limits:end -->"
    path.write_text(
        re.sub(r"<!-- limits:begin -->.*<!-- limits:end -->", lambda _: block, text, flags=re.S),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
