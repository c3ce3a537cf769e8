"""Runs a program as ``python program.py`` does, but for connections to other machines.

``python -m tests.docs.offline program.py``: what tries to reach another machine ends at once.
"""

from __future__ import annotations

import runpy
import sys

from tests.network import other_machine


class ForbiddenConnectionError(BaseException):
    """Not an ordinary exception: the program's own error handling would swallow it."""


def _refuse(event: str, args: tuple[object, ...]) -> None:
    host = other_machine(event, args)
    if host is not None:
        raise ForbiddenConnectionError(f"examples reach this machine only, not {host!r}")


def main() -> None:
    """Run the program that the first argument names."""
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.addaudithook(_refuse)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
