"""Installs Excalidraw and tldraw from npm into a folder of your choice and bundles a page of each.

    .venv/bin/python benchmarks/ink/install_peers.py DIR

Nothing of it goes into the repository; `benchmarks/ink/run.py --peers DIR` drives the two pages.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path

PAGES = Path(__file__).resolve().parent / "peer_pages"
PACKAGES = {
    "@excalidraw/excalidraw": "0.18.1",
    "tldraw": "5.4.2",
    "react": "18.3.1",
    "react-dom": "18.3.1",
    "esbuild": "0.28.2",
}
HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
    '<link rel="stylesheet" href="{name}.css"><style>html, body, #root {{ margin: 0; height: 100% }}</style></head>'
    '<body><div id="root"></div><script type="module" src="{name}.js"></script></body></html>'
)


def install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}, indent=2))
    subprocess.run(["npm", "install", "--no-fund", "--no-audit"], cwd=folder, check=True)


def bundle(folder: Path) -> None:
    for name in ("excalidraw", "tldraw"):
        shutil.copy(PAGES / f"{name}.jsx", folder / f"{name}.jsx")
        subprocess.run(
            [
                str(folder / "node_modules/.bin/esbuild"),
                f"{name}.jsx",
                "--bundle",
                "--minify",
                "--format=esm",
                "--splitting",
                "--jsx=automatic",
                '--define:process.env.NODE_ENV="production"',
                "--conditions=production",
                '--define:process.env.IS_PREACT="false"',
                "--loader:.woff2=file",
                "--loader:.svg=file",
                "--outdir=dist",
                "--log-level=warning",
            ],
            cwd=folder,
            check=True,
        )
        (folder / "dist" / f"{name}.html").write_text(HTML.format(name=name))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder.resolve()
    install(folder)
    bundle(folder)
    print(f"ready: --peers {folder}")


if __name__ == "__main__":
    main()
