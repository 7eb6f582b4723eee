"""The certificate in use: made on first start, re-issued when needed, described for people and for checks of Host.

Owns when the server's certificate and its local authority are made or renewed, and the list of names it answers to
(H5). An operator's own server certificate is used as it is and never touched. Does not load anything into TLS
(server.net.tls does). Runs at start, in `python main.py certificate`, and on the watcher's thread.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from server.addresses import Address, Machine
from server.certificate_files import (
    CertificateError,
    CertificateFiles,
    check_pair,
    check_private,
    fits,
    load_certificate,
)
from server.local_authority import SERVER_DAYS, covered, made_here, make_root, make_server

RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """What people and checks want to know of the certificate in use."""

    own: bool  # an operator's own certificate, not made here
    sha256: str  # "AB:CD:..." of the server certificate
    root_sha256: str | None
    hosts: frozenset[str]  # values of Host this certificate answers to, lower-case, IPv6 in brackets
    wildcards: frozenset[str]  # ".example.org" for each "*.example.org"
    not_after_ms: int
    note: str  # what was done at this start, "" for nothing
    dns_names: frozenset[str] = frozenset()  # the certificate's own, "*." taken off

    def days_left(self, now_ms: int) -> int:
        return (self.not_after_ms - now_ms) // 86_400_000

    def __contains__(self, host: object) -> bool:
        """Whether `host` (lower-case, without port, IPv6 in brackets) is one of ours (H5)."""
        if not isinstance(host, str):
            return False
        return host in self.hosts or ("." in host and host[host.index(".") :] in self.wildcards)


def ensure_certificates(
    files: CertificateFiles, machine: Machine, names: Iterable[str], *, now: datetime.datetime
) -> CertificateInfo:
    """Make what is missing, renew what is stale, and describe the result.

    Args:
        files: where the four files are.
        machine: name and addresses of this machine.
        names: further names and addresses of `--name`.
        now: the current time, UTC.

    Raises:
        CertificateError: a file is unreadable, does not fit its key, or is readable by others.
    """
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in (files.root_key, files.server_key):
        check_private(key)
    wanted = wanted_names(machine, names)
    cert = load_certificate(files.server_cert)
    if cert is not None and files.server_key.exists() and not made_here(cert, files):
        check_pair(cert, files)
        return _describe(cert, files, names, own=True, note="")
    note = ""
    root = load_certificate(files.root_cert)
    if root is None or not files.root_key.exists() or not _usable_root(root, wanted, now):
        root = make_root(files, wanted, now)
        cert, note = None, "made a local certificate authority and a server certificate"
    stale = cert is None or not fits(cert, files) or _stale(cert, root, wanted, now)
    if stale:
        note = note or "re-issued the server certificate (names or addresses changed, or it was near its end)"
        cert = make_server(files, root, wanted, now)
    assert cert is not None
    check_pair(cert, files)
    return _describe(cert, files, names, own=False, note=note)


def certificates_in_use(files: CertificateFiles, names: Iterable[str]) -> CertificateInfo:
    """Describe what stands in the files now, as after they were replaced under a running server; makes nothing.

    Raises:
        CertificateError: the server certificate is missing or unreadable.
    """
    cert = load_certificate(files.server_cert)
    if cert is None:
        raise CertificateError(
            f"{files.server_cert} is missing. Put it back, or start the server again to make one."
        )
    return _describe(cert, files, names, own=not made_here(cert, files), note="")


def wanted_names(machine: Machine, names: Iterable[str]) -> list[x509.GeneralName]:
    texts: list[str] = ["localhost", "127.0.0.1", "::1"]
    if machine.hostname:
        texts += [machine.hostname, f"{machine.hostname}.local"]
    texts += [str(address) for address in machine.addresses]
    texts += [name.lower() for name in names]
    return [general_name(text) for text in dict.fromkeys(texts)]


def general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usable_root(root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime) -> bool:
    if root.not_valid_after_utc - now < datetime.timedelta(days=SERVER_DAYS):
        return False
    try:
        constraints = root.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True
    return all(covered(name, constraints.permitted_subtrees or ()) for name in wanted)


def _stale(
    cert: x509.Certificate, root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime
) -> bool:
    try:
        cert.verify_directly_issued_by(root)
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return True
    near_end = cert.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS)
    return near_end or cert.not_valid_before_utc > now or not set(wanted) <= set(names)


def fingerprint(cert: x509.Certificate) -> str:
    """SHA-256 of the certificate as browsers show it: pairs of hex digits joined by colons."""
    digest = hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return ":".join(re.findall("..", digest))


def _describe(
    cert: x509.Certificate, files: CertificateFiles, names_given: Iterable[str], *, own: bool, note: str
) -> CertificateInfo:
    hosts: set[str] = {"localhost", "127.0.0.1", "[::1]"}
    hosts.update(f"[{name}]" if ":" in name else name for name in names_given)
    wildcards: set[str] = set()
    dns_names: set[str] = set()
    try:
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    for name in names:
        if isinstance(name, x509.IPAddress):
            hosts.add(_host_of(name.value))
        elif isinstance(name, x509.DNSName):
            text = name.value.lower()
            dns_names.add(text.removeprefix("*."))
            if text.startswith("*."):
                wildcards.add(text[1:])
            else:
                hosts.add(text)
    root = None if own else load_certificate(files.root_cert)
    return CertificateInfo(
        own=own,
        sha256=fingerprint(cert),
        root_sha256=fingerprint(root) if root else None,
        hosts=frozenset(hosts),
        wildcards=frozenset(wildcards),
        not_after_ms=int(cert.not_valid_after_utc.timestamp() * 1000),
        note=note,
        dns_names=frozenset(dns_names),
    )


def _host_of(address: Address | ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
