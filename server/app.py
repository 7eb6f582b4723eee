"""The program: makes every part, joins them, runs until it is told to stop, and stops without losing anything.

Owns `Server` with the steps of the 2022 program in their order (console, TLS context, bind, listen, Pipe and Queue,
update process, update thread, the [INIT] line, run) and the order of stopping. The only module where the objects of
different packages meet. `start` and `run` are the main thread, `send_updates` a thread of its own. Implements O2.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from server import __version__
from server.addresses import Door
from server.announcement import announce, start_notes, tell_service_manager
from server.capacity import collect_garbage_seldom, raise_descriptor_limit
from server.console_io import ConsoleSocket, start_reading_standard_input
from server.data import OpenData, open_data, save_at_the_end
from server.domain.accounts import PasswordHasher
from server.doorway import PATIENCE_S, Doorway
from server.ground import check_site
from server.identity import Identity
from server.limits import AllLimits, apply_limits
from server.listeners import make_listeners
from server.logs import Logs, open_logs
from server.net.application import AccessRecord
from server.net.net_server import NetServer
from server.net.tls import CertificateFiles as ReloadingContext
from server.operator import ServerOperator
from server.settings import Settings
from server.stop_request import StopRequest, ignore_hangup
from server.updates.pacer import PacerThread
from server.updates.process import UpdateProcess, spawned_generations
from server.updates.replicas import Replicas
from server.web.assembly import Web, WebParts, join_web
from server.web.call import Call
from server.web.clock import Clock
from server.web.closing import close_notebook
from server.web.route import Route
from server.web.services import WebSettings
from server.web.static_manifest import read_site

ROOT = Path(__file__).resolve().parent.parent
DRAIN_S = 10.0
START_PATIENCE_S = 10.0
_log = logging.getLogger("server")


class Server:
    """One running server on one data folder."""

    def __init__(
        self,
        settings: Settings,
        *,
        more_routes: tuple[Route[Call], ...] = (),
        guesses_limited: bool = True,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Nothing is opened before `start`.

        Args:
            settings: what the operator chose.
            more_routes: rows beside the product's own (outside checks).
            guesses_limited: False switches off the budgets for failed logins and code misses (outside checks).
            patience_s: seconds without a visit from another device before the usual reasons are told.
        """
        self.settings = settings
        self._more_routes = more_routes
        self._guesses_limited = guesses_limited
        self._patience_s = patience_s
        self._doorway: Doorway | None = None
        self._clock = Clock()
        self._limits: AllLimits = apply_limits(settings.limits)
        self._stop = StopRequest(lambda: ConsoleSocket.remove(settings.data_dir))
        self._stopping = False
        self._started_s = time.monotonic()

    # --- starting ----------------------------------------------------------------------------------------------

    def start(self) -> int:
        """Start every part in the original's order, then run; returns the exit status.

        Raises:
            SettingsError, StartRefused, CertificateError: what is wrong and what to do, in one sentence.
        """
        settings = self.settings
        check_site(ROOT)
        raise_descriptor_limit()
        self._data: OpenData = open_data(settings)
        self._logs: Logs = open_logs(settings.logs_dir, console=sys.stdout)
        try:
            self._start_console()
            self._make_tls_context()
            listeners = self._bind_and_listen()
            self._make_pipe_and_queue()
            self._start_update_process()
            self._start_update_thread()
            self._open_doors(listeners)
            self._print_init_line()
            collect_garbage_seldom()
            return self.run()
        except BaseException:
            self._abandon()
            raise

    def _start_console(self) -> None:
        """Signals count from here; commands are read once the server is ready for them."""
        self._stop.heed_signals()

    def _make_tls_context(self) -> None:
        self._identity = Identity(self.settings, _log)
        files = self._identity.files
        self._context = ReloadingContext(files.server_cert, files.server_key, self._identity.renew)

    def _bind_and_listen(self) -> list[socket.socket]:
        return make_listeners(self.settings)

    def _make_pipe_and_queue(self) -> None:
        """Both ends of the Pipe and the Queue; each start of the update process gets a fresh pair."""
        # After a second signal Python's own helper removes the queue's semaphores; its warning helps nobody.
        sys.warnoptions.append("ignore:resource_tracker:UserWarning")
        storage, clock = self._data.storage, self._clock
        self._updates = UpdateProcess(
            spawned_generations(self._data.update_settings, _log),
            on_restart=self._recheck_polls,
            log=_log,
        )
        self._pacer = PacerThread(clock.monotonic_s, _log)
        self._web: Web = join_web(
            WebParts(
                storage=storage,
                updates=self._updates,
                replicas=Replicas(storage, self._data.snapshots),
                hasher=PasswordHasher(),
                site=read_site(ROOT / "public", ROOT / "node_modules", clock.now_ms),
                pacer=self._pacer,
                hosts=lambda: self._identity.certificate,
                addresses=lambda: self._identity.addresses,
                certificate=lambda: self._identity.facts,
                health=self._health,
                access_log=self._note_request,
                discard_files=self._data.snapshots.remove,
                settings=WebSettings(
                    version=__version__,
                    signup_open=self.settings.signup_open,
                    hsts=self.settings.hsts,
                    trusted_proxies=frozenset(self.settings.trusted_proxies),
                ),
                limits=self._limits.web,
                clock=clock,
                guesses_limited=self._guesses_limited,
                more_routes=self._more_routes,
            )
        )
        self._online_clients = self._web.services.online_clients

    def _start_update_process(self) -> None:
        self._updates.start()

    def _start_update_thread(self) -> None:
        self._pacer.start()
        self._update_thread = threading.Thread(target=self.send_updates, name="send_updates", daemon=True)
        self._update_thread.start()

    def _open_doors(self, listeners: list[socket.socket]) -> None:
        hosts = tuple(str(listener.getsockname()[0]) for listener in listeners)
        port = listeners[0].getsockname()[1]
        self._door = Door(hosts, port, bool(self.settings.trusted_proxies))
        self._identity.open(self._door)
        if not self._door.is_of_this_machine_alone:
            self._doorway = Doorway(
                self._identity.machine.addresses,
                self._identity.addresses,
                port=port,
                say=_log.info,
                clock=self._clock.monotonic_s,
                patience_s=self._patience_s,
            )
        self._net = NetServer(
            self._web.application,
            listeners=listeners,
            context=self._context,
            limits=self._limits.net,
            uncapped=frozenset(self.settings.trusted_proxies),
        )
        self._operator = ServerOperator(
            storage=self._data.storage,
            revocation=self._web.services.revocation,
            hasher=self._web.services.hasher,
            net=self._net,
            logs=self._logs,
            save_tables=self._save_tables,
            close_notebook=partial(close_notebook, self._web.services),
            request_stop=self._stop.ask,
            now_ms=self._clock.now_ms,
        )
        self._net.start()

    def _print_init_line(self) -> None:
        """Ready means that a stroke can be stored: the update process is up, too, or the text says that it is not."""
        up = self._updates.wait_running(START_PATIENCE_S)
        notes = start_notes(
            self._identity, self._data, self._limits.net, can_store=up, now_ms=self._clock.now_ms()
        )
        took_s = time.monotonic() - self._started_s
        announce(self.settings, self._identity, self._door, self._data, notes=notes, took_s=took_s)

    # --- running -----------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Serve until somebody asks to stop, then stop safely; returns the exit status."""
        self._console_socket = ConsoleSocket(self.settings.data_dir, self._operator)
        self._console_socket.start()
        if self.settings.console:
            start_reading_standard_input(self._operator)
        while not self._stop.wait(self._doorway.wait_s() if self._doorway else None):
            if self._doorway is not None:
                self._doorway.look()
        self._shut_down()
        return 0

    def _note_request(self, record: AccessRecord) -> None:
        """One finished request: its line in the log, and a look whether somebody came in. Any thread."""
        self._logs.access(record)
        if self._doorway is not None:
            self._doorway.visit(record.peer)

    def _recheck_polls(self) -> None:
        """After the update process was replaced: what waits may have been stored without being pushed."""
        self._online_clients.recheck()

    def send_updates(self) -> None:
        """The update thread: answers and applied changes from the Queue to the writers and the waiting polls."""
        self._updates.send_updates(self._online_clients.publish)

    # --- stopping ----------------------------------------------------------------------------------------------

    def _shut_down(self) -> None:
        """Stop accepting, answer open polls, let writers finish, write snapshots and tables, leave."""
        self._stopping = True
        tell_service_manager(os.environ, "STOPPING=1")
        _log.info("stopping: no new connections, open requests are answered")
        self._console_socket.stop()
        self._net.stop_accepting()
        self._online_clients.evictions.close()
        self._net.drain(DRAIN_S)
        save_at_the_end(self._updates.flush, self._data.save_tables, _log)
        self._updates.stop()
        self._web.pools.stop(DRAIN_S)
        self._net.stop()
        self._pacer.stop()
        self._data.close()
        _log.info("stopped after %.0f s", time.monotonic() - self._started_s)
        self._logs.stop()
        ignore_hangup()

    def _abandon(self) -> None:
        """Undo a start that failed half way."""
        for name in ("_net", "_updates", "_pacer"):
            part = getattr(self, name, None)
            if part is not None:
                part.stop()
        self._data.close()
        self._logs.stop()

    # --- figures -----------------------------------------------------------------------------------------------

    def _save_tables(self) -> str:
        """`save`: every changed snapshot, then the JSON tables; returns the sentence for the operator."""
        self._updates.flush()
        return self._data.save_tables()

    def _health(self) -> Mapping[str, object]:
        """The members of /health (O3); reads memory only."""
        state = self._updates.state
        healthy = state.value == "running" and not self._stopping
        return {
            "status": "stopping" if self._stopping else "ok" if healthy else "degraded",
            "version": __version__,
            "database": self._data.kind,
            "update_process": state.value,
            "oldest_unsynced_ms": self._updates.oldest_unsynced_ms,
            "certificate_days": self._identity.certificate.days_left(self._clock.now_ms()),
            "waiting_polls": self._online_clients.counts().waiting,
            "connections": self._net.counters()["connections"],
            "uptime_s": int(time.monotonic() - self._started_s),
        }
