"""Takes access away: in the cache and in the open polls, at once (A6, P4, S2, T48).

Owns the order: the caller has stored the change first; then the cache forgets, then the polls end. A poll that
slipped in between the two is caught by its own second look (handlers/updates). Used by handlers and by the console.
Any thread, never blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from server.domain.ids import NotebookId
from server.web.access import Gatekeeper


class OpenPolls(Protocol):
    """The waiting polls, as far as ending them goes; each call answers those it ends."""

    def drop(self, notebook_id: NotebookId) -> None:
        """404 to every poll of a notebook."""

    def drop_share(self, code_hash: bytes) -> None:
        """404 to every poll that came by a code."""

    def drop_session(self, token_hash: bytes) -> None:
        """401 to every poll of a session."""


class Revocation:
    """The one way in which access ends."""

    def __init__(self, access: Gatekeeper, polls: OpenPolls) -> None:
        """Takes the cache and the polls."""
        self._access = access
        self._polls = polls

    def sessions_ended(self, token_hashes: Iterable[bytes]) -> None:
        """Sessions were logged out, revoked, or ended by a new password."""
        for token_hash in token_hashes:
            self._access.drop_session(token_hash)
            self._polls.drop_session(token_hash)

    def shares_revoked(self, code_hashes: Iterable[bytes]) -> None:
        """Share codes were revoked."""
        for code_hash in code_hashes:
            self._access.drop_share(code_hash)
            self._polls.drop_share(code_hash)

    def notebooks_gone(self, notebook_ids: Iterable[NotebookId]) -> None:
        """Notebooks were deleted or moved to the trash."""
        for notebook_id in notebook_ids:
            self._access.drop_notebook(notebook_id)
            self._polls.drop(notebook_id)

    def notebooks_back(self, notebook_ids: Iterable[NotebookId]) -> None:
        """Notebooks came out of the trash: that they are not there is true no longer."""
        for notebook_id in notebook_ids:
            self._access.drop_notebook(notebook_id)

    def user_gone(self, token_hashes: Iterable[bytes], notebook_ids: Iterable[NotebookId]) -> None:
        """An account was deleted or moved to the trash, with its sessions and notebooks."""
        self._access.drop_all()
        self.sessions_ended(token_hashes)
        self.notebooks_gone(notebook_ids)
