"""Every expected failure of the product, by its fixed word.

Owns the class `Failure`, which domain, storage, updates and web raise where a request cannot be done, and
the table of the reason words with their statuses and English sentences. The page translates by the word
(H3); the sentence says what to do next and never carries a path, SQL, or a value of the request.
server/web/failures.py is the one place that turns a Failure into an answer. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Reason(NamedTuple):
    """What stands behind one reason word: the usual status and the default sentence."""

    status: int
    sentence: str


REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        # 400: the request cannot be read
        "bad_request": Reason(
            400, "The request is not well-formed HTTP. Check the client or a proxy in between."
        ),
        "plain_http": Reason(400, "This port speaks HTTPS. Use an address that begins with https://."),
        "bad_json": Reason(400, "The body is not valid JSON. Send UTF-8 JSON without duplicate keys."),
        "bad_query": Reason(400, "The query of the address is malformed. Check its parameters."),
        "bad_type": Reason(400, "A value in the body has the wrong type. Check it against the protocol."),
        "unknown_key": Reason(
            400, "The body has a key that does not belong there. Remove it and send again."
        ),
        "missing_key": Reason(400, "The body lacks a key that is needed here. Add it and send again."),
        "bad_changes": Reason(
            400, "The body must be a list of 1 to 512 changes, each a list of command, data and op."
        ),
        # 401, 403: who and what one may do
        "login_needed": Reason(401, "Log in first."),
        "wrong_login": Reason(401, "The user name or the password is wrong."),
        "session_ended": Reason(401, "Your session has ended. Log in again."),
        "cross_site": Reason(
            403, "The request came from another site and was refused. Open the notebook itself and try there."
        ),
        "role_forbids": Reason(403, "Your link does not allow this. Ask the owner for one that does."),
        "wrong_password": Reason(403, "The password is wrong. Type your present password."),
        "reset_code_wrong": Reason(
            403, "The code is wrong or no longer valid. Ask whoever runs the server for a new one."
        ),
        "signup_closed": Reason(403, "New accounts are made by whoever runs this server. Ask them for one."),
        # 404, 405, 408
        "not_found": Reason(404, "There is nothing here, or it is not yours. Check the address."),
        "share_gone": Reason(
            404, "This link does not lead to a notebook, or no longer does. Ask for a new one."
        ),
        "notebook_gone": Reason(404, "This notebook is gone. Its owner may find it in the trash."),
        "class_code_wrong": Reason(
            404, "No notebook has lent out these digits. Check them or ask for new ones."
        ),
        "method_not_allowed": Reason(
            405, "This address does not answer to that method. Use one that the Allow field names."
        ),
        "timeout": Reason(408, "The request took too long to arrive. Send it again."),
        # 409: it clashes with what is there
        "name_taken": Reason(409, "This user name is taken. Choose another."),
        "other_epoch": Reason(
            409, "The notebook was restored. Load it again, then send your unsaved changes again."
        ),
        "op_reused": Reason(
            409, "This op already names another change of the notebook. Give the new change an op of its own."
        ),
        "quota_notebooks": Reason(409, "You have as many notebooks as this server allows. Delete one first."),
        "quota_user": Reason(
            409, "Your notebooks fill all the space you have on this server. Delete some first."
        ),
        "quota_shares": Reason(
            409, "This notebook has as many links as this server allows. Revoke one first."
        ),
        # 410, 412
        "log_trimmed": Reason(410, "The changes you ask for are no longer at hand. Load the notebook again."),
        "precondition": Reason(412, "The file has changed meanwhile. Load it again."),
        # 413 to 431: too much, or not the kind we take
        "body_too_big": Reason(413, "The request is too big. Send less at once."),
        "notebook_full": Reason(413, "This notebook is full. Start a new one."),
        "document_too_big": Reason(
            413, "This notebook is too big for one answer. Load it from its .svg address."
        ),
        "uri_too_long": Reason(414, "The address is too long."),
        "not_json": Reason(415, "The body must be JSON. Send it with Content-Type: application/json."),
        "bad_range": Reason(416, "The file does not reach that far. Ask for a range inside it."),
        "expectation": Reason(
            417, "The server cannot meet that expectation. Send the request without Expect."
        ),
        "wrong_host": Reason(
            421, "The server does not answer to this name. Whoever runs it can add the name with --name."
        ),
        "headers_too_big": Reason(
            431, "The header of the request is too big. Clear the cookies of this site and try again."
        ),
        # 422: well-formed, but a value breaks a rule
        "bad_change": Reason(422, "The change has a value that its command does not allow."),
        "unknown_command": Reason(422, "There is no such command. Use a, e, c, u, r, m, s or p."),
        "bad_op": Reason(422, "An op is 1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen."),
        "unknown_op": Reason(422, "The op does not name a change of this notebook that can be taken back."),
        "unknown_stroke": Reason(422, "The op does not name a stroke of this notebook."),
        "bad_fragment": Reason(422, "The drawing is not one that this notebook can hold."),
        "bad_document": Reason(422, "The file is not an SVG drawing that this notebook can hold."),
        "bad_title": Reason(422, "A title has 1 to 200 characters on one line."),
        "bad_description": Reason(
            422, "A description has at most 2,000 characters and no control characters."
        ),
        "bad_name": Reason(
            422, "A name has 1 to 30 characters, without invisible ones or spaces at its ends."
        ),
        "bad_password": Reason(422, "A password has 8 to 1,024 characters."),
        "password_common": Reason(
            422, "This password is one of those tried first. Choose one that only you would think of."
        ),
        "share_role": Reason(422, "A link allows view, add or edit. Choose one of them."),
        "bad_expiry": Reason(422, "A link can end at a time to come, not at one that has passed."),
        "bad_minutes": Reason(422, "Digits can be lent for 1 to 60 minutes."),
        "bad_code": Reason(422, "This is not a code. Type or paste it once more."),
        "bad_live": Reason(422, "The live ink is not of the form that can be passed on."),
        "not_in_trash": Reason(422, "This notebook is not in the trash."),
        # 429: too often
        "too_many_tries": Reason(429, "Too many tries. Wait a little, then try again."),
        "too_many_requests": Reason(429, "Too many requests at once. Wait a little, then try again."),
        # 5xx: it is us
        "failed": Reason(
            500, "Something went wrong here. Try again; whoever runs the server finds it in the log."
        ),
        "not_implemented": Reason(501, "The server does not know that method."),
        "busy": Reason(503, "The server is busy. It is worth another try in a moment."),
        "too_many_connections": Reason(
            503, "The server holds as many connections as it can. Try again in a moment."
        ),
        "updates_busy": Reason(
            503, "Too many changes are waiting. They are kept on your side; try again in a moment."
        ),
        "updates_down": Reason(
            503, "Changes cannot be stored just now. They are kept on your side; try again in a moment."
        ),
        "storage_down": Reason(503, "The database does not answer just now. Try again in a moment."),
        "notebook_damaged": Reason(
            503, "This notebook cannot be read just now. Whoever runs the server finds why in the log."
        ),
        "stopping": Reason(503, "The server is restarting. Try again in a moment."),
        "version_unsupported": Reason(505, "The server speaks HTTP/1.0 and HTTP/1.1 only."),
        "disk_full": Reason(
            507, "The server's disk is full. Nothing was stored; whoever runs it has to make room."
        ),
    }
)


class Failure(Exception):
    """An expected failure, to be answered with its status and `{"code": 1, "data", "reason"}`.

    Attributes:
        status: the HTTP status that fits.
        reason: a fixed word, a key of `REASONS`.
        sentence: English, says what to do next.
        extra: further members of the JSON answer, for example `op` and `index` (C2), `seq` and `epoch` (P3).
    """

    def __init__(
        self, status: int, reason: str, sentence: str = "", extra: Mapping[str, object] | None = None
    ) -> None:
        """Makes a failure.

        Args:
            status: the HTTP status.
            reason: a key of `REASONS`.
            sentence: empty for the default sentence of the reason.
            extra: further members of the answer.
        """
        self.status = status
        self.reason = reason
        self.sentence = sentence or REASONS[reason].sentence
        self.extra: dict[str, object] = dict(extra or {})
        super().__init__(status, reason, self.sentence, self.extra)

    @classmethod
    def of(cls, reason: str, sentence: str = "", **extra: object) -> Failure:
        """The failure with the usual status of its reason."""
        return cls(REASONS[reason].status, reason, sentence, extra)

    def at(self, op: str | None, index: int) -> Failure:
        """The same failure, naming the change that it is about (C2)."""
        return Failure(self.status, self.reason, self.sentence, {**self.extra, "op": op, "index": index})

    def __str__(self) -> str:
        return f"{self.status} {self.reason}: {self.sentence}"
