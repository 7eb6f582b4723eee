"""Notebooks with a past, made over HTTPS: what tests and benchmarks of the timeline, the glow and the people look at.

Owns small fragments that look like ink and saving them in batches as one person or another. Knows nothing of the page.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.support.product import Person, Product

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

_op = itertools.count(1)


def line(x: int, y: int, colour: str = "#1f4fd8", length: int = 600) -> str:
    """A wavy outline that begins at a place of the sheet, in tenths of a pixel."""
    wave = f"q{length // 8} -90 {length // 4} 0t{length // 4} 0 {length // 4} 0 {length // 4} 0"
    back = f"l0 60q-{length // 8} 90 -{length // 4} 0t-{length // 4} 0 -{length // 4} 0 -{length // 4} 0z"
    return f'<g><path d="M{x} {y}{wave}{back}" fill="{colour}"/></g>'


@contextlib.contextmanager
def signed_up(product: Product, *names: str) -> Iterator[list[Person]]:
    """People with accounts of these names; their connections are closed at the end."""
    with contextlib.ExitStack() as stack:
        people = [Person(product.port) for _ in names]
        for person, name in zip(people, names, strict=True):
            stack.callback(person.close)
            person.sign_up(name)
        yield people


def save(
    person: Person, path: str, changes: Sequence[tuple[str, Any]], *, batch: int = 200
) -> list[dict[str, Any]]:
    """Saves changes with fresh ops, in order; answers what C2 says of each."""
    saved: list[dict[str, Any]] = []
    for at in range(0, len(changes), batch):
        body = [[command, data, f"test.{next(_op)}"] for command, data in changes[at : at + batch]]
        answer = person.post(path, body)
        assert answer.status == 200, answer.body
        saved += answer.json["changes"]
    return saved


def log_in(context: BrowserContext, product: Product, person: Person) -> None:
    """The browser goes on under the session of a person who signed up over HTTPS."""
    name = next(key for key in person.cookies if "session" in key)
    context.add_cookies([{"name": name, "value": person.cookies[name], "url": product.url, "secure": True}])
