"""Path data: the strict grammar of `d` and the one form in which it is kept.

Owns reading (SVG 2, section 9.3.9, every command), the bounds on numbers and coordinates, and canonical
writing: a letter once for its repetitions except M and Z, lines after a move spelled out, one space between
numbers unless a minus separates them, integers where whole, else at most 3 decimals, no exponent; closing what is
closed says nothing and is left out, so that a path is no longer than its numbers. Does not know strokes. Pure; any thread and the update process. Rules C1, C5; public/js/core/path_data.js is its twin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import floor

from server.domain.failures import Failure

Number = int | float
Segment = tuple[str, Sequence[Number]]
"""A command letter and its numbers, those of all its repetitions."""

MAX_COORDINATE = 1_000_000
MAX_NUMBERS = 20_000
MAX_NUMBER_CHARACTERS = 30
MAX_CHARACTERS = 256 * 1024
"""As it is sent; what is kept is shorter and held to the bytes of a fragment."""

ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}

# No possessive group anywhere: Python 3.11.0 to 3.11.4 match some of them wrongly. Each choice is decided by what
# comes next, so nothing is ever tried twice.
_SPACE = r"[ \t\r\n]*+"
_COMMA = rf"(?:,{_SPACE}(?=[-+.0-9])|(?!,{_SPACE}[-+.0-9]))"
_NUMBER_TEXT = (
    r"[+-]?+(?:[0-9]++(?:\.[0-9]++|(?!\.[0-9]))|\.[0-9]++)"
    r"(?:[eE][+-]?+[0-9]++|(?![eE][+-]?[0-9]))"
)
_GAP = rf"{_SPACE}(?:,{_SPACE}|(?!,))"
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*+)|([Zz])[Zz \t\r\n]*+")
_NUMBERS = re.compile(rf"{_SPACE}(?:{_NUMBER_TEXT}{_SPACE}{_COMMA}){{0,{MAX_NUMBERS + 1}}}")
_NUMBER = re.compile(_NUMBER_TEXT)
_ARC = re.compile(
    rf"{_SPACE}({_NUMBER_TEXT}){_GAP}({_NUMBER_TEXT}){_GAP}({_NUMBER_TEXT}){_GAP}([01]){_GAP}([01])"
    rf"{_GAP}({_NUMBER_TEXT}){_GAP}({_NUMBER_TEXT}){_SPACE}{_COMMA}"
)

# What the page itself draws: relative quadratics of small integers, already in canonical form. At most 7,000
# characters of numbers below 1,000 lead nowhere beyond the greatest coordinate, so no sum is needed.
_FIRST = r"(?:0|-?[1-9][0-9]{0,2})"
_NEXT = r"(?: (?:0|[1-9][0-9]{0,2})|-[1-9][0-9]{0,2})"
_OWN_INK = re.compile(
    rf"(?:M(?:0|-?[1-9][0-9]{{0,4}})(?: (?:0|[1-9][0-9]{{0,4}})|-[1-9][0-9]{{0,4}})"
    rf"q{_FIRST}{_NEXT}{{3}}(?:{_NEXT}{{4}})*z)+"
)
_MAX_OWN_INK_CHARACTERS = 7_000


def _refuse(sentence: str) -> Failure:
    return Failure.of("bad_fragment", sentence)


def round_number(value: float) -> Number:
    """Rounds to 3 decimals, halves up; whole numbers become int (so `-0.0` is 0)."""
    thousandths = floor(value * 1000 + 0.5)
    return thousandths // 1000 if thousandths % 1000 == 0 else thousandths / 1000


def format_number(value: Number) -> str:
    """Writes a number that `round_number` made: no exponent, no trailing zeros."""
    if type(value) is int:
        return str(value)
    thousandths = floor(value * 1000 + 0.5)
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")


def parse_numbers(texts: Sequence[str]) -> list[Number]:
    """Reads numbers of the grammar.

    Raises:
        Failure: 422 `bad_fragment`, where one is longer than 30 characters or beyond 1,000,000.
    """
    if len(texts) > MAX_NUMBERS:
        raise _refuse("A path has at most 20,000 numbers.")
    if texts and max(map(len, texts)) > MAX_NUMBER_CHARACTERS:
        raise _refuse(f"A number of a path has at most {MAX_NUMBER_CHARACTERS} characters.")
    values = list(map(float, texts))
    if values and not (min(values) >= -MAX_COORDINATE and max(values) <= MAX_COORDINATE):
        raise _refuse("A coordinate of a path lies beyond 1,000,000.")
    return [int(value) if value.is_integer() else round_number(value) for value in values]


def _number_texts(text: str) -> list[str]:
    if not _NUMBERS.fullmatch(text):
        raise _refuse("The path data has something that is not a number, or too many of them.")
    return _NUMBER.findall(text)


def _arc_texts(text: str) -> list[str]:
    """The numbers of arcs, whose two flags need nothing between them and what follows."""
    texts: list[str] = []
    position = 0
    while position < len(text):
        match = _ARC.match(text, position)
        if match is None:
            raise _refuse("The path data has a malformed arc.")
        texts += match.groups()
        position = match.end()
    return texts


def _commands(d: str) -> tuple[list[tuple[str, int]], list[str]]:
    """The letters with how many numbers belong to each, and the texts of all numbers; caps hold while it reads."""
    commands: list[tuple[str, int]] = []
    texts: list[str] = []
    position = 0
    while position < len(d):
        match = _COMMAND.match(d, position)
        if match is None or (not commands and match[1] not in ("M", "m")):
            raise _refuse("Path data begins with M and holds nothing but commands and numbers.")
        letter, text, close = match.groups()
        if close:
            commands.append((close, 0))
        else:
            found = _arc_texts(text) if letter in "Aa" else _number_texts(text)
            if not found or len(found) % ARITY[letter.upper()]:
                raise _refuse(f"The path data has too few or too many numbers after {letter}.")
            texts += found
            if len(texts) > MAX_NUMBERS:
                raise _refuse("A path has at most 20,000 numbers.")
            commands.append((letter, len(found)))
        position = match.end()
    return commands, texts


def parse_path(d: str) -> Sequence[Segment]:
    """Reads path data.

    Args:
        d: the value of the attribute; it may not be blank.

    Returns:
        The commands in order, neighbours with the same letter joined (except M and Z).

    Raises:
        Failure: 422 `bad_fragment`: not the grammar, more than 20,000 numbers, a coordinate beyond 1,000,000.
    """
    d = d.strip(" \t\r\n")
    if len(d) > MAX_CHARACTERS:
        raise _refuse(f"Path data has at most {MAX_CHARACTERS:,} characters.")
    if len(d) > 2 * MAX_NUMBERS and _least_numbers(d) > MAX_NUMBERS:
        raise _refuse("A path has at most 20,000 numbers.")
    commands, texts = _commands(d)
    if not commands:
        raise _refuse("A path needs path data.")
    segments = _joined(commands, parse_numbers(texts))
    if not within_bounds(segments):
        raise _refuse("The path leads beyond 1,000,000.")
    return segments


def _least_numbers(d: str) -> int:
    """So many numbers the commands of path data need at least."""
    return sum(arity * (d.count(letter) + d.count(letter.lower())) for letter, arity in ARITY.items())


def _joined(commands: Sequence[tuple[str, int]], numbers: list[Number]) -> list[tuple[str, list[Number]]]:
    segments: list[tuple[str, list[Number]]] = []
    before = ""
    position = 0
    for letter, count in commands:
        part = numbers[position : position + count]
        position += count
        if letter in "Mm":
            segments.append((letter, part[:2]))
            if count == 2:
                before = letter
                continue
            letter, part = ("L" if letter == "M" else "l"), part[2:]
        elif letter in "Aa":
            part = [abs(number) if place % 7 < 2 else number for place, number in enumerate(part)]
        if letter == before and count:
            segments[-1][1].extend(part)
        else:
            segments.append((letter, part))
        before = letter
    return segments


def format_path(segments: Sequence[Segment]) -> str:
    """Writes segments in canonical form."""
    parts: list[str] = []
    before = ""
    for letter, numbers in segments:
        texts = [str(number) if type(number) is int else format_number(number) for number in numbers]
        text = " ".join(texts).replace(" -", "-")
        if letter != before or letter in "MmZz":
            parts.append(letter)
        elif text[0] != "-":
            parts.append(" ")
        parts.append(text)
        before = letter
    return "".join(parts)


def absolute(segments: Sequence[Segment]) -> list[Segment]:
    """The same path in absolute commands only; curves keep their kind, letters become upper-case."""
    result: list[Segment] = []
    x: Number = 0
    y: Number = 0
    start_x: Number = 0
    start_y: Number = 0
    for letter, numbers in segments:
        upper = letter.upper()
        if upper == "Z":
            result.append(("Z", ()))
            x, y = start_x, start_y
            continue
        relative = letter != upper
        arity = ARITY[upper]
        out: list[Number] = []
        for index in range(0, len(numbers), arity):
            part = list(numbers[index : index + arity])
            if upper == "H":
                x = x + part[0] if relative else part[0]
                out.append(x)
                continue
            if upper == "V":
                y = y + part[0] if relative else part[0]
                out.append(y)
                continue
            if relative:
                for place in range(5 if upper == "A" else 0, arity, 2):
                    part[place] += x
                    part[place + 1] += y
            out += part
            x, y = part[-2], part[-1]
        if upper == "M":
            start_x, start_y = x, y
        result.append((upper, out))
    return result


def within_bounds(segments: Sequence[Segment]) -> bool:
    """Whether every coordinate, made absolute, lies within 1,000,000."""
    if sum(sum(map(abs, numbers)) for _, numbers in segments) <= MAX_COORDINATE:
        return True  # however the steps add up
    for letter, numbers in absolute(segments):
        places = [*numbers[5::7], *numbers[6::7]] if letter == "A" else numbers
        if places and not (min(places) >= -MAX_COORDINATE and max(places) <= MAX_COORDINATE):
            return False
    return True


def check_path(d: str) -> str:
    """Checks path data and gives its canonical form.

    Raises:
        Failure: 422 `bad_fragment`, as `parse_path` does.
    """
    if len(d) <= _MAX_OWN_INK_CHARACTERS and _OWN_INK.fullmatch(d):
        return d
    return format_path(parse_path(d))
