"""Conditional requests: whether a representation is sent, not modified, or a precondition failed.

Owns RFC 9110 section 13 for GET and HEAD of something with an entity tag or a modification time.
Malformed conditions count as absent where the RFC says so and never match otherwise. Pure functions,
linear in the length of the fields.
"""

import enum
import re
from typing import Final

from http_core.dates import parse_http_date
from http_core.headers import Headers

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"'
_ONE_TAG: Final = re.compile(_TAG)
_TAG_LIST: Final = re.compile(rf"(?:[ \t,]*+{_TAG}[ \t]*+(?=,|\Z))+[ \t,]*+")


class Precondition(enum.Enum):
    """The outcome of evaluating the conditional fields of a request."""

    PROCEED = "send it"
    NOT_MODIFIED = "answer 304"
    FAILED = "answer 412"


def evaluate(headers: Headers, *, etag: str | None, modified_s: int | None, now_s: int) -> Precondition:
    """Evaluates the conditions of a GET or HEAD in the order of RFC 9110 section 13.2.2.

    Args:
        headers: fields of the request.
        etag: current entity tag with its quotes (and W/), or None.
        modified_s: when the representation was last modified, seconds since 1970 UTC, or None.
        now_s: present time, for dates with two-digit years.
    """
    if_match = headers.get("if-match")
    if if_match is not None:
        if not _matches(if_match, etag, weakly=False):
            return Precondition.FAILED
    elif modified_s is not None:
        since = _date(headers.get("if-unmodified-since"), now_s)
        if since is not None and modified_s > since:
            return Precondition.FAILED
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None:
        if _matches(if_none_match, etag, weakly=True):
            return Precondition.NOT_MODIFIED
    elif modified_s is not None:
        since = _date(headers.get("if-modified-since"), now_s)
        if since is not None and modified_s <= since:
            return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


def range_applies(headers: Headers, *, etag: str | None, modified_s: int | None, now_s: int) -> bool:
    """Tells whether a Range field may be honoured under If-Range (RFC 9110 section 13.1.5).

    An entity tag has to match strongly, a date exactly; anything else means the whole representation.
    """
    condition = headers.get("if-range")
    if condition is None:
        return True
    if _ONE_TAG.fullmatch(condition):
        return etag == condition and not condition.startswith("W/")
    date = parse_http_date(condition, now_s)
    return date is not None and date == modified_s


def _date(value: str | None, now_s: int) -> int | None:
    return None if value is None else parse_http_date(value, now_s)


def _matches(condition: str, etag: str | None, *, weakly: bool) -> bool:
    """Compares a list of entity tags, or "*" for any, with the current tag (section 8.8.3.2)."""
    if condition == "*":
        return True
    if etag is None or _TAG_LIST.fullmatch(condition) is None:
        return False
    tags = _ONE_TAG.findall(condition)
    if weakly:
        return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}
    return not etag.startswith("W/") and etag in tags
