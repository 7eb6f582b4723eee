"""Makes the icons of the installed page out of the one drawing: `python -m tests.support.icons`.

Owns sizes and margins of the PNG files in public/images; the drawing is favicon.svg. Needs rsvg-convert (Debian:
librsvg2-bin). A maskable icon keeps its drawing inside the inner four fifths, on the page's own ground.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[2] / "public" / "images"
GROUND = "#f3efe6"
ICONS = {"icon-192.png": (192, False), "icon-512.png": (512, False), "icon-maskable-512.png": (512, True)}


def drawing(*, maskable: bool) -> str:
    """The SVG of one icon."""
    inner = re.sub(r"</?svg[^>]*>", "", (IMAGES / "favicon.svg").read_text(encoding="utf-8"))
    if not maskable:
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="2 0 64 64">{inner}</svg>'
    ground = f'<rect width="64" height="64" fill="{GROUND}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{ground}'
        f'<g transform="translate(12 13) scale(.6)">{inner}</g></svg>'
    )


def main() -> None:
    for name, (size, maskable) in ICONS.items():
        command = ["rsvg-convert", "-w", str(size), "-h", str(size), "-o", str(IMAGES / name)]
        subprocess.run(command, input=drawing(maskable=maskable).encode(), check=True)


if __name__ == "__main__":
    main()
