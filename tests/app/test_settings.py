"""Every setting: accepted, refused with a sentence that names the key, and documented."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from server.database_settings import read_database_config
from server.listeners import make_listeners
from server.settings import SettingsError, make_parser, read_settings

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ("login_failures_per_account", "idle_timeout_s")


def read(*arguments: str, **environment: str):  # type: ignore[no-untyped-def]
    return read_settings(arguments, environment, default_dir=Path("/data"), limit_names=LIMITS)


def test_defaults() -> None:
    settings = read()
    assert (settings.port, settings.hosts, settings.console, settings.signup_open) == (8443, (), True, True)
    assert settings.data_dir == Path("/data")


def test_flags_are_read_and_win_over_the_environment() -> None:
    settings = read(
        "--port", "443", "--name", "Notes.Example.ORG", "--limit", "idle_timeout_s=5", NOTEBOOKS_PORT="99"
    )
    assert settings.port == 443
    assert settings.names == ("notes.example.org",)
    assert settings.limits == {"idle_timeout_s": 5}


def test_the_environment_has_the_same_names() -> None:
    settings = read(NOTEBOOKS_PORT="4430", NOTEBOOKS_NAME="a.example b.example", NOTEBOOKS_NO_CONSOLE="1")
    assert (settings.port, settings.names, settings.console) == (4430, ("a.example", "b.example"), False)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "x"], "--port"),
        (["--port", "70000"], "--port"),
        (["--host", "not an address"], "--host"),
        (["--name", "bad name"], "--name"),
        (["--signup", "maybe"], "--signup"),
        (["--trusted-proxy", "x"], "--trusted-proxy"),
        (["--trusted-proxy", "10.0.0.0/8"], "--trusted-proxy"),
        (["--limit", "nothing=1"], "nothing"),
        (["--limit", "idle_timeout_s=soon"], "idle_timeout_s"),
        (["--colour"], "--colour"),
        (["dance"], "dance"),
        (["export"], "export"),
        (["save", "extra"], "extra"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(arguments: list[str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(*arguments)
    assert named in str(caught.value)
    assert str(caught.value).endswith((".", ":8443.")) or "PATH" in str(caught.value)


def test_an_unknown_name_in_the_environment_is_refused() -> None:
    with pytest.raises(SettingsError, match="NOTEBOOKS_COLOUR"):
        read(NOTEBOOKS_COLOUR="red")


GOOD = {
    "host": "db",
    "username": "u",
    "password": "p",
    "database": "d",
    "pool_name": "updateNotebooks",
    "autocommit": "True",
}


def database(tmp_path: Path, content: object) -> object:
    (tmp_path / "dbconfig.json").write_text(json.dumps(content))
    return read_database_config(read_settings([], {}, default_dir=tmp_path))


def test_the_six_keys_of_2022_are_enough(tmp_path: Path) -> None:
    config = database(tmp_path, GOOD)
    assert (config.kind, config.host, config.port, config.pool_size) == ("mysql", "db", 3306, 8)  # type: ignore[attr-defined]
    assert "'p'" not in repr(config)


def test_without_a_file_it_is_sqlite_in_the_data_folder(tmp_path: Path) -> None:
    config = read_database_config(read_settings([], {}, default_dir=tmp_path))
    assert config.kind == "sqlite"
    assert config.path.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hots": "x"}, "hots"),
        ({"host": 5}, "host"),
        ({"port": "abc"}, "port"),
        ({"pool_size": 0}, "pool_size"),
        ({"autocommit": "False"}, "autocommit"),
        ({"database": "d; drop"}, "database"),
        ({"tls_required": "yes"}, "tls_required"),
    ],
)
def test_a_wrong_database_key_is_named(tmp_path: Path, change: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        database(tmp_path, {**GOOD, **change})


def test_a_missing_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_database_config(read_settings(["--config", "nowhere.json"], {}, default_dir=tmp_path))


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} is in use"):
            make_listeners(read("--host", "127.0.0.1", "--port", str(port)))


def test_every_setting_stands_in_the_operations_page_and_in_help() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    help_text = make_parser().format_help()
    flags = {
        flag for action in make_parser()._actions for flag in action.option_strings if flag.startswith("--")
    }
    assert len(flags) >= 11
    for flag in flags - {"--help"}:
        assert f"`{flag}" in page, f"docs/operations.md misses {flag}"
        assert flag in help_text
    for flag in re.findall(r"`(--[a-z-]+)", page):
        assert flag in flags, f"docs/operations.md names {flag}, which does not exist"
