"""What to judge first in a long drawing: all of it that is not plain ink.

Owns the patterns of plain ink, made of the tables of the vocabulary: elements in their usual spelling whose known
attributes hold what their grammar allows. A plain stroke is right but for one thing: its relative steps may add up to a
place too far away. What is not plain is where a refusal lies; taking the plain parts away costs some ten nanoseconds a
character, where working out their values costs thirty times that. Refuses nothing itself. Pure; any thread and the
update process. Rules C1, C5; threats T7, T66.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from string import ascii_letters

from server.domain.colours import NAMES
from server.domain.failures import Failure
from server.domain.path_data import ARITY, MAX_CHARACTERS, MAX_NUMBERS
from server.domain.svg_reader import DOCUMENT_LIMITS, SVG_NAMESPACE, check_well_formed
from server.domain.svg_vocabulary import GROUP_ATTRIBUTES, MAX_PATHS, PATH_ATTRIBUTES, TOOLS

_SPACE = r"[ \t\r\n]"
_GAP = rf"{_SPACE}*+"
_IS = rf"{_GAP}={_GAP}"

# -- numbers and path data -----------------------------------------------------------------------------------------

_FRACTION = r"\.[0-9]{1,17}+"


def _decimal(digits: int) -> str:
    """A number with so many digits before its point at most, in no more than 30 characters with its sign."""
    usual = rf"(?:[0-9]{{1,{digits}}}+(?:{_FRACTION}|)|{_FRACTION})(?:[eE]-[0-9]{{1,3}}+|)"
    return rf"(?:{usual}|[0-9](?:{_FRACTION}|)[eE]\+?[0-{digits - 1}])"


def _data(most_digits: int, *, whole: bool) -> str:
    """The grammar of `d`: as the page writes it, whole numbers with one character between them, or the usual others.

    With that many digits before the point an absolute number is in bounds; steps may have one less.
    """
    gap = "" if whole else _GAP
    between = "[ -]" if whole else rf"(?:,{_GAP}[-+]?+|{_SPACE}++,?{_GAP}[-+]?+|[-+])"

    def number(before: str, digits: int) -> str:
        return before + (rf"[0-9]{{1,{digits}}}+" if whole else _decimal(digits))

    def numbers(arity: int, digits: int) -> str:
        """As many of them as belong to a command, again and again."""
        first, one = number("[-+]?+", digits), number(between, digits)
        if arity == ARITY["A"]:
            rest = "[ ,][01]" * 2 + one * 2
            return f"{first}{one * 2}{rest}(?:{one * 3}{rest})*"
        return f"{first}{one * (arity - 1)}(?:{one * arity})*"

    commands = []
    for arity in sorted(set(ARITY.values())):
        letters = "".join(letter for letter in ARITY if ARITY[letter] == arity)
        if not arity:
            commands.append(f"[{letters}{letters.lower()}]")
            continue
        commands.append(f"[{letters.lower()}]{gap}{numbers(arity, most_digits - 1)}")
        commands.append(f"[{letters}]{gap}{numbers(arity, most_digits)}")
    return f"{gap}[Mm]{gap}{numbers(ARITY['M'], most_digits)}{gap}(?:(?:{'|'.join(commands)}){gap})*"


# -- the other values ----------------------------------------------------------------------------------------------


def _one_of(words: Iterable[str]) -> str:
    """An alternation that looks at a word's first letter once."""
    letters = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(f"{letter}(?:{'|'.join(word[1:] for word in some)})" for letter, some in letters)


_CHANNEL = "(?:1?[0-9]{1,2}|2[0-4][0-9]|25[0-5])"
_RGB = rf"rgb\({_GAP}{_CHANNEL}(?:{_GAP},{_GAP}{_CHANNEL}){{2}}{_GAP}\)"
_COLOUR = f"#[0-9A-Fa-f]{{6}}|#[0-9A-Fa-f]{{3}}|(?ai:none|{_one_of(NAMES)})|{_RGB}"
_SHARE = r"0|1|0?\.[0-9]{1,20}|1\.0{1,20}"

_PLAIN = {
    "data-p": "[A-Za-z0-9+/]++={0,2}",
    "data-v": "1",
    "data-w": "[1-9][0-9]{0,4}",
    "data-t": _one_of(TOOLS),
    "data-cuts": "[0-9.-]*+",
    "data-tilt": "(?:[0-9a-f]{16}){0,511}(?:[0-9a-f]{2}){1,8}",
    "fill": _COLOUR,
    "stroke": _COLOUR,
    "stroke-width": _decimal(5),
    "stroke-linecap": "butt|round|square",
    "stroke-linejoin": "miter|round|bevel",
    "opacity": _SHARE,
    "fill-opacity": _SHARE,
    "stroke-opacity": _SHARE,
}
"""The usual spellings of each attribute's values: what matches is right."""
_JUDGED = ("data-p", "data-cuts")
"""Of these only the characters are looked at here; their own grammars judge them."""

# -- elements ------------------------------------------------------------------------------------------------------


def _attribute(name: str, values: str) -> str:
    group = name.replace("-", "_")
    return rf"""{name}{_IS}(?P<quote_{group}>["'])(?P<{group}>{values})(?P=quote_{group})"""


def _attributes(values: Mapping[str, str], known: Iterable[str]) -> str:
    """Attributes with these values, and others that are not known, which are dropped and may hold anything."""
    choices = [*(_attribute(name, values[name]) for name in values), f'xmlns="{re.escape(SVG_NAMESPACE)}"']
    other = rf"""(?!(?:{"|".join(known)}){_IS}|xmlns)[A-Za-z_][A-Za-z0-9_.:-]*+{_IS}(?:"[^"<]*+"|'[^'<]*+')"""
    return rf"(?:{_SPACE}++(?:{'|'.join([*choices, other])})){{0,{DOCUMENT_LIMITS.max_attributes}}}{_GAP}"


_INK, _BLANK, _STROKE, _SKIPPED = "\x01", "\x02", "\x03", "\x04"
"""Stand where a plain path, one without path data, a plain group and a title or the like were; no XML has them."""
_MOST_UNREAD = DOCUMENT_LIMITS.max_depth - 4
"""Tags in one title or the like: so few do not nest too deep."""
_MARKS = _INK + _BLANK + _STROKE + _SKIPPED
_TEXT = f"[^<{_MARKS}]*+"
_PATH_END = rf"(?:/>|>{_TEXT}</path{_GAP}>)"
_GROUP_END = rf"(?:/>|>{_TEXT}(?:[{_INK}{_BLANK}]{_TEXT}){{0,{MAX_PATHS}}}</g{_GAP}>)"
_PATH_VALUES = {name: _PLAIN[name] for name in PATH_ATTRIBUTES if name != "d"}
_GROUP_VALUES = {name: _PLAIN[name] for name in GROUP_ATTRIBUTES}


def _path(most_digits: int) -> re.Pattern[str]:
    d = {"d": f"{_data(most_digits, whole=True)}|{_data(most_digits, whole=False)}"}
    return re.compile(rf"<path{_attributes(d | _PATH_VALUES, PATH_ATTRIBUTES)}(?(d)|(?!)){_PATH_END}")


_PATH_IN_PIXELS, _PATH_IN_TENTHS = _path(5), _path(6)
_BLANK_PATH = re.compile(rf"<path{_attributes({'d': _GAP} | _PATH_VALUES, PATH_ATTRIBUTES)}{_PATH_END}")
_UNJUDGED = {name: values for name, values in _GROUP_VALUES.items() if name not in _JUDGED}
_GROUP = re.compile(rf"<g{_attributes(_UNJUDGED, GROUP_ATTRIBUTES)}{_GROUP_END}")
_JUDGED_GROUP = re.compile(rf"<g{_attributes(_GROUP_VALUES, GROUP_ATTRIBUTES)}{_GROUP_END}")
_UNREAD_TAG = rf"<(?!/?(?:title|desc|metadata)\b)[^<=]*+(?:=[^<=]*+){{0,{DOCUMENT_LIMITS.max_attributes}}}"
_UNREAD = rf"[^<]*+(?:{_UNREAD_TAG}){{0,{_MOST_UNREAD}}}"
_SKIPPED_ELEMENT = re.compile(
    rf"<(?P<skipped>title|desc|metadata|(?P<empty>defs)){_attributes({}, ())}"
    rf"(?:/>|>(?(empty){_TEXT}|{_UNREAD})</(?P=skipped){_GAP}>)"
)
_RUN = re.compile(f"[{_MARKS}][^<]*+")
"""What is between two of them is text, which is dropped."""
_LONG_PATH = re.compile(rf"<path[^<>]{{{2 * MAX_NUMBERS},}}+")
"""A shorter one has not more numbers than it may: each takes two characters."""
_DOUBT = "\x05"
"""Stands in a tag that may not be plain."""


def _judged(group: re.Match[str]) -> str:
    try:
        for name in _JUDGED:
            value = group[name.replace("-", "_")]
            if value is not None:
                GROUP_ATTRIBUTES[name](value)
    except Failure:
        return group[0]
    return _STROKE


def _counted(path: re.Match[str]) -> str:
    """A long path that has too many numbers, or nearly, is not plain; nor is it looked at by a pattern."""
    text = path[0]
    much = len(text) > MAX_CHARACTERS or len(text) - sum(map(text.count, "0123456789.")) > MAX_NUMBERS
    return text.replace("<path", "<path" + _DOUBT) if much else text


def _short(run: re.Match[str]) -> str:
    """What stands for a run: as many paths as make a group too full, if they are so many."""
    text = run[0]
    others = ((_STROKE, "<g/>"), (_BLANK, "<path/>"), (_SKIPPED, "<title/>"))
    elements = [element for mark, element in others if mark in text]
    return "".join(elements) + '<path d="M0 0"/>' * min(text.count(_INK), MAX_PATHS + 1)


def _has_long_tags(markup: str) -> bool:
    """Whether a tag is longer than `_LONG_PATH` asks; then it covers a whole stretch of half of that."""
    return any(markup.find("<", at, at + MAX_NUMBERS) < 0 for at in range(0, len(markup), MAX_NUMBERS))


def _without_plain_strokes(markup: str, path: re.Pattern[str]) -> str:
    counted = _LONG_PATH.sub(_counted, markup) if _has_long_tags(markup) else markup
    paths = _BLANK_PATH.sub(_BLANK, path.sub(_INK, counted))
    return _JUDGED_GROUP.sub(_judged, _GROUP.sub(_STROKE, paths))


_PREFIXED = re.compile(
    rf"""[^<]*<([A-Za-z_][A-Za-z0-9_.-]*):svg\b[^<>]* xmlns:\1=["']{re.escape(SVG_NAMESPACE)}["']"""
)


def _unprefixed(markup: str) -> str:
    """Without the prefix of the namespace of SVG, where the root has it; a name in no namespace is as good."""
    root = _PREFIXED.match(markup)
    if root is None or "xmlns=" in markup:
        return markup
    return markup.replace(f"<{root[1]}:", "<").replace(f"</{root[1]}:", "</")


_REFERENCE = re.compile("&#(?:([0-9]{2,3})|x([0-9A-Fa-f]{2}));")
_WRITTEN_OUT = frozenset("#%()*+,-./0123456789 " + ascii_letters)
"""Characters that mean the same as a reference and as themselves, wherever a reference may stand."""


def _written_out(reference: re.Match[str]) -> str:
    character = chr(int(reference[1]) if reference[1] else int(reference[2], 16))
    return character if character in _WRITTEN_OUT else reference[0]


def without_plain_ink(markup: str, *, in_pixels: bool) -> str:
    """A document with a few short elements for each run of plain strokes.

    What is left is refused only where the whole is refused, for a short stroke may stand where a stroke may.

    Args:
        markup: without comments and CDATA sections.
        in_pixels: what the document counts in; else tenths of them.
    """
    path = _PATH_IN_PIXELS if in_pixels else _PATH_IN_TENTHS
    usual = _unprefixed(_REFERENCE.sub(_written_out, markup) if "&#" in markup else markup)
    left = _SKIPPED_ELEMENT.sub(_SKIPPED, _without_plain_strokes(usual, path))
    return _RUN.sub(_short, left).replace(_DOUBT, "")


def is_plain_ink(fragment: str) -> bool:
    """Whether a fragment is one plain stroke, and well-formed."""
    if _without_plain_strokes(fragment, _PATH_IN_TENTHS) != _STROKE:
        return False
    try:
        check_well_formed(fragment)
    except Failure:
        return False
    return True
