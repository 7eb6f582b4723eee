"""O2: what a stopping server writes beside the database, and that nothing of it keeps the server from ending."""

from __future__ import annotations

import logging

import pytest

from server.data import save_at_the_end
from server.domain.failures import Failure

LOG = logging.getLogger("test")


def raising(error: Exception) -> None:
    raise error


def test_o2_snapshots_and_tables_are_written(caplog: pytest.LogCaptureFixture) -> None:
    steps: list[str] = []
    with caplog.at_level(logging.INFO):
        save_at_the_end(
            lambda: steps.append("flush"), lambda: steps.append("tables") or "Saved 1 accounts.", LOG
        )
    assert steps == ["flush", "tables"]
    assert [record.message for record in caplog.records] == ["Saved 1 accounts."]


def test_o2_without_the_update_process_the_tables_are_written_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        save_at_the_end(lambda: raising(Failure.of("updates_down")), lambda: "Saved 1 accounts.", LOG)
    assert ["updates_down" in record.message for record in caplog.records] == [True, False]
    assert caplog.records[1].message == "Saved 1 accounts."


@pytest.mark.parametrize("error", [Failure.of("storage_down"), OSError(28, "No space left on device")])
def test_o2_tables_that_cannot_be_written_are_said_and_nothing_more(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    save_at_the_end(lambda: None, lambda: raising(error) or "", LOG)
    [record] = caplog.records
    assert record.levelno == logging.ERROR and str(error) in record.message
