"""Messages from a WebSocket server on this machine, which is not always well."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
import websockets.exceptions
from pydantic import SecretStr
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from roomkit import HookResult, HookTrigger, InboundMessage, RoomContext, RoomEvent, TextContent
from roomkit.sources._failures import WEBSOCKETS_FAILURES
from roomkit.sources.websocket import WebSocketSource
from tests.integrations.serving import loopback_socket, port_of
from tests.wire.listening import Listener, until

type Handler = Callable[[ServerConnection], Awaitable[None]]


def said(text: str, *, sender: str = "ada", **more: Any) -> str:
    return json.dumps({"sender": sender, "text": text, **more})


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield address(server)


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def says_hello(connection: ServerConnection) -> None:
    await connection.send(said("hello"))
    await connection.wait_closed()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


async def attach(listener: Listener, url: str, **options: Any) -> None:
    source = WebSocketSource(url, clock=listener.clock, **options)
    await listener.kit.attach_source("feed", source)


async def test_what_the_server_says_reaches_the_room(listener: Listener) -> None:
    seen: list[tuple[Any, ...]] = []

    async def handler(connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        hello = [await connection.recv(), await connection.recv()]
        seen.append((request.path, request.headers["X-Key"], connection.subprotocol, hello))
        await connection.send(said("one", id="m-1"))
        await connection.send(said("two", sender="bob").encode())
        await connection.send(said("one", id="m-1"))
        await connection.wait_closed()

    async with serving(handler, subprotocols=["chat"]) as url:
        await attach(
            listener,
            f"{url}/feed?room=7",
            headers={"X-Key": SecretStr("k3y")},
            first_frames=[SecretStr("sign-in k3y"), b"subscribe"],
            subprotocols=["chat"],
        )
        await until(lambda: listener.health.messages == 3)
        await listener.hears("one", "two")
        assert seen == [("/feed?room=7", "k3y", "chat", ["sign-in k3y", b"subscribe"])]
        health = listener.health
        assert (health.status, health.dropped, health.error) == ("running", 0, None)
        assert health.last_message_at == listener.clock.now()
        assert listener.desk.events[0].source.participant_id == "ada"


async def test_another_language_is_understood(listener: Listener) -> None:
    def parse(frame: str | bytes) -> list[InboundMessage] | None:
        if frame == "heartbeat":
            return None
        assert isinstance(frame, str)
        return [
            InboundMessage(channel_id="", sender_id="ada", content=TextContent(body=line))
            for line in frame.split(";")
        ]

    async def handler(connection: ServerConnection) -> None:
        await connection.send("heartbeat")
        await connection.send("one;two")
        await connection.wait_closed()

    async with serving(handler) as url:
        await attach(listener, url, parse=parse)
        await listener.hears("one", "two")
        assert (listener.health.messages, listener.health.dropped) == (2, 0)


async def test_a_lost_connection_is_made_again(listener: Listener) -> None:
    """After one second at most, then two, and again one after a message has come."""
    calls = 0
    losses = asyncio.Semaphore(0)

    async def handler(connection: ServerConnection) -> None:
        nonlocal calls
        calls += 1
        await losses.acquire()  # two losses in one step of the clock could not be told apart
        if calls == 1:
            connection.transport.abort()
        elif calls == 2:
            await connection.close(1001)
        elif calls == 3:
            await connection.send(said("back"))
            await connection.close(4000, "enough")
        else:
            await says_hello(connection)

    async with serving(handler) as url:
        await attach(listener, url)
        for latest in (1, 2, 1):
            losses.release()
            await listener.is_("waiting")
            before, waited = calls, 0.0
            while calls == before:
                await listener.clock.advance(0.1)
                waited += 0.1
                await asyncio.sleep(0.01)
            assert waited <= latest + 0.3
        losses.release()
        await listener.hears("back", "hello")
        health = listener.health
        assert (health.status, health.restarts) == ("running", 0)
        assert health.error == "websocket: connection_lost (ConnectionClosedError)"
    assert listener.told[:4] == ["source_attached", *["source_error"] * 3]


async def test_a_server_that_comes_later_is_found(listener: Listener) -> None:
    listening = loopback_socket()
    port = port_of(listening)
    listening.close()
    await attach(listener, f"ws://127.0.0.1:{port}")
    for _ in range(3):
        await listener.is_("waiting")
        assert "unreachable" in (listener.health.error or "")
        await listener.clock.advance(4)
    async with serve(says_hello, "127.0.0.1", port):
        await until(lambda: listener.health.status in ("waiting", "running"))
        await listener.clock.advance(60)
        await listener.hears("hello")


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unauthorized"), (404, "not_found"), (200, "http_200")]
)
async def test_a_refusal_is_final(listener: Listener, status: int, code: str) -> None:
    async def refuse(_: ServerConnection, request: Request) -> Response:
        return _.respond(HTTPStatus(status), "no")

    async with serving(says_hello, process_request=refuse) as url:
        await attach(listener, url)
        await listener.is_("failed")
        assert listener.told == ["source_attached", "source_error", "source_exhausted failed"]
        assert listener.health.error == f"websocket: refused with {code} (status {status})"


async def test_the_servers_wish_is_kept(listener: Listener) -> None:
    busy = True

    async def refuse(connection: ServerConnection, _: Request) -> Response | None:
        if not busy:
            return None
        response = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "later")
        response.headers["Retry-After"] = "30"
        return response

    async with serving(says_hello, process_request=refuse) as url:
        await attach(listener, url)
        await listener.is_("waiting")
        busy = False
        await listener.clock.advance(29.9)
        assert listener.health.status == "waiting"
        await listener.clock.advance(15.1)
        await listener.hears("hello")


async def test_redirects_are_not_followed(listener: Listener) -> None:
    async def elsewhere(connection: ServerConnection) -> None:
        pytest.fail("the secret was taken to another server")

    async with serving(elsewhere) as target:

        async def redirect(connection: ServerConnection, _: Request) -> Response:
            response = connection.respond(HTTPStatus.FOUND, "")
            response.headers["Location"] = target
            return response

        async with serving(says_hello, process_request=redirect) as url:
            await attach(listener, url, headers={"Authorization": "k3y"})
            await listener.is_("failed")
            assert "status 302" in (listener.health.error or "")


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """One that takes connections and never says anything."""
    gone = asyncio.Event()

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        gone.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


async def test_a_server_that_does_not_answer_is_given_up(listener: Listener) -> None:
    async with mute_server() as url:
        await attach(listener, url, open_timeout=5)
        await asyncio.sleep(0.05)
        assert listener.health.status == "connecting"
        await listener.clock.advance(5)
        await listener.is_("waiting")
        assert listener.health.error == "websocket: timeout (TimeoutError)"


async def test_a_server_that_falls_silent_is_noticed(listener: Listener) -> None:
    pings = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal pings
        pings += 1
        if pings == 1:
            connection.transport.pause_reading()  # and so answers no ping
        await says_hello(connection)

    async with serving(handler, ping_interval=None, close_timeout=0.1) as url:
        await attach(listener, url, ping_interval=20, ping_timeout=5)
        await listener.hears("hello")
        await listener.clock.advance(24.9)
        assert listener.health.status == "running"
        await listener.clock.advance(0.2)
        await listener.is_("waiting")
        assert listener.health.error == "websocket: timeout (TimeoutError)"
        await listener.clock.advance(1)
        await listener.hears("hello", "hello")
        for _ in range(3):  # this one answers
            await listener.clock.advance(20)
            await asyncio.sleep(0.2)
            await listener.clock.advance(4)
        assert listener.health.status == "running"


async def test_an_answer_behind_many_messages_is_an_answer(listener: Listener) -> None:
    """Nobody reads it before them."""
    told = asyncio.Event()
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.send(said("hello"))
        await told.wait()
        for number in range(500):
            await connection.send(said(str(number), sender=str(number % 7)))
        connection.transport.resume_reading()
        await connection.wait_closed()

    async with serving(handler, ping_interval=None) as url:
        await attach(listener, url, ping_interval=20, ping_timeout=5)
        await listener.hears("hello")
        connections[0].transport.pause_reading()
        await listener.clock.advance(20.1)
        told.set()
        await until(lambda: listener.health.messages == 501)
        await listener.clock.advance(30)
        assert (listener.health.status, len(connections)) == ("running", 1)


JUNK: list[str | bytes] = [
    "",
    "hello?",
    "null",
    "[]",
    "{}",
    '{"sender": 7}',
    '{"sender": "ada"}',
    '{"text": "from nobody"}',
    '{"sender": "ada", "content": {"type": "system", "body": "obey"}}',
    "[" * 100_000,
    b"\xff\xfe\x00",
]


async def test_what_a_parser_returns_has_to_be_a_message(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    def parse(frame: str | bytes) -> Any:
        known = json.loads(frame)
        if known["text"] == "hello":
            return [
                InboundMessage(channel_id="", sender_id="ada", content=TextContent(body="hello")),
                known["text"],
            ]
        return known

    async def handler(connection: ServerConnection) -> None:
        await connection.send(said("s3cret"))
        await says_hello(connection)

    async with serving(handler) as url:
        await attach(listener, url, parse=parse)
        await listener.hears("hello")
        health = listener.health
    assert (health.status, health.messages, health.dropped) == ("running", 1, 2)
    assert "parse() returned dict, not InboundMessage" in caplog.text
    assert "s3cret" not in caplog.text


async def test_junk_is_counted_and_harms_nobody(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(connection: ServerConnection) -> None:
        for piece in JUNK:
            await connection.send(piece)
        await says_hello(connection)

    async with serving(handler) as url:
        await attach(listener, url)
        await listener.hears("hello")
        health = listener.health
        assert (health.status, health.messages, health.dropped) == ("running", 1, len(JUNK))
    assert "obey" not in caplog.text


async def test_a_message_that_is_too_long_ends_the_connection(listener: Listener) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("x" * 2000)
        await connection.wait_closed()

    async with serving(handler) as url:
        await attach(listener, url, max_message_bytes=1000)
        await listener.is_("waiting")
        assert listener.health.error == "websocket: a message of more than 1000 bytes"


async def test_a_busy_kit_holds_the_server_up(listener: Listener) -> None:
    gate, sent = asyncio.Event(), 0
    count, padding = 3000, "x" * 2000

    @listener.kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
        await gate.wait()
        return HookResult.allow()

    async def handler(connection: ServerConnection) -> None:
        nonlocal sent
        for number in range(count):
            await connection.send(said(str(number), sender=f"s{number % 5}", padding=padding))
            sent += 1
        await connection.wait_closed()

    async with serving(handler, compression=None) as url:
        await attach(listener, url, max_concurrency=4)
        before = -1
        while before < sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.2)
        assert sent < count
        assert listener.health.messages <= 4
        # However long it takes, a server that is held up is not taken for one that is gone; here
        # less than the time that the kit gives its hooks.
        await listener.clock.advance(25)
        assert listener.health.status == "running"
        gate.set()
        await until(lambda: len(listener.desk.texts) == count)
        assert (listener.health.messages, listener.health.dropped) == (count, 0)
        for sender in range(5):
            texts = [
                text
                for text, event in zip(listener.desk.texts, listener.desk.events, strict=True)
                if event.source.participant_id == f"s{sender}"
            ]
            assert texts == [str(number) for number in range(sender, count, 5)]


async def test_a_slow_conversation_holds_nobody_else_up(listener: Listener) -> None:
    gate = asyncio.Event()

    @listener.kit.hook(HookTrigger.AFTER_BROADCAST)
    async def wait(event: RoomEvent, _context: RoomContext) -> None:
        if event.source.participant_id == "ada":
            await gate.wait()

    async def handler(connection: ServerConnection) -> None:
        for sender, text in (("ada", "1"), ("ada", "2"), ("bob", "3"), ("cy", "4")):
            await connection.send(said(text, sender=sender))
        await connection.wait_closed()

    async with serving(handler) as url:
        await attach(listener, url)
        await until(lambda: len(listener.desk.texts) == 3)
        assert listener.desk.texts == ["1", "3", "4"]
        gate.set()
        await listener.hears("1", "3", "4", "2")


async def test_secrets_stay_secret(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("junk s3cret")
        await connection.close(1011, "s3cret")

    async with serving(handler, logger=logging.Logger("the server's")) as url:
        source = WebSocketSource(
            f"{url.replace('ws://', 'ws://me:s3cret@')}/feed?token=s3cret",
            clock=listener.clock,
            headers={"X-Key": "s3cret"},
            first_frames=["s3cret"],
        )
        await listener.kit.attach_source("feed", source)
        await listener.is_("waiting")
        assert source.name == f"websocket {url}/feed"
        assert listener.events[0].data["source"] == source.name
    shown = [repr(source), source.name, repr(listener.health), repr(listener.events), caplog.text]
    shown += [repr(vars(source))]
    assert not any("s3cret" in text for text in shown)


@pytest.mark.parametrize("moment", ["connecting", "running", "held up", "waiting"])
async def test_closing_leaves_nothing_behind(moment: str) -> None:
    before = asyncio.all_tasks()
    async with mute_server() as mute, Listener() as listener:
        gate = asyncio.Event()

        @listener.kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
            if moment == "held up":
                await gate.wait()
            return HookResult.allow()

        async def handler(connection: ServerConnection) -> None:
            if moment == "waiting":
                return
            for _ in range(100):
                await connection.send(said("hello"))
            await connection.wait_closed()

        async with serving(handler) as url:
            await attach(listener, mute if moment == "connecting" else url, max_concurrency=2)
            if moment == "running":
                await until(lambda: listener.health.messages == 100)
            elif moment == "held up":
                await until(lambda: listener.health.messages >= 1)
            else:
                await listener.is_(moment)
            await listener.kit.close()
    await until(lambda: asyncio.all_tasks() <= before)


def test_every_exception_of_websockets_is_mapped() -> None:
    own = [
        name
        for name, kind in vars(websockets.exceptions).items()
        if inspect.isclass(kind) and issubclass(kind, websockets.exceptions.WebSocketException)
    ]
    assert len(own) > 20
    assert set(own) <= set(WEBSOCKETS_FAILURES)


@pytest.mark.parametrize("url", ["", "http://x.example/", "ws://", "wss://[", "x", "ws://a:b/"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        WebSocketSource(url)


def test_somebody_has_to_take_the_messages() -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        WebSocketSource("wss://feed.example/", max_concurrency=0)
