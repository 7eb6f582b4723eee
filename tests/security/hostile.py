"""The corpus of hostile and legitimate fragments, and families of its kind, as requests to the running product.

Owns reading `tests/data/svg_cases.jsonl`, the bodies that carry a case on each of the three ways in (append, `svgData`
of a new notebook, import in batches), and a walker that says whether a stored document is clean. Sends nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.etree
import lxml.html

from server.domain.svg_vocabulary import GROUP_ATTRIBUTES, PATH_ATTRIBUTES

SVG = "http://www.w3.org/2000/svg"
_CASES = Path(__file__).parents[1] / "data" / "svg_cases.jsonl"
_VALUE = re.compile(r"[A-Za-z0-9#+/=., -]*")
_ROOT = {"viewBox", "width", "height", "data-seq", "data-epoch", "data-paper", "data-margin", "version"}


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _CASES.read_text(encoding="utf-8").splitlines()]


def payload_of(case: dict[str, Any]) -> Any:
    """The payload with its `${X*N}` repeated."""
    payload = case["payload"]
    if case.get("tpl"):
        payload = re.sub(r"\$\{(.*?)\*(\d+) *\}", lambda match: match[1] * int(match[2]), payload)
    return payload


def save_body(case: dict[str, Any]) -> bytes:
    """The body of a SAVE that carries a case of the kinds append, erase and envelope."""
    payload = payload_of(case)
    match case["kind"]:
        case "append":
            if isinstance(payload, str) and payload.startswith("utf-16:"):
                return json.dumps([["a", payload[7:]]]).encode("utf-16")
            return json.dumps([["a", payload]]).encode()
        case "erase":
            return json.dumps([["e", payload]]).encode()
        case "envelope":
            return json.dumps(payload).encode()
        case other:
            raise AssertionError(other)


def document_around(payload: object) -> object:
    """A fragment as the only content of a document: the way of `svgData` and of an import."""
    if not isinstance(payload, str):
        return payload
    return f'<svg xmlns="{SVG}">{payload}</svg>' if payload.lstrip().startswith("<g") else payload


ACTIVE = "window.hit&&hit();fetch('/hit');parent.alert(1)"
URL = "https://evil.example/hit"


def families() -> Iterator[tuple[str, str]]:
    """Hundreds of further fragments of the same kinds: every way by which markup acts, in every place it may stand."""
    handlers = [
        "onload",
        "onclick",
        "onerror",
        "onbegin",
        "onend",
        "onfocus",
        "onpointerover",
        "onwheel",
        "ONLOAD",
        "on\tload",
    ]
    elements = [
        "script",
        "style",
        "image",
        "use",
        "a",
        "foreignObject",
        "iframe",
        "animate",
        "set",
        "animateTransform",
        "animateMotion",
        "handler",
        "listener",
        "switch",
        "text",
        "textPath",
        "pattern",
        "mask",
        "filter",
        "feImage",
        "marker",
        "linearGradient",
        "clipPath",
        "symbol",
        "view",
        "cursor",
        "font-face-uri",
        "video",
        "audio",
        "object",
        "embed",
        "meta",
        "link",
        "base",
        "form",
        "input",
        "math",
        "template",
        "discard",
        "svg",
        "html",
        "body",
        "img",
    ]
    values = [
        f"url({URL})",
        f"url(#x) {URL}",
        "javascript:alert(1)",
        "&#106;avascript:alert(1)",
        "url('data:image/svg+xml,<svg/>')",
        "expression(alert(1))",
        "red;background:url(//evil.example)",
        "var(--x)",
        "currentColor url(//evil)",
        "\\75rl(//evil)",
        "context-fill",
        '#fff"onload="alert(1)',
        "rgb(url(//evil))",
        "inherit;",
        "image(//evil)",
    ]
    for name in handlers:
        yield (
            f"handler-g-{name}",
            f'<g xmlns="{SVG}" {name}="{ACTIVE}"><path d="M0 0L1 1" fill="#000000"/></g>',
        )
        yield (
            f"handler-path-{name}",
            f'<g xmlns="{SVG}"><path {name}="{ACTIVE}" d="M0 0L1 1" fill="#000000"/></g>',
        )
    for name in elements:
        for space in ("", f' xmlns="{SVG}"', ' xmlns="http://www.w3.org/1999/xhtml"'):
            inner = f'<{name}{space} href="{URL}" src="{URL}" onload="{ACTIVE}">{ACTIVE}</{name}>'
            yield f"element-{name}{len(space)}", f"<g>{inner}</g>"
            yield (
                f"element-in-path-{name}{len(space)}",
                f'<g><path d="M0 0L1 1" fill="#000000">{inner}</path></g>',
            )
    for attribute in (
        "fill",
        "stroke",
        "stroke-width",
        "opacity",
        "stroke-linecap",
        "d",
        "data-p",
        "data-w",
        "data-t",
    ):
        for number, value in enumerate(values):
            quoted = value.replace('"', "&quot;").replace("<", "&lt;")
            holder = (
                "<g {}><path d='M0 0' fill='#000000'/></g>"
                if attribute.startswith("data-")
                else "<g><path d='M0 0' {}/></g>"
            )
            yield f"value-{attribute}-{number}", holder.format(f'{attribute}="{quoted}"')
    for attribute in (
        "style",
        "class",
        "id",
        "filter",
        "clip-path",
        "mask",
        "marker-start",
        "href",
        "xlink:href",
        "transform",
        "cursor",
        "xml:base",
        "xml:space",
        "requiredExtensions",
        "begin",
    ):
        declared = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
        yield (
            f"attribute-{attribute}",
            f'<g {declared} {attribute}="url({URL})"><path {attribute}="url({URL})" d="M0 0L1 1"/></g>',
        )
    for number, text in enumerate(
        (
            "<![CDATA[<script>alert(1)</script>]]>",
            "<!-- --><script/>",
            "<?xml-stylesheet href='//evil'?>",
            "text",
            "&lt;script&gt;",
            "<!ENTITY x 'y'>",
            "<!DOCTYPE g>",
            "\x00",
            "&#0;",
            "&x;",
        )
    ):
        yield f"content-{number}", f"<g>{text}</g>"
        yield f"before-{number}", f"{text}<g/>"


def check_document(document: str) -> int:
    """Walks a stored document with two parsers that are not ours; returns how many strokes it holds.

    Raises AssertionError where anything but known elements, known attributes and plain values stands in it.
    """
    root = lxml.etree.fromstring(document.encode())
    strokes = 0
    for parsed in (root, lxml.html.fragment_fromstring(document)):
        strokes = 0
        for element in parsed.iter():
            name = str(element.tag).removeprefix(f"{{{SVG}}}")
            known = {
                "svg": _ROOT | {"viewbox", "xmlns"},
                "g": {*GROUP_ATTRIBUTES, "id"},
                "path": PATH_ATTRIBUTES,
                "title": set(),
            }[name]
            strokes += name == "g"
            for attribute, value in element.attrib.items():
                assert attribute in known, (name, attribute)
                assert attribute == "xmlns" or _VALUE.fullmatch(value), (attribute, value)
            if name != "title":
                assert not (element.text or "").strip(), element.text
            assert not (element.tail or "").strip()
    return strokes
