"""Accounts: sign up, log in, log out, change, reset and delete (A1, A2, A3, A5, A6).

Owns the steps of each and their order: budgets before hashing, storage before cookies, storage before polls end.
Wrong name and wrong password take the same steps and get the same answer. All but `send_user` and `log_out` run on
the two threads that may hash.
"""

from __future__ import annotations

from functools import partial

from http_core.packet import Response
from server.domain.accounts import check_account_name, check_password, check_username
from server.domain.failures import Failure
from server.domain.tokens import new_token, token_hash
from server.storage.contracts import ResetOutcome, User
from server.updates.turns import Rest
from server.web.call import Call
from server.web.closing import close_notebook
from server.web.cookies import ended_session_cookie, session_cookie
from server.web.json_answer import success
from server.web.json_body import JsonObject, require_empty
from server.web.reset_codes import reset_code_hash
from server.web.session_label import session_label

_CREDENTIALS = {"username": str, "password": str}


def send_user(call: Call) -> Response:
    """GET /LOGIN: who is logged in (A2)."""
    return success(_described(call.user))


def turn_guesses_away(call: Call) -> bool:
    """POST /LOGIN, on the I/O thread: answers a try that is known to come too soon, a storm of them slowly (A5, T41)."""
    services = call.services
    body = JsonObject.read(call.request.body, _CREDENTIALS)
    try:
        services.login_guard.refuse(_guard_key(_key_of(body.text("username"))), call.peer)
    except Failure as failure:
        delay_s = services.budgets.login_refused(call.peer)
        if delay_s == 0:
            raise
        call.exchange.call_later(delay_s, partial(call.fail, failure))
        return True
    return False


def login_attempt(call: Call) -> Response:
    """POST /LOGIN: opens a session (A2, A5)."""
    body = JsonObject.read(call.request.body, _CREDENTIALS)
    user = _checked_user(call, body.text("username"), body.text("password"))
    if user is None:
        raise Failure.of("wrong_login")
    _open_session(call, user, proof=body.text("password"))
    return success(_described(user))


def sign_up(call: Call) -> Response:
    """POST /SIGNUP: makes an account and opens a session (A1)."""
    services = call.services
    if not services.settings.signup_open:
        raise Failure.of("signup_closed")
    body = JsonObject.read(call.request.body, _CREDENTIALS)
    username, key = check_account_name(body.text("username"))
    password = check_password(body.text("password"))
    services.budgets.sign_up(call.peer)
    if services.storage.users.by_key(key, with_trash=True) is not None:
        raise Failure.of("name_taken")
    hashed = services.hasher.hash(password)
    user = services.storage.users.create(username, key, hashed, services.clock.now_ms())
    services.access.drop_guests()
    _open_session(call, user)
    return success(_described(user))


def log_out(call: Call) -> Response:
    """POST /LOGOUT: ends the session on the server; without one there is nothing to end, and that is fine."""
    require_empty(call.request.body)
    session_hash = call.credentials.session_hash
    if session_hash is not None:
        _end_session(call, session_hash)
    call.headers.append(ended_session_cookie())
    return success(None)


def change_password(call: Call) -> Response:
    """POST /api/account/password {"old", "new"}: ends every other session of the user (A6)."""
    body = JsonObject.read(call.request.body, {"old": str, "new": str})
    new = check_password(body.text("new"))
    _require_password(call, body.text("old"))
    _set_password(call, call.user, new, keep=call.credentials.session_hash)
    return success(None)


def reset_password(call: Call) -> Response:
    """POST /api/account/reset {"username", "code", "new"}: takes the console's one-time code (A6).

    An unknown name, a wrong code, a spent one and an expired one are the same 403. Every session of the user ends; a
    new one opens here.
    """
    services = call.services
    body = JsonObject.read(call.request.body, {"username": str, "code": str, "new": str})
    new = check_password(body.text("new"))
    key = _key_of(body.text("username"))
    services.login_guard.check(key or "", call.peer)
    user = services.storage.users.by_key(key) if key is not None else None
    outcome = ResetOutcome.GONE
    if user is not None:
        hashed = reset_code_hash(body.text("code"))
        outcome = services.storage.resets.spend(user.id, hashed, services.clock.now_ms())
    if user is None or outcome is not ResetOutcome.ACCEPTED:
        services.login_guard.failed(key or "", call.peer)
        raise Failure.of("reset_code_wrong")
    services.login_guard.succeeded(user.username_key, call.peer)
    _set_password(call, user, new, keep=None)
    _open_session(call, user)
    return success(_described(user))


def delete_account(call: Call) -> Response:
    """POST /api/account/delete {"password"}: removes the account, its notebooks and shares for good (A6)."""
    services = call.services
    body = JsonObject.read(call.request.body, {"password": str})
    _require_password(call, body.text("password"))
    user = call.user
    sessions = [session.token_hash for session in services.storage.sessions.list_for(user.id)]
    services.storage.users.trash(user.id, services.clock.now_ms())
    notebooks = services.storage.users.delete_for_good(user.id)
    services.revocation.user_gone(sessions, notebooks)
    for notebook_id in notebooks:
        close_notebook(services, notebook_id)
        services.discard_files(notebook_id)
    call.headers.append(ended_session_cookie())
    return success(None)


def _described(user: User) -> dict[str, object]:
    return {"id": int(user.id), "username": user.username}


def _key_of(username: str) -> str | None:
    """The key of a name, or None for one that no account can have."""
    try:
        return check_username(username)[1]
    except Failure:
        return None


def _guard_key(key: str | None) -> str:
    """What failures are counted by; all names that no account can have are one."""
    return key if key is not None else "\n"


def _checked_user(call: Call, username: str, password: str) -> User | None:
    """The user whom name and password name, or None; both take the same time (A2, T43).

    Raises:
        Failure: 429 after too many failures.
    """
    services = call.services
    rest = Rest()
    key = _key_of(username)
    guard_key = _guard_key(key)
    services.login_guard.check(guard_key, call.peer)
    user = services.storage.users.by_key(key) if key is not None else None
    if user is None:
        services.hasher.verify_dummy(password)
    if user is None or not services.hasher.verify(password, user.password_hash):
        services.login_guard.failed(guard_key, call.peer)
        rest.take()  # a storm of guesses keeps no processor busy all the time (T41)
        return None
    services.login_guard.succeeded(guard_key, call.peer)
    if services.hasher.needs_rehash(user.password_hash):
        services.storage.users.set_password_hash(user.id, services.hasher.hash(password))
    return user


def _require_password(call: Call, password: str) -> None:
    """Checks the present password of who is logged in; failures count as failed logins.

    Raises:
        Failure: 403 `wrong_password`, 429 after too many failures.
    """
    services = call.services
    user = call.user
    services.login_guard.check(user.username_key, call.peer)
    if not services.hasher.verify(password, user.password_hash):
        services.login_guard.failed(user.username_key, call.peer)
        raise Failure.of("wrong_password")
    services.login_guard.succeeded(user.username_key, call.peer)


def _set_password(call: Call, user: User, new: str, *, keep: bytes | None) -> None:
    services = call.services
    services.storage.users.set_password_hash(user.id, services.hasher.hash(new))
    ended = services.storage.sessions.revoke_all(user.id, keep)
    services.revocation.sessions_ended(ended)
    if keep is not None:
        services.access.drop_session(keep)


def _open_session(call: Call, user: User, *, proof: str | None = None) -> None:
    """Makes a new session, ends the one the request came with, and sets the cookie (A3).

    Args:
        call: the request.
        user: whose session it is to be.
        proof: the password that was checked a moment ago; where another has been set meanwhile, whoever set it ended
            every session there was, and this one ends too.

    Raises:
        Failure: 401 `wrong_login`, `proof` no longer holds.
    """
    services = call.services
    limits = services.limits
    old = call.credentials.session_hash
    if old is not None:
        _end_session(call, old)
    token = new_token()
    now_ms = services.clock.now_ms()
    services.storage.sessions.create(
        token_hash(token),
        user.id,
        now_ms,
        now_ms + limits.session_idle_s * 1000,
        now_ms + limits.session_absolute_s * 1000,
        label=session_label(call.request.headers.get("user-agent")),
    )
    if proof is not None and not _still_proves(call, user, proof):
        _end_session(call, token_hash(token))
        raise Failure.of("wrong_login")
    call.headers.append(session_cookie(token, limits.session_absolute_s))


def _still_proves(call: Call, user: User, password: str) -> bool:
    """Whether a password that was right is so still; costs a hash only where another has been stored since."""
    services = call.services
    now = services.storage.users.by_id(user.id)
    if now is None:
        return False
    return now.password_hash == user.password_hash or services.hasher.verify(password, now.password_hash)


def _end_session(call: Call, session_hash: bytes) -> None:
    call.services.storage.sessions.revoke(session_hash)
    call.services.revocation.sessions_ended([session_hash])
