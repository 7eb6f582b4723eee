"""Every limit that `--limit NAME=VALUE` may change, gathered from the records that enforce them.

Owns the mapping from names to the records of http_core, server.net and server.web, and the table in
docs/operations.md (a test compares it). The values and what each is for stand in those records. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from http_core.limits import Limits
from server.net.net_limits import NetLimits
from server.web.limits import WebLimits

Record = TypeVar("Record", Limits, NetLimits, WebLimits)
_KINDS = (("HTTP", Limits), ("connections", NetLimits), ("people and notebooks", WebLimits))


@dataclass(frozen=True, slots=True)
class AllLimits:
    """The limits in force; `net.http` is the one record of http_core."""

    net: NetLimits = field(default_factory=NetLimits)
    web: WebLimits = field(default_factory=WebLimits)


def limit_names() -> list[str]:
    """The names `--limit` takes."""
    return [name for _, kind in _KINDS for name in _numbers(kind())]


def _numbers(record: Limits | NetLimits | WebLimits) -> dict[str, float]:
    values = {item.name: getattr(record, item.name) for item in fields(record)}
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def apply_limits(changes: Mapping[str, float]) -> AllLimits:
    """The defaults with the given changes; names are known to exist (settings checked them)."""
    net, web = _changed(NetLimits(), changes), _changed(WebLimits(), changes)
    # No route takes a bigger body than a new notebook with its document; saves have the smaller limit of their route.
    widest = Limits(max_body_bytes=web.document_body_bytes)
    return AllLimits(replace(net, http=_changed(widest, changes)), web)


def _changed(record: Record, changes: Mapping[str, float]) -> Record:
    known = _numbers(record)
    # A whole-number limit stays one, whatever was typed: 10.0 connections are 10.
    mine: dict[str, Any] = {
        name: type(known[name])(value) for name, value in changes.items() if name in known
    }
    return replace(record, **mine)


def limits_table() -> str:
    """The Markdown table of docs/operations.md: area, name, default."""
    rows = ["| area | name | default |", "|---|---|---|"]
    for area, kind in _KINDS:
        rows += [f"| {area} | `{name}` | {value:,} |" for name, value in _numbers(kind()).items()]
    return "\n".join(rows)
