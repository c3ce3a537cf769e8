"""URLs that somebody else chose do not lead into the operator's own network."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers._guard import BlockedAddressError, PinnedURL, check_url, pin

# Every one of these reaches this machine, a private network or a cloud's metadata service, if one
# only looks for the usual spelling.
SPELLINGS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://127。0。0。1。/",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://172.16.0.1/",
    "http://192.0.0.170/",
    "http://192.0.0.8/",
    "http://192.168.1.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001:db8::1]/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://web.localhost/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://metadata.google.internal/",
    "http://printer.local/",
    "http://intranet/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1%2f@example.com/",
    "http://127.0.0.1 .example.com/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1.1/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:http/",
    "http:///path",
    "http:example.com",
    "//example.com/",
    "example.com",
    "ftp://example.com/",
    "file:///etc/passwd",
    "http://[::1/",
    "http://exa%6dple.com/",
    "",
]


@pytest.mark.parametrize("url", SPELLINGS)
async def test_a_url_into_the_own_network_is_refused(url: str) -> None:
    with pytest.raises(BlockedAddressError):
        check_url(url)
    with pytest.raises(BlockedAddressError):
        await pin(url)


@given(st.text())
def test_any_text_is_refused_or_a_url(text: str) -> None:
    for url in (text, f"http://{text}/", f"https://{text}"):
        try:
            check_url(url)
        except BlockedAddressError:
            continue


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?a=b",
        "http://example.com:8080",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://[64:ff9b::5db8:d822]/",
        "https://[2002:5db8:d822::1]/",
        "https://bücher.example/",
    ],
)
def test_a_public_url_is_fine(url: str) -> None:
    check_url(url)


class Directory:
    """Names and their addresses; a name with several entries changes at every look-up."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


async def test_the_address_takes_the_place_of_the_name() -> None:
    directory = Directory(["93.184.216.34", "93.184.216.35"])
    pinned = await pin("https://Example.com./hook?token=x#part", resolve=directory)
    assert pinned == PinnedURL(
        url="https://93.184.216.34:443/hook?token=x",
        host="example.com",
        server_name="example.com",
    )
    assert directory.asked == [("example.com", 443)]


async def test_a_port_and_an_ipv6_address_are_written_as_the_web_wants_them() -> None:
    directory = Directory(["2606:2800:220::1"])
    pinned = await pin("http://bücher.example:8080", resolve=directory)
    assert pinned.url == "http://[2606:2800:220::1]:8080/"
    assert pinned.host == "xn--bcher-kva.example:8080"
    assert directory.asked == [("xn--bcher-kva.example", 8080)]


async def test_an_address_is_not_looked_up() -> None:
    pinned = await pin("https://[2606:2800:220::1]:444/", resolve=Directory())
    assert pinned.url == "https://[2606:2800:220::1]:444/"
    assert pinned.host == "[2606:2800:220::1]:444"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["fe80::1%eth0"],
    ],
)
async def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    with pytest.raises(BlockedAddressError):
        await pin("https://example.com/", resolve=Directory(addresses))


async def test_the_system_is_asked_where_nobody_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def getaddrinfo(host: str, port: int, *_: object) -> list[object]:
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(BlockedAddressError):
        await pin("https://example.com/")
    assert asked == [("example.com", 443)]


async def test_a_name_that_changes_its_mind_is_looked_at_again() -> None:
    directory = Directory(["93.184.216.34"], ["127.0.0.1"])
    await pin("https://example.com/", resolve=directory)
    with pytest.raises(BlockedAddressError):
        await pin("https://example.com/", resolve=directory)


async def test_a_name_without_an_address_is_not_blocked_but_out_of_reach() -> None:
    with pytest.raises(OSError, match="no address"):
        await pin("https://example.com/", resolve=Directory([]))
