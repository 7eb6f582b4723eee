"""The local certificate authority: what stands in the certificates that are made here.

Owns the authority's name, its limits and the life of what it signs. It may sign only local names and private
addresses, and those the operator named (RFC 5280 4.2.1.10), so that trusting it endangers no other site (T85).
Decides nothing: `server.certificates` says when one is made. Runs at start and in `python main.py certificate`.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.certificate_files import CertificateFiles, load_key, write_private
from server.storage.atomic_files import Files, write_atomically

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse server certificates that live longer than 398 days
CA_NAME = "Shared Notebooks local CA"
_LOCAL_DOMAINS = ("localhost", "local", "lan", "home", "internal", "home.arpa", "test")
_PRIVATE_NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "100.64.0.0/10",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip


def make_root(
    files: CertificateFiles, wanted: list[x509.GeneralName], now: datetime.datetime
) -> x509.Certificate:
    """Make and write a new authority for these names; an older one is kept aside under its date."""
    for old in (files.root_cert, files.root_key):
        if old.exists():
            old.replace(old.with_name(f"{old.stem}.{now:%Y%m%d%H%M%S}.old.pem"))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME),
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
    write_private(files.root_key, key)
    write_atomically(files.root_cert, [cert.public_bytes(serialization.Encoding.PEM)], files=Files())
    return cert


def make_server(
    files: CertificateFiles, root: x509.Certificate, wanted: list[x509.GeneralName], now: datetime.datetime
) -> x509.Certificate:
    """Make and write a server certificate for these names, signed by `root` (its key is read from `files`)."""
    root_key = load_key(files.root_key)
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
    write_private(files.server_key, key)
    write_atomically(files.server_cert, [cert.public_bytes(serialization.Encoding.PEM)], files=Files())
    return cert


def made_here(cert: x509.Certificate, files: CertificateFiles) -> bool:
    """Whether the authority of this folder signed it: any other certificate is the operator's own."""
    return common_name(cert.issuer) == CA_NAME and files.root_cert.exists()


def common_name(name: x509.Name) -> str:
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


def covered(name: x509.GeneralName, permitted: Iterable[x509.GeneralName]) -> bool:
    """Whether a name lies within one of the permitted subtrees (RFC 5280 4.2.1.10)."""
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


def _permitted(wanted: Iterable[x509.GeneralName]) -> list[x509.GeneralName]:
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _LOCAL_DOMAINS]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE_NETWORKS]
    for name in wanted:
        if isinstance(name, x509.DNSName) and not covered(name, permitted):
            permitted.append(name)
        if isinstance(name, x509.IPAddress) and not covered(name, permitted):
            permitted.append(x509.IPAddress(ipaddress.ip_network(str(name.value))))
    return permitted


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
