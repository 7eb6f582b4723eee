"""Access records go to the log together: after a moment, or when there are many."""

from __future__ import annotations

import pytest

from server.net.application import AccessRecord
from server.net.record_batch import MOST_RECORDS, RECORD_DELAY_S, RecordBatch


def record(path: str) -> AccessRecord:
    return AccessRecord("GET", path, 200, 10, 0.1, "127.0.0.1", "", parked=False, ended_empty=False)


def test_records_wait_for_those_that_come_a_moment_later() -> None:
    logged: list[str] = []
    batch = RecordBatch(lambda one: logged.append(one.path))
    batch.note(record("/first"))
    batch.hand_over_if_due(10.0)
    assert logged == ["/first"] and not batch.waiting
    batch.note(record("/second"))
    batch.hand_over_if_due(10.0 + RECORD_DELAY_S / 2)
    assert logged == ["/first"]
    batch.note(record("/third"))
    batch.hand_over_if_due(10.0 + RECORD_DELAY_S)
    assert logged == ["/first", "/second", "/third"]


def test_many_records_do_not_wait() -> None:
    logged: list[str] = []
    batch = RecordBatch(lambda one: logged.append(one.path))
    batch.hand_over_if_due(10.0)
    for number in range(MOST_RECORDS):
        assert len(logged) == 0
        batch.note(record(f"/{number}"))
        batch.hand_over_if_due(10.0, answering=True)
    assert len(logged) == MOST_RECORDS


def test_records_wait_while_answers_are_written() -> None:
    logged: list[str] = []
    batch = RecordBatch(lambda one: logged.append(one.path))
    batch.note(record("/first"))
    batch.hand_over_if_due(10.0, answering=True)
    assert not logged
    batch.hand_over_if_due(10.0)
    assert logged == ["/first"]


@pytest.mark.usefixtures("errors_wanted")
def test_a_record_that_cannot_be_logged_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    logged: list[str] = []

    def log(one: AccessRecord) -> None:
        if one.path == "/second":
            raise OSError("full")
        logged.append(one.path)

    batch = RecordBatch(log)
    for path in ("/first", "/second", "/third"):
        batch.note(record(path))
    batch.hand_over()
    assert logged == ["/first", "/third"] and not batch.waiting
    assert [entry.message for entry in caplog.records] == ["The access log failed"]
