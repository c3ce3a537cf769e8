"""Keeping requests to URLs that somebody else chose out of the operator's own network.

A URL passes in two steps. `check_url` looks at the spelling, so that a bad one fails where it is
configured. `pin` resolves the name right before the request, refuses it unless every address is
public, and gives back the address itself: a name that resolves to something else a moment later
gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

type Address = IPv4Address | IPv6Address
type Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to addresses."""

# The registries of special-purpose addresses, all that is not reachable from everywhere.
# https://www.iana.org/assignments/iana-ipv4-special-registry and …ipv6-special-registry;
# `ipaddress` has them too, but which ones depends on the release of Python, and it calls multicast
# global.
_NOT_PUBLIC_V4 = [
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
]
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = [IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "3fff::/20")]
# Addresses that are another spelling of an IPv4 address: (network, how far right that address
# begins).
_WRAPPED_V4 = [
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
]
_INTERNAL_SUFFIXES = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan")


class BlockedAddressError(ValueError):
    """The URL leads to an address that is not public, or cannot be read as a URL of the web."""


class NotPublicError(BlockedAddressError):
    """The URL is sound, but leads to an address or name that is not public."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinnedURL:
    """A URL with the address in place of the host's name.

    Attributes:
        url: what to connect to.
        host: the value of the ``Host`` header.
        server_name: the name to ask for, and to check the certificate against, when TLS is set up.
    """

    url: str
    host: str
    server_name: str


def is_public(address: Address) -> bool:
    """Whether an address is reachable from everywhere; sees through IPv6 spellings of IPv4."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_V4)
    for network, shift in _WRAPPED_V4:
        if address in network:
            return is_public(IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
    return address in _PUBLIC_V6 and not any(address in block for block in _NOT_PUBLIC_V6)


def check_url(url: str) -> SplitResult:
    """Refuse a URL that by its spelling alone cannot be a public one.

    Raises:
        BlockedAddressError: not http(s), no host, credentials in front of the host, or a host that
            is an address that is not public, or a name that only means something inside of a
            network.
    """
    parts = split_url(url)
    if parts.username is not None or parts.password is not None:
        raise BlockedAddressError("a URL must not hold credentials; use a header")
    host = normal_host(parts)
    address = literal_address(host)
    if address is not None:
        if not is_public(address):
            raise NotPublicError("the URL's host is not a public address")
    elif "." not in host or f".{host}".endswith(_INTERNAL_SUFFIXES):
        raise NotPublicError("the URL's host is not a public name")
    return parts


async def pin(url: str, *, resolve: Resolver | None = None) -> PinnedURL:
    """Resolve a URL's host once and for all.

    Args:
        resolve: how to find a name's addresses; None asks the system.

    Raises:
        BlockedAddressError: see `check_url`; or the name leads to an address that is not public.
        OSError: the name cannot be resolved now.
    """
    parts = check_url(url)
    host = normal_host(parts)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = literal_address(host)
    if address is None:
        address = await _only_public(host, port, resolve or _ask_system)
    shown = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    explicit = f":{parts.port}" if parts.port else ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name = f"[{host}]" if ":" in host else host
    return PinnedURL(
        url=f"{parts.scheme}://{shown}:{port}{path}", host=f"{name}{explicit}", server_name=host
    )


def split_url(url: str) -> SplitResult:
    """The parts of an http(s) URL.

    Raises:
        BlockedAddressError: it is not one, or two readers could disagree about its host.
    """
    if any(char <= " " or char in "\\\x7f" for char in url):
        raise BlockedAddressError("the URL holds white space, control characters or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BlockedAddressError("the URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BlockedAddressError("the URL is not an absolute http or https URL")
    return parts


def normal_host(parts: SplitResult) -> str:
    """The host in lower case and ASCII, look-alike characters replaced, without a final dot.

    Raises:
        BlockedAddressError: it holds something that a host's name cannot hold.
    """
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise BlockedAddressError("the URL's host is not a valid name") from None
    host = host.lower().rstrip(".")
    if not host or any(char in "%/?#@<>^|[]" or char <= " " for char in host):
        raise BlockedAddressError("the URL's host is not a valid name")
    return host


def literal_address(host: str) -> Address | None:
    """The address that a host spells out, or None if it is a name.

    Knows the old spellings that resolvers accept: ``127.1``, ``0x7f000001``, ``2130706433``,
    ``0177.0.0.1``.

    Raises:
        BlockedAddressError: it ends in a number, as no name does, and is not an address either.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    last = host.rpartition(".")[2]
    if ":" not in host and not last.isdigit() and not last.startswith("0x"):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        raise BlockedAddressError("the URL's host is not a valid address") from None


async def _only_public(host: str, port: int, resolve: Resolver) -> Address:
    addresses = [ip_address(text.partition("%")[0]) for text in await resolve(host, port)]
    if not addresses:
        raise OSError("the name has no address")
    if not all(is_public(address) for address in addresses):
        raise NotPublicError("the URL's host leads to an address that is not public")
    return addresses[0]


async def _ask_system(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
