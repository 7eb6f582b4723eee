"""Hostile and legitimate fragments: the corpus, families of their kind, and two other parsers over what comes out.

The rule is the closed vocabulary (C1, C5, N2; threats T5, T7, T8); a case of the corpus is only a witness of it.
"""

from __future__ import annotations

import json
import random
import re
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import lxml.etree
import lxml.html
import pytest

from server.domain.change import parse_changes, read_change
from server.domain.failures import Failure
from server.domain.notebooks import check_title
from server.domain.svg_document_reader import read_document
from server.domain.svg_vocabulary import GROUP_ATTRIBUTES, PATH_ATTRIBUTES, parse_fragment
from tests.domain.writer import INK, STROKE

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "svg_cases.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
MAX_SECONDS = 0.05
MAX_BYTES = 20 * 1024 * 1024

SVG = "{http://www.w3.org/2000/svg}"
VALUE = re.compile(r"[A-Za-z0-9#+/=. -]*")


def payload_of(case: dict[str, Any]) -> Any:
    payload = case["payload"]
    if case.get("tpl"):
        payload = re.sub(r"\$\{(.*?)\*(\d+) *\}", lambda match: match[1] * int(match[2]), payload)
    return payload


def judge(case: dict[str, Any]) -> list[str]:
    """What the domain keeps of a case: the canonical fragments, or nothing; raises Failure where it is refused."""
    payload = payload_of(case)
    match case["kind"]:
        case "append":
            if type(payload) is str and payload.startswith("utf-16:"):
                parse_changes(json.dumps([["a", payload[7:]]]).encode("utf-16"))
            return [read_change(["a", payload]).data]
        case "erase":
            read_change(["e", payload])
            return []
        case "document":
            return [fragment.text for fragment in read_document(payload).fragments]
        case "title":
            check_title(payload)
            return []
        case "envelope":
            parse_changes(json.dumps(payload).encode())
            return []
        case other:
            raise AssertionError(other)


def walk_xml(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    root = lxml.etree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>')
    for element in root.iter():
        if element is not root:
            yield str(element.tag).removeprefix(SVG), dict(element.attrib)
            assert not (element.text or "").strip() and not (element.tail or "").strip()


def walk_html(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """As a browser's `innerHTML` would see it: parsed as HTML, twice over."""
    for _ in range(2):
        root = lxml.html.fragment_fromstring(f"<svg>{text}</svg>")
        text = "".join(lxml.html.tostring(child, encoding="unicode") for child in root)
    for element in root.iter():
        if element is not root:
            yield str(element.tag), dict(element.attrib)


def check_clean(text: str) -> None:
    """Only known elements and attributes, only characters of the closed grammars, in both parsers."""
    for walk in (walk_xml, walk_html):
        for name, attributes in walk(text):
            known = {"g": GROUP_ATTRIBUTES, "path": PATH_ATTRIBUTES}[name]
            for attribute, value in attributes.items():
                assert attribute in known or attribute == "id"
                assert VALUE.fullmatch(value), value
    assert parse_fragment(text).text == text


def test_every_case_of_the_corpus_is_judged_here_or_is_a_whole_requests() -> None:
    kinds = {case["kind"] for case in CASES}
    assert kinds <= {"append", "erase", "document", "title", "envelope", "create", "race"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["kind"] not in ("create", "race")], ids=lambda c: c["id"]
)
def test_c1_corpus(case: dict[str, Any]) -> None:
    payload_of(case)
    tracemalloc.start()
    begin = time.thread_time()
    kept: list[str] | None
    refusal: Failure | None = None
    try:
        kept = judge(case)
    except Failure as failure:
        kept = None
        refusal = failure
    elapsed = time.thread_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if refusal is not None:
        assert 400 <= refusal.status < 500
        assert refusal.sentence.endswith(".")
    if case["expect"] == "reject":
        assert kept is None
    if case["expect"] == "accept":
        assert kept is not None
    for text in kept or []:
        check_clean(text)
    assert peak < MAX_BYTES
    assert elapsed < MAX_SECONDS * 4  # tracing memory makes everything some four times slower


NAMES = [
    "script",
    "style",
    "foreignObject",
    "image",
    "use",
    "a",
    "animate",
    "set",
    "animateTransform",
    "animateMotion",
    "handler",
    "iframe",
    "object",
    "embed",
    "text",
    "tspan",
    "textPath",
    "switch",
    "symbol",
    "marker",
    "mask",
    "clipPath",
    "filter",
    "feImage",
    "pattern",
    "linearGradient",
    "radialGradient",
    "title",
    "desc",
    "metadata",
    "svg",
    "defs",
    "view",
    "link",
    "meta",
    "base",
    "math",
    "video",
    "audio",
    "canvas",
    "html",
    "body",
    "template",
    "slot",
    "discard",
    "mpath",
    "tref",
    "cursor",
    "font",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "hatch",
    "mesh",
    "solidcolor",
    "G",
    "PATH",
    "Path",
    "g2",
    "pathx",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form",
    [
        "<g><{n}/></g>",
        "<g><path d='M0 0'><{n}/></path></g>",
        "<{n}><path d='M0 0'/></{n}>",
        "<g><x:{n} xmlns:x='http://www.w3.org/2000/svg'/></g>",
        "<g><{n} xmlns='http://www.w3.org/1999/xhtml'/></g>",
    ],
)
def test_c1_another_element_is_refused(name: str, form: str) -> None:
    with pytest.raises(Failure):
        parse_fragment(form.replace("{n}", name))


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/1998/Math/MathML",
        "urn:x",
        "http://www.w3.org/2000/svg ",
        "HTTP://www.w3.org/2000/svg",
        "http://www.w3.org/2000/svg g",
    ],
)
def test_c1_namespaces_are_compared_by_their_uri(namespace: str) -> None:
    with pytest.raises(Failure):
        parse_fragment(f'<g xmlns="{namespace}"><path d="M0 0"/></g>')
    with pytest.raises(Failure):
        parse_fragment(f'<g><q:path xmlns:q="{namespace}" d="M0 0"/></g>')


def test_c1_svg_elements_by_prefix_or_without_namespace_are_taken() -> None:
    for text in (
        '<s:g xmlns:s="http://www.w3.org/2000/svg"><s:path d="M0 0"/></s:g>',
        '<g xmlns=""><path d="M0 0"/></g>',
        '<g><path xmlns="http://www.w3.org/2000/svg" d="M0 0"></path></g>',
        "<g>\n  <!-- drawn -->\n  <path\n d = 'M0\n0'/></g>\n",
        "<g>loose text &amp; more<path d='&#77;0 &#48;'/></g>",
        "<g><![CDATA[<script>]]><path d='M0 0'/></g>",
    ):
        assert parse_fragment(text).text == '<g><path d="M0 0"/></g>'


@pytest.mark.parametrize(
    "name",
    [
        "onload",
        "onclick",
        "ONLOAD",
        "style",
        "class",
        "id",
        "href",
        "xlink:href",
        "src",
        "transform",
        "filter",
        "clip-path",
        "mask",
        "fill-rule",
        "stroke-dasharray",
        "stroke-miterlimit",
        "marker-end",
        "pathLength",
        "data-x",
        "data-seq",
        "data-author",
        "xml:base",
        "xml:lang",
        "xml:space",
        "aria-label",
        "tabindex",
        "role",
        "nonce",
        "is",
        "requiredExtensions",
        "systemLanguage",
        "begin",
        "to",
        "from",
        "values",
        "attributeName",
        "D",
        "FILL",
    ],
)
def test_c1_an_unknown_attribute_is_dropped(name: str) -> None:
    head = '<g xmlns:xlink="http://www.w3.org/1999/xlink" '
    for text in (
        f'{head}{name}="javascript:alert(1)"><path d="M0 0" fill="red"/></g>',
        f'{head}><path {name}="url(#x)" d="M0 0" fill="red"/></g>',
    ):
        assert parse_fragment(text).text == '<g><path d="M0 0" fill="#ff0000"/></g>'


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        (
            "fill",
            [
                "url(#a)",
                "URL(#a)",
                "url(https://e/)",
                "inherit",
                "currentColor",
                "transparent",
                "#12",
                "#12345",
                "#1234567",
                "#ggg",
                "rgb(1,2)",
                "rgb(256,0,0)",
                "rgb(1.5,0,0)",
                "rgb(1%,2,3)",
                "rgba(1,2,3,0)",
                "hsl(1,2%,3%)",
                "red;",
                "expression(1)",
                "",
                "var(--x)",
                "#\u0661\u0661\u0661",
                "ｒed",
                "none none",
                "red" * 400,
            ],
        ),
        ("stroke", ["url(#a)", "context-fill", "image(x)"]),
        ("stroke-width", ["-1", "NaN", "1px", "10%", "1e9", "", "calc(1)", "0x1", "1_0", "\u0661", "1" * 31]),
        ("opacity", ["NaN", "1.01", "-0.1", "50%", "inherit", "1e5"]),
        ("fill-opacity", ["Infinity", "2"]),
        ("stroke-opacity", ["x"]),
        ("stroke-linecap", ["Round", "none", "url(#a)", ""]),
        ("stroke-linejoin", ["arcs", "miter-clip", "x"]),
        (
            "d",
            [
                "L1 1",
                "M",
                "M1",
                "M0 0 1",
                "M0 0Z1",
                "M0 0 Infinity 0",
                "M0 0x",
                "M0 0 url(#a)",
                "M0,,0",
                "M0 0,",
                ",M0 0",
                "M1000000.5 0",
                "M0 0 1e7 0",
                "M999999 0l2 0",
                "M0 0A1 1 0 2 0 1 1",
                "M0 0A1 1 0 0 1 1",
                "M0 0 é",
                "M0 0\u00a01 1",
                "M0 0--1 0",
                "M0 0+-1 0",
                "M1. 0",
                "M0 0 .",
                "M" + "0" * 31 + " 0",
            ],
        ),
    ],
)
def test_c1_a_bad_value_of_a_known_path_attribute_is_422(attribute: str, values: list[str]) -> None:
    others = "" if attribute == "d" else ' d="M0 0"'
    for value in values:
        with pytest.raises(Failure) as caught:
            parse_fragment(f'<g><path{others} {attribute}="{value}"/></g>')
        assert (caught.value.status, caught.value.reason) == (422, "bad_fragment"), value


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        (
            "data-p",
            [
                "",
                "A",
                "AA==",
                "AAA",
                "AAA=",
                "AAAA=",
                "AA A",
                "AAA\u0661",
                "gAAA",
                "////",
                "AAAB",
                "_-AA",
                "&#65;AAB",
            ],
        ),
        ("data-v", ["", "0", "2", "x", "01", "-1"]),
        ("data-w", ["", "0", "05", "-5", "5.0", "100000", "x"]),
        ("data-t", ["", "Pen", "script", "pen pen", "javascript:x"]),
        (
            "data-cuts",
            ["5", "5-", "-5", "5-5", "9-5", "1-2.", ".1-2", "1-2 3-4", "1-99999", "1-2,3-4", "\u0661-2"],
        ),
        ("data-tilt", ["", "f", "FF", "zz"]),
    ],
)
def test_c1_a_bad_value_of_a_known_data_attribute_is_422(attribute: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(Failure) as caught:
            parse_fragment(
                f'<g data-p="AAAA" {attribute}="{value}"><path d="M0 0"/></g>'.replace(
                    'data-p="AAAA" data-p', "data-p"
                )
            )
        assert caught.value.status == 422, value


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><g/>',
        "<g><?php x?></g>",
        "<!DOCTYPE g><g/>",
        "<!doctype g><g/>",
        "<!ENTITY x 'y'><g/>",
        "<g>&x;</g>",
        "<g><path d='&x;'/></g>",
        "<g>&nbsp;</g>",
        "<g/><!ELEMENT g ANY>",
        "\ufeff<g/>",
        " ",
        "",
        "g",
        "<g",
        "<g/><g/>",
        "<g></G>",
        "<g a=1/>",
        "<g a/>",
        "<g a='1' a='2'/>",
        "<g xmlns:x='urn:u' xmlns:y='urn:u' x:a='1' y:a='2'/>",
        "<x:g/>",
        "<g>\x00</g>",
        "<g>\x01</g>",
        "<g>&#0;</g>",
        "<g>&#xD800;</g>",
        "<g>\ud800</g>",
        "<g>\ufffe</g>",
        "<g><!-- -- --></g>",
        "<g>]]></g>",
        "<g>" * 5 + "</g>" * 5,
        "<g><path d='M0 0'/>" + "<path d='M0 0'/>" * 16 + "</g>",
        "<g " + " ".join(f"a{i}=''" for i in range(17)) + "/>",
        "<g " + " ".join(f"xmlns:a{i}='urn:{i}'" for i in range(17)) + "/>",
        "+ADw-g/+AD4-",
        "<g><![CDATA[<!DOCTYPE g>]]></g>",
        "<g><!-- <?php x?> --></g>",
    ],
)
def test_c1_what_is_not_one_well_formed_stroke_is_422(text: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_fragment(text)
    assert caught.value.status == 422


def test_c1_sixteen_paths_and_sixteen_attributes_fit() -> None:
    paths = "<path d='M0 0'/>" * 16
    assert parse_fragment(f"<g>{paths}</g>").text.count("<path") == 16
    many = " ".join(f"a{i}=''" for i in range(16))
    assert parse_fragment(f"<g {many}/>").text == "<g></g>"


def bomb(size: int) -> list[str]:
    return [
        "<g>" + "<path d='M0 0'/>" * (size // 16) + "</g>",
        "<g " + " ".join(f"a{i}=''" for i in range(size // 9)) + "/>",
        "<g " + " ".join(f"xmlns:n{i}='u'" for i in range(size // 16)) + "/>",
        "<g><path d='M" + "0 " * (size // 2) + "'/></g>",
        "<g><path d='M" + "0" * size + "'/></g>",
        "<g><path d='M0 0" + "1-" * (size // 2) + "'/></g>",
        "<g><path d='" + "M0 0A1 1 0 0 1" * (size // 14) + "'/></g>",
        "<g><path d='M0 0" + "," * size + "'/></g>",
        "<g><path d='M0 0" + " " * size + "x'/></g>",
        "<g><path d='M0 0" + "." * size + "'/></g>",
        "<g><path d='M0 0 1" + "e1" * (size // 2) + "'/></g>",
        "<g><path d='M1 1q" + "1 1 1 1 " * (size // 8) + "'/></g>",
        "<g><path d='M1 1q1 1 1 1" + " 1" * (size // 2) + "y'/></g>",
        "<g><path d='M0 0" + "z" * size + "'/></g>",
        "<g><path d='M0 0" + "Z " * (size // 2) + "'/></g>",
        "<g data-p='" + "A" * size + "'/>",
        "<g data-p='" + "gA" * (size // 2) + "'/>",
        "<g data-cuts='" + "1-2." * (size // 4) + "'/>",
        "<g data-tilt='" + "a" * size + "'/>",
        "<g><path d='M0 0' fill='rgb(" + " " * size + "'/></g>",
        "<g><path d='M0 0' fill='" + " " * size + "red'/></g>",
        "<g><path d='M0 0' opacity='" + "0" * size + "'/></g>",
        "<g>" + "<!---->" * (size // 7) + "</g>",
        "<g>" + "<![CDATA[]]>" * (size // 12) + "</g>",
        "<g>" + "&amp;" * (size // 5) + "</g>",
        "<g>" * (size // 3),
        "<" * size,
        "<g " + "a" * size,
        "<g a='" + "&#1" * (size // 3),
    ]


@pytest.mark.parametrize("kind", range(len(bomb(16))))
def test_c5_cost_is_bounded_and_linear(kind: int) -> None:
    def cost(size: int) -> float:
        text = bomb(size)[kind]
        best = 9.0
        for _ in range(5):
            begin = time.thread_time()
            with suppress(Failure):
                parse_fragment(text)
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(30_000), cost(60_000)
    assert large < MAX_SECONDS
    assert large < 5 * small + 0.004


def test_c5_twenty_thousand_numbers_fit_and_no_more() -> None:
    fits = "M0 0" + "l1 1-1-1" * 4_999 + "h1h1"
    assert parse_fragment(f'<g><path d="{fits}"/></g>').text
    with pytest.raises(Failure):
        parse_fragment(f'<g><path d="{fits}h1"/></g>')


def test_c5_closing_what_is_closed_says_nothing() -> None:
    text = parse_fragment('<g><path d="M0 0l1 1zzZ \n z m1 1z"/></g>').text
    assert text == '<g><path d="M0 0l1 1zm1 1z"/></g>'
    assert parse_fragment(text).text == text


@pytest.mark.parametrize(
    "inner",
    [
        '<path d="M0 0' + " 1" * 500_000 + '"/>',
        '<path d="M0 0' + "z" * 1_000_000 + '"/>',
        '<path d="M0 0' + " 1" * 100_000 + '"/>',
        "<g/>" * 250_000,
        "<metadata>" + "<a/>" * 250_000 + "</metadata>",
    ],
    ids=["half a million numbers", "a million closings", "a hundred thousand numbers", "strokes", "skipped"],
)
def test_c5_the_caps_of_a_document_hold_while_it_is_read(inner: str) -> None:
    document = f'<svg xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    tracemalloc.start()
    try:
        with pytest.raises(Failure) as refused:
            read_document(document)
        assert tracemalloc.get_traced_memory()[1] < MAX_BYTES
    finally:
        tracemalloc.stop()
    assert refused.value.status == 422


def test_c5_a_million_is_the_last_coordinate() -> None:
    for d in (
        "M1000000-1000000",
        "M999999 0l1 0",
        "M1e6 0",
        "M-1000000 0h2000000".replace("2000000", "1000000"),
    ):
        parse_fragment(f'<g><path d="{d}"/></g>')
    for d in (
        "M1000001 0",
        "M1000000 0l1 0",
        "M1000000 0l0.001 0",
        "M1000000.01 0",
        "M0-1000000v-1",
        "M0 0c0 0 0 0 1000000 0c1 0 0 0 0 0",
    ):
        with pytest.raises(Failure):
            parse_fragment(f'<g><path d="{d}"/></g>')


def test_c1_mutations_of_good_fragments_stay_clean() -> None:
    rng = random.Random(20261122)
    seeds = [
        INK,
        STROKE,
        *(payload_of(case) for case in CASES if case["id"] in ("ok-svgjs", "ok-colour-forms")),
    ]
    pieces = [
        "<",
        ">",
        "/",
        "&",
        "'",
        '"',
        "=",
        " ",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "xmlns",
        "url(#a)",
        "&#60;",
        "&lt;",
        "script",
        "\t",
        "\x7f",
        "\u202e",
        "e9",
        "-",
        ".",
        ",",
    ]
    kept = 0
    for _ in range(4_000):
        text = rng.choice(seeds)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(pieces) + text[at + rng.choice((0, 0, 1, 5)) :]
        try:
            fragment = parse_fragment(text)
        except Failure:
            continue
        kept += 1
        check_clean(fragment.text)
    assert kept > 100
