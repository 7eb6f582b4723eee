"""The servers that are compared by `http_throughput`: this one, and the peers with what each needs to be started.

Owns their programs and configurations, the environment they come from, and their processes while they run.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.probe_app import make_certificate
from tests.support.product import ROOT, free_port

PEERS = ["uvicorn", "uvloop", "httptools", "gunicorn", "cheroot", "aiohttp"]

ASGI = """
BODY = b"x" * {size}
async def app(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"{size}")]
        await send({{"type": "http.response.start", "status": 200, "headers": headers}})
        await send({{"type": "http.response.body", "body": BODY}})
"""
WSGI = """
BODY = b"x" * {size}
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "{size}")])
    return [BODY]
"""
AIOHTTP = """
import ssl, sys
from aiohttp import web
BODY = b"x" * {size}
async def answer(request):
    return web.Response(body=BODY, content_type="text/plain")
app = web.Application()
app.router.add_get("/{{path:.*}}", answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), ssl_context=context, access_log=None, print=None)
"""
CHEROOT = """
import sys
from cheroot.wsgi import Server
from cheroot.ssl.builtin import BuiltinSSLAdapter
from peer_wsgi import app
server = Server(("127.0.0.1", int(sys.argv[1])), app, numthreads=40, request_queue_size=512)
server.keep_alive_conn_limit = 1000
server.ssl_adapter = BuiltinSSLAdapter(sys.argv[2], sys.argv[3])
server.start()
"""
THREADS = '''
"""A thread per connection over the same http_core."""
import socket, ssl, sys, threading, time
sys.path.insert(0, {root!r})
from http_core import Complete, Limits, RequestParser, Response
from http_core.dates import format_http_date
from http_core.writer import encode_response
ANSWER = Response(200, [("Content-Type", "text/plain")], b"x" * {size})
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])

def serve(sock):
    try:
        tls = context.wrap_socket(sock, server_side=True)
        parser = RequestParser(Limits())
        while data := tls.recv(65536):
            parser.receive(data)
            while isinstance(event := parser.next_event(), Complete):
                keep = event.request.keep_alive
                tls.sendall(encode_response(ANSWER, head_only=False, http10=False, keep_alive=keep,
                                            date=format_http_date(int(time.time()))))
                parser.start_next()
                if not keep:
                    return
    except OSError:
        return
    finally:
        sock.close()

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
while True:
    sock, _ = listener.accept()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
'''
NGINX_CONF = """
worker_processes 2;
daemon off;
master_process on;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 10000000;
    server {{
        listen 127.0.0.1:{port} ssl reuseport;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        root {folder}/www;
    }}
}}
"""


class Missing(Exception):
    """A peer cannot be run here; the message says why."""


def peers_python(given: str | None) -> str | None:
    """The interpreter that has the peers; makes the environment when none is given."""
    if given:
        return given
    folder = ROOT / "build" / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making {folder} with {', '.join(PEERS)} ...", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False).returncode == 0
        if made:
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=False)
    return str(python) if python.exists() else None


class Field:
    """The servers that are compared, each startable on a port."""

    def __init__(self, folder: Path, python: str | None, path: str, size: int) -> None:
        self.folder, self.python, self.path, self.size = folder, python, path, size
        self.cert, self.key = make_certificate(folder)
        for name, text in {
            "peer_asgi": ASGI,
            "peer_wsgi": WSGI,
            "peer_aiohttp": AIOHTTP,
            "peer_cheroot": CHEROOT,
        }.items():
            (folder / f"{name}.py").write_text(text.format(size=size))
        (folder / "peer_threads.py").write_text(THREADS.format(size=size, root=str(ROOT)))

    def command(self, name: str, port: int) -> list[str]:
        """The command line of a server. Raises Missing."""
        pair = [str(self.cert), str(self.key)]
        match name:
            case "this server":
                data = self.folder / "data"
                (data / "https").mkdir(parents=True, exist_ok=True)
                shutil.copy(self.cert, data / "https" / "servercert.pem")
                shutil.copy(self.key, data / "https" / "serverkey.pem")
                where = ["--host", "127.0.0.1", "--port", str(port), "--data-dir", str(data), "--no-console"]
                return [sys.executable, str(ROOT / "main.py"), *where]
            case "thread per connection":
                return [sys.executable, "peer_threads.py", str(port), *pair]
            case "nginx (2 workers)":
                return self._nginx(port)
        if self.python is None:
            raise Missing("no environment with the peers could be made")
        module = name.split(" ", maxsplit=1)[0]
        if subprocess.run(
            [self.python, "-c", f"import {module}"], capture_output=True, check=False
        ).returncode:
            raise Missing(f"{module} is not installed in {self.python}")
        run = [self.python]
        tls = ["--keyfile", pair[1], "--certfile", pair[0]]
        match module:
            case "uvicorn":
                ssl_files = ["--ssl-keyfile", pair[1], "--ssl-certfile", pair[0]]
                quiet = [
                    "--no-access-log",
                    "--log-level",
                    "warning",
                    "--loop",
                    "uvloop",
                    "--http",
                    "httptools",
                ]
                return [*run, "-m", "uvicorn", "peer_asgi:app", "--port", str(port), *ssl_files, *quiet]
            case "gunicorn":
                threads = ["-k", "gthread", "--threads", "40", "--log-level", "warning"]
                return [*run, "-m", "gunicorn", "peer_wsgi:app", "-b", f"127.0.0.1:{port}", *threads, *tls]
            case "cheroot":
                return [*run, "peer_cheroot.py", str(port), *pair]
            case _:
                return [*run, "peer_aiohttp.py", str(port), *pair]

    def _nginx(self, port: int) -> list[str]:
        if shutil.which("nginx") is None:
            raise Missing("nginx is not installed (Debian: apt install nginx-light)")
        served = self.folder / "www" / self.path.lstrip("/")
        served.parent.mkdir(parents=True, exist_ok=True)
        served.write_bytes(b"x" * self.size)
        for parent in (self.folder, *served.parents):  # its workers run as another user
            if self.folder in (parent, *parent.parents):
                parent.chmod(0o755)
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=self.folder, port=port, cert=self.cert, key=self.key))
        return ["nginx", "-c", str(conf), "-p", str(self.folder)]

    @contextmanager
    def running(self, name: str) -> Iterator[tuple[int, int]]:
        """Run a server; yields its port and pid once it answers. Raises Missing."""
        port = free_port()
        command = self.command(name, port)
        process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + 15
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > until or process.poll() is not None:
                        raise Missing("it did not start") from None
                    time.sleep(0.05)
            time.sleep(0.3)
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
