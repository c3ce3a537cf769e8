"""What holds for every test: the optional groups, and no traffic to other machines."""

from __future__ import annotations

import ipaddress
import os
import sys

import pytest
from hypothesis import settings

from tests.groups import GROUPS, left_out, require_group

# A busy machine must not fail a property for being slow, and a gate must not fail by luck.
settings.register_profile("roomkit", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("roomkit")


def _parse(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    address = _parse(host)
    if address is None:
        return host in {"", "localhost"}
    return address.is_loopback or address.is_unspecified


def _other_machine(event: str, args: tuple[object, ...]) -> str | None:
    """The host that a call is about to reach, if it is another machine."""
    if event == "socket.connect":
        # The address of a Unix socket is a path, not a tuple.
        host = args[1][0] if isinstance(args[1], tuple) else None
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return None
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or _is_this_machine(host):
        return None
    # A numeric address is parsed, not looked up.
    return None if event == "socket.getaddrinfo" and _parse(host) else host


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    host = _other_machine(event, args)
    if host is not None:
        # Not an ordinary exception: error handling that is under test would swallow it.
        pytest.fail(f"a test tried to reach {host!r}; tests reach this machine only")


def pytest_configure(config: pytest.Config) -> None:
    for group in GROUPS.values():
        config.addinivalue_line("markers", f"{group.name}: needs {group.needs}")
    # An audit hook sees every connection, whatever library makes it, and cannot be bypassed.
    sys.addaudithook(_refuse_network)


def pytest_report_header() -> list[str]:
    return [f"left out: {group.reason}" for group in left_out()]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in GROUPS:
        if item.get_closest_marker(name) is not None:
            require_group(name)
