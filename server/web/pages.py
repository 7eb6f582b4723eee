"""The HTML pages: templates of public/ with the versioned prefix, the words and the preload lines filled in.

Owns which pages there are and their placeholders: `{{v}}` (the prefix `/v/<hash>`), `{{lang}}`, `{{dir}}`, `{{notebook}}`
(what only a page whose address names a notebook starts with), and on error pages also `{{app}}` (the product's name),
`{{status}}`, `{{title}}`, `{{text}}`, `{{home}}`, `{{home_text}}`. Everything is made at start and
served from memory; no request opens a file. Pages are revalidated (H4), never kept. Any thread.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from http_core.packet import Request, Response
from server.web.error_texts import APP_WORDS, HOME_WORDS, error_text
from server.web.languages import LANGUAGES, VARY, Language, direction, language_of
from server.web.module_graph import modules_behind
from server.web.page_words import page_words, with_words
from server.web.static_files import REVALIDATED, StaticFile, file_response

PAGE_FILES = ("index.html", "login.html", "signUp.html", "connect.html")
_HTML = "text/html; charset=utf-8"
_MODULE_SCRIPT = re.compile(r'<script type="module" src="\{\{v\}\}/([^"]+)"')
_NOTEBOOK_SCRIPT = "public/js/net/document_start.js"
"""Begins to load the notebook while all else of its page is still coming."""
_NOTEBOOK_MODULES = ("public/js/app/wire.js", "public/js/app/company.js")
"""What such a page imports on demand, and at once."""
_DEFAULT_ERROR = "default.html"
_BARE_ERROR = (
    '<!doctype html><html lang="{{lang}}" dir="{{dir}}"><head><meta charset="utf-8"><title>{{title}}</title>'
    '<meta name="viewport" content="width=device-width"></head>'
    '<body><main><h1>{{title}}</h1><p>{{text}}</p><p><a href="{{home}}">{{home_text}}</a></p></main></body></html>'
)
"""What stands in when public/errors holds no page at all (a broken installation)."""


@dataclass(frozen=True, slots=True)
class PageSources:
    """What the pages are made of.

    Attributes:
        templates: by name: the files of `PAGE_FILES`, and `errors/<name>.html`.
        modules: browser modules by path relative to the repository, for the preload lines.
        prefix: `/v/<hash of the manifest>`, empty where nothing is versioned.
    """

    templates: Mapping[str, str]
    modules: Mapping[str, bytes]
    prefix: str


class Pages:
    """Every page in every language, ready to be sent."""

    def __init__(self, sources: PageSources, now_ms: Callable[[], int]) -> None:
        """Fills the templates in; `now_ms` is the wall clock."""
        self._sources = sources
        self._now_ms = now_ms
        self._pages: dict[tuple[str, Language, bool], StaticFile] = {}
        words = {language: page_words(sources.modules, language) for language in LANGUAGES}
        for name in PAGE_FILES:
            template = sources.templates.get(name)
            if template is None:
                continue
            for of_notebook in (False, True):
                with_preloads = _with_preloads(template, sources.modules, of_notebook=of_notebook)
                for language in LANGUAGES:
                    text = self._filled(with_words(with_preloads, words[language]), language, {})
                    self._pages[name, language, of_notebook] = StaticFile.of(text.encode(), _HTML)

    def answer(self, name: str, request: Request, *, of_notebook: bool = False) -> Response | None:
        """The page in the visitor's language, or None where there is no such page.

        Args:
            name: one of `PAGE_FILES`.
            request: decides on language and encoding.
            of_notebook: its address names a notebook, which is loaded from the first moment.
        """
        page = self._pages.get((name, language_of(request), of_notebook))
        if page is None:
            return None
        vary = f"Accept-Encoding, {VARY}"
        return file_response(page, request, now_ms=self._now_ms(), cache_control=REVALIDATED, vary=vary)

    def error(self, status: int, reason: str, language: Language) -> bytes:
        """The page for a failure (H3); says nothing of the request."""
        templates = self._sources.templates
        template = (
            templates.get(f"errors/{status}.html") or templates.get(f"errors/{_DEFAULT_ERROR}") or _BARE_ERROR
        )
        words = error_text(status, reason, language)
        values = {
            "app": APP_WORDS[language],
            "status": str(status),
            "title": words.title,
            "text": words.text,
            "home": "/",
            "home_text": HOME_WORDS[language],
        }
        return self._filled(template, language, values).encode()

    def _filled(self, template: str, language: Language, values: Mapping[str, str]) -> str:
        text = template.replace("{{v}}", self._sources.prefix)
        for name, value in {"lang": language, "dir": direction(language), **values}.items():
            text = text.replace("{{" + name + "}}", html.escape(value))
        return text


def _with_preloads(template: str, modules: Mapping[str, bytes], *, of_notebook: bool) -> str:
    """The template with a `modulepreload` line for each module that its scripts import and that it lacks."""
    template = template.replace("{{notebook}}\n", _notebook_lines(modules) if of_notebook else "")
    script = _MODULE_SCRIPT.search(template)
    if script is None:
        return template
    lines: list[str] = []
    wanted = modules_behind(script.group(1), modules)[1:]
    if of_notebook:
        more = [path for entry in _NOTEBOOK_MODULES for path in modules_behind(entry, modules)]
        wanted += [path for path in dict.fromkeys(more) if path in modules and path not in wanted]
    for path in wanted:
        if f'href="{{{{v}}}}/{path}">' not in template:
            lines.append(f'<link rel="modulepreload" href="{{{{v}}}}/{path}">')
    head, mark, rest = template.partition("</head>")
    return head + "".join(line + "\n" for line in lines) + mark + rest


def _notebook_lines(modules: Mapping[str, bytes]) -> str:
    """The script that begins to load the notebook, named before every other module."""
    links = [
        f'<link rel="modulepreload" fetchpriority="high" href="{{{{v}}}}/{path}">\n'
        for path in modules_behind(_NOTEBOOK_SCRIPT, modules)
    ]
    return "".join(links) + f'<script type="module" async src="{{{{v}}}}/{_NOTEBOOK_SCRIPT}"></script>\n'
