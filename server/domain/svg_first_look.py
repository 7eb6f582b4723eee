"""What to judge first in a long drawing: all of it that is not plain ink.

Owns the patterns of plain ink, made of the tables of the vocabulary: elements in their usual spelling whose known
attributes hold what their grammar allows. A plain stroke is right but for one thing: its relative steps may add up to a
place too far away. What is not plain is where a refusal lies; taking the plain parts away costs some ten nanoseconds a
character, where working out their values costs thirty times that. Refuses nothing itself. Pure; any thread and the
update process. Rules C1, C5; threats T7, T66.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from server.domain.colours import NAMES
from server.domain.failures import Failure
from server.domain.path_data import ARITY, MAX_CHARACTERS, MAX_NUMBERS
from server.domain.svg_reader import FRAGMENT_LIMITS, SVG_NAMESPACE
from server.domain.svg_vocabulary import GROUP_ATTRIBUTES, MAX_PATHS, PATH_ATTRIBUTES, TOOLS

_SPACE = r"[ \t\r\n]"
_GAP = rf"{_SPACE}*+"
_IS = rf"{_GAP}={_GAP}"

# -- numbers and path data -----------------------------------------------------------------------------------------

_ABSOLUTE_DIGITS = 5
"""Before the point: below 100,000, which is in bounds in either unit."""
_RELATIVE_DIGITS = 4


def _decimal(digits: int) -> str:
    """A number that small, in at most 30 characters with its sign."""
    power = "(?:[eE]-[0-9]{1,3}+|)"
    return rf"(?:[0-9]{{1,{digits}}}+(?:\.[0-9]{{1,17}}+|)|\.[0-9]{{1,17}}+){power}"


def _data(whole: bool) -> str:
    """The grammar of `d`: as the page writes it, whole numbers with one character between them, or the usual others."""
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
        commands.append(f"[{letters.lower()}]{gap}{numbers(arity, _RELATIVE_DIGITS)}")
        commands.append(f"[{letters}]{gap}{numbers(arity, _ABSOLUTE_DIGITS)}")
    return f"{gap}[Mm]{gap}{numbers(ARITY['M'], _ABSOLUTE_DIGITS)}{gap}(?:(?:{'|'.join(commands)}){gap})*"


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
    "d": f"{_data(whole=True)}|{_data(whole=False)}",
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


def _attribute(name: str) -> str:
    group = name.replace("-", "_")
    return rf"""{name}{_IS}(?P<quote_{group}>["'])(?P<{group}>{_PLAIN[name]})(?P=quote_{group})"""


def _attributes(names: Iterable[str], known: Iterable[str]) -> str:
    """Attributes with these names, and others that are not known, which are dropped and may hold anything."""
    choices = [*map(_attribute, names), f'xmlns="{re.escape(SVG_NAMESPACE)}"']
    other = (
        rf"""(?!(?:{"|".join(known)}){_IS}|xmlns)[A-Za-z_][A-Za-z0-9_.:-]*+{_IS}(?:"[^"<&]*+"|'[^'<&]*+')"""
    )
    return rf"(?:{_SPACE}++(?:{'|'.join([*choices, other])})){{0,{FRAGMENT_LIMITS.max_attributes}}}{_GAP}"


def _without(names: Iterable[str], *some: str) -> list[str]:
    return [name for name in names if name not in some]


_INK, _BLANK, _STROKE = "\x01", "\x02", "\x03"
"""Stand where a plain path, a plain path without path data and a plain group were; no XML has them."""
_PATH_END = rf"(?:/>|>{_GAP}</path{_GAP}>)"
_GROUP_END = rf"(?:/>|>{_GAP}(?:[{_INK}{_BLANK}]{_GAP}){{0,{MAX_PATHS}}}</g{_GAP}>)"
_PATH = re.compile(rf"<path{_attributes(PATH_ATTRIBUTES, PATH_ATTRIBUTES)}(?(d)|(?!)){_PATH_END}")
_BLANK_PATH = re.compile(rf"<path{_attributes(_without(PATH_ATTRIBUTES, 'd'), PATH_ATTRIBUTES)}{_PATH_END}")
_GROUP = re.compile(rf"<g{_attributes(_without(GROUP_ATTRIBUTES, *_JUDGED), GROUP_ATTRIBUTES)}{_GROUP_END}")
_JUDGED_GROUP = re.compile(rf"<g{_attributes(GROUP_ATTRIBUTES, GROUP_ATTRIBUTES)}{_GROUP_END}")
_RUN = re.compile(rf"[{_INK}{_BLANK}{_STROKE}][{_INK}{_BLANK}{_STROKE} \t\r\n]*+")
_LONG_PATH = re.compile(rf"<path[^<>]{{{2 * MAX_NUMBERS},}}+")
"""A shorter one has not more numbers than it may: each takes two characters."""
_DOUBT = "\x04"
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
    group = "<g/>" if _STROKE in text else ""
    blank = "<path/>" if _BLANK in text else ""
    return group + blank + '<path d="M0 0"/>' * min(text.count(_INK), MAX_PATHS + 1)


def _has_long_tags(markup: str) -> bool:
    """Whether a tag is longer than `_LONG_PATH` asks; then it covers a whole stretch of half of that."""
    return any(markup.find("<", at, at + MAX_NUMBERS) < 0 for at in range(0, len(markup), MAX_NUMBERS))


def _without_plain_elements(markup: str) -> str:
    counted = _LONG_PATH.sub(_counted, markup) if _has_long_tags(markup) else markup
    paths = _BLANK_PATH.sub(_BLANK, _PATH.sub(_INK, counted))
    return _JUDGED_GROUP.sub(_judged, _GROUP.sub(_STROKE, paths))


def without_plain_ink(markup: str) -> str:
    """A document with a few short elements for each run of plain strokes.

    What is left is refused only where the whole is refused, for a short stroke may stand where a stroke may.

    Args:
        markup: without comments and CDATA sections.
    """
    return _RUN.sub(_short, _without_plain_elements(markup)).replace(_DOUBT, "")


def is_plain_ink(fragment: str) -> bool:
    """Whether a fragment is one plain stroke."""
    return _without_plain_elements(fragment) == _STROKE
