"""HTTP dates: written as IMF-fixdate, read in the three forms of RFC 9110 section 5.6.7.

Owns the text forms; the time is passed in, in whole seconds since 1970 UTC. Pure functions.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MONTH: Final = "|".join(_MONTHS)
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS: Final = (
    re.compile(
        rf"(?:{'|'.join(_DAYS)}), (?P<day>[0-9]{{2}}) (?P<month>{_MONTH}) (?P<year>[0-9]{{4}}) {_TIME} GMT"
    ),
    re.compile(
        rf"(?:{'|'.join(_LONG_DAYS)}), (?P<day>[0-9]{{2}})-(?P<month>{_MONTH})-(?P<year>[0-9]{{2}}) {_TIME} GMT"
    ),
    re.compile(
        rf"(?:{'|'.join(_DAYS)}) (?P<month>{_MONTH}) (?P<day>[0-9 ][0-9]) {_TIME} (?P<year>[0-9]{{4}})"
    ),
)


@lru_cache(maxsize=16)
def format_http_date(at_s: int) -> str:
    """Writes a time as IMF-fixdate, independent of the locale; every answer of a second asks for the same."""
    at = _EPOCH + timedelta(seconds=at_s)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} {at:%H:%M:%S} GMT"


def parse_http_date(text: str, now_s: int) -> int | None:
    """Reads a time in any of the three forms.

    Args:
        text: field value.
        now_s: present time; decides the century of a two-digit year (at most 50 years ahead).

    Returns:
        Seconds since 1970 UTC, or None for anything that is not a valid date. The name of the day is
        not compared with the date.
    """
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            break
    else:
        return None
    year, day = int(match["year"]), int(match["day"])
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if len(match["year"]) == 2:
        present = (_EPOCH + timedelta(seconds=now_s)).year
        year += present - present % 100
        if year > present + 50:
            year -= 100
    month = _MONTHS.index(match["month"]) + 1
    if year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
