"""Reads JSON bodies exactly: the named keys, of exactly the named types, and no others (H3, T2, T3).

Owns the step from bytes to checked values. The JSON grammar itself is `server.domain.strict_json`; what a value
may say (a title, a name) is the domain's. Raises Failures with status 400. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Mapping

from server.domain import strict_json
from server.domain.failures import Failure

_MOST_PARTS = 64
"""Keys and values of a long body: there is no address that takes more."""

_WORDS = {str: "a string", int: "an integer", bool: "true or false", list: "a list", dict: "an object"}


class JsonObject:
    """A JSON object whose keys and types have been checked."""

    def __init__(self, values: dict[str, object]) -> None:
        """Wraps values that `read` has checked."""
        self._values = values

    @classmethod
    def read(
        cls,
        body: bytes,
        required: Mapping[str, type],
        optional: Mapping[str, type] | None = None,
    ) -> JsonObject:
        """Reads a body.

        Args:
            body: the bytes of the request's body.
            required: the keys that must be there, with their exact types (a bool is no int).
            optional: further keys that may be there; JSON null counts as absent.

        Raises:
            Failure: 400 `bad_json`, `bad_type`, `unknown_key` or `missing_key`.
        """
        loaded = strict_json.loads(body, max_parts=_MOST_PARTS, max_values=_MOST_PARTS)
        if type(loaded) is not dict:
            raise Failure.of("bad_type", "The body must be a JSON object.")
        optional = optional or {}
        values: dict[str, object] = {}
        for key, value in loaded.items():
            wanted = required.get(key) or optional.get(key)
            if wanted is None:
                raise Failure.of("unknown_key")
            if value is None and key in optional:
                continue
            if type(value) is not wanted:
                raise Failure.of("bad_type", f"The value of {key} must be {_WORDS[wanted]}.")
            values[key] = value
        for key in required:
            if key not in values:
                raise Failure.of("missing_key", f"The body lacks {key}. Add it and send again.")
        return cls(values)

    def text(self, key: str) -> str:
        """A required string."""
        value = self._values[key]
        assert type(value) is str
        return value

    def integer(self, key: str) -> int:
        """A required integer."""
        value = self._values[key]
        assert type(value) is int
        return value

    def optional_text(self, key: str) -> str | None:
        """A string, or None where it is absent."""
        return self.text(key) if key in self._values else None

    def optional_integer(self, key: str) -> int | None:
        """An integer, or None where it is absent."""
        return self.integer(key) if key in self._values else None

    def get(self, key: str) -> object:
        """Any value, or None where it is absent."""
        return self._values.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._values


def read_integer(body: bytes) -> int:
    """Reads a body that is one JSON integer (S1: the id of a notebook).

    Raises:
        Failure: 400 `bad_json` or `bad_type`.
    """
    loaded = strict_json.loads(body)
    if type(loaded) is not int:
        raise Failure.of("bad_type", "The body must be the notebook's id, a JSON integer.")
    return loaded


def require_empty(body: bytes) -> None:
    """Checks the body of a request that says all by its path: nothing, or `{}`."""
    if body:
        JsonObject.read(body, {})
