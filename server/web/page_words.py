"""The words of the static pages, put in at start: a page is in its reader's language from the first byte on.

Owns reading the page's own catalogues (`public/js/i18n/<language>.js` and `<language>_more.js`, one `"key": "text"` an
entry) and the marks by which a template names its words: `data-t` (the text inside), `data-t-label` and `data-t-group`
(the `aria-label` behind it), `data-t-title` (the window's title) and `data-t-content` (the `content` behind it). The
template's own words are English and stand where a catalogue lacks the key. The script puts the same words in again
when the language is switched. Pure.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from server.web.languages import Language

Words = Mapping[str, str]
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ENTRY = re.compile(rf"^\s*({_STRING}):\s*({_STRING}),$", re.MULTILINE)
_TEXT = re.compile(r'(<(?:[^<>"]|"[^"]*")*? data-t="([\w.]+)"(?:[^<>"]|"[^"]*")*>)[^<]*(?=</)')
_ATTRIBUTE = re.compile(
    r'( data-t-(?:label|group)="([\w.]+)" aria-label=| data-t-content="([\w.]+)" content=)"[^"]*"'
)
_TITLE = re.compile(r'(<title data-t-title="([\w.]+)">)[^<]*')


def page_words(modules: Mapping[str, bytes], language: Language) -> Words:
    """All words of a language; empty where its catalogues are not among the modules.

    Args:
        modules: browser modules by path relative to the repository.
        language: which.
    """
    words: dict[str, str] = {}
    for name in (language, f"{language}_more"):
        source = modules.get(f"public/js/i18n/{name}.js", b"").decode()
        words.update({json.loads(key): json.loads(text) for key, text in _ENTRY.findall(source)})
    return words


def with_words(template: str, words: Words) -> str:
    """The template with the words of a language at its marks."""

    def text(match: re.Match[str]) -> str:
        word = words.get(match[2])
        return match[0] if word is None else match[1] + html.escape(word, quote=False)

    def attribute(match: re.Match[str]) -> str:
        word = words.get(match[2] or match[3])
        return match[0] if word is None else f'{match[1]}"{html.escape(word)}"'

    def title(match: re.Match[str]) -> str:
        word, app = words.get(match[2]), words.get("app.name")
        return (
            match[0]
            if word is None or app is None
            else f"{match[1]}{html.escape(f'{word} · {app}', quote=False)}"
        )

    return _TITLE.sub(title, _ATTRIBUTE.sub(attribute, _TEXT.sub(text, template)))
