"""What each command of `python main.py` does: start the server, or one of the tools beside it.

Owns the dispatch, the exit statuses (0 done, 1 failed, 2 wrong setting) and the rule that every refusal is one
sentence on standard error. Holds no logic of its own. Runs on the main thread of the main process.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from server.addresses import look_around
from server.certificate_files import CertificateError, CertificateFiles
from server.certificates import ensure_certificates
from server.console import NOT_DONE
from server.console_io import ConsoleUnavailable, ask, talk
from server.domain.failures import Failure
from server.limits import limit_names
from server.settings import Settings, SettingsError, read_settings
from server.storage.contracts import StartRefused

ROOT = Path(__file__).resolve().parent.parent


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit status."""
    if os.name == "posix":
        os.umask(0o077)  # whatever is written is for this user alone (T86)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        settings = read_settings(arguments, os.environ, default_dir=ROOT, limit_names=limit_names())
        return _dispatch(settings)
    except SettingsError as error:
        return _refuse(str(error), 2)
    except (CertificateError, StartRefused, ConsoleUnavailable) as error:
        return _refuse(str(error), 1)
    except Failure as failure:
        return _refuse(failure.sentence, 1)
    except OSError as error:
        return _refuse(_os_sentence(error), 1)
    except KeyboardInterrupt:
        return 130


def _refuse(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)
    return status


def _os_sentence(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    return f"The system refused: {error.strerror or type(error).__name__}{place}. Check rights and space, then try again."


def _dispatch(settings: Settings) -> int:
    match settings.command:
        case "":
            from server.app import Server

            return Server(settings).start()
        case "certificate":
            return _certificate(settings)
        case "save":
            answer = ask(settings.data_dir, "save")
            if answer.startswith(NOT_DONE):
                return _refuse(answer.rstrip(), 1)
            print(answer, end="")
        case "console":
            talk(settings.data_dir, sys.stdin, lambda text: print(text, end="", flush=True))
        case "export":
            from server.keeping import export_notebooks

            assert settings.target is not None
            return export_notebooks(settings, settings.target, print)
        case "backup":
            from server.keeping import make_backup

            assert settings.target is not None
            return make_backup(settings, settings.target, print)
        case "restore":
            from server.keeping import restore_backup

            assert settings.target is not None
            return restore_backup(settings, settings.target, print)
        case "verify":
            from server.keeping import verify_notebooks

            return verify_notebooks(settings, print)
    return 0


def _certificate(settings: Settings) -> int:
    files = CertificateFiles(settings.https_dir)
    info = ensure_certificates(files, look_around(), settings.names, now=datetime.datetime.now(datetime.UTC))
    print(info.note or "The certificates are in order; nothing was changed.")
    print(f"Server certificate, SHA-256: {info.sha256}")
    if info.root_sha256:
        print(f"Local authority,    SHA-256: {info.root_sha256}")
    print(f"Answers to: {', '.join(sorted(info.hosts | {'*' + name for name in info.wildcards}))}")
    return 0
