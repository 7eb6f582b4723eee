"""The only place where a cookie becomes a user, a code becomes a grant, and a user meets a notebook's owner.

Owns every decision about who may reach what (A2, A3, N5, S2, S3; DESIGN 2) and the bounded cache behind it. An entry
is dropped at once on logout, password change, revoke, rename and delete (revocation.py calls `drop_*`) and is asked
for again after one second. On an I/O thread nothing may block: there a miss raises `NotCached`, and the question is
asked again on a handler thread. Ids of strangers and ids never given are the same 404.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from server.domain.accounts import GUEST_NAME, name_key, seen_key
from server.domain.failures import Failure
from server.domain.ids import NotebookId, Role, UserId, parse_id
from server.domain.share_code import code_hash, is_code
from server.storage.contracts import Guest, Notebook, Share, ShareStatus, Storage, User
from server.web.access_cache import AccessCache
from server.web.budgets import Budgets
from server.web.clock import Clock
from server.web.grant import Access, Claim, Grant, SignedIn
from server.web.limits import WebLimits

_MOST_ID = 9_999_999_999
"""An id has at most ten digits; a greater number was never given out and is no number for a database."""

_GUEST_TTL_S = 10.0
"""A guest's name grants nothing; every poll of a guest asks for it."""


class Gatekeeper:
    """Answers who somebody is and what they may reach."""

    def __init__(self, storage: Storage, budgets: Budgets, clock: Clock, limits: WebLimits) -> None:
        """Makes an empty cache over the stores."""
        self._storage = storage
        self._budgets = budgets
        self._clock = clock
        self._limits = limits

        def cache(ttl_s: float = limits.access_ttl_s) -> AccessCache:
            return AccessCache(limits.access_entries, ttl_s, clock.monotonic_s)

        self._sessions = cache()
        self._shares = cache()
        self._notebooks = cache()
        self._guests = cache(_GUEST_TTL_S)
        self._bytes = cache()

    def admit(self, access: Access, claim: Claim, *, blocking: bool) -> tuple[SignedIn | None, Grant | None]:
        """Decides what a route's access asks for.

        Returns:
            The user, None for nobody, and the grant for routes about one notebook.

        Raises:
            Failure: 400 `bad_query` where it is unclear which notebook is meant, else as `required`, `owned`, `by_code`.
            NotCached: `blocking` is False and the answer is not at hand.
        """
        match access:
            case Access.ANYONE:
                return None, None
            case Access.SESSION | Access.OWNER_BODY | Access.NOTEBOOK_BODY:
                return self.required(claim.session_hash, blocking=blocking), None
            case Access.OWNER | Access.NOTEBOOK:
                return self._admit_to_notebook(claim, blocking=blocking)
            case _ as never:
                assert_never(never)

    def _admit_to_notebook(self, claim: Claim, *, blocking: bool) -> tuple[SignedIn | None, Grant]:
        if (claim.by_id is None) == (claim.by_code is None):
            raise Failure.of("bad_query", "Name one notebook: its id or a share code.")
        if claim.by_code is not None:
            signed_in = self.signed_in(claim.session_hash, blocking=blocking)
            user = signed_in.user if signed_in is not None else None
            return signed_in, self.by_code(claim.by_code, user, claim.peer, blocking=blocking)
        required = self.required(claim.session_hash, blocking=blocking)
        notebook_id = parse_id(claim.by_id) if claim.by_id is not None else None
        return required, self.owned(required.user, notebook_id, blocking=blocking)

    def signed_in(self, session_hash: bytes | None, *, blocking: bool) -> SignedIn | None:
        """The user behind a session's token hash, or None; expired sessions are none.

        Raises:
            NotCached: `blocking` is False and the answer is not at hand.
        """
        if session_hash is None:
            return None
        found = self._sessions.get(session_hash, lambda: self._load_session(session_hash), blocking=blocking)
        if isinstance(found, SignedIn) and found.session.holds(self._clock.now_ms()):
            return found
        return None

    def required(self, session_hash: bytes | None, *, blocking: bool) -> SignedIn:
        """As `signed_in`, but nobody is a refusal.

        Raises:
            Failure: 401 `login_needed` without a cookie, `session_ended` with one that no longer holds.
            NotCached: as `signed_in`.
        """
        found = self.signed_in(session_hash, blocking=blocking)
        if found is None:
            raise Failure.of("login_needed" if session_hash is None else "session_ended")
        return found

    def owned(self, user: User, notebook_id: int | None, *, blocking: bool) -> Grant:
        """The user's own notebook.

        Args:
            user: who asks.
            notebook_id: None where the id was malformed.
            blocking: whether storage may be asked.

        Raises:
            Failure: 404 `not_found`, the same for strangers' notebooks and for ids never given (N5).
            NotCached: as `signed_in`.
        """
        notebook = self._notebook(notebook_id, blocking=blocking) if notebook_id is not None else None
        if notebook is None or notebook.owner_id != user.id:
            raise Failure.of("not_found")
        return Grant(notebook, Role.OWNER)

    def owned_in_trash(self, user: User, notebook_id: int) -> Notebook:
        """The user's own notebook, in the trash or not; asks storage.

        Raises:
            Failure: 404 `not_found`.
        """
        possible = 1 <= notebook_id <= _MOST_ID
        notebook = self._storage.notebooks.get(NotebookId(notebook_id), with_trash=True) if possible else None
        if notebook is None or notebook.owner_id != user.id:
            raise Failure.of("not_found")
        return notebook

    def by_code(self, code: str, user: User | None, peer: str, *, blocking: bool) -> Grant:
        """What a share code grants, raised to owner where the session's user is the owner (S3).

        Raises:
            Failure: 404 `share_gone`, the same for malformed, unknown, revoked and expired codes and for notebooks
                in the trash; 429 for an address that has guessed too often (only for codes that never existed).
            NotCached: as `signed_in`.
        """
        if not is_code(code):
            raise Failure.of("share_gone")
        hashed = code_hash(code)
        share = self._shares.get(hashed, lambda: self._storage.shares.find(hashed), blocking=blocking)
        if not isinstance(share, Share):
            self._budgets.code_missed(peer)
            raise Failure.of("share_gone")
        if share.status(self._clock.now_ms()) is not ShareStatus.VALID:
            raise Failure.of("share_gone")
        notebook = self._notebook(share.notebook_id, blocking=blocking)
        if notebook is None:
            raise Failure.of("share_gone")
        owner = user is not None and user.id == notebook.owner_id
        return Grant(notebook, Role.OWNER if owner else share.role, hashed, share.expires_ms)

    def share_of(self, user: User, code: str, *, in_trash: bool = False) -> Share:
        """The share a code names, for the owner of its notebook alone (S2, S5); asks storage.

        Args:
            user: who asks.
            code: as it was sent.
            in_trash: whether the notebook may be in the trash.

        Raises:
            Failure: 404 `share_gone`, also for revoked ones and those of other users' notebooks.
        """
        share = self._storage.shares.find(code_hash(code)) if is_code(code) else None
        if share is None or share.status(self._clock.now_ms()) is ShareStatus.REVOKED:
            raise Failure.of("share_gone")
        notebook = self._storage.notebooks.get(share.notebook_id, with_trash=in_trash)
        if notebook is None or notebook.owner_id != user.id:
            raise Failure.of("share_gone")
        return share

    def guest(self, guest_hash: bytes | None, *, blocking: bool) -> Guest | None:
        """The guest behind a guest cookie's hash, or None; without its name where an account has taken that since.

        Raises:
            NotCached: as `signed_in`.
        """
        if guest_hash is None:
            return None
        found = self._guests.get(guest_hash, lambda: self._load_guest(guest_hash), blocking=blocking)
        return found if isinstance(found, Guest) else None

    def is_account(self, name: str) -> bool:
        """Whether an account, in the trash or not, has this name or one that looks the same; asks storage."""
        users = self._storage.users
        return any(users.by_key(key, with_trash=True) is not None for key in {name_key(name), seen_key(name)})

    def check_room(self, owner_id: UserId, *, blocking: bool) -> None:
        """Refuses to store more for a user whose notebooks fill the space they have; whoever writes.

        Raises:
            Failure: 409 `quota_user`.
            NotCached: as `signed_in`.
        """
        stored = self._bytes.get(
            owner_id, lambda: self._storage.notebooks.bytes_for(owner_id), blocking=blocking
        )
        if isinstance(stored, int) and stored >= self._limits.bytes_per_user:
            raise Failure.of("quota_user")

    def stamp(self) -> tuple[int, int, int]:
        """Changes whenever anything that was granted may have been taken away since."""
        return self._sessions.generation, self._shares.generation, self._notebooks.generation

    def drop_session(self, session_hash: bytes) -> None:
        """Forgets one session."""
        self._sessions.drop(session_hash)

    def drop_share(self, hashed: bytes) -> None:
        """Forgets one code."""
        self._shares.drop(hashed)

    def drop_notebook(self, notebook_id: NotebookId) -> None:
        """Forgets one notebook's row."""
        self._notebooks.drop(notebook_id)

    def drop_guest(self, guest_hash: bytes) -> None:
        """Forgets one guest's name."""
        self._guests.drop(guest_hash)

    def drop_guests(self) -> None:
        """Forgets every guest's name: a new account may have one of them."""
        self._guests.clear()

    def drop_all(self) -> None:
        """Forgets everything, after changes to many accounts or notebooks at once."""
        for cache in (self._sessions, self._shares, self._notebooks, self._guests):
            cache.clear()

    def _notebook(self, notebook_id: int, *, blocking: bool) -> Notebook | None:
        if not 1 <= notebook_id <= _MOST_ID:
            return None
        key = NotebookId(notebook_id)
        found = self._notebooks.get(key, lambda: self._storage.notebooks.get(key), blocking=blocking)
        return found if isinstance(found, Notebook) else None

    def _load_guest(self, guest_hash: bytes) -> Guest | None:
        guest = self._storage.guests.find(guest_hash)
        if guest is not None and self.is_account(guest.name):
            return replace(guest, name=GUEST_NAME)
        return guest

    def _load_session(self, session_hash: bytes) -> SignedIn | None:
        """Asks storage, and moves the idle end of a session in use (A3)."""
        session = self._storage.sessions.find(session_hash)
        now_ms = self._clock.now_ms()
        if session is None or not session.holds(now_ms):
            return None
        user = self._storage.users.by_id(session.user_id)
        if user is None:
            return None
        idle_until_ms = now_ms + self._limits.session_idle_s * 1000
        if idle_until_ms - session.idle_until_ms >= self._limits.session_touch_s * 1000:
            self._storage.sessions.touch(session_hash, idle_until_ms)
            session = replace(session, idle_until_ms=idle_until_ms)
        return SignedIn(user, session)
