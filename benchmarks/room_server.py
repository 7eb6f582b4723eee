"""The peer of the fan-out: a room server made of python-socketio on uvicorn, which stores nothing.

Owns its program, its process, and whether an interpreter has what it needs. Not part of the product.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.product import free_port

ROOM_SERVER = """
import socketio
sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = socketio.ASGIApp(sio)

@sio.event
async def connect(sid, environ):
    await sio.enter_room(sid, "notebook")

@sio.event
async def stroke(sid, data):
    await sio.emit("stroke", data, room="notebook")
    return "ok"
"""


@contextlib.contextmanager
def room_server(folder: Path, python: str, https: Path) -> Iterator[int]:
    """The reference server; its port."""
    (folder / "room.py").write_text(ROOM_SERVER)
    port = free_port()
    process = subprocess.Popen(
        [
            python, "-m", "uvicorn", "room:app", "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
            "--log-level", "error", "--ssl-certfile", str(https / "servercert.pem"),
            "--ssl-keyfile", str(https / "serverkey.pem"),
        ],
        cwd=folder,
    )  # fmt: skip
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.kill()  # nothing of it is to be kept, and it would wait for its clients
        process.wait(10)


def peer_missing(python: str | None) -> str | None:
    """Why the room server cannot run, or None."""
    if python is None:
        return "no --peers-python was given (an environment with python-socketio and uvicorn[standard])"
    check = subprocess.run(
        [python, "-c", "import socketio, uvicorn, websockets"], capture_output=True, text=True, check=False
    )
    return None if check.returncode == 0 else f"{python}: {check.stderr.strip().splitlines()[-1]}"
