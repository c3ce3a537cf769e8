"""Messages from a server on this machine that sends events over HTTP, and is not always well."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx_sse
import pytest
from httpx_sse import ServerSentEvent
from pydantic import SecretStr

from roomkit import HookResult, HookTrigger, InboundMessage, RoomContext, RoomEvent, TextContent
from roomkit.sources._failures import SSE_FAILURES
from roomkit.sources.sse import SSESource
from roomkit.testing import Reply, ScriptedServer
from tests.wire.listening import Listener, until

STREAM = {"content-type": "text/event-stream; charset=utf-8"}


def said(text: str, *, sender: str = "ada", **more: Any) -> str:
    return json.dumps({"sender": sender, "text": text, **more})


def event(text: str, *, event_id: str = "", sender: str = "ada") -> bytes:
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}data: {said(text, sender=sender)}\n\n".encode()


def stream(*pieces: bytes | asyncio.Event, ends: bool = False) -> Reply:
    """A stream of these pieces that stays open, unless it `ends`."""
    return Reply(headers=STREAM, pieces=[*pieces, *([] if ends else [asyncio.Event()])])


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=Reply(status=204)) as server:
        yield server


async def attach(listener: Listener, url: str, **options: Any) -> SSESource:
    source = SSESource(url, clock=listener.clock, **options)
    await listener.kit.attach_source("feed", source)
    return source


async def test_what_the_server_sends_reaches_the_room(
    listener: Listener, server: ScriptedServer
) -> None:
    pieces = event("one", event_id="1"), event("two", sender="bob"), event("three", event_id="2")
    server.reply(stream(*pieces))
    await attach(listener, f"{server.url}/feed?room=7", headers={"X-Key": SecretStr("k3y")})
    await listener.hears("one", "two", "three")
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/feed?room=7")
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["x-key"] == "k3y"
    assert "last-event-id" not in request.headers
    assert (listener.health.status, listener.health.messages) == ("running", 3)


async def test_streams_are_read_as_the_standard_says(
    listener: Listener, server: ScriptedServer
) -> None:
    pieces = [
        b": a comment\n\n",
        b"event: ping\ndata: still here\n\n",
        b"id: 7\n\n",
        b"data\n\n",
        b'data: {"sender": "ada",\r\ndata: "text": "in\\ntwo lines"}\r\n\r\n',
        b"event: message\rdata: " + said("in bits").encode()[:9],
        said("in bits").encode()[9:] + b"\r",
        b"\r",
        b"retry: soon\nunknown: field\nid: a\0b\ndata:" + said("grüße").encode() + b"\n\n",
        event("never finished")[:-1],
    ]
    server.reply(stream(*pieces, ends=True))
    source = await attach(listener, server.url)
    await listener.is_("waiting")
    await listener.hears("in\ntwo lines", "in bits", "grüße")
    assert (listener.health.messages, listener.health.dropped) == (3, 0)
    assert source.last_event_id == "7"


async def test_text_is_utf8_with_or_without_a_mark(
    listener: Listener, server: ScriptedServer
) -> None:
    text = "grüße\u2028\x85\ufeff"
    raw = f"data: {json.dumps({'sender': 'ada', 'text': text}, ensure_ascii=False)}\n\n".encode()
    marked = b"\xef\xbb\xbf" + raw
    latin = {"content-type": "text/event-stream; charset=iso-8859-1"}
    server.reply(Reply(headers=latin, pieces=[marked[:1], marked[1:2], marked[2:]]))
    server.reply(Reply(headers=latin, pieces=[marked]))
    server.reply(Reply(headers=latin, pieces=[raw]))
    await attach(listener, server.url)
    await listener.time_until(lambda: listener.health.status == "ended")
    await listener.hears(text, text, text)


async def test_a_compressed_stream_is_not_read(listener: Listener, server: ScriptedServer) -> None:
    """A few bytes could become very many."""
    bomb = gzip.compress(b"data: " + b"x" * 5_000_000)
    server.reply(Reply(headers={**STREAM, "content-encoding": "gzip"}, pieces=[bomb]))
    await attach(listener, server.url)
    await listener.is_("waiting")
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert listener.health.error == "sse: a compressed stream, which was not asked for"


@pytest.mark.parametrize(
    ("event_id", "told"),
    [(" 7", "7"), ("7 \t", "7"), ("\t", None), ("", None), ("7" * 5000, "7" * 5000)],
)
async def test_no_id_keeps_a_stream_from_being_taken_up(
    listener: Listener, server: ScriptedServer, event_id: str, told: str | None
) -> None:
    server.reply(stream(f"id: {event_id}\n".encode() + event("one"), ends=True))
    await attach(listener, server.url)
    await listener.is_("waiting")
    await listener.clock.advance(1)
    await listener.is_("ended")
    assert server.requests[1].headers.get("last-event-id") == told


@pytest.mark.parametrize("retry", ["9" * 400, "9" * 5000, "-1"])
async def test_a_strange_wish_ends_no_source(
    listener: Listener, server: ScriptedServer, retry: str
) -> None:
    server.reply(stream(f"retry: {retry}\n".encode() + event("one"), ends=True))
    await attach(listener, server.url)
    await listener.is_("waiting")
    await listener.hears("one")
    await listener.clock.advance(60)
    await listener.is_("ended")


async def test_a_stream_is_taken_up_where_it_broke_off(
    listener: Listener, server: ScriptedServer
) -> None:
    server.reply(stream(event("one", event_id="ä1"), event("two", event_id="2"), ends=True))
    server.reply(stream(event("two", event_id="2"), event("three", event_id="3")).cut_after(2))
    source = await attach(listener, server.url, last_event_id="0")
    await listener.is_("waiting")
    assert source.last_event_id == "2"
    assert listener.health.error == "sse: connection_lost (EOFError)"
    await listener.time_until(lambda: listener.health.status == "ended")
    assert listener.health.messages == 4
    await listener.hears("one", "two", "three")
    told = [request.headers.get("last-event-id") for request in server.requests]
    assert told == ["0", "2", "3"]
    assert listener.told[-1] == "source_exhausted ended"


async def test_only_what_was_taken_counts_as_taken(
    listener: Listener, server: ScriptedServer
) -> None:
    """An event that is still on its way is asked for again, and stored once all the same."""
    gate = asyncio.Event()

    @listener.kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def wait(message: RoomEvent, _context: RoomContext) -> HookResult:
        if message.source.participant_id == "slow":
            await gate.wait()
        return HookResult.allow()

    await listener.kit.create_room("other")
    server.reply(
        stream(
            event("zero", event_id="0"),
            event("one", event_id="1", sender="slow"),
            event("two", event_id="2", sender="slow"),
            ends=True,
        )
    )
    server.reply(
        stream(
            event("one", event_id="1", sender="slow"), event("two", event_id="2", sender="slow")
        )
    )
    source = await attach(listener, server.url)
    await until(lambda: listener.health.status == "waiting")
    assert source.last_event_id == "0"
    await listener.clock.advance(1)
    await until(lambda: len(server.requests) == 2)
    assert server.requests[1].headers["last-event-id"] == "0"
    await until(lambda: listener.health.messages >= 2)
    gate.set()
    await until(lambda: source.last_event_id == "2" and listener.health.messages == 5)
    await listener.hears("zero", "one", "two")


async def test_several_messages_in_an_event(listener: Listener, server: ScriptedServer) -> None:
    def parse(piece: ServerSentEvent) -> list[InboundMessage]:
        return [
            InboundMessage(channel_id="", sender_id=sender, content=TextContent(body=text))
            for sender, text in json.loads(piece.data)
        ]

    same = b'id: 9\ndata: [["ada", "one"], ["bob", "two"]]\n\n'
    server.reply(stream(same, ends=True))
    server.reply(stream(same))
    source = await attach(listener, server.url, parse=parse, max_concurrency=1)
    await listener.is_("waiting")
    await listener.clock.advance(1)
    await until(lambda: listener.health.messages == 4)
    await listener.hears("one", "two")
    await until(lambda: source.last_event_id == "9")


@pytest.mark.parametrize(
    "reply",
    [
        stream(b"retry: 20000\n\n", ends=True),
        Reply(status=503, headers={"retry-after": "20"}),
    ],
)
async def test_the_servers_wish_is_kept(
    listener: Listener, server: ScriptedServer, reply: Reply
) -> None:
    server.reply(reply)
    await attach(listener, server.url)
    await listener.is_("waiting")
    await listener.clock.advance(19.9)
    assert listener.health.status == "waiting"
    await listener.clock.advance(10.1)
    await listener.is_("ended")
    assert len(server.requests) == 2


async def test_a_server_cannot_make_us_come_back_at_once(
    listener: Listener, server: ScriptedServer
) -> None:
    server.reply(stream(b"retry: 0\n\n", ends=True))
    await attach(listener, server.url)
    await listener.is_("waiting")
    await listener.clock.advance(0.09)
    assert listener.health.status == "waiting"
    await listener.clock.advance(0.1)
    await listener.is_("ended")


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unauthorized"), (404, "not_found"), (302, "http_302")]
)
async def test_a_refusal_is_final(
    listener: Listener, server: ScriptedServer, status: int, code: str
) -> None:
    server.reply(status=status, headers={"location": f"{server.url}/elsewhere"})
    await attach(listener, server.url)
    await listener.is_("failed")
    assert listener.told == ["source_attached", "source_error", "source_exhausted failed"]
    assert listener.health.error == f"sse: refused with {code} (status {status})"
    assert len(server.requests) == 1


async def test_a_server_that_has_no_more_to_give(
    listener: Listener, server: ScriptedServer
) -> None:
    await attach(listener, server.url)
    await listener.is_("ended")
    assert listener.told == ["source_attached", "source_exhausted ended"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(drop=True), "connection_lost (RemoteProtocolError)"),
        (Reply(body=b"<html>back soon"), "bad_answer (SSEError)"),
        (Reply(status=500), "refused with unavailable (status 500)"),
        (stream(event("x")).cut_after(0), "connection_lost (RemoteProtocolError)"),
        (stream(b"data: " + b"x" * 3000), "more than 2000 bytes without an event"),
        (stream(*[b": comment\n\n"] * 300), "more than 2000 bytes without an event"),
    ],
)
async def test_a_server_that_is_not_well_is_asked_again(
    listener: Listener, server: ScriptedServer, reply: Reply, error: str
) -> None:
    server.reply(reply)
    server.reply(stream(event("well again")))
    await attach(listener, server.url, max_event_bytes=2000)
    await listener.is_("waiting")
    assert listener.health.error == f"sse: {error}"
    await listener.clock.advance(1)
    await listener.hears("well again")


async def test_a_server_that_is_not_there(listener: Listener) -> None:
    async with ScriptedServer() as gone:
        url = gone.url
    await attach(listener, url)
    await listener.is_("waiting")
    assert listener.health.error == "sse: unreachable (ConnectError)"


async def test_a_server_that_does_not_answer_is_given_up(
    listener: Listener, server: ScriptedServer
) -> None:
    server.hang()
    await attach(listener, server.url, open_timeout=5)
    await server.wait_for_requests(1)
    assert listener.health.status == "connecting"
    await listener.clock.advance(5)
    await listener.is_("waiting")
    assert listener.health.error == "sse: timeout (TimeoutError)"


async def test_a_server_that_falls_silent_is_noticed_if_wished(
    listener: Listener, server: ScriptedServer
) -> None:
    still_here = asyncio.Event()
    server.reply(stream(event("one"), still_here, b": still here\n\n"))
    await attach(listener, server.url, idle_timeout=30)
    await listener.hears("one")
    await listener.clock.advance(29)
    still_here.set()
    await asyncio.sleep(0.05)
    await listener.clock.advance(29)
    assert listener.health.status == "running"
    await listener.clock.advance(1)
    await listener.is_("waiting")
    assert listener.health.error == "sse: timeout (TimeoutError)"


async def test_junk_is_counted_and_harms_nobody(
    listener: Listener, server: ScriptedServer
) -> None:
    junk = [b"hello?", b"null", b"[]", b"{}", b'{"sender": 7}', b"[" * 9000, b"\xff\xfe"]
    pieces = [b"data: " + piece + b"\n\n" for piece in junk]
    server.reply(stream(*pieces, event("hello")))
    await attach(listener, server.url)
    await listener.hears("hello")
    health = listener.health
    assert (health.status, health.messages, health.dropped) == ("running", 1, len(junk))


async def test_a_busy_kit_holds_the_server_up(listener: Listener, server: ScriptedServer) -> None:
    gate, count = asyncio.Event(), 3000
    bulk = "x" * 2000
    written = 0

    @listener.kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
        await gate.wait()
        return HookResult.allow()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for number in range(count):
            writer.write(f"data: {said(str(number), padding=bulk)}\n\n".encode())
            await writer.drain()
            written += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as busy:
        port = busy.sockets[0].getsockname()[1]
        await attach(listener, f"http://127.0.0.1:{port}", max_concurrency=4)
        before = -1
        while before < written:  # until nothing moves any more
            before = written
            await asyncio.sleep(0.2)
        assert written < count
        gate.set()
        await until(lambda: len(listener.desk.texts) == count)
        assert listener.desk.texts == [str(number) for number in range(count)]
        assert listener.health.dropped == 0
        await listener.kit.close()


async def test_the_applications_own_client_is_used_and_kept(
    listener: Listener, server: ScriptedServer
) -> None:
    server.reply(stream(event("hello")))
    async with httpx.AsyncClient(headers={"x-proxy": "yes"}, follow_redirects=True) as client:
        await attach(listener, server.url, http_client=client)
        await listener.hears("hello")
        await listener.kit.close()
        assert not client.is_closed
    assert server.requests[0].headers["x-proxy"] == "yes"


async def test_secrets_stay_secret(
    listener: Listener, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply(stream(b"data: s3cret\n\n", ends=True))
    url = server.url.replace("http://", "http://me:s3cret@") + "/feed?token=s3cret"
    source = SSESource(url, headers={"X-Key": "s3cret"}, clock=listener.clock)
    await listener.kit.attach_source("feed", source)
    await listener.is_("waiting")
    assert source.name == f"sse {server.url}/feed"
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    shown = [repr(source), source.name, repr(listener.health), repr(listener.events)]
    shown += [caplog.text, repr(vars(source))]
    assert not any("s3cret" in text for text in shown)


@pytest.mark.parametrize("moment", ["connecting", "running", "waiting"])
async def test_closing_leaves_nothing_behind(server: ScriptedServer, moment: str) -> None:
    before = asyncio.all_tasks()
    async with Listener() as listener:
        if moment == "connecting":
            server.hang()
        else:
            server.reply(stream(event("hello"), ends=moment == "waiting"))
        await attach(listener, server.url)
        await listener.is_(moment)
        await server.wait_for_requests(1)
        await listener.kit.close()
    await server.wait_until_alone()
    await until(lambda: asyncio.all_tasks() <= before)


def test_every_exception_of_both_libraries_is_mapped() -> None:
    for library in (httpx, httpx_sse):
        for name in library.__all__:
            kind = getattr(library, name)
            if inspect.isclass(kind) and issubclass(kind, Exception):
                assert name in SSE_FAILURES


@pytest.mark.parametrize("url", ["", "ws://x.example/", "https://", "x", "http://a:b/"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        SSESource(url)
