"""Thousands of hostile drawings: every case of the corpus and of the families, altered in the ways that fool readers.

Owns the ways (spelling, namespaces, nesting, encodings, places where a long harmless drawing hides a short bad one) and
the longest drawings that are still read. Sends nothing, judges nothing.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator

from server.domain.points import encode_points
from tests.security.hostile import SVG, cases, families, payload_of

MIB = 1024 * 1024
GOOD = '<g data-v="1" data-t="pen"><path d="M10 10q1 2 3 4z" fill="#1a2b3c"/></g>'
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]*)")
_NAME = re.compile(r" ([A-Za-z][\w:.-]*)=")

Way = Callable[[str, random.Random], str]


def _capitals(text: str, rng: random.Random) -> str:
    return _TAG.sub(lambda m: f"<{m[1]}{rng.choice((m[2].upper(), m[2].title(), m[2]))}", text)


def _inside(text: str, wrapping: str) -> str:
    """With more inside the outermost element, before all that it holds."""
    at = text.find(">") + 1
    return text[:at] + wrapping + text[at:] if at and text[at - 2] != "/" else text


WAYS: dict[str, Way] = {
    "capitals": _capitals,
    "capital attributes": lambda t, r: _NAME.sub(lambda m: f" {m[1].upper()}=", t),
    "prefixed": lambda t, r: re.sub(
        "<s:g", f'<s:g xmlns:s="{SVG}"', _TAG.sub(lambda m: f"<{m[1]}s:{m[2]}", t), count=1
    ),
    "foreign prefix": lambda t, r: _TAG.sub(lambda m: f"<{m[1]}x:{m[2]}", t).replace(
        "<x:g", '<x:g xmlns:x="http://www.w3.org/1999/xhtml"', 1
    ),
    "html inside": lambda t, r: t.replace(SVG, "http://www.w3.org/1999/xhtml"),
    "nearly the namespace": lambda t, r: t.replace(SVG, SVG + r.choice(("/", "#", " ", "&#9;"))),
    "nested": lambda t, r: f"<g>{t}</g>",
    "nested deep": lambda t, r: "<g>" * r.choice((3, 30, 300)) + t + "</g>" * r.choice((3, 30, 300)),
    "after a stroke": lambda t, r: GOOD + t,
    "before a stroke": lambda t, r: t + GOOD,
    "stroke inside": lambda t, r: _inside(t, '<path d="M1 1L2 2"/>'),
    "in cdata": lambda t, r: f"<g><![CDATA[{t}]]></g>",
    "cdata inside": lambda t, r: _inside(t, "<![CDATA[<script>alert(1)</script>]]>"),
    "in a comment": lambda t, r: f"<g><!--{t.replace('--', '- -')}--></g>",
    "comment left": lambda t, r: _inside(t, r.choice(("<!-->", "<!--->", "<!-- --!>", "<!--", "<!- x -->"))),
    "references": lambda t, r: re.sub("[aeio]", lambda m: f"&#{ord(m[0])};", t),
    "hex references": lambda t, r: re.sub("=\"([^\"]?)", lambda m: f'="&#x{ord(m[1] or " "):X};', t),
    "entities": lambda t, r: t.replace('="', f'="&{r.choice(("nbsp", "x", "Tab", "colon", "amp"))};'),
    "doctype": lambda t, r: r.choice(("<!DOCTYPE g>", "<!DOCTYPE svg [<!ENTITY x 'y'>]>", "<!doctype html>")) + t,
    "instruction": lambda t, r: _inside(t, r.choice(("<?x?>", "<?xml-stylesheet href='//evil'?>"))),
    "mark": lambda t, r: "\ufeff" + t,
    "mark inside": lambda t, r: _inside(t, "\ufeff"),
    "nul": lambda t, r: _inside(t, "\x00"),
    "nul in a name": lambda t, r: t.replace("<", "<\x00", 1) if r.random() < 0.5 else t.replace(" d=", " d\x00=", 1),
    "space in a name": lambda t, r: _NAME.sub(lambda m: f" {m[1][:1]}{r.choice(SPACES)}{m[1][1:]}=", t),
    "space before the name": lambda t, r: t.replace("<", "< "),
    "slash for space": lambda t, r: t.replace(" ", "/"),
    "form feed": lambda t, r: t.replace(" ", "\x0c"),
    "no quotes": lambda t, r: t.replace('"', ""),
    "other quotes": lambda t, r: t.replace('"', r.choice("'`\u201c")),
    "twice": lambda t, r: _NAME.sub(lambda m: f" {m[1]}='x'{m[0]}", t),
    "surrogate": lambda t, r: _inside(t, "\ud800"),
    "turned around": lambda t, r: _inside(t, "\u202e\u2066"),
    "utf-7": lambda t, r: t.replace("<", "+ADw-").replace(">", "+AD4-"),
    "wide": lambda t, r: t.replace("<", "\uff1c").replace(">", "\uff1e"),
    "handler": lambda t, r: t.replace("<g", '<g onload="hit()" onclick=\'hit()\'', 1),
    "cut off": lambda t, r: t[: r.randrange(max(1, len(t)))],
    "link": lambda t, r: _inside(t, '<a href="javascript:hit()"><path d="M0 0"/></a>'),
    "animated": lambda t, r: _inside(t, '<set attributeName="href" to="javascript:hit()"/>'),
    "styled": lambda t, r: t.replace("<g", '<g style="fill:url(//evil)" class="x" id="y"', 1),
    "numbers": lambda t, r: re.sub(
        r"\d+", lambda m: r.choice(("1e309", "NaN", "-0", "9" * 40, "1e-9", "Infinity", "0x1", "1_0", "\u0661")), t
    ),
    "ink garbage": lambda t, r: t.replace(
        "<g", f'<g data-p="{r.choice(("A", "AAA=", "====", "gA" * 99, "AA AA", "%41", "/" * 64))}"', 1
    ),
    "colours": lambda t, r: t.replace(
        "<path", f"<path fill={r.choice(COLOURS)!r}", 1
    ),
}  # fmt: skip

SPACES = " /\t\x0c\xa0"
COLOURS = [
    r"\72 ed", r"#\30 00", "url(#a)", "URL(//evil)", "u\\rl(//evil)", "image-set('//evil' 1x)", "rgb(1,2)", "rgb(1 2 3 / 1)",
    "rgb(256,0,0)", "rgba(0,0,0,0)", "hsl(0,0%,0%)", "#12345", "#1234567", "\uff03000000", "currentcolor", "transparent",
    "inherit", "expression(hit())", "red;", "red url(//evil)", "var(--a)", "color(srgb 0 0 0)", "none none",
]  # fmt: skip


def variants() -> Iterator[tuple[str, str]]:
    """Names and fragments."""
    rng = random.Random(20261128)
    seeds = [
        (case["id"], payload_of(case))
        for case in cases()
        if case["kind"] in ("append", "document") and isinstance(case["payload"], str)
    ]
    seeds += random.Random(1).sample(list(families()), 40)
    for way, alter in WAYS.items():
        for name, text in seeds:
            if len(text) < 50_000 and not text.startswith("utf-16:"):
                yield f"{way}: {name}", alter(text, rng)


def _full(unit: str, rest: int = 400) -> str:
    return unit * ((MIB - rest) // len(unit))


BAD_ENDS = {
    "a script": "<script>alert(1)</script>",
    "a nest": "<g><g/></g>",
    "a link": '<a href="javascript:alert(1)"/>',
    "a picture": '<image href="//evil"/>',
    "a use": '<use href="#a"/>',
    "html": '<path xmlns="http://www.w3.org/1999/xhtml" d="M0 0"/>',
    "a foreign path": '<x:path xmlns:x="urn:x" d="M0 0"/>',
    "a colour": '<path d="M0 0" fill="url(#a)"/>',
    "a number": '<path d="M0 NaN"/>',
    "a far number": '<path d="M0 0l-99999999 1"/>',
    "a great exponent": '<path d="M1e309 0"/>',
    "a word": '<path d="M0 0" stroke="url"/>',
    "an entity": "&x;",
    "no end": "<g>",
    "a tool": '<g data-t="script:"/>',
}


WRONG_VALUES = {
    "too few numbers": '<path d="M0 0q1 2 3"/>',
    "too many numbers": f'<path d="M0 0{"l1 1" * 10_001}"/>',
    "two signs": '<path d="M0 0l5--5 3"/>',
    "two commas": '<path d="M0,,0"/>',
    "a point alone": '<path d="M0 ."/>',
    "a flag of two": '<path d="M0 0a1 1 0 2 0 5 5"/>',
    "no move": '<path d="L0 0"/>',
    "other digits": '<path d="M0 \u0661"/>',
    "a far place": '<path d="M1000001 0"/>',
    "no base64": '<g data-p="garbage!"/>',
    "points cut off": '<g data-p="gICA"/>',
    "a great pressure": '<g data-p="AAD/"/>',
    "seventeen paths": "<g>" + '<path d="M0 0"/>' * 17 + "</g>",
    "a negative width": '<path d="M0 0" stroke-width="-1"/>',
    "no width": '<g data-w="0"/>',
    "half a tilt": '<g data-tilt="abc"/>',
    "a cut that ends before it begins": '<g data-p="AAAA" data-cuts="5-4"/>',
    "much opacity": '<path d="M0 0" opacity="1.5"/>',
    "another cap": '<path d="M0 0" stroke-linecap="x"/>',
    "another version": '<g data-v="2"/>',
    "a channel of 256": '<path d="M0 0" fill="rgb(256,0,0)"/>',
    "five digits of a colour": '<path d="M0 0" fill="#12345"/>',
    "nearly a colour": '<path d="M0 0" fill="\u017filver"/>',
    "many attributes": "<g" + "".join(f" a{n}=''" for n in range(70)) + "/>",
    "an attribute twice": '<path d="M0 0" fill="red" fill="red"/>',
}
"""Elements that are all right but for one value, or one too many of something."""


def different_ink(size: int) -> str:
    """Paths and strokes of every kind, no two of them the same."""
    rng = random.Random(20261128)
    steps = " ".join(str(rng.randrange(-60, 60)) for _ in range(20_000)).replace(" -", "-")
    parts: list[str] = []
    length = 0
    while length < size:
        n = len(parts)
        at = rng.randrange(50_000)
        start = re.search("[- ]", steps[at:])
        assert start is not None
        ink = re.match(r"(?:[- ][0-9]+){40}", steps[at + start.start() :])
        assert ink is not None
        points = encode_points((n % 999 + i * 7, n // 9 + i * i % 77, 32 + i % 5) for i in range(9))
        parts.append(
            (
                f'<path d="M{n} {n % 777}q{ink[0].lstrip()}z" fill="#{n:06x}"/>',
                f'<g data-p="{points}" data-v="1" data-w="{n % 90 + 1}" data-t="pen"><path d="M0 {n}q1 2 3-4z" fill="Red"/></g>',
                f"<path d='M {n % 999}.5,-.25 C 1,2 3.{n},4 5e-2,6 A 5 5 0 0 1 {n % 77} 8' stroke='rgb({n % 256}, 2, 3)'/>",
                f'<g data-p="AAAA" data-cuts="0-{n % 999 + 1}" class="x{n}"><path stroke-width="{n % 9}.{n}" d="m1 {n}h1v2"/></g>',
            )[(0, 2, 0, 2, 0, 2, 1, 3)[n % 8]]
        )
        length += len(parts[-1])
    return "".join(parts[:-1])


def long_documents() -> Iterator[tuple[str, str]]:
    """Documents of a MiB that are to be refused: much that is harmless, then something that is not."""
    head = f'<svg xmlns="{SVG}">'
    harmless = {
        "paths": _full('<path d="M0 0"/>'),
        "named paths": _full('<path d="M0 0l5 5" fill="red" stroke="rgb(1,2,3)"/>'),
        "paths with handlers": _full('<path onload="hit(1)" d="M0 0"/>'),
        "strokes": _full(GOOD),
        "different strokes": "".join(f'<path d="M{n} 0h1"/>' for n in range(45_000)),
        "long paths": ('<path d="M0 0' + " 1 1" * 9_900 + '"/>') * 25,
        "decimals": ('<path d="M0 0' + " 1.25-.125" * 7_000 + '"/>') * 14,
        "arcs": ('<path d="M0 0a' + "1 1 0 0 0 1 1 " * 2_800 + '"/>') * 20,
        "points": ('<g data-p="' + "AAAA" * 4_000 + '"/>') * 60,
        "comments": _full("<!---->"),
        "references": _full("&amp;"),
        "text": _full("x"),
    }
    for what, much in harmless.items():
        for end, bad in list(BAD_ENDS.items())[: None if what == "paths" else 2]:
            yield f"{what}, then {end}", f"{head}{much}{bad}</svg>"
    ink = different_ink(MIB - 1_000)
    for end, bad in WRONG_VALUES.items():
        much = ink if len(bad) < 500 else ink[: ink.rindex("<path d", 0, MIB - 500 - len(bad))]
        yield f"ink, then {end}", f"{head}{much}{bad}</svg>"
    prefixed = _full('<s:path d="M0 0"/>')
    deep = f"<desc>{'<a>' * 40}{'</a>' * 40}</desc>"
    yield "ink, then depth", f"{head}{ink[: ink.rindex('<path d', 0, MIB - 1_000)]}{deep}</svg>"
    yield "with a prefix", f'<s:svg xmlns:s="{SVG}">{prefixed}<s:a/></s:svg>'
    yield "titles", f"{head}{_full('<title>x</title>')}<a/></svg>"
    yield "elements in titles", head + _full('<desc><b c="x"/></desc>') + "<a/></svg>"
    yield "references in values", f"""{head}{_full('<path x="&amp;" d="M0 0"/>')}<a/></svg>"""
    yield "references in colours", f"""{head}{_full('<path d="M0 0" fill="&#35;abc"/>')}<a/></svg>"""
    yield "text in paths", f"""{head}{_full('<path d="M0 0">x</path>')}<a/></svg>"""
    yield "cuts", f'{head}<g data-cuts="{"1-2." * 200_000}"/></svg>'
    yield "empty groups", f"{head}{_full('<g/>')}</svg>"
    yield "other elements", f"{head}<metadata>{_full('<a/>')}</metadata></svg>"
    yield "depth", head + _full("<g>")
    yield "attributes", head + "<g" + "".join(f" a{n}=''" for n in range(100_000)) + "/></svg>"
    yield "the same attribute", head + "<g" + _full(" a=''") + "/></svg>"
    yield "namespaces", head + "<g" + "".join(f" xmlns:a{n}='u'" for n in range(55_000)) + "/></svg>"
    yield "a long name", f"{head}<{_full('x')}/></svg>"
    yield "a long value", f'{head}<g a="{_full("x")}'
    yield "open tags", head + _full("<")
    yield "half comments", head + _full("<!--")
    yield "half sections", head + _full("<![CDATA[")


def long_lists() -> Iterator[tuple[str, bytes]]:
    """Saves of nearly a MiB that are to be refused: as much ink as they may hold, then something that is none."""
    heavy = {
        "long paths": '<g><path d="M0 0' + " 1 1" * 9_900 + '"/></g>',
        "other spellings": f'<g xmlns="{SVG}"><path d="M0 0' + " 1 1" * 9_900 + '" fill="rgb(1,2,3)"/></g>',
        "points": '<g data-p="' + "AAAA" * 4_096 + '"/>',
        "decimals": '<g><path d="M0 0' + " 1.25-.125" * 5_000 + '"/></g>',
    }
    for what, fragment in heavy.items():
        for end, bad in list(BAD_ENDS.items())[: None if what == "points" else 2]:
            many = [["a", fragment]] * ((MIB - 1_000) // (len(fragment) + 10))
            yield f"{what}, then {end}", json.dumps([*many, ["a", f"<g>{bad}</g>"]]).encode()
