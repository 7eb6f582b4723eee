"""The server itself: what helps the next person in (S4, `/connect`), and how it is (O3).

Owns `GET /api/addresses` (with a login), and, without one, `GET /api/connect`, which answers `{"address", "others",
"fingerprint", "homeMade", "authority"}`, the public certificate of the server's own CA as a download, and `GET /health`,
whose members come from what the program knows at that moment. Nothing here ever reads a key. Handler threads, as looking
addresses up may block; only `/health` is answered on I/O threads, under 5 ms.
"""

from __future__ import annotations

import ipaddress

from http_core.packet import Response
from server.domain.failures import Failure
from server.web.call import Call
from server.web.json_answer import success

AUTHORITY_PATH = "/connect/authority.crt"


def send_addresses(call: Call) -> Response:
    """GET /api/addresses: what others can type, best first (S4)."""
    return success(list(call.services.addresses()))


def send_connect_facts(call: Call) -> Response:
    """GET /api/connect: the address this was reached by and the certificate's fingerprint.

    Reached by a name that only this machine answers to, `others` are the addresses for another device; the certificate
    names the same ones to everybody.
    """
    facts = call.services.certificate()
    reached = call.request.headers.get("host") or call.request.host
    return success(
        {
            "address": f"https://{reached}/",
            "others": list(call.services.addresses()) if _is_loopback(call.request.host) else [],
            "fingerprint": _in_pairs(facts.fingerprint) if facts is not None else None,
            "homeMade": facts is not None and facts.home_made,
            "authority": AUTHORITY_PATH if facts is not None and facts.authority_pem is not None else None,
        }
    )


def send_authority(call: Call) -> Response:
    """GET /connect/authority.crt: the public certificate of the server's own CA, to be trusted by a device."""
    facts = call.services.certificate()
    if facts is None or facts.authority_pem is None:
        raise Failure.of("not_found")
    fields = [
        ("Content-Type", "application/x-x509-ca-cert"),
        ("Content-Disposition", 'attachment; filename="shared-notebooks-ca.crt"'),
    ]
    return Response(status=200, headers=fields, body=facts.authority_pem)


def send_health(call: Call) -> Response:
    """GET /health: `{"status", "version", "database", "update_process", "oldest_unsynced_ms", ...}`."""
    return success({"version": call.services.settings.version, **call.services.health()})


def _is_loopback(host: str) -> bool:
    """Whether a host, without its port, is this machine's name for itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _in_pairs(fingerprint: str) -> str:
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()
