"""What must be there before a start makes sense: the browser libraries, and what `--hsts` stands on.

Owns those refusals, one sentence each with the next step. Reads names of files only. Main thread, at start.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from server.certificates import CertificateInfo
from server.settings import SettingsError
from server.storage.contracts import StartRefused
from server.web.static_manifest import BROWSER_LIBRARIES

_LOCAL_ENDINGS = ("localhost", ".local", ".lan", ".home", ".internal", ".home.arpa", ".test")


def check_site(root: Path) -> None:
    """See that the pages and the browser libraries are installed.

    Args:
        root: the program's folder.

    Raises:
        StartRefused: what is missing, with the command that installs it.
    """
    for path in (
        root / "public" / "index.html",
        *(root / "node_modules" / name for name in BROWSER_LIBRARIES),
    ):
        if not path.is_file():
            raise StartRefused(
                f"The page's library {path.relative_to(root)} is not installed here. "
                "Set everything up with one command: make setup"
                if "node_modules" in path.parts
                else f"{path} is missing. Take a whole copy of the program."
            )


def refuse_hsts_without_a_name(certificate: CertificateInfo) -> None:
    """`--hsts` under a home-made certificate, or without a name of the DNS, would lock people out (H6).

    Raises:
        SettingsError: with what it needs.
    """
    if not certificate.own:
        raise SettingsError(
            "--hsts needs your own certificate: under the home-made one it would lock people out. Put yours in "
            "https/servercert.pem and https/serverkey.pem, or leave --hsts out."
        )
    names = certificate.dns_names
    if not any(_is_public(name) for name in names):
        raise SettingsError(
            f"--hsts needs a DNS name in your certificate; it has {', '.join(sorted(names)) or 'none'}. "
            "Use a certificate for a name such as notes.example.org, or leave --hsts out."
        )


def _is_public(name: str) -> bool:
    if "." not in name or name.endswith(_LOCAL_ENDINGS):
        return False
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return True
    return False
