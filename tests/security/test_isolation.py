"""T8, T23, T85, T86, T87, F11, F17, F40, F45 on the running product: files, keys and what lies around after a kill.

Everything is done to a real process from outside: files swapped under it, links planted before it starts, kill -9.
"""

from __future__ import annotations

import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.pages import wait_until
from tests.support.product import ROOT, Person, Product, free_port, stroke


def start_refused(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to be refused: its exit status and what it says."""
    command = [
        sys.executable,
        str(ROOT / "main.py"),
        "--port",
        str(free_port()),
        "--host",
        "127.0.0.1",
        "--no-console",
    ]
    return subprocess.run(
        [*command, "--data-dir", str(data_dir), *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
    )


def certificate_of(product: Product) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", product.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def open_to_others(folder: Path) -> list[str]:
    """What below a folder the group or the world may touch."""
    return [
        f"{path} {stat.S_IMODE(path.lstat().st_mode):o}"
        for path in folder.rglob("*")
        if not path.is_symlink() and path.lstat().st_mode & 0o077
    ]


def test_t85_a_start_with_a_key_that_others_can_read_is_refused(product: Product) -> None:
    assert product.stop() == 0
    for name in ("https/serverkey.pem", "https/rootkey.pem", "keys/storage.key"):
        key = product.data_dir / name
        key.chmod(0o644)
        refused = start_refused(product.data_dir)
        assert refused.returncode != 0, name
        assert "chmod 600" in refused.stderr and key.name in refused.stderr
        assert "Traceback" not in refused.stderr and "PRIVATE" not in refused.stderr
        key.chmod(0o600)


def test_f40_t85_a_broken_certificate_changes_nothing_and_a_good_one_is_taken(product: Product) -> None:
    https = product.data_dir / "https"
    names = ("servercert.pem", "serverkey.pem")
    good = {name: (https / name).read_bytes() for name in names}
    before = certificate_of(product)
    person = Person(product.port).sign_up("Steady")
    notebook = person.new_notebook()

    def put(name: str, content: bytes, mode: int = 0o600) -> None:
        (https / f"{name}.new").write_bytes(content)
        (https / f"{name}.new").chmod(mode)
        (https / f"{name}.new").replace(https / name)

    for content in (b"garbage", b"", good["serverkey.pem"][:100]):
        for name in names:
            put(name, content)
            assert certificate_of(product) == before
            put(name, good[name])
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(https / "k"), "-out", str(https / "c")],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0
    put("servercert.pem", (https / "c").read_bytes())
    put("serverkey.pem", (https / "k").read_bytes(), 0o644)  # a good pair, but open to all: not taken
    for _ in range(3):
        assert certificate_of(product) == before
    (https / "serverkey.pem").chmod(0o600)
    wait_until(lambda: certificate_of(product) != before, what="the new certificate")
    assert person.post(f"/SAVE/{notebook}", [["a", stroke()]]).status == 200  # the old connection lives on
    person.close()
    wait_until(lambda: "not taken" in product.output, what="a line in the log")
    assert "PRIVATE" not in product.output and "Traceback" not in product.output


def test_t86_i8_every_file_is_private_after_kill_9_in_the_middle_of_writing(product: Product) -> None:
    person = Person(product.port).sign_up("Writer")
    notebook = person.new_notebook("Private")
    stop = threading.Event()

    def write(number: int) -> None:
        writer = Person(product.port)
        writer.cookies = dict(person.cookies)
        while not stop.is_set():
            try:
                writer.post(f"/SAVE/{notebook}", [["a", stroke(number)]] * 200)
            except OSError:
                break
        writer.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    product.kill()
    stop.set()
    for thread in threads:
        thread.join()
    person.close()
    assert (product.data_dir / "Protected").is_dir()
    assert open_to_others(product.data_dir) == []
    product.start()
    assert open_to_others(product.data_dir) == []
    person = Person(product.port)
    for name in os.listdir(product.data_dir / "Protected"):
        for path in (f"/Protected/{name}", f"/{name}", f"/Protected/Notebooks/{name}"):
            assert person.get(path).status == 404
    person.close()


def test_f45_f11_links_planted_before_the_start_are_not_followed(
    tmp_path: Path, start_product: Callable[..., Product]
) -> None:
    """Another program of the same user plants links where the server will write: nothing behind them is touched."""
    product = start_product()
    person = Person(product.port).sign_up("Victim")
    notebook = person.new_notebook("Target")
    person.post(f"/SAVE/{notebook}", [["a", stroke()]])
    person.close()
    assert product.stop() == 0
    canary = tmp_path / "canary"
    canary.write_text("untouched")
    folder = product.data_dir / "Protected" / "Notebooks"
    for name in os.listdir(folder):
        (folder / name).unlink()
        (folder / name).symlink_to(canary)
    for name in (
        f"{notebook}.svg.sealed.tmp",
        ".tmp",
        "NotebooksList.json.tmp",
        f".{notebook}.svg.sealed.0.tmp",
    ):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(canary)
    fifo = folder / "7.svg.sealed"
    if not fifo.exists():
        os.mkfifo(fifo)  # blocks nobody
    product.start()
    reader = Person(product.port)
    reader.post("/LOGIN", {"username": "Victim", "password": "a good long password"})
    assert "M100 100" in reader.get(f"/Notebook/{notebook}").data["NotebookData"]  # from the log
    assert reader.post(f"/SAVE/{notebook}", [["a", stroke()]]).status == 200
    reader.close()
    assert product.stop() == 0
    assert canary.read_text() == "untouched" and not canary.stat().st_mode & 0o002


def test_f2_f4_f5_what_was_answered_holds_after_kill_9(product: Product) -> None:
    """Each answer is followed by a power cut at once: what was taken away stays away, what was made is there once."""
    password, new = "a good long password", "a better long password"
    everybody = [Person(product.port) for _ in range(5)]
    owner, other, gone, stranger, again = everybody
    owner.sign_up("Owner")

    def cut() -> None:
        for person in everybody:
            person.close()
        product.kill()
        product.start()

    def log_in(person: Person, word: str) -> int:
        return person.post("/LOGIN", {"username": "Owner", "password": word}).status

    notebook = owner.new_notebook("Made just now")
    cut()
    assert [row["id"] for row in owner.get("/NotebookList").data] == [notebook]
    code = owner.share(notebook)
    assert log_in(other, password) == log_in(gone, password) == 200
    assert owner.post("/api/notebook/unshare", {"code": code}).status == 200
    assert other.post("/LOGOUT").status == 200
    fresh = owner.share(notebook)
    assert owner.post("/api/account/password", {"old": password, "new": new}).status == 200
    cut()
    assert [stranger.get(f"/Notebook?nb={which}").status for which in (code, fresh)] == [404, 200]
    assert [person.get("/LOGIN").status for person in (other, gone, owner)] == [401, 401, 200]
    assert log_in(stranger, password) == 401
    assert owner.post("/api/notebook/delete", {"id": notebook}).status == 200
    cut()
    assert owner.get("/NotebookList").data == [] and stranger.get(f"/Notebook?nb={fresh}").status == 404
    assert owner.post("/api/account/delete", {"password": new}).status == 200
    cut()
    assert log_in(stranger, new) == 401
    # F44: an id is never given out again, whatever was deleted for good
    again.sign_up("Owner")
    assert again.get("/LOGIN").data["id"] > 1 and again.new_notebook() > notebook
    for person in everybody:
        person.close()


def test_f24_a_second_server_on_the_same_folder_is_refused(product: Product) -> None:
    refused = start_refused(product.data_dir)
    assert refused.returncode != 0 and "Traceback" not in refused.stderr
    person = Person(product.port)
    assert person.get("/health").status == 200
    person.close()


def test_t23_no_request_opens_a_file(house: Product, people: Callable[[], Person]) -> None:
    """What the main process has open is the same after every spelling of a path."""
    from tests.e2e.test_private_things import SPELLINGS, raw_get

    assert house.process is not None

    def opened() -> set[str]:
        links = set()
        for link in Path(f"/proc/{house.process.pid}/fd").iterdir():  # type: ignore[union-attr]
            try:
                links.add(os.readlink(link))
            except OSError:
                continue
        return {link for link in links if link.startswith("/") and not link.startswith(("/dev", "/proc"))}

    people()
    before = opened()
    for target in SPELLINGS:
        assert int(raw_get(house.port, target).split(b" ", 2)[1]) in (400, 404), target
    assert opened() <= before | {str(house.data_dir / "logs" / "logs.log")}
