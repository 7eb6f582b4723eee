"""The figures of the connection level: deadlines, caps and sizes, all in one frozen record.

Owns the defaults and what they mean; the threads of this package read them, tests pass smaller ones.
Sizes of heads and bodies are `http_core.limits.Limits`; what a user may do is the business of `server.web`.
Deadlines are absolute and on the monotonic clock, so a client that drips bytes gains nothing by it.
"""

from dataclasses import dataclass, field

from http_core.limits import Limits


@dataclass(frozen=True, slots=True)
class NetLimits:
    """What one connection, one address and the whole server may use.

    Durations end in `_s` (seconds), sizes in `_bytes`. Precedents: nginx and Node give a head 60 s, Apache 20 to
    40 s; Apache alone has a minimum body rate; nginx closes an idle connection after 75 s.
    """

    http: Limits = field(default_factory=Limits)

    first_byte_s: float = 10.0
    """From accept to the first byte of the TLS handshake."""
    handshake_s: float = 10.0
    """From accept to a finished TLS handshake."""
    head_s: float = 20.0
    """From accept, or from the first byte of the next request, to the end of its head."""
    body_base_s: float = 30.0
    """Time every body gets, on top of its size divided by `body_rate_bytes`."""
    body_rate_bytes: int = 10 * 1024
    """Bytes a second below which a body is too slow."""
    answer_s: float = 120.0
    """A guard: a handler that never answers costs its client this long, then 503."""
    send_stall_s: float = 30.0
    """A reader that takes nothing for this long is dropped."""
    send_total_s: float = 120.0
    """Time every answer gets to be read, on top of its size divided by `send_rate_bytes`."""
    send_rate_bytes: int = 10 * 1024
    """Bytes a second below which a reader is too slow for a big answer."""
    idle_s: float = 60.0
    """Keep-alive time between two requests."""
    crowded_idle_s: float = 5.0
    """Keep-alive time while more than `crowded_share` of the connections are in use."""
    crowded_share: float = 0.8
    linger_s: float = 5.0
    """How long bytes are still read and thrown away after the last answer, so that a reset does not overtake it."""
    late_linger_s: float = 1.0
    """The same after a missed deadline: whoever was too slow is not waited for again."""
    max_requests: int = 100_000
    max_age_s: float = 24 * 3600.0

    max_connections: int = 18_000
    max_per_address: int = 512
    max_handshakes: int = 256
    max_turned_away: int = 64
    """Connections over the cap that may be told so (503) at one time; beyond them the socket is closed unread."""
    descriptor_reserve: int = 256
    """Descriptors kept for files, the database and pipes when the descriptor limit is the tighter cap."""
    backlog: int = 512

    receive_bytes: int = 64 * 1024
    """Most bytes taken from a socket at once."""
    piece_bytes: int = 64 * 1024
    """Most bytes of an answer encrypted ahead of what the socket takes."""
    pump_bytes: int = 256 * 1024
    """Most bytes written to one reader before the others have their turn."""
    max_pipelined_bytes: int = 64 * 1024
    """Bytes of later requests held while one is being answered; then reading pauses."""
    requests_per_turn: int = 32
    """Pipelined requests of one client answered before the others have their turn."""
    answers_per_turn: int = 1024
    """Answers of other threads written before sockets and timers have their turn."""

    keepalive_idle_s: int = 30
    keepalive_interval_s: int = 10
    keepalive_probes: int = 3
    """TCP keepalive: a peer that vanished without a word is noticed after 30 + 3 x 10 seconds."""
    max_accept_pause_s: float = 1.0
    """Longest pause of accepting while the process has no descriptor left."""
