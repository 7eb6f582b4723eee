"""Markup into elements, under caps that hold while it is read.

Owns the XML side of a drawing: no DOCTYPE, entity declaration or processing instruction in any spelling, caps
on bytes, depth, nodes and attributes, namespaces compared by their URI. Text, comments and attributes of foreign
namespaces are dropped. What can be refused without looking at any element is refused first, so that a long drawing
costs little when it is none. Does not know which elements and values a drawing may have (svg_vocabulary does).
Pure; any thread and the update process. Rules C1, C5, threat T7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn
from xml.parsers import expat

from server.domain.failures import Failure

SVG_NAMESPACE = "http://www.w3.org/2000/svg"

_DECLARATION = re.compile(r"<!(?!--|\[CDATA\[)")
_ATTRIBUTE = re.compile(r"""[^\s"'=]\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)

Start = Callable[[int, str, dict[str, str]], None]
"""Takes depth (1 for the root), name and attributes. A foreign element has its namespace in the name."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What one text may hold.

    Attributes:
        max_bytes: length as UTF-8.
        max_depth: how deep elements may nest, the root being 1.
        max_nodes: elements in all.
        max_attributes: attributes of one element, and namespace declarations besides.
    """

    max_bytes: int
    max_depth: int
    max_nodes: int
    max_attributes: int


FRAGMENT_LIMITS = ReaderLimits(max_bytes=64 * 1024, max_depth=4, max_nodes=17, max_attributes=16)
DOCUMENT_LIMITS = ReaderLimits(max_bytes=1024 * 1024, max_depth=32, max_nodes=65_536, max_attributes=32)


def _refuse(sentence: str) -> NoReturn:
    raise Failure.of("bad_fragment", sentence)


def _forbidden(*_: object) -> NoReturn:
    _refuse("A drawing has no DOCTYPE, entities or processing instructions.")


class _Reader:
    def __init__(self, limits: ReaderLimits, start: Start, end: Callable[[int], None] | None) -> None:
        self._limits = limits
        self._start = start
        self._end = end
        self._depth = 0
        self._nodes = 0
        self._declared = 0

    def declare(self, _prefix: str | None, _uri: str | None) -> None:
        self._declared += 1
        if self._declared > self._limits.max_attributes:
            _refuse("An element of the drawing declares too many namespaces.")

    def open(self, name: str, attributes: list[str]) -> None:
        self._declared = 0
        self._depth += 1
        self._nodes += 1
        limits = self._limits
        if self._depth > limits.max_depth:
            _refuse("The drawing is nested too deep.")
        if self._nodes > limits.max_nodes:
            _refuse(f"The drawing has more than {limits.max_nodes - 1:,} elements in its root.")
        if len(attributes) > 2 * limits.max_attributes:
            _refuse("An element of the drawing has too many attributes.")
        namespace, _, local = name.rpartition(" ")
        if namespace and namespace != SVG_NAMESPACE:
            local = f"{{{namespace}}}{local}"
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        self._start(self._depth, local, {key: value for key, value in pairs if " " not in key})

    def close(self, _name: str) -> None:
        if self._end is not None:
            self._end(self._depth)
        self._depth -= 1


def _parser() -> expat.XMLParserType:
    """A parser that refuses what no drawing has; it tells of no element yet."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.ordered_attributes = True
    parser.StartDoctypeDeclHandler = _forbidden
    parser.EntityDeclHandler = _forbidden
    parser.ProcessingInstructionHandler = _forbidden
    parser.XmlDeclHandler = _forbidden
    return parser


def _parse(parser: expat.XMLParserType, raw: bytes) -> None:
    try:
        parser.Parse(raw, True)
    except expat.ExpatError:
        _refuse("The drawing is not well-formed XML.")


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        _refuse("The drawing has half a character (a lone surrogate).")


def _bytes_of(text: str, limits: ReaderLimits) -> bytes:
    if "<?" in text or ("<!" in text and _DECLARATION.search(text)):
        if text.lstrip("\ufeff \t\r\n").startswith("<?xml "):
            _refuse(
                "A drawing begins with its element. Leave out the line <?xml ...?> in front of it and send it again."
            )
        _forbidden()
    if text.startswith("\ufeff"):
        _refuse("A drawing does not begin with a byte order mark.")
    raw = _utf8(text)
    if len(raw) > limits.max_bytes:
        _refuse(f"The drawing is longer than {limits.max_bytes // 1024} KiB.")
    return raw


def first_reading(text: str, limits: ReaderLimits) -> str:
    """Looks at a text as a whole: its length, nothing forbidden in it, not more elements than may be.

    Costs a nanosecond or two a character, however many elements there are.

    Returns:
        The text without its comments and CDATA sections: every `<` of it begins a tag, if it is well-formed.

    Raises:
        Failure: 422 `bad_fragment`.
    """
    _bytes_of(text, limits)
    seen = _UNSEEN.sub("", text) if "<!" in text else text
    if seen.count("<") > limits.max_nodes and seen.count("<") - seen.count("</") > limits.max_nodes:
        _refuse(f"The drawing has more than {limits.max_nodes - 1:,} elements in its root.")
    return seen


def check_attributes(seen: str, limits: ReaderLimits) -> None:
    """Refuses elements with too many attributes in what `first_reading` gave, or in a part of it.

    Raises:
        Failure: 422 `bad_fragment`.
    """
    most = 2 * limits.max_attributes  # of its own, and namespace declarations
    for tag in seen.split("<"):
        if tag.count("=") <= most:
            continue
        attributes = islice(_ATTRIBUTE.finditer(tag.split(">", 1)[0]), most + 1)
        if sum(1 for _ in attributes) > most:
            _refuse("An element of the drawing has too many attributes.")


def check_well_formed(text: str) -> None:
    """Refuses what is not well-formed, without telling of any element; `first_reading` came before.

    Raises:
        Failure: 422 `bad_fragment`.
    """
    _parse(_parser(), _utf8(text))


def read_elements(
    text: str, limits: ReaderLimits, start: Start, end: Callable[[int], None] | None = None
) -> None:
    """Reads one element with everything in it.

    Args:
        text: the markup; nothing but white space and comments may stand around its root element.
        limits: the caps.
        start: called for each element in document order, before its children.
        end: called with the depth after each element's children.

    Raises:
        Failure: 422 `bad_fragment`: not well-formed, forbidden, or over a cap; and whatever `start` raises.
    """
    raw = _bytes_of(text, limits)
    reader = _Reader(limits, start, end)
    parser = _parser()
    parser.StartNamespaceDeclHandler = reader.declare
    parser.StartElementHandler = reader.open
    parser.EndElementHandler = reader.close
    _parse(parser, raw)
