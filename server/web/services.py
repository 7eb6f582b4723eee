"""What handlers may use, and nothing else of the program.

Owns the list of services and the small protocols by which the web part knows the update process, the polls and the
replicas. server/app.py fills it in; the probe app and the tests fill it in otherwise. Holds no behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from server.domain.accounts import PasswordHasher
from server.domain.ids import Author, NotebookId, Role
from server.storage.contracts import Storage
from server.updates.online_clients import OnlineClients
from server.updates.polls import Poll
from server.updates.replicas import Replicas
from server.web.access import Gatekeeper
from server.web.budgets import Budgets
from server.web.clock import Clock
from server.web.limits import WebLimits
from server.web.login_guard import LoginGuard
from server.web.pages import Pages
from server.web.revocation import Revocation


class Updates(Protocol):
    """The update process, as the web part knows it (server.updates.process.UpdateProcess)."""

    def submit(  # noqa: PLR0917 - the update process names them so
        self,
        notebook_id: NotebookId,
        author: Author,
        role: Role,
        body: bytes,
        now_ms: int,
        answered: Callable[[int, bytes], None],
        epoch: str = "",
    ) -> None:
        """Hands a save over; `answered` gets status and JSON body on another thread. Never blocks.

        Raises:
            Failure: 503 `updates_busy` or `updates_down`.
        """

    def submit_and_wait(
        self, notebook_id: NotebookId, author: Author, role: Role, body: bytes, now_ms: int
    ) -> tuple[int, bytes]:
        """As `submit`, but waits for the answer. Blocks."""

    def forget(self, notebook_id: NotebookId) -> None:
        """Closes a notebook that is gone or came back; returns when every earlier save of it is answered. Blocks."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What `/connect` may tell about the certificate; never a key.

    Attributes:
        fingerprint: SHA-256 of the server's certificate, 64 hex digits.
        home_made: whether a CA of this server's own issued it.
        authority_pem: the public certificate of that CA, None where there is none.
    """

    fingerprint: str
    home_made: bool
    authority_pem: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the operator chose.

    Attributes:
        version: of the product, for `/health`.
        signup_open: whether anybody may make an account (A1).
        hsts: whether answers carry Strict-Transport-Security (H6).
        trusted_proxies: addresses of reverse proxies whose X-Forwarded-For is believed (T89).
    """

    version: str = ""
    signup_open: bool = True
    hsts: bool = False
    trusted_proxies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use.

    Attributes:
        storage: the stores; blocking, handler threads only.
        updates: the update process: every change goes through it.
        online_clients: the waiting polls.
        replicas: whole documents as of the log now; blocking.
        read_log: takes polls that memory cannot answer to the log; does not block.
        discard_files: removes the files of a notebook that is deleted for good; blocking.
        access: who may reach what.
        revocation: takes access away, everywhere at once.
        budgets: rate limits in memory.
        login_guard: failed logins, in storage.
        hasher: passwords; blocking, hashing lane only.
        pages: the HTML pages.
        clock: wall and monotonic.
        limits: figures of the web part.
        settings: what the operator chose.
        hosts: the names and addresses in the certificate and `--name`s, normalised as `http_core` does (H5).
        addresses: what others can type, best first, as `https://host:port/` (S4); may block.
        certificate: facts about the certificate, None where there is none (plain probe).
        health: the members of `/health` (O3); must not block.
    """

    storage: Storage
    updates: Updates
    online_clients: OnlineClients
    replicas: Replicas
    read_log: Callable[[NotebookId, list[Poll]], None]
    discard_files: Callable[[NotebookId], None]
    access: Gatekeeper
    revocation: Revocation
    budgets: Budgets
    login_guard: LoginGuard
    hasher: PasswordHasher
    pages: Pages
    clock: Clock
    limits: WebLimits
    settings: WebSettings
    hosts: Callable[[], Container[str]]
    addresses: Callable[[], Sequence[str]]
    certificate: Callable[[], CertificateFacts | None]
    health: Callable[[], Mapping[str, object]]
