"""The Shared Notebooks server.

`server.app` is the only place where the parts meet; `server.domain` knows the rules, `server.storage`
keeps them on disk, `server.updates` applies changes, `server.web` answers requests, `server.net` owns
the sockets. Importing this package does nothing.
"""

__version__ = "1.0.0"
