"""The start of Shared Notebooks: `python main.py` starts the server, `python main.py --help` lists the rest.

Owns nothing but the way in: it says what to do where Python or the packages are missing (a bare clone), and
hands everything else to `server.app`. Runs on the main thread of the main process; the update process imports
it too (spawn), so nothing happens at import.
"""

import sys

SET_UP = "make setup"


def main() -> int:
    """Check the ground, then run the command; returns the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this line is for those who have an older Python
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    try:
        import cryptography  # noqa: F401
        import mysql.connector  # noqa: F401
    except ImportError as error:
        print(
            f"The package '{error.name}' is not installed here. Set everything up with one command:\n\n"
            f"    {SET_UP}\n\nand start with `make run`, or with `.venv/bin/python main.py`.",
            file=sys.stderr,
        )
        return 2
    from server.command_line import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
