"""The four certificate files of the 2022 program: where they are, how they are read, and whether they fit each other.

Owns the names in `https/` (rootcert.pem, rootkey.pem, servercert.pem, serverkey.pem) and every sentence about a file
that cannot be used. A private key that others can read is refused (T85). Runs at start, in
`python main.py certificate`, and on the watcher's thread after files were replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.storage.atomic_files import Files, write_atomically


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


def check_private(path: Path) -> None:
    """Raise CertificateError for a key that other users of the machine can read."""
    if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077:
        raise CertificateError(
            f"{path} holds a private key and can be read by other users of this machine. "
            f"Make it private (chmod 600 {path}) and start again."
        )


def load_certificate(path: Path) -> x509.Certificate | None:
    """The certificate in a PEM file, None where there is no file. Raises CertificateError for anything else."""
    if not path.exists():
        return None
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (ValueError, OSError) as error:
        raise CertificateError(
            f"{path} cannot be read as a certificate. Put a PEM certificate there, "
            f"or remove it together with its key and a new one is made."
        ) from error


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The authority's key. Raises CertificateError when it is unreadable or of another kind."""
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


def check_pair(cert: x509.Certificate, files: CertificateFiles) -> None:
    """Raise CertificateError unless the server key is the certificate's."""
    if not fits(cert, files):
        raise CertificateError(
            f"{files.server_cert} and {files.server_key} do not belong together. "
            f"Put the matching pair there, or remove both and a new pair is made."
        )


def fits(cert: x509.Certificate, files: CertificateFiles) -> bool:
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


def write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a key that only its owner can read, whole or not at all."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(path, [pem], files=Files())
