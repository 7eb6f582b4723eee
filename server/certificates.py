"""The certificates: a local CA and an ECDSA P-256 server certificate, made on first start, re-issued when needed.

Owns the four files of the 2022 program in `https/` (rootcert.pem, rootkey.pem, servercert.pem, serverkey.pem),
what stands in them and when they are renewed. An operator's own server certificate is used as it is and never
touched. The CA may sign only local names and private addresses (RFC 5280 4.2.1.10), so that trusting it
endangers no other site. Does not load anything into TLS (server.net.tls does). Runs at start and in
`python main.py certificate`. Implements H5's list of names and threat T85.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.addresses import Address, Machine
from server.storage.atomic_files import Files, write_atomically

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse server certificates that live longer than 398 days
RENEW_DAYS = 30
_CA_NAME = "Shared Notebooks local CA"
_LOCAL_DOMAINS = ("localhost", "local", "lan", "home", "internal", "home.arpa", "test")
_PRIVATE_NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "100.64.0.0/10",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip


class CertificateError(Exception):
    """A certificate or key cannot be used; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the four files are; `folder` is `https/` of the data folder."""

    folder: Path

    @property
    def root_cert(self) -> Path:
        return self.folder / "rootcert.pem"

    @property
    def root_key(self) -> Path:
        return self.folder / "rootkey.pem"

    @property
    def server_cert(self) -> Path:
        return self.folder / "servercert.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "serverkey.pem"


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
        _check_private(key)
    wanted = _wanted_names(machine, names)
    cert = _load_certificate(files.server_cert)
    if cert is not None and files.server_key.exists() and not _made_here(cert, files):
        _check_pair(cert, files)
        return _describe(cert, files, names, own=True, note="")
    note = ""
    root = _load_certificate(files.root_cert)
    if root is None or not files.root_key.exists() or not _usable_root(root, wanted, now):
        root = _make_root(files, wanted, now)
        cert, note = None, "made a local certificate authority and a server certificate"
    stale = cert is None or not _fits(cert, files) or _stale(cert, root, wanted, now)
    if stale:
        note = note or "re-issued the server certificate (names or addresses changed, or it was near its end)"
        cert = _make_server(files, root, wanted, now)
    assert cert is not None
    _check_pair(cert, files)
    return _describe(cert, files, names, own=False, note=note)


def certificates_in_use(files: CertificateFiles, names: Iterable[str]) -> CertificateInfo:
    """Describe what stands in the files now, as after they were replaced under a running server; makes nothing.

    Raises:
        CertificateError: the server certificate is missing or unreadable.
    """
    cert = _load_certificate(files.server_cert)
    if cert is None:
        raise CertificateError(
            f"{files.server_cert} is missing. Put it back, or start the server again to make one."
        )
    return _describe(cert, files, names, own=not _made_here(cert, files), note="")


def _wanted_names(machine: Machine, names: Iterable[str]) -> list[x509.GeneralName]:
    texts: list[str] = ["localhost", "127.0.0.1", "::1"]
    if machine.hostname:
        texts += [machine.hostname, f"{machine.hostname}.local"]
    texts += [str(address) for address in machine.addresses]
    texts += [name.lower() for name in names]
    return [_general_name(text) for text in dict.fromkeys(texts)]


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _check_private(path: Path) -> None:
    if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077:
        raise CertificateError(
            f"{path} holds a private key and can be read by other users of this machine. "
            f"Make it private (chmod 600 {path}) and start again."
        )


def _load_certificate(path: Path) -> x509.Certificate | None:
    if not path.exists():
        return None
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (ValueError, OSError) as error:
        raise CertificateError(
            f"{path} cannot be read as a certificate. Put a PEM certificate there, "
            f"or remove it together with its key and a new one is made."
        ) from error


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, OSError) as error:
        raise CertificateError(
            f"{path} cannot be read as a private key without a passphrase. Put the right key back, or remove it "
            "and a new authority is made, which every device has to be told to trust again."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(
            f"{path} is not the elliptic-curve key that was made here; remove it to make a new one."
        )
    return key


def _made_here(cert: x509.Certificate, files: CertificateFiles) -> bool:
    return _common_name(cert.issuer) == _CA_NAME and files.root_cert.exists()


def _common_name(name: x509.Name) -> str:
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


def _check_pair(cert: x509.Certificate, files: CertificateFiles) -> None:
    if not _fits(cert, files):
        raise CertificateError(
            f"{files.server_cert} and {files.server_key} do not belong together. "
            f"Put the matching pair there, or remove both and a new pair is made."
        )


def _fits(cert: x509.Certificate, files: CertificateFiles) -> bool:
    """Whether the server key is there and is the certificate's. Raises CertificateError for one that is none."""
    if not files.server_key.exists():
        return False
    try:
        key = serialization.load_pem_private_key(files.server_key.read_bytes(), None)
    except (ValueError, TypeError, OSError) as error:
        raise CertificateError(
            f"{files.server_key} cannot be read as a private key without a passphrase. Put the right key there, "
            f"or remove it together with {files.server_cert.name} and a new pair is made."
        ) from error
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*spki) == cert.public_key().public_bytes(*spki)


def _permitted(wanted: Iterable[x509.GeneralName]) -> list[x509.GeneralName]:
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _LOCAL_DOMAINS]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE_NETWORKS]
    for name in wanted:
        if isinstance(name, x509.DNSName) and not _covered(name, permitted):
            permitted.append(name)
        if isinstance(name, x509.IPAddress) and not _covered(name, permitted):
            permitted.append(x509.IPAddress(ipaddress.ip_network(str(name.value))))
    return permitted


def _covered(name: x509.GeneralName, permitted: Iterable[x509.GeneralName]) -> bool:
    for rule in permitted:
        if isinstance(name, x509.DNSName) and isinstance(rule, x509.DNSName):
            host = name.value.removeprefix("*.")
            if host == rule.value or host.endswith(f".{rule.value}"):
                return True
        if isinstance(name, x509.IPAddress) and isinstance(rule, x509.IPAddress):
            address, network = name.value, rule.value
            if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and address in network:
                return True
    return False


def _usable_root(root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime) -> bool:
    if root.not_valid_after_utc - now < datetime.timedelta(days=SERVER_DAYS):
        return False
    try:
        constraints = root.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True
    return all(_covered(name, constraints.permitted_subtrees or ()) for name in wanted)


def _stale(
    cert: x509.Certificate, root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime
) -> bool:
    try:
        cert.verify_directly_issued_by(root)
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return True
    except Exception as error:  # cryptography raises InvalidSignature, which is no ValueError
        if type(error).__name__ != "InvalidSignature":
            raise
        return True
    near_end = cert.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS)
    return near_end or cert.not_valid_before_utc > now or not set(wanted) <= set(names)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(path, [pem], files=Files())


def _make_root(
    files: CertificateFiles, wanted: list[x509.GeneralName], now: datetime.datetime
) -> x509.Certificate:
    for old in (files.root_cert, files.root_key):
        if old.exists():
            old.replace(old.with_name(f"{old.stem}.{now:%Y%m%d%H%M%S}.old.pem"))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, _CA_NAME),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Shared Notebooks"),
    ])  # fmt: skip
    cert = (
        _builder(subject, subject, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(_permitted(wanted), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_private(files.root_key, key)
    write_atomically(files.root_cert, [cert.public_bytes(serialization.Encoding.PEM)], files=Files())
    return cert


def _make_server(
    files: CertificateFiles, root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime
) -> x509.Certificate:
    root_key = _load_key(files.root_key)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Shared Notebooks")])
    cert = (
        _builder(subject, root.subject, key.public_key(), now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    # The key first: a crash in between leaves a pair that does not fit, which the next start makes anew.
    _write_private(files.server_key, key)
    write_atomically(files.server_cert, [cert.public_bytes(serialization.Encoding.PEM)], files=Files())
    return cert


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateBuilder:
    # An hour of slack for clocks that run behind.
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days) - datetime.timedelta(hours=1))
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


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
    root = None if own else _load_certificate(files.root_cert)
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
