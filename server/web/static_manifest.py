"""Reads the files that are served, once, at start: the manifest (H4, T23).

Owns what is listed: regular files with a known media type; symbolic links, dot-files, pages and everything else are
not. Every file of public/ and of the allowed browser libraries is served twice: under `/v/<hash>/...`, immutable, in
the layout of the repository so that relative imports meet, and under its plain path, revalidated. Runs on the thread
that starts the server; nothing of it runs during a request.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from server.web.pages import PAGE_FILES, PageSources
from server.web.static_files import IMMUTABLE, REVALIDATED, StaticFile, StaticFiles

BROWSER_LIBRARIES = (
    "perfect-freehand/dist/esm/index.mjs",
    "@svgdotjs/svg.js/dist/svg.esm.js",
    "uqr/dist/index.mjs",
)
"""The files of node_modules that browsers may have; no others are read."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_ERRORS = "errors/"
FILE_LIST = "files.json"
"""Under the versioned prefix: what a browser needs to open the page without a network."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is served from memory.

    Attributes:
        files: the static files.
        pages: what the pages are made of.
        prefix: `/v/<hash>`.
    """

    files: StaticFiles
    pages: PageSources
    prefix: str


def read_site(public: Path, node_modules: Path, now_ms: Callable[[], int]) -> Site:
    """Reads public/ and the allowed libraries.

    Args:
        public: the folder of pages, styles, images and modules.
        node_modules: where npm put the libraries; those that are missing are left out.
        now_ms: the wall clock.
    """
    shown: dict[str, StaticFile] = {}
    templates: dict[str, str] = {}
    for name, file in read_folder(public):
        if name in PAGE_FILES or name.startswith(_ERRORS):
            templates[name] = file.body.decode()
        else:
            shown[f"public/{name}"] = file
    for name, file in _libraries(node_modules):
        shown[f"node_modules/{name}"] = file
    prefix = f"/v/{_hash(shown, templates)}"
    table: dict[str, tuple[StaticFile, str]] = {}
    for path, file in shown.items():
        table[f"{prefix}/{path}"] = (file, IMMUTABLE)
        table["/" + path.removeprefix("public/")] = (file, REVALIDATED)
    listed = StaticFile.of(_listed(prefix, shown), MEDIA_TYPES[".json"])
    table[f"{prefix}/{FILE_LIST}"] = (listed, IMMUTABLE)
    modules = {path: file.body for path, file in shown.items() if path.endswith((".js", ".mjs"))}
    return Site(StaticFiles(table, now_ms), PageSources(templates, modules, prefix), prefix)


def folder_files(root: Path, now_ms: Callable[[], int]) -> StaticFiles:
    """Serves one folder at `/`, its index.html also as `/` itself (the probe app, tests)."""
    table = {f"/{name}": (file, REVALIDATED) for name, file in read_folder(root)}
    if "/index.html" in table:
        table["/"] = table["/index.html"]
    return StaticFiles(table, now_ms)


def read_folder(root: Path) -> Iterator[tuple[str, StaticFile]]:
    """The regular files of a folder with a known media type, by path relative to it with `/`, in order.

    Symbolic links are never followed, whether they are files or folders; names that begin with a dot are left out.
    """
    with os.scandir(root) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            for name, file in read_folder(Path(entry.path)):
                yield f"{entry.name}/{name}", file
        elif entry.is_file(follow_symlinks=False):
            loaded = _read(Path(entry.path))
            if loaded is not None:
                yield entry.name, loaded


def _libraries(node_modules: Path) -> Iterable[tuple[str, StaticFile]]:
    for name in BROWSER_LIBRARIES:
        loaded = _read(node_modules / name) if (node_modules / name).is_file() else None
        if loaded is not None:
            yield name, loaded


def _read(path: Path) -> StaticFile | None:
    media_type = MEDIA_TYPES.get(path.suffix)
    if media_type is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        return StaticFile.of(opened.read(), media_type, max(0, int(status.st_mtime)))


def _listed(prefix: str, shown: dict[str, StaticFile]) -> bytes:
    """The addresses of all scripts and styles of this version, and of the drawing, as JSON."""
    kept = [path for path in shown if path.endswith((".css", ".js", ".mjs")) and path != "public/sw.js"]
    return json.dumps([*(f"{prefix}/{path}" for path in sorted(kept)), "/images/favicon.svg"]).encode()


def _hash(shown: dict[str, StaticFile], templates: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(shown):
        digest.update(f"{path}\0{shown[path].etag}\n".encode())
    for name in sorted(templates):
        digest.update(f"{name}\0{hashlib.sha256(templates[name].encode()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]
