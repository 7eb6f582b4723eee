"""Who this server is to browsers: the machine's names, its certificate, and the addresses that lead here (H5, S4).

Owns the certificate in use and what is told of it. Made on the main thread at start; `renew` runs on the I/O thread
that noticed the new pair. Each member is replaced whole, so that others read the old one or the new one.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence

from server.addresses import Door, Machine, look_around, typed_addresses
from server.certificate_files import CertificateError, CertificateFiles
from server.certificates import RENEW_DAYS, CertificateInfo, certificates_in_use, ensure_certificates
from server.ground import refuse_hsts_without_a_name
from server.settings import Settings
from server.web.services import CertificateFacts


class Identity:
    """The machine, the certificate and the addresses of one running server."""

    def __init__(self, settings: Settings, log: logging.Logger) -> None:
        """Look around, and make or check the certificate.

        Raises:
            CertificateError, SettingsError: what is wrong and what to do, in one sentence.
        """
        self.files = CertificateFiles(settings.https_dir)
        self._names = settings.names
        self._log = log
        self.machine: Machine = look_around()
        now = datetime.datetime.now(datetime.UTC)
        self.certificate: CertificateInfo = ensure_certificates(
            self.files, self.machine, self._names, now=now
        )
        if settings.hsts:
            refuse_hsts_without_a_name(self.certificate)
        self.facts: CertificateFacts = self._facts()

    def open(self, door: Door) -> None:
        """From here on it is known where the server listens."""
        self._door = door
        self.addresses: Sequence[str] = typed_addresses(self.machine, self._names, door)

    def told(self) -> Sequence[str]:
        """What the start text promises: behind loopback alone nothing but the names that were given."""
        if not self._door.is_of_this_machine_alone:
            return self.addresses
        return typed_addresses(Machine("", (), False), self._names, self._door)

    def renew(self) -> None:
        """Another pair is served from now on: its names are ours, and /connect and /health speak of it."""
        try:
            self.certificate = certificates_in_use(self.files, self._names)
            self.facts = self._facts()
        except (CertificateError, OSError) as error:
            self._log.error("The names of the new certificate could not be read: %s", error)
            return
        self.machine = look_around()
        self.open(self._door)

    def notes(self, now_ms: int) -> list[str]:
        """What the operator should know of the certificate at start."""
        notes = [f"The server {self.certificate.note}."] if self.certificate.note else []
        days = self.certificate.days_left(now_ms)
        if self.certificate.own and days < RENEW_DAYS:
            notes.append(f"Your certificate ends in {max(days, 0)} days: put a new pair into https/ before.")
        return notes

    def _facts(self) -> CertificateFacts:
        pem = None if self.certificate.own else self.files.root_cert.read_bytes()
        fingerprint = self.certificate.sha256.replace(":", "").lower()
        return CertificateFacts(fingerprint, not self.certificate.own, pem)
