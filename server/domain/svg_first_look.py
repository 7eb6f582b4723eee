"""What to judge first in a long drawing: all of it that is not plain ink.

Owns the pattern of plain ink, made of the tables of the vocabulary: elements in their usual spelling whose known
attributes hold nothing but the characters of ink. Plain is not yet right: a number may still be too great. But what is
not plain is where a refusal usually lies, and taking the plain parts away costs some ten nanoseconds a character, where
working out their values costs a hundred times that. Refuses nothing itself. Pure; any thread and the update
process. Rules C1, C5; threats T7, T66.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from server.domain.colours import NAMES
from server.domain.path_data import ARITY
from server.domain.svg_reader import SVG_NAMESPACE
from server.domain.svg_vocabulary import GROUP_ATTRIBUTES, MAX_PATHS, PATH_ATTRIBUTES

_INK = r"(?:[#A-Za-z0-9.,+/= \t\r\n-]*|rgb\([0-9,% ]*\))"
_PATH_DATA = rf"[{''.join(ARITY)}{''.join(ARITY).lower()}0-9.,+ \t\r\n-]*"
_GAP = r"[ \t\r\n]*"


def _attributes(known: Mapping[str, object]) -> str:
    """Attributes of which the known ones hold ink, and the others (they are dropped) anything."""
    names = "|".join(known)
    others = "|".join(name for name in known if name != "d")
    return (
        r"(?:[ \t\r\n]+(?:"
        rf"""(?:{others}){_GAP}={_GAP}(?:"{_INK}"|'{_INK}')"""
        rf"""|d{_GAP}={_GAP}(?:"{_PATH_DATA}"|'{_PATH_DATA}')"""
        rf'|xmlns="{re.escape(SVG_NAMESPACE)}"'
        rf"""|(?!(?:{names}){_GAP}=|xmlns)[A-Za-z_][A-Za-z0-9_.:-]*{_GAP}={_GAP}(?:"[^"<&]*"|'[^'<&]*')"""
        rf"))*{_GAP}"
    )


_PATH = rf"<path{_attributes(PATH_ATTRIBUTES)}(?:/>|>{_GAP}</path{_GAP}>)"
_GROUP = rf"<g{_attributes(GROUP_ATTRIBUTES)}(?:/>|>{_GAP}(?:{_PATH}{_GAP}){{0,{MAX_PATHS}}}</g{_GAP}>)"
_PLAIN_GROUP = re.compile(_GROUP)
_PLAIN_PATH = re.compile(_PATH)
_WORD = re.compile(rf"""[ \t\r\n](?:fill|stroke){_GAP}={_GAP}["']([A-Za-z]+)["']""")
_FAR = re.compile(r"[0-9]{7}(?<=[ ,MmLlHhVvSsQqTt-].{7})")
_MOST_WORDS = 8
_DOUBT = "\x03"
"""Stands in a value that may be none, so that it is not taken for ink; no XML has it."""
_PLAIN_RUN = re.compile(r"[\x01\x02][\x01\x02 \t\r\n]*")
"""Groups and paths that were taken out: no XML has these two characters."""


def without_plain_ink(markup: str) -> str:
    """A document with one empty element for each run of plain strokes.

    What is left is refused only where the whole is refused, for an empty stroke may stand where a stroke may.

    Args:
        markup: well-formed, without comments and CDATA sections.
    """
    doubted = _FAR.sub(lambda number: _DOUBT + number[0], markup)
    words = set(_WORD.findall(markup)) - NAMES.keys() - {"none"}
    if words:
        unknown = "|".join(islice(words, _MOST_WORDS))
        doubted = re.sub(rf"(?<=[\"'])(?:{unknown})(?=[\"'])", lambda word: _DOUBT + word[0], doubted)
    marked = _PLAIN_PATH.sub("\x02", _PLAIN_GROUP.sub("\x01", doubted))
    left = _PLAIN_RUN.sub(lambda run: "<g/>" if "\x01" in run[0] else "<path/>", marked)
    return left.replace(_DOUBT, "")


def is_plain_ink(fragment: str) -> bool:
    """Whether a fragment is one plain stroke."""
    return _PLAIN_GROUP.fullmatch(fragment) is not None
