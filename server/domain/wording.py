"""How the sentences for the operator count things: "1 notebook", "2 notebooks", "12,000 changes". Pure."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """A number with the English word for what was counted; `thing` in the singular, with a regular plural."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
