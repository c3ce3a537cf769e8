"""Serves the support desk: ``python -m examples.support_desk [--host HOST] [--port PORT]``."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys

import uvicorn

from examples.support_desk.app import create_app
from examples.support_desk.models import Assistant, choose_assistant
from roomkit.errors import MissingDependencyError

PORT = 8000


def listening_socket(host: str, port: int | None) -> socket.socket:
    """A socket on the wanted port, or if none is wanted on the usual one or any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (PORT, 0) if port is None else (port,):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            # From here on whoever connects waits until the server is there.
            listener.listen()
        except OSError as error:
            listener.close()
            if candidate == 0 or port is not None:
                sys.exit(f"cannot listen on {host}:{candidate}: {error.strerror}")
        else:
            return listener
    raise AssertionError("unreachable")


def url_of(host: str, port: int) -> str:
    """Where a server that listens there is found from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def assistant() -> Assistant:
    """Who answers, as the environment says. Without the vendor's package it is the script."""
    try:
        return choose_assistant(os.environ)
    except MissingDependencyError as error:
        print(f"{error}; until then a script answers.", file=sys.stderr)
        return choose_assistant({})
    except ValueError as error:
        sys.exit(str(error))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.support_desk", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, help=f"{PORT}, or any that is free, by default")
    arguments = parser.parse_args()
    listener = listening_socket(arguments.host, arguments.port)
    url = url_of(arguments.host, listener.getsockname()[1])
    robin = assistant()
    config = uvicorn.Config(
        create_app(url, assistant=robin),
        log_level="warning",
        ws_max_size=256_000,
        timeout_graceful_shutdown=3,
    )
    print(
        f"The support desk is open: {url}  (Ctrl+C closes it)\n"
        f"The assistant is {robin.provider.model_name}.",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
