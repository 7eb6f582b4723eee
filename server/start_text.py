"""The text of a start: where to browse, where the notebooks are, what the browser will say.

Owns the words only. Pure; printed once by the main thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.certificates import CertificateInfo


def start_text(
    *,
    version: str,
    addresses: Sequence[str],
    here: str,
    kept: str,
    data_dir: str,
    certificate: CertificateInfo,
    notes: Sequence[str],
    console: bool,
    alone: bool = False,
) -> str:
    """The lines shown when the server is ready.

    Args:
        version: of the program.
        addresses: what neighbours can type, best first.
        here: what to type on this machine.
        kept: which database, and where.
        data_dir: the data folder.
        certificate: what is in use.
        notes: what was done or noticed during this start, a sentence each.
        console: whether commands are read here.
        alone: whether this machine is the only one it listens to.
    """
    width = max(map(len, [here, *addresses])) + 4
    lines = [
        f"[INIT] Shared Notebooks {version} is ready.",
        "",
        "  Browse to",
        f"    {here:{width}}on this machine",
    ]
    if alone:
        lines += [f"    {address:{width}}through your reverse proxy" for address in addresses]
        lines.append(
            "    (it listens to this machine alone, as --host says; others come through a reverse proxy)"
        )
    elif not addresses:
        lines.append("    (no address of this machine was found that others could type)")
    else:
        lines += [f"    {address:{width}}from other devices" for address in addresses]
    lines += ["", f"  Notebooks are kept in {kept}", f"  Certificates, keys and logs are in {data_dir}", ""]
    if certificate.own:
        lines.append(f"  Your own certificate is in use, SHA-256 {certificate.sha256}")
    else:
        lines += [
            "  Browsers warn once: the certificate is home-made, nobody outside vouches for it. Go on with",
            "    Chrome, Edge: Advanced, then Proceed        Firefox: Advanced, then Accept the Risk and Continue",
            "    Safari: Show Details, then visit this website      (or trust this server for good: /connect)",
            "  Fingerprint (SHA-256), to compare:",
            f"    {certificate.sha256[:47]}",
            f"    {certificate.sha256[48:]}",
        ]
    if notes:
        lines += ["", *(f"  Note: {note}" for note in notes)]
    lines += [
        "",
        "  Type help for the commands, exit to stop."
        if console
        else f"  Commands: python main.py console --data-dir {data_dir}",
        "",
    ]
    return "\n".join(lines)
