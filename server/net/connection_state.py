"""The states of a connection and the moves between them, as one table.

Owns which move is allowed; `client.py` makes the moves. Runs nowhere by itself. A connection between two requests is
READING with an idle parser; every other question about a connection ("may it be read? does it have a deadline?") is
answered by its state and not by a set of flags.
"""

from enum import Enum, auto


class State(Enum):
    """Where a connection stands."""

    HANDSHAKE = auto()
    """TLS is being set up; nothing was read as HTTP."""
    READING = auto()
    """Waiting for a request or for the rest of one."""
    WORKING = auto()
    """A whole request is with the application."""
    PARKED = auto()
    """The application keeps the request until something happens (long poll)."""
    WRITING = auto()
    """An answer is being written."""
    CLOSING = auto()
    """Everything was said; what the client still sends is thrown away for a moment."""
    CLOSED = auto()
    """The socket is gone."""


MOVES: dict[State, frozenset[State]] = {
    State.HANDSHAKE: frozenset({State.READING, State.WRITING, State.CLOSING, State.CLOSED}),
    State.READING: frozenset({State.WORKING, State.WRITING, State.CLOSING, State.CLOSED}),
    State.WORKING: frozenset({State.READING, State.PARKED, State.WRITING, State.CLOSING, State.CLOSED}),
    State.PARKED: frozenset({State.READING, State.WRITING, State.CLOSING, State.CLOSED}),
    State.WRITING: frozenset({State.READING, State.CLOSING, State.CLOSED}),
    State.CLOSING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
