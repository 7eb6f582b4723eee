"""Says how the server is, without a login and without asking anybody (O3).

Owns the envelope; the members come from what the program knows at that moment. I/O thread, under 5 ms.
"""

from __future__ import annotations

from http_core.packet import Response
from server.web.call import Call
from server.web.json_answer import success


def send_health(call: Call) -> Response:
    """GET /health: `{"status", "version", "database", "update_process", "oldest_unsynced_ms", ...}`."""
    return success({"version": call.services.settings.version, **call.services.health()})
