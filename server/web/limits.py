"""The figures of the web part: sessions, budgets, pools and quotas.

Owns the default values and what each is for; the operator changes one with `--limit NAME=VALUE`. Enforced in
budgets, access, application and the handlers. Connection-level figures are the network part's.
Rules A3, A5, S2, S5 and the quotas of H3.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Every limit of the web part; durations in seconds, sizes in bytes, rates per second."""

    session_idle_s: int = 14 * DAY_S
    session_absolute_s: int = 90 * DAY_S
    session_touch_s: int = 3600
    """A session's idle end is moved at most this often, so that reading costs no write."""

    guest_cookie_s: int = 365 * DAY_S
    access_ttl_s: float = 1.0
    access_entries: int = 20_000

    login_failures_account: int = 5
    login_failures_address: int = 100
    login_window_s: int = 900
    login_first_block_s: int = 5
    """Doubled with each further failure of the account, up to the window."""

    logins_waiting_address: int = 100
    refused_logins_per_s: int = 300
    """Answers to refused log-ins of one address; further ones wait their turn, so that a storm is slow."""

    code_misses_per_min: int = 20
    class_code_misses_per_min: int = 30
    class_code_misses_server_per_min: int = 120
    signups_per_hour: int = 200
    guests_per_hour: int = 2000
    saves_per_s: int = 500
    save_bytes_per_s: int = 20 * MIB
    new_notebooks_per_s: int = 60
    new_notebooks_burst: int = 600
    document_bytes_per_s: int = 1 * MIB
    document_bytes_burst: int = 32 * MIB
    document_address_bytes_per_s: int = 4 * MIB
    document_address_bytes_burst: int = 64 * MIB
    live_address_per_s: int = 2500
    """A client's own fifty a second are counted in its room; this is a class behind one address."""

    exports_per_min: int = 6
    budget_keys: int = 20_000

    log_entries_per_s: int = 10_000
    log_entries_burst: int = 500_000
    """Of notebooks' histories, for an address: the timelines of a class."""

    notebooks_per_user: int = 1000
    bytes_per_user: int = 4 * GIB
    shares_per_notebook: int = 500
    notebook_data_bytes: int = 8 * MIB
    rendered_bytes_per_s: int = 8 * MIB
    rendered_bytes_burst: int = 256 * MIB
    """Of whole notebooks as JSON, for an address; as a file they are made once for all."""

    svg_data_bytes: int = 1 * MIB
    class_code_minutes: int = 60

    small_body_bytes: int = 32 * KIB
    save_body_bytes: int = 1 * MIB
    document_body_bytes: int = 3 * MIB
    """`svgData` is at most 1 MiB; as a JSON string it may be longer."""

    live_body_bytes: int = 64 * KIB
    bodies_bytes: int = 256 * MIB
    """Of all bodies above 64 KiB that are on their way or being worked on."""

    bodies_address_bytes: int = 64 * MIB

    handler_threads: int = 16
    handler_queue: int = 512
    hash_threads: int = 2
    hash_queue: int = 256
    document_queue: int = 64
    """Long documents that may wait to be read, one at a time."""

    access_queue: int = 16_384
    log_page_entries: int = 1000
