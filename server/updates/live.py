"""Live ink and presence of one notebook: what is being drawn right now and who is here (P6).

Owns the short ring of `/LIVE` posts, the clients that are present and how both stand in a poll's answer. Nothing
is stored and nothing has a number in the log; the numbers of the ring live as long as the room. Knows no
exchange and no thread: guarded by the lock of its room.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import NamedTuple

from server.domain.failures import Failure
from server.domain.ids import UserId
from server.domain.log_entry import JsonValue, json_text

CLIENT = re.compile(r"[A-Za-z0-9_-]{1,32}")
POSTS_PER_S = 50.0
LIVE_EVERY_S = 0.1
MAX_HERE = 50
MAX_NAME_CHARS = 30
MAX_POST_BYTES = 16 * 1024
MAX_POINTS = 2048
_RING_POSTS = 512
_RING_BYTES = 256 * 1024
_RING_AGE_S = 5.0
_MAX_CLIENTS = 12_000
_AWAY_AFTER_S = 40.0
_MAX_COORDINATE = 1_000_000
_MOST_CLAIMS = 8
"""Pages of different owners that may bear one `client`; by accident there is never more than one."""

Owner = UserId | bytes
"""Whose a page is: an account's, a guest's (the hash of the cookie), or nobody's (empty)."""

_KEYS = frozenset({"client", "name", "cursor", "stroke", "points"})


class LivePost(NamedTuple):
    """One checked `/LIVE` post; `wire` is the member of `live` that others get, `client` in front."""

    client: str
    wire: bytes

    def known_as(self, word: str) -> LivePost:
        """The same from a page that others know by another word."""
        old, new = (b'{"client":%b' % json_text(name).encode() for name in (self.client, word))
        return LivePost(word, new + self.wire.removeprefix(old))


def check_live_post(data: JsonValue, author_name: str, *, guest: bool) -> LivePost:
    """Checks the body of a `/LIVE` post and writes it as others will get it.

    The name is the author's, whatever the client claims, so that nobody speaks as somebody else; a client that
    claims none is served as well.

    Args:
        data: the parsed JSON.
        author_name: the name of the account, or the guest's.
        guest: whether it is a guest.

    Raises:
        Failure: 422 `bad_live`, 400 for an unknown or missing key or a name that is no string.
    """
    if not isinstance(data, dict):
        raise Failure.of("bad_type")
    if not data.keys() <= _KEYS:
        raise Failure.of("unknown_key")
    if "client" not in data:
        raise Failure.of("missing_key")
    client, cursor, points = data["client"], data.get("cursor"), data.get("points")
    if not isinstance(data.get("name", ""), str):
        raise Failure.of("bad_type", "The value of name must be a string.")
    if not isinstance(client, str) or not CLIENT.fullmatch(client):
        raise Failure.of("bad_live")
    post: dict[str, JsonValue] = {"client": client, "name": author_name}
    if guest:
        post["guest"] = True
    if cursor is not None:
        if not isinstance(cursor, list) or len(cursor) != 2 or not all(map(_is_coordinate, cursor)):
            raise Failure.of("bad_live")
        post["cursor"] = cursor
    if "stroke" in data:
        post["stroke"] = _checked_stroke(data["stroke"])
    if points is not None:
        post["points"] = _checked_points(points)
    wire = json_text(post).encode()
    if len(wire) > MAX_POST_BYTES:
        raise Failure.of("bad_live")
    return LivePost(client, wire)


def _is_coordinate(value: JsonValue) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= _MAX_COORDINATE


def _checked_points(points: JsonValue) -> JsonValue:
    """Points as base64 text in the form of `data-p`, or a list of numbers or of lists of two or three numbers."""
    if isinstance(points, str):
        if len(points) <= MAX_POST_BYTES and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", points):
            return points
    elif isinstance(points, list) and len(points) <= 3 * MAX_POINTS:
        if all(map(_is_coordinate, points)):
            return points
        if len(points) <= MAX_POINTS and all(
            isinstance(point, list) and 2 <= len(point) <= 3 and all(map(_is_coordinate, point))
            for point in points
        ):
            return points
    raise Failure.of("bad_live")


def _checked_stroke(stroke: JsonValue) -> JsonValue:
    """Which stroke the points belong to: its op, or a flat object of words and numbers (op, colour, width ...)."""
    if stroke is None or _is_word(stroke):
        return stroke
    if isinstance(stroke, dict) and len(stroke) <= 8:
        for key, value in stroke.items():
            if not _is_word(key) or not (
                value is None or type(value) is bool or _is_word(value) or _is_coordinate(value)
            ):
                raise Failure.of("bad_live")
        return stroke
    raise Failure.of("bad_live")


def _is_word(value: JsonValue) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._#-]{0,64}", value) is not None


class _Present:
    """Somebody who is here; not listed (`wire` empty) as long as they only post and never poll."""

    __slots__ = ("budget", "budget_at_s", "guest", "name", "owner", "poll", "seen_at_s", "wire")

    def __init__(self, now_s: float, owner: Owner) -> None:
        self.owner = owner
        self.name = ""
        self.guest = False
        self.wire = b""
        self.poll: object = None
        self.seen_at_s = now_s
        self.budget = POSTS_PER_S
        self.budget_at_s = now_s


class LiveRoom:
    """The live part of one notebook. Times are seconds on the monotonic clock."""

    __slots__ = ("_bytes", "_here", "_members", "_present", "_ring", "_swept_at_s", "head")

    def __init__(self) -> None:
        self.head = 0
        self._ring: deque[tuple[int, float, LivePost]] = deque()
        self._bytes = 0
        self._present: dict[str, _Present] = {}
        self._here: bytes | None = None
        self._swept_at_s = 0.0
        self._members: dict[tuple[int, str], bytes] = {}

    def _claim(self, client: str, owner: Owner, now_s: float) -> tuple[str, _Present] | None:
        """The page that a client's word stands for, and the word others know it by; None where there is no room.

        Whoever is here can read everybody's word. It is the page's whose owner came with it first: the same word from
        somebody else is another page, which others see under another word and with its own name.
        """
        known_as = client
        for number in range(2, _MOST_CLAIMS + 2):
            present = self._present.get(known_as)
            if present is None:
                if len(self._present) >= _MAX_CLIENTS:
                    return None
                present = self._present[known_as] = _Present(now_s, owner)
            if present.owner in (owner, b""):
                present.owner = owner
                return known_as, present
            known_as = f"{client}~{number}"
        return None

    def enter(
        self, poll: object, client: str, name: str, *, guest: bool, now_s: float, owner: Owner = b""
    ) -> None:
        """A poll of this client has come: it is here until its newest poll is gone, or it is silent for long."""
        claim = self._claim(client, owner, now_s)
        if claim is None:
            return
        client, present = claim
        present.poll = poll
        present.seen_at_s = now_s
        if present.name != name or present.guest is not guest or not present.wire:
            present.name, present.guest = name, guest
            listed = {"client": client, "name": name, **({"guest": True} if guest else {})}
            present.wire = json_text(listed).encode()
            self._forget_encoded()

    def leave(self, poll: object, client: str) -> None:
        """The connection of a poll is gone, and its client with it unless it polls elsewhere by now."""
        for known_as in (client, *(f"{client}~{number}" for number in range(2, _MOST_CLAIMS + 1))):
            present = self._present.get(known_as)
            if present is None:
                return
            if present.poll is poll:
                del self._present[known_as]
                self._forget_encoded()
                return

    def post(self, post: LivePost, now_s: float, owner: Owner = b"") -> None:
        """Takes a post into the ring.

        Raises:
            Failure: 429, the client posts more than 50 a second.
        """
        claim = self._claim(post.client, owner, now_s)
        if claim is None:
            raise Failure.of("too_many_requests")
        known_as, present = claim
        if known_as != post.client:
            post = post.known_as(known_as)
        present.budget = min(POSTS_PER_S, present.budget + (now_s - present.budget_at_s) * POSTS_PER_S)
        present.budget_at_s = now_s
        if present.budget < 1:
            raise Failure.of("too_many_requests")
        present.budget -= 1
        if not present.wire:
            present.seen_at_s = now_s
        self.head += 1
        self._ring.append((self.head, now_s, post))
        self._bytes += len(post.wire)
        self._members.clear()
        while (
            len(self._ring) > _RING_POSTS
            or self._bytes > _RING_BYTES
            or self._ring[0][1] < now_s - _RING_AGE_S
        ):
            _number, _at_s, oldest = self._ring.popleft()
            self._bytes -= len(oldest.wire)

    def has_news(self, cursor: int, client: str) -> bool:
        """Whether others posted after `cursor`."""
        if cursor >= self.head:
            return False
        for number, _at_s, post in reversed(self._ring):
            if number <= cursor:
                return False
            if post.client != client:
                return True
        return False

    def group_key(self, cursor: int, client: str) -> tuple[int, str]:
        """Polls with the same key get the same members: the client matters only if it has posts of its own."""
        for number, _at_s, post in reversed(self._ring):
            if number <= cursor:
                break
            if post.client == client:
                return cursor, client
        return cursor if cursor < self.head else self.head, ""

    def members(self, key: tuple[int, str], now_s: float) -> bytes:
        """The members `live`, `live_to`, `here` and `here_count`, each with a comma in front."""
        if now_s - self._swept_at_s > 1.0:
            self._sweep(now_s)
        found = self._members.get(key)
        if found is None:
            cursor, excluded = key
            live = b",".join(
                post.wire for number, _at_s, post in self._ring if number > cursor and post.client != excluded
            )
            found = self._members[key] = b',"live":[%b],"live_to":%d%b' % (
                live,
                self.head,
                self._here_members(),
            )
        return found

    def _here_members(self) -> bytes:
        if self._here is None:
            here = [present.wire for present in self._present.values() if present.wire]
            self._here = b',"here":[%b],"here_count":%d' % (b",".join(here[:MAX_HERE]), len(here))
        return self._here

    def _sweep(self, now_s: float) -> None:
        """Drops those who were silent for longer than a poll lasts."""
        self._swept_at_s = now_s
        away = [
            client for client, present in self._present.items() if present.seen_at_s < now_s - _AWAY_AFTER_S
        ]
        for client in away:
            del self._present[client]
        if away:
            self._forget_encoded()

    def _forget_encoded(self) -> None:
        self._here = None
        self._members.clear()
