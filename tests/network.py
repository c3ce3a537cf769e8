"""Noticing that something is about to reach another machine."""

from __future__ import annotations

import ipaddress


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


def other_machine(event: str, args: tuple[object, ...]) -> str | None:
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
