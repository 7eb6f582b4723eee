"""Closes a notebook that is gone, or came back, wherever it may be open in memory.

Owns the two places: the update process and the replicas. The database has been told before and refuses later saves by
itself; an update process that is just being restarted has nothing open, so its silence is no failure. Blocks.
"""

from __future__ import annotations

import logging

from server.domain.failures import Failure
from server.domain.ids import NotebookId
from server.web.services import Services

_log = logging.getLogger(__name__)


def close_notebook(services: Services, notebook_id: NotebookId) -> None:
    """Returns when every save that was submitted before has been answered."""
    services.replicas.forget(notebook_id)
    try:
        services.updates.forget(notebook_id)
    except Failure as failure:
        _log.warning("notebook %d could not be closed in the update process: %s", notebook_id, failure.reason)
