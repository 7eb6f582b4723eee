"""Quick saves of several writers, seen by several readers through the real server: same order, distinct ids, none lost."""

from __future__ import annotations

import threading

from tests.support.product import Person, Product, stroke

WRITERS, READERS, SAVES = 4, 3, 10


def read_all(person: Person, query: str, upto: int) -> list[dict[str, object]]:
    """Polls until the notebook has `upto` changes, as a page does: each poll begins where the last one ended."""
    seen: list[dict[str, object]] = []
    while len(seen) < upto:
        answer = person.get(f"/UPDATE?{query}&since={len(seen)}").json
        assert answer["code"] == 0
        assert answer["from"] == len(seen)
        assert [entry["seq"] for entry in answer["data"]] == list(range(len(seen) + 1, answer["to"] + 1))
        seen += answer["data"]
    return seen


def test_p1_c4_quick_saves_of_four_writers_reach_every_reader_in_one_order(product: Product) -> None:
    owner = Person(product.port).sign_up("owner")
    notebook = owner.new_notebook("quick")
    code = owner.share(notebook)
    total = WRITERS * SAVES
    views: list[list[dict[str, object]]] = []
    failures: list[BaseException] = []

    def guarded(work) -> threading.Thread:  # type: ignore[no-untyped-def]
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def reader() -> None:
        person = Person(product.port)
        views.append(read_all(person, f"code={code}", total))
        person.close()

    def writer(number: int) -> None:
        person = Person(product.port)
        for save in range(SAVES):
            answer = person.post(
                f"/SAVE/?nb={code}", [["a", stroke(number * 50, save * 9), f"w{number}-{save}"]]
            )
            assert answer.status == 200
        person.close()

    threads = [guarded(reader) for _ in range(READERS)]
    threads += [guarded(lambda number=number: writer(number)) for number in range(WRITERS)]
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert len(views) == READERS
    for view in views:
        assert view == views[0]
    assert len({entry["id"] for entry in views[0]}) == total
    assert {entry["op"] for entry in views[0]} == {f"w{w}-{s}" for w in range(WRITERS) for s in range(SAVES)}
    for number in range(WRITERS):
        mine = [str(e["op"]) for e in views[0] if str(e["op"]).startswith(f"w{number}-")]
        assert mine == [f"w{number}-{save}" for save in range(SAVES)]
    owner.close()
