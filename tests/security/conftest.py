"""Fixtures of the security suite: one running product that its tests share, because a start costs a second.

Every test makes accounts of its own in it. Tests that kill, restart or fill the server take `product` or
`start_product` of the whole suite instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.support.product import Person, Product


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product on SQLite, shared by the tests of this folder."""
    product = Product(tmp_path_factory.mktemp("house") / "data").start()
    yield product
    product.kill()


@pytest.fixture(scope="session")
def people(house: Product) -> Iterator[Callable[[], Person]]:
    """Makes people with an account of their own."""
    numbers = itertools.count(1)
    made: list[Person] = []

    def make() -> Person:
        made.append(Person(house.port).sign_up(f"Person {next(numbers)}"))
        return made[-1]

    yield make
    for person in made:
        person.close()
