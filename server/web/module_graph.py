"""Finds the modules that a page loads before it can run, for its `modulepreload` lines.

Owns the reading of static imports out of browser modules; imports made on demand (`import()`) are left out, they are
meant to come later. Runs once, at start, over sources in memory. Pure.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_STATIC_IMPORT = re.compile(
    r"""^[ \t]*(?:import|export)\b(?:[^"'();]*?\bfrom)?[ \t\r\n]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE
)


def modules_behind(entry: str, sources: Mapping[str, bytes]) -> list[str]:
    """The modules that `entry` imports, directly or not, nearest first, `entry` itself first.

    Args:
        entry: a path such as `public/js/app/main.js`, relative to the repository.
        sources: the files by such paths; an import that leads out of them is left to the browser.
    """
    found = [entry]
    for path in found:  # grows while it is walked: breadth first
        text = sources.get(path, b"").decode("utf-8", "replace")
        for match in _STATIC_IMPORT.finditer(text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match.group(1)))
            if target in sources and target not in found:
                found.append(target)
    return found
