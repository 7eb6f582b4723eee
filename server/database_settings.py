"""`dbconfig.json`: the database and nothing else, under the keys of the 2022 program.

Owns the file's keys, their checks and the sentences about what is wrong; without the file it chooses SQLite in the
data folder. Runs once, on the main thread, before anything else starts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from server.settings import Settings, SettingsError
from server.storage.contracts import DatabaseConfig

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
