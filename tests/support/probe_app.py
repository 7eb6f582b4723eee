"""A server for outside checks of HTTP: the real `http_core`, `server.net`, access log and static files, little else.

    .venv/bin/python tests/support/probe_app.py --port N [--plain] [--app]

It answers `GET|HEAD|POST /__echo` with what it understood (JSON, bytes as latin-1 text), `/__204` with 204, and serves
a folder made for the occasion: index.html, hello.txt, src/Styles/main.css, links that lead out, and a secret file one
folder up that no request may reach. The configured host is localhost. TLS with a certificate of its own unless
`--plain`. `--app` mounts the product's whole route table beside it over an empty data folder, without the budgets for
failed logins and code misses, and prints `CODE=<edit code of an empty notebook>`. Not part of the product.
"""

import argparse
import contextlib
import datetime
import io
import ipaddress
import json
import logging
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

from http_core.errors import ParsingError  # noqa: E402
from http_core.packet import Request, Response  # noqa: E402
from http_core.target import TargetForm  # noqa: E402
from server.domain.failures import Failure  # noqa: E402
from server.logs import Logs  # noqa: E402
from server.net import AccessRecord, Application, Exchange, NetLimits, NetServer  # noqa: E402
from server.net.tls import CertificateFiles  # noqa: E402
from server.web.failures import failure_body, failure_of  # noqa: E402
from server.web.handler_pool import HandlerPool  # noqa: E402
from server.web.json_answer import raw_json_response  # noqa: E402
from server.web.security_headers import SecurityHeaders  # noqa: E402
from server.web.static_manifest import folder_files  # noqa: E402

HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
FIRST_BYTE_S = 0.45
"""The checker looks only half a second at a connection that says nothing; the product waits ten."""
ECHO_METHODS = ("GET", "HEAD", "POST")
FILE_METHODS = ("GET", "HEAD")


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write a self-signed ECDSA P-256 certificate and its key (mode 0600) into `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "servercert.pem", folder / "serverkey.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_path, key_path


def make_web_root(folder: Path) -> Path:
    """Make the files the checks ask for; returns the folder to serve, `secret.txt` lies beside it."""
    (folder / "secret.txt").write_text("SECRET-OUTSIDE-ROOT")
    root = folder / "www"
    (root / "src" / "Styles").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Probe</title><p>Here to be probed.\n")
    (root / "hello.txt").write_text("0123456789" * 100)
    (root / "one_kib.txt").write_text("x" * 1024)
    (root / "five_mib.txt").write_text("".join(f"{number:063}\n" for number in range(81920)))
    (root / "src" / "Styles" / "main.css").write_text("p { color: black }\n")
    for name, target in (
        ("link-out", "../secret.txt"),
        ("link-out.txt", "../secret.txt"),
        ("link-dir", ".."),
    ):
        with contextlib.suppress(OSError):  # a system without links has none to follow
            (root / name).symlink_to(target)
    return root


def echo_response(request: Request) -> Response:
    """What was understood of a request, bytes as latin-1 text."""
    understood = {
        "method": request.method,
        "path": request.target.raw_path,
        "query": request.query,
        "headers": list(request.headers.items()),
        "body": request.body.decode("latin-1"),
    }
    return raw_json_response(200, json.dumps(understood).encode())


class ProbeApplication:
    """Echo, 204 and static files, answered on the I/O thread."""

    def __init__(self, root: Path, access: Callable[[AccessRecord], None]) -> None:
        self._files = folder_files(root, lambda: int(time.time() * 1000))
        self._headers = SecurityHeaders(hsts=False)
        self._pool = HandlerPool("probe", threads=2, queue=64)
        self.log = access

    def body_limit(self, request: Request) -> int:
        """A megabyte for the echo, nothing elsewhere that would be read."""
        return 1 << 20

    def early_refusal(self, exchange: Exchange) -> Response | None:
        """What would be refused with its body is refused without it."""
        try:
            self._check(exchange.request)
        except Failure as failure:
            return self._refusal(failure)
        return None

    def handle(self, exchange: Exchange) -> None:
        """Answer at once."""
        request = exchange.request
        try:
            self._check(request)
            response = self._found(request)
        except Failure as failure:
            response = self._refusal(failure)
        else:
            response.headers = self._headers.added_to(response.headers)
        exchange.answer(response)

    def refuse(self, error: ParsingError, peer: str, request: Request | None = None) -> Response:
        """The answer to a protocol error."""
        return self._refusal(failure_of(error))

    def plain_http(self, first_bytes: bytes) -> bytes:
        """A sentence in clear."""
        body = b"This port speaks HTTPS. Use an address that begins with https://.\n"
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Connection: close\r\n\r\n" + body

    def run_blocking(self, job: Callable[[], None]) -> bool:
        """On the pool."""
        return self._pool.submit(job)

    def stop(self) -> None:
        """End the pool."""
        self._pool.stop(1.0)

    def _check(self, request: Request) -> None:
        """Host (H5) and method (H2), before the path is looked at. Raises Failure."""
        if request.host and request.host not in HOSTS:
            raise Failure.of("wrong_host")
        if request.method not in KNOWN_METHODS:
            raise Failure.of("not_implemented")
        allowed = ECHO_METHODS if request.path == "/__echo" else FILE_METHODS
        exists = request.path in self._files or request.path in ("/__echo", "/__204")
        if request.method not in allowed and (exists or request.method != "POST"):
            raise Failure.of("method_not_allowed", allow=", ".join(allowed))
        if request.target.form is TargetForm.ASTERISK or not exists:
            raise Failure.of("not_found")

    def _found(self, request: Request) -> Response:
        match request.path:
            case "/__echo":
                return echo_response(request)
            case "/__204":
                return Response(status=204)
        response = self._files.answer(request)
        if response is None:
            raise Failure.of("not_found")
        return response

    def _refusal(self, failure: Failure) -> Response:
        headers = [("Allow", str(failure.extra["allow"]))] if "allow" in failure.extra else []
        if "content_range" in failure.extra:
            headers.append(("Content-Range", str(failure.extra["content_range"])))
        response = raw_json_response(failure.status, failure_body(failure), headers)
        response.headers = self._headers.added_to(response.headers)
        return response


@contextlib.contextmanager
def running_probe(
    *,
    port: int = 0,
    plain: bool = False,
    limits: NetLimits | None = None,
    console: io.TextIOBase | None = None,
) -> Iterator[tuple[NetServer, int]]:
    """The probe server as a context: yields it and its port, stops it at the end."""
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        folder = Path(name)
        logs = Logs(folder / "logs" / "logs.log", console=console)
        logs.start()
        application = ProbeApplication(make_web_root(folder), logs.access)
        with serving(application, folder, port=port, plain=plain, limits=limits) as (server, bound):
            yield server, bound
        application.stop()
        logs.stop()


@contextlib.contextmanager
def serving(
    application: Application,
    folder: Path,
    *,
    port: int = 0,
    plain: bool = False,
    limits: NetLimits | None = None,
) -> Iterator[tuple[NetServer, int]]:
    """Serve any application on a loopback port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    contexts = None if plain else CertificateFiles(*make_certificate(folder))
    limits = limits or NetLimits(first_byte_s=FIRST_BYTE_S)
    server = NetServer(application, listeners=[listener], context=contexts, limits=limits)
    server.start()
    try:
        yield server, listener.getsockname()[1]
    finally:
        server.stop()


def main() -> None:
    """Serve until a signal comes."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--plain", action="store_true")
    arguments.add_argument("--app", action="store_true")
    options = arguments.parse_args()
    if options.app:
        from tests.support.probe_product import run_product

        with tempfile.TemporaryDirectory(prefix="probe-") as name:
            sys.exit(run_product(Path(name), port=options.port, plain=options.plain))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running_probe(port=options.port, plain=options.plain) as (_, port):
        print(f"READY port={port}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
