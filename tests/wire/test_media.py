"""Files behind URLs that messages carry, from servers on this machine."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from roomkit.errors import ProviderError
from roomkit.providers.media import MediaFetcher
from roomkit.testing import Reply, ScriptedServer, VirtualClock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
PNG_HEADERS = {"content-type": "image/png"}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """The one whose files may be fetched, although it is on this machine."""
    async with ScriptedServer(default=Reply(body=PNG, headers=PNG_HEADERS)) as server:
        yield server


@pytest.fixture
async def inside() -> AsyncIterator[ScriptedServer]:
    """One that nobody outside of this machine may reach through us."""
    async with ScriptedServer(default=Reply(body=b"the keys", headers=PNG_HEADERS)) as server:
        yield server
        assert server.requests == []
        assert server.connections == 0


def host_of(server: ScriptedServer) -> str:
    return server.url.removeprefix("http://")


def port_of(server: ScriptedServer) -> str:
    return server.url.rpartition(":")[2]


class FakeDNS:
    """Answers with one list of addresses after the other, and with the last one from then on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def refusal(url: str, **settings: Any) -> ProviderError:
    """Why a file cannot be had."""
    fetcher = MediaFetcher(**settings)
    try:
        with pytest.raises(ProviderError) as caught:
            await fetcher.fetch(url)
    finally:
        await fetcher.close()
    assert caught.value.provider == "media"
    assert url not in str(caught.value)
    return caught.value


async def test_a_file_is_fetched_with_its_type(server: ScriptedServer) -> None:
    fetcher = MediaFetcher(allow_hosts=[host_of(server)], mime_types=["image/*"])
    server.reply(body=PNG, headers={"content-type": "Image/PNG; charset=binary"})
    file = await fetcher.fetch(f"{server.url}/a.png?size=1")
    await fetcher.close()
    assert (file.content, file.mime_type) == (PNG, "image/png")
    (request,) = server.requests
    assert (request.target, request.headers["host"]) == ("/a.png?size=1", host_of(server))
    assert not {"authorization", "cookie"} & set(request.headers)


async def test_a_file_of_no_type_may_be_anything(server: ScriptedServer) -> None:
    fetcher = MediaFetcher(allow_hosts=["127.0.0.1"])
    server.reply(body=b"?")
    assert (await fetcher.fetch(server.url)).mime_type == "application/octet-stream"
    server.reply(body=b"?")
    with pytest.raises(ProviderError):
        await fetcher.fetch(server.url, mime_types=["image/png"])
    await fetcher.close()


HIDDEN = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://user@127.0.0.1:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://100.64.0.1/",
    "file:///etc/passwd",
    "ftp://example.com/a.png",
    "gopher://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
]


@pytest.mark.parametrize("url", HIDDEN)
async def test_no_spelling_leads_inside(inside: ScriptedServer, url: str) -> None:
    error = await refusal(url.format(port=port_of(inside)))
    assert (error.code, error.retryable) == ("address_blocked", False)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["10.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fe80::1%eth0"],
    ],
)
async def test_no_name_leads_inside(inside: ScriptedServer, addresses: Sequence[str]) -> None:
    url = f"http://pictures.example:{port_of(inside)}/"
    error = await refusal(url, resolve=FakeDNS(addresses))
    assert (error.code, error.retryable) == ("address_blocked", False)


async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    """A name that leads elsewhere a moment later gains nothing: nobody asks again."""
    dns = FakeDNS(["93.184.216.34"], ["127.0.0.1"])
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=PNG, headers=PNG_HEADERS)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        fetcher = MediaFetcher(http_client=client, resolve=dns)
        await fetcher.fetch("https://pictures.example/a.png")
        assert dns.asked == ["pictures.example:443"]
        with pytest.raises(ProviderError) as caught:
            await fetcher.fetch("https://pictures.example/a.png")
    assert caught.value.code == "address_blocked"
    (request,) = seen
    assert str(request.url) == "https://93.184.216.34/a.png"
    assert request.headers["host"] == "pictures.example"
    assert request.extensions["sni_hostname"] == "pictures.example"


async def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    error = await refusal("https://pictures.example/", resolve=FakeDNS([]))
    assert (error.code, error.retryable) == ("unreachable", True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_after_the_same_check(
    server: ScriptedServer, inside: ScriptedServer, status: int
) -> None:
    fetcher = MediaFetcher(allow_hosts=[host_of(server)])
    server.reply(status=status, headers={"location": "../b.png", "set-cookie": "id=7; Path=/"})
    assert (await fetcher.fetch(f"{server.url}/dir/a.png")).content == PNG
    assert [request.target for request in server.requests] == ["/dir/a.png", "/b.png"]
    assert "cookie" not in server.requests[-1].headers
    for location in (
        f"{inside.url}/",
        f"//127.0.0.1:{port_of(inside)}/",
        f"http://localhost:{port_of(inside)}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ):
        server.reply(status=status, headers={"location": location})
        with pytest.raises(ProviderError) as caught:
            await fetcher.fetch(f"{server.url}/a.png")
        assert caught.value.code == "address_blocked"
    await fetcher.close()


async def test_a_redirect_to_a_name_is_looked_up_anew(
    server: ScriptedServer, inside: ScriptedServer
) -> None:
    location = f"http://pictures.example:{port_of(inside)}/"
    server.reply(status=302, headers={"location": location})
    dns = FakeDNS(["127.0.0.1"])
    error = await refusal(f"{server.url}/", allow_hosts=[host_of(server)], resolve=dns)
    assert error.code == "address_blocked"
    assert dns.asked == [f"pictures.example:{port_of(inside)}"]


async def test_redirects_come_to_an_end(server: ScriptedServer) -> None:
    server.default = Reply(status=302, headers={"location": "/again"})
    error = await refusal(f"{server.url}/", allow_hosts=[host_of(server)])
    assert (error.code, error.retryable) == ("bad_redirect", False)
    assert len(server.requests) == 4


@pytest.mark.parametrize("location", ["http://pictures.example/a.png", "http://[bad/"])
async def test_a_redirect_gives_up_no_encryption(location: str) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": location})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport) as client:
        error = await refusal(
            "https://pictures.example/", http_client=client, resolve=FakeDNS(["93.184.216.34"])
        )
    assert error.code == "bad_redirect"


async def test_too_much_is_not_read(server: ScriptedServer) -> None:
    allowed: dict[str, Any] = {"allow_hosts": [host_of(server)], "max_bytes": 100}
    server.reply(body=bytes(100))
    fetcher = MediaFetcher(**allowed)
    assert len((await fetcher.fetch(server.url)).content) == 100
    await fetcher.close()

    server.reply(body=bytes(101))
    assert (await refusal(f"{server.url}/", **allowed)).code == "too_large"

    never = asyncio.Event()
    server.reply(Reply(pieces=[bytes(60), bytes(60), never]))
    assert (await refusal(f"{server.url}/", **allowed)).code == "too_large"
    assert not never.is_set()


async def test_a_file_that_drips_runs_into_the_bound_for_the_whole(server: ScriptedServer) -> None:
    clock = VirtualClock()
    fetcher = MediaFetcher(allow_hosts=[host_of(server)], timeout=20, clock=clock)
    drops = [asyncio.Event() for _ in range(10)]
    server.reply(status=302, headers={"location": "/slow"})
    pieces = [piece for drop in drops for piece in (drop, b"x")]
    server.reply(Reply(pieces=pieces, headers=PNG_HEADERS))
    fetching = asyncio.create_task(fetcher.fetch(f"{server.url}/"))
    await server.wait_for_requests(2)
    for drop in drops[:6]:
        drop.set()
        await clock.advance(4)
    with pytest.raises(ProviderError) as caught:
        await fetching
    assert (caught.value.code, caught.value.retryable) == ("timeout", True)
    await fetcher.close()


async def test_a_file_of_another_type_is_not_read(server: ScriptedServer) -> None:
    never = asyncio.Event()
    server.default = Reply(pieces=[never], headers={"content-type": "text/html"})
    allowed = {"allow_hosts": [host_of(server)]}
    for wanted in (["image/png"], ["image/*", "audio/*"], ["image/png", "image/jpeg"]):
        error = await refusal(f"{server.url}/", mime_types=wanted, **allowed)
        assert (error.code, error.retryable) == ("wrong_type", False)


async def test_a_packed_file_is_not_unpacked(server: ScriptedServer) -> None:
    packed = gzip.compress(bytes(10_000_000))
    server.reply(body=packed, headers={**PNG_HEADERS, "content-encoding": "gzip"})
    assert (await refusal(f"{server.url}/", allow_hosts=["127.0.0.1"])).code == "bad_answer"
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (404, "not_found", False),
        (401, "unauthorized", False),
        (302, "http_302", False),
        (429, "rate_limited", True),
        (503, "unavailable", True),
    ],
)
async def test_a_server_that_says_no(
    server: ScriptedServer, status: int, code: str, retryable: bool
) -> None:
    server.reply(Reply(status=status, pieces=[asyncio.Event()]))
    error = await refusal(f"{server.url}/", allow_hosts=["127.0.0.1"])
    assert (error.code, error.retryable, error.status_code) == (code, retryable, status)


async def test_a_file_in_the_url_itself() -> None:
    fetcher = MediaFetcher(max_bytes=10, mime_types=["text/plain", "image/png"])
    file = await fetcher.fetch("data:text/plain;charset=utf-8,caf%C3%A9")
    assert (file.content, file.mime_type) == ("café".encode(), "text/plain")
    assert (await fetcher.fetch("data:image/png;base64,aGVsbG8=")).content == b"hello"
    for url, code in (
        ("data:image/png;base64,!!!", "bad_answer"),
        ("data:image/png", "bad_answer"),
        ("data:text/html,<p>", "wrong_type"),
        ("data:text/plain,12345678901", "too_large"),
    ):
        with pytest.raises(ProviderError) as caught:
            await fetcher.fetch(url)
        assert caught.value.code == code
    await fetcher.close()


async def test_a_host_is_allowed_on_its_port(
    server: ScriptedServer, inside: ScriptedServer
) -> None:
    fetcher = MediaFetcher(allow_hosts=[f"LOCALHOST:{port_of(server)}", "[::1]", "files.internal"])
    assert (await fetcher.fetch(f"http://localhost:{port_of(server)}/")).content == PNG
    for other in (f"http://localhost:{port_of(inside)}/", inside.url):
        with pytest.raises(ProviderError):
            await fetcher.fetch(other)
    await fetcher.close()


@pytest.mark.parametrize("host", ["", "http://x.example", "a/b", "user@host", "host:port", "a b"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(ValueError, match="allow_hosts"):
        MediaFetcher(allow_hosts=[host])


async def test_connections_are_not_shared(server: ScriptedServer) -> None:
    fetcher = MediaFetcher(allow_hosts=["127.0.0.1"])
    await fetcher.fetch(server.url)
    await fetcher.fetch(server.url)
    await fetcher.close()
    assert server.connections == 2
