"""TLS contexts: which versions and ciphers we speak, from which files, and how they change at run time.

Owns the settings (H1, T80, T81, T84), the check that nobody else can read the key (T85) and the reload when the
files change (O2). Does no handshake. `CertificateFiles.current` is called on the thread that accepts; contexts
themselves may be shared between threads.
"""

import logging
import os
import ssl
import stat
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

CIPHERS_TLS_1_2 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
"""Mozilla's "intermediate" list without the DHE suites, which no browser of the last ten years needs."""


class KeyPermissionError(Exception):
    """The private key can be read by others; the message says which file and what to type."""


def check_key_permissions(key_path: Path) -> None:
    """Refuse a key file that the group or the world can read. Where modes mean nothing (Windows), accept.

    Raises:
        KeyPermissionError: with the command that repairs it.
        OSError: the file cannot be looked at.
    """
    if os.name != "posix":
        return
    mode = stat.S_IMODE(key_path.stat().st_mode)
    if mode & 0o077:
        raise KeyPermissionError(
            f"The private key {key_path} can be read by other users of this machine (mode {mode:04o}). "
            f"Type: chmod 600 {key_path}"
        )


def make_context(cert_path: Path, key_path: Path) -> ssl.SSLContext:
    """A server context for one certificate chain and its key.

    TLS 1.2 and 1.3, AEAD with ECDHE only, ALPN http/1.1, tickets for resumption, no renegotiation, no compression,
    no early data (OpenSSL's default). Raises KeyPermissionError, OSError, ssl.SSLError (not a matching pair).
    """
    check_key_permissions(key_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_TLS_1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_SINGLE_ECDH_USE
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = (
        1  # a browser gets one on each of its connections; another costs a thirtieth of the handshake
    )
    context.load_cert_chain(cert_path, key_path)
    return context


class CertificateFiles:
    """The context for two files, made anew when they change.

    A new context is complete before it takes the place of the old one; a pair that does not load (half written, not
    matching, readable by others) leaves the old context in use and is logged once per change.
    """

    def __init__(self, cert_path: Path, key_path: Path, on_reload: Callable[[], None] | None = None) -> None:
        """Load the pair. Raises as `make_context`; `on_reload` hears of each new pair that was taken."""
        self._on_reload = on_reload
        self._cert_path = cert_path
        self._key_path = key_path
        self._seen = self._fingerprint()
        self._context = make_context(cert_path, key_path)

    def current(self) -> ssl.SSLContext:
        """The context for the next connection. Two `stat` calls, and a load when a file is new."""
        try:
            fingerprint = self._fingerprint()
        except OSError:
            return self._context
        if fingerprint != self._seen:
            self._seen = fingerprint
            self._reload()
        return self._context

    def _reload(self) -> None:
        try:
            self._context = make_context(self._cert_path, self._key_path)
        except (KeyPermissionError, OSError, ValueError) as error:
            _log.error("The new certificate was not taken, the old one stays in use: %s", error)
        else:
            _log.info("Certificate reloaded from %s", self._cert_path)
            if self._on_reload is not None:
                self._on_reload()

    def _fingerprint(self) -> tuple[tuple[int, int, int, int], ...]:
        return tuple(
            (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
            for status in (self._cert_path.stat(), self._key_path.stat())
        )
