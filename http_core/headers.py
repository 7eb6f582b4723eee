"""Header fields of one message: immutable, names case-insensitive, values latin-1 text.

Owns look-up, not validity: the grammar has been checked before a `Headers` is made. The text of the
block is its own index: `get` searches it, so a request whose fields nobody reads costs nothing to split.
Safe in every thread.
"""

from collections.abc import Iterable, Iterator

OWS = " \t"
"""Optional white space around a field value (RFC 9110 section 5.6.3); no other character is trimmed."""


class Headers:
    """The fields of one message in the order they came.

    Names are given and returned in lower case. `get` joins repeated fields with ", " as RFC 9110
    section 5.3 allows (Set-Cookie, which is the exception, never occurs in a request).

    Attributes:
        index: the block with the letters A to Z lowered: what the look-ups search.
    """

    __slots__ = ("_text", "index")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        """Makes headers from (name, value) pairs that are already known to be valid."""
        self._text = "\r\n" + "".join([f"{name}:{value}\r\n" for name, value in pairs])
        self.index = self._text.lower() if self._text.isascii() else ascii_lower(self._text)

    @classmethod
    def from_block(cls, text: str) -> "Headers":
        """Wraps checked field lines: a CRLF, then every line with its CRLF."""
        headers = cls.__new__(cls)
        headers._text = text
        headers.index = text.lower() if text.isascii() else ascii_lower(text)
        return headers

    def get(self, name: str) -> str | None:
        """Returns the value of a field, several joined with ", ", or None when it is absent."""
        key = f"\r\n{name}:"
        at = self.index.find(key)
        if at < 0:
            return None
        start = at + len(key)
        end = self._text.index("\r\n", start)
        if self.index.find(key, end) >= 0:
            return ", ".join(self.get_all(name))
        return self._text[start:end].strip(OWS)

    def get_all(self, name: str) -> list[str]:
        """Returns the values of all lines of a field, in order; empty when it is absent."""
        key = f"\r\n{name}:"
        values = []
        at = self.index.find(key)
        while at >= 0:
            start = at + len(key)
            end = self._text.index("\r\n", start)
            values.append(self._text[start:end].strip(OWS))
            at = self.index.find(key, end)
        return values

    def items(self) -> list[tuple[str, str]]:
        """Returns every line as (lower-case name, value), in order."""
        pairs = []
        for line in self._text.split("\r\n")[1:-1]:
            name, _, value = line.partition(":")
            pairs.append((name.lower(), value.strip(OWS)))
        return pairs

    def __contains__(self, name: object) -> bool:
        return f"\r\n{name}:" in self.index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return self._text.count("\r\n") - 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.items() == other.items()

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        """Names only: values may be secrets (Cookie, Authorization)."""
        return f"Headers({', '.join(name for name, _ in self.items())})"


def ascii_lower(text: str) -> str:
    """Lowers A to Z and nothing else, so that every position stays where it was."""
    return text.encode("latin-1").lower().decode("latin-1")
