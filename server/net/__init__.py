"""Sockets and threads: accepts TLS connections, owns them, and speaks HTTP/1.1 over `http_core`.

`NetServer` is the whole; an `Application` answers `Exchange`s. How a request travels: the `Acceptor` admits the
socket and gives it to an `IoThread`; its `Client` shakes hands, feeds the parser, hands each request to the
application, writes the answer, and waits for the next. Nothing above this package sees a socket.
"""

from server.net.application import AccessRecord, Application
from server.net.exchange import ConnectionInfo, Exchange, answer_many
from server.net.net_limits import NetLimits
from server.net.net_server import NetServer

__all__ = [
    "AccessRecord",
    "Application",
    "ConnectionInfo",
    "Exchange",
    "NetLimits",
    "NetServer",
    "answer_many",
]
