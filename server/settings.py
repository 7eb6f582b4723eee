"""Configuration: the flags of `main.py`, the same names in the environment, and `dbconfig.json`.

Owns every setting's name, default, check and help text (`--help` is made from the table below, and a test
compares it with docs/operations.md). Unknown keys and wrong values are refused with a sentence that names the
key and the fix. Reads files only in `read_database_config`. Runs once, on the main thread, before anything
else starts; the result is immutable.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from server.storage.contracts import DatabaseConfig

DEFAULT_PORT = 8443
ENVIRONMENT_PREFIX = "NOTEBOOKS_"
COMMANDS = {
    "certificate": "make or renew the certificates in https/ and show their fingerprints",
    "save": "ask the running server to write every changed snapshot and the JSON tables",
    "console": "talk to a running server that was started with --no-console",
    "export": "write every notebook as a plain SVG into a folder",
    "backup": "copy everything into one file, also while the server runs",
    "restore": "fill an empty data folder from a backup file",
    "verify": "check every notebook: log, snapshot and tables agree",
}
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


class SettingsError(Exception):
    """A setting is wrong; the message names the key and says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, checked. Paths are absolute; `names` are lower-case."""

    command: str = ""
    target: Path | None = None
    hosts: tuple[str, ...] = ()
    port: int = DEFAULT_PORT
    data_dir: Path = field(default_factory=Path.cwd)
    config: Path | None = None
    console: bool = True
    names: tuple[str, ...] = ()
    signup_open: bool = True
    trusted_proxies: tuple[str, ...] = ()
    hsts: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def https_dir(self) -> Path:
        return self.data_dir / "https"

    @property
    def protected_dir(self) -> Path:
        return self.data_dir / "Protected"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(
            f"{message[:1].upper()}{message[1:]}. `python main.py --help` lists every setting."
        )


def make_parser() -> argparse.ArgumentParser:
    """The command line, with help texts; nothing is read or checked yet."""
    commands = "\n".join(f"  {name:12} {text}" for name, text in COMMANDS.items())
    parser = _Parser(
        prog="python main.py",
        description="Shared Notebooks: a server for shared handwritten notebooks. Without a command it starts.",
        epilog=f"commands:\n{commands}\n\nEvery option can also be set in the environment, for example "
        f"{ENVIRONMENT_PREFIX}PORT=443; the storage key may come from {ENVIRONMENT_PREFIX}STORAGE_KEY. The database is set in dbconfig.json (see dbconfig.example.json).\n"
        "Exit status: 0 done, 1 refused or failed, 2 wrong setting. Everything else: docs/operations.md.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("command", nargs="?", default="", metavar="command", help="what to do instead of starting the server")
    add("target", nargs="?", default=None, help="the folder or file of export, backup and restore")
    add("--host", action="append", metavar="ADDRESS", help="address to listen on (default: every interface)")
    add(
        "--port",
        metavar="PORT",
        help=f"port to listen on (default {DEFAULT_PORT}; 443 needs the right to it)",
    )
    add(
        "--data-dir",
        metavar="DIR",
        help="folder for notebooks, certificates, keys and logs (default: this folder)",
    )
    add("--config", metavar="PATH", help="database settings (default: dbconfig.json in the data folder)")
    add(
        "--no-console",
        action="store_true",
        default=None,
        help="do not read operator commands from standard input",
    )
    add("--name", action="append", metavar="NAME", help="a further name or address this server answers to")
    add("--signup", metavar="open|closed", help="whether visitors may make accounts (default open)")
    add(
        "--trusted-proxy",
        action="append",
        metavar="ADDRESS",
        help="address of a reverse proxy whose X-Forwarded-For counts",
    )
    add(
        "--hsts",
        action="store_true",
        default=None,
        help="send Strict-Transport-Security (own certificate and a DNS name only)",
    )
    add("--limit", action="append", metavar="NAME=VALUE", help="change a limit listed in docs/operations.md")
    return parser


def read_settings(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    default_dir: Path,
    limit_names: Sequence[str] = (),
) -> Settings:
    """Put flags and environment together and check them; a flag wins over the environment.

    Args:
        arguments: the words after `main.py`.
        environment: environment variables; only names that begin with `NOTEBOOKS_` are looked at.
        default_dir: the data folder when none is given.
        limit_names: the names that `--limit` may carry.

    Raises:
        SettingsError: an unknown name or a wrong value.
    """
    given = vars(make_parser().parse_args(arguments))
    known = {
        "host",
        "port",
        "data_dir",
        "config",
        "no_console",
        "name",
        "signup",
        "trusted_proxy",
        "hsts",
        "limit",
    }
    lists = {"host", "name", "trusted_proxy", "limit"}
    for key, value in environment.items():
        name = key.removeprefix(ENVIRONMENT_PREFIX).lower()
        if not key.startswith(ENVIRONMENT_PREFIX) or name == "storage_key":
            continue
        if name not in known:
            raise SettingsError(
                f"{key} in the environment is no setting. `python main.py --help` lists them."
            )
        if given.get(name) is None:
            given[name] = value.split() if name in lists else value
    return _checked(given, default_dir, limit_names)


def _checked(given: Mapping[str, object], default_dir: Path, limit_names: Sequence[str]) -> Settings:
    command, target = str(given["command"] or ""), given["target"]
    if command and command not in COMMANDS:
        raise SettingsError(f"'{command}' is no command. Commands: {', '.join(COMMANDS)}.")
    if command in {"export", "backup", "restore"} and target is None:
        raise SettingsError(
            f"'{command}' needs a {'folder' if command == 'export' else 'file'}: python main.py {command} PATH"
        )
    if command not in {"export", "backup", "restore"} and target is not None:
        raise SettingsError(f"'{command}' takes no further word; '{target}' is not understood.")
    data_dir = Path(str(given["data_dir"] or default_dir)).expanduser().absolute()
    return Settings(
        command=command,
        target=Path(str(target)).expanduser().absolute() if target is not None else None,
        hosts=tuple(_address("--host", text) for text in _texts(given["host"])),
        port=_port(given["port"]),
        data_dir=data_dir,
        config=Path(str(given["config"])).expanduser().absolute() if given["config"] else None,
        console=not _switch("--no-console", given["no_console"]),
        names=tuple(_name(text) for text in _texts(given["name"])),
        signup_open=_signup(given["signup"]),
        trusted_proxies=tuple(_proxy(text) for text in _texts(given["trusted_proxy"])),
        hsts=_switch("--hsts", given["hsts"]),
        limits=dict(_limit(text, limit_names) for text in _texts(given["limit"])),
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _switch(key: str, value: object) -> bool:
    if value in (None, True, False):
        return bool(value)
    words = {
        "1": True,
        "yes": True,
        "true": True,
        "on": True,
        "0": False,
        "no": False,
        "false": False,
        "off": False,
        "": False,
    }
    word = str(value).lower()
    if word not in words:
        raise SettingsError(f"{key} is on or off; '{value}' is neither. Use 1 or 0.")
    return words[word]


def _port(value: object) -> int:
    if value is None:
        return DEFAULT_PORT
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise SettingsError(
            f"--port is a number from 1 to 65535; '{text}' is not. Leave it out for {DEFAULT_PORT}."
        )
    return int(text)


def _address(key: str, text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        if text == "localhost":
            return "127.0.0.1"
        raise SettingsError(
            f"{key} is an IP address such as 192.168.1.20 or ::; '{text}' is not one."
        ) from None


def _name(text: str) -> str:
    name = text.lower().strip("[]")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST_NAME.fullmatch(name):
            raise SettingsError(
                f"--name is a host name such as notes.example.org, or an address; '{text}' is not."
            ) from None
        return name


def _proxy(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise SettingsError(
            f"--trusted-proxy is the IP address of a proxy, such as 127.0.0.1; '{text}' is not one."
        ) from None


def _signup(value: object) -> bool:
    if value not in (None, "open", "closed"):
        raise SettingsError(f"--signup is open or closed; '{value}' is neither.")
    return value != "closed"


def _limit(text: str, limit_names: Sequence[str]) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in limit_names:
        raise SettingsError(f"--limit does not know '{name}'. Names: {', '.join(sorted(limit_names))}.")
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", value):
        raise SettingsError(f"--limit {name} wants a number, for example {name}=10; '{value}' is not one.")
    return name, float(value) if "." in value else int(value)


DATABASE_KEYS = {
    "host", "username", "password", "database", "pool_name", "autocommit", "port", "pool_size",
    "tls_ca", "tls_cert", "tls_key", "tls_required", "unix_socket",
}  # fmt: skip


def read_database_config(settings: Settings) -> DatabaseConfig:
    """Read `dbconfig.json`, or choose SQLite in the data folder where there is none.

    Raises:
        SettingsError: the file is not readable, not JSON, or a key or value is wrong.
    """
    path = settings.config or settings.data_dir / "dbconfig.json"
    if not path.exists():
        if settings.config:
            raise SettingsError(
                f"--config names {path}, which does not exist. Copy dbconfig.example.json there and fill it in."
            )
        return DatabaseConfig(kind="sqlite", path=str(settings.data_dir / "notebooks.sqlite3"))
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path} cannot be read as JSON ({type(error).__name__}). Compare it with dbconfig.example.json."
        ) from error
    if not isinstance(raw, dict):
        raise SettingsError(f"{path} must hold one JSON object. Compare it with dbconfig.example.json.")
    for key in raw:
        if key not in DATABASE_KEYS:
            raise SettingsError(
                f"{path} has the unknown key '{key}'. Known keys: {', '.join(sorted(DATABASE_KEYS))}."
            )
    for key in ("host", "username", "password", "database"):
        if not isinstance(raw.get(key), str) or (not raw[key] and key != "password"):
            raise SettingsError(f"{path} needs '{key}' as a text. Compare it with dbconfig.example.json.")
    if str(raw.get("autocommit", "True")) != "True":
        raise SettingsError(f"{path}: 'autocommit' stands for compatibility and must be \"True\".")
    required = raw.get("tls_required", False)
    if not isinstance(required, bool):
        raise SettingsError(f"{path}: 'tls_required' is true or false.")
    return DatabaseConfig(
        kind="mysql",
        host=raw["host"],
        port=_whole(path, raw, "port", 3306, 65535),
        username=raw["username"],
        password=raw["password"],
        database=_database_name(path, raw["database"]),
        pool_name=_text(path, raw, "pool_name", "updateNotebooks"),
        pool_size=_whole(path, raw, "pool_size", 8, 32),
        unix_socket=_text(path, raw, "unix_socket", "") or None,
        tls_ca=_text(path, raw, "tls_ca", "") or None,
        tls_cert=_text(path, raw, "tls_cert", "") or None,
        tls_key=_text(path, raw, "tls_key", "") or None,
        tls_required=required,
    )


def _database_name(path: Path, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_$-]{1,64}", text):
        raise SettingsError(f"{path}: 'database' may hold letters, digits, _, $ and - only.")
    return text


def _whole(path: Path, raw: Mapping[str, object], key: str, default: int, top: int) -> int:
    value = raw.get(key, default)
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= top:
        raise SettingsError(f"{path}: '{key}' is a number from 1 to {top}.")
    return number


def _text(path: Path, raw: Mapping[str, object], key: str, default: str) -> str:
    value = raw.get(key, default)
    if not isinstance(value, str):
        raise SettingsError(f"{path}: '{key}' is a text.")
    return value


def make_listeners(settings: Settings) -> list[socket.socket]:
    """Bind and listen; IPv4 and IPv6 on every interface by default.

    Raises:
        SettingsError: the port is taken, needs a right this user lacks, or the address is not this machine's.
    """
    hosts = settings.hosts or (("::", "0.0.0.0") if socket.has_ipv6 else ("0.0.0.0",))
    listeners: list[socket.socket] = []
    port = settings.port
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            if settings.hosts:
                raise SettingsError(
                    f"--host {host}: this machine has no IPv{6 if ':' in host else 4}."
                ) from None
            continue  # no IPv6 here
        try:
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if socket.SO_REUSEADDR and hasattr(socket, "SO_REUSEPORT"):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(512)
        except OSError as error:
            listener.close()
            if (
                family == socket.AF_INET6
                and not settings.hosts
                and not isinstance(error, PermissionError)
                and not _in_use(error)
            ):
                continue  # IPv6 is switched off on this machine
            for other in listeners:
                other.close()
            raise SettingsError(_bind_sentence(host, port, error)) from error
        listener.setblocking(False)
        port = listener.getsockname()[1]  # with --port 0 both families share the port that was found
        listeners.append(listener)
    return listeners


def _in_use(error: OSError) -> bool:
    import errno

    return error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))


def _bind_sentence(host: str, port: int, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"Port {port} needs a right that this user lacks. Use --port {DEFAULT_PORT}, "
            f"or give the right: docs/operations.md, 'Port 443'."
        )
    if _in_use(error):
        return f"Port {port} is in use: another server, or this one started twice. Stop it, or use --port with another number."
    return f"Cannot listen on {host} port {port}: {error.strerror}. Check --host against the addresses of this machine."
