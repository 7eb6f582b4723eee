"""Configuration: the flags of `main.py` and the same names in the environment.

Owns every setting's name, default, check and help text (`--help` is made from the table below, and a test
compares it with docs/operations.md). Unknown keys and wrong values are refused with a sentence that names the
key and the fix. `dbconfig.json` is `server.database_settings`. Runs once, on the main thread, before anything
else starts; the result is immutable.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

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
