"""`ScriptedServer` and its replies, as a client library sees them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from roomkit.testing.wire import Reply, ScriptedServer


async def test_events_come_as_server_sent_events() -> None:
    reply = Reply.of_events([{"a": 1}, "[DONE]", ("ping", {}), ("note", "b")])
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        server.reply(reply)
        answer = await client.get(server.url)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text == (
        'data: {"a": 1}\n\ndata: [DONE]\n\nevent: ping\ndata: {}\n\nevent: note\ndata: b\n\n'
    )


async def test_a_pause_holds_back_what_follows() -> None:
    goes_on = asyncio.Event()
    reply = Reply(pieces=[b"a", b"b", b"c"]).paused_after(2, goes_on)
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        server.reply(reply)
        async with asyncio.timeout(10), client.stream("GET", server.url) as answer:
            pieces = []
            async for piece in answer.aiter_bytes():
                pieces.append(piece)
                if b"".join(pieces) == b"ab":
                    goes_on.set()
        assert b"".join(pieces) == b"abc"
        # The connection goes on.
        server.reply(body=b"next")
        assert (await client.get(server.url)).content == b"next"
        assert server.connections == 1


async def test_a_connection_breaks_in_the_middle() -> None:
    reply = Reply(pieces=[b"a", b"b", b"c"])
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        server.reply(reply.cut_after(2))
        seen = b""
        with pytest.raises(httpx.RemoteProtocolError):
            async with client.stream("GET", server.url) as answer:
                async for piece in answer.aiter_bytes():
                    seen += piece
        assert seen == b"ab"
        server.reply(reply.ended_after(2))
        assert (await client.get(server.url)).content == b"ab"


async def test_the_server_sees_who_hangs_up() -> None:
    async with asyncio.timeout(10), ScriptedServer() as server:
        async with httpx.AsyncClient() as client:
            server.reply(Reply(pieces=[b"a", asyncio.Event()]))
            async with client.stream("GET", server.url) as answer:
                await anext(answer.aiter_bytes())
            await server.wait_for_hang_ups(1)
            server.hang()
            asking = asyncio.ensure_future(client.get(server.url))
            await server.wait_for_requests(2)
            asking.cancel()
            await server.wait_for_hang_ups(2)
            # An answer that was read to its end is none.
            await client.get(server.url)
        await server.wait_until_alone()
        assert server.hang_ups == 2
