"""Many requests at once, requests that are given up, and the end."""

from __future__ import annotations

import asyncio
import unittest
from contextlib import aclosing
from typing import Any

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import AIContext, StreamTextDelta
from roomkit.testing._ai._base import (
    PATIENCE,
    ModelVendor,
    Script,
    events_of,
    listen,
    question,
)

_WORDS = [f"word {number} " for number in range(20)]


class LifetimeRules:
    """Inherited by `AIProviderContract`."""

    async def test_many_at_once(self, vendor: ModelVendor, streamed: bool) -> None:
        """No answer reaches another's question."""
        count = 12
        for number in range(count):
            script = Script(text=[f"answer {number}", "."])
            vendor.reply(script, streamed=streamed)
        contexts = [question(f"question {number}") for number in range(count)]
        async with asyncio.timeout(PATIENCE):
            responses = await asyncio.gather(
                *(vendor.ask(context, streamed=streamed) for context in contexts)
            )
        if vendor.server is None:
            return
        wire = vendor.need_wire()
        order = [wire.asked(request).messages[0].text for request in vendor.server.requests]
        for context, response in zip(contexts, responses, strict=True):
            place = order.index(context.messages[0].text)
            assert response.content == f"answer {place}."

    async def test_a_stream_that_is_left(self, vendor: ModelVendor) -> None:
        """Nobody pays for words that nobody reads."""
        server = vendor.need_server()
        if not vendor.provider.supports_streaming:
            raise unittest.SkipTest("does not stream")
        await _read_one_delta(vendor, question())
        async with asyncio.timeout(PATIENCE):
            await server.wait_for_hang_ups(1)
        await _assert_works(vendor)

    async def test_a_stream_that_is_cancelled(self, vendor: ModelVendor) -> None:
        server = vendor.need_server()
        if not vendor.provider.supports_streaming:
            raise unittest.SkipTest("does not stream")
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        half = len(reply.pieces or ()) // 2
        server.reply(reply.paused_after(half, asyncio.Event()))
        reading = asyncio.ensure_future(listen(vendor.provider, question()))
        await _cancel_when_asked(vendor, reading)
        await _assert_works(vendor)

    async def test_an_answer_that_is_cancelled(self, vendor: ModelVendor) -> None:
        server = vendor.need_server()
        server.hang()
        asking = asyncio.ensure_future(vendor.ask(question()))
        await _cancel_when_asked(vendor, asking)
        await _assert_works(vendor)

    async def test_close_hangs_up(self, vendor: ModelVendor) -> None:
        server = vendor.need_server()
        for streamed in (False, True):
            vendor.reply(Script(text=["Fine"]), streamed=streamed)
            await vendor.ask(question(), streamed=streamed)
        await vendor.provider.close()
        async with asyncio.timeout(PATIENCE):
            await server.wait_until_alone()

    async def test_close_is_final_and_may_be_repeated(self, vendor: ModelVendor) -> None:
        vendor.reply(Script(text=["Fine"]))
        await vendor.ask(question())
        await asyncio.gather(vendor.provider.close(), vendor.provider.close())
        await vendor.provider.close()
        for streamed in (False, True):
            vendor.reply(Script(text=["Fine"]), streamed=streamed)
            try:
                await vendor.ask(question(), streamed=streamed)
            except ProviderError as error:
                assert not error.retryable

    async def test_close_without_a_request(self, vendor: ModelVendor) -> None:
        await vendor.provider.close()

    async def test_a_client_of_somebody_else_stays_open(self, vendor: ModelVendor) -> None:
        vendor.need_server()
        if vendor.share is None:
            raise unittest.SkipTest("takes no client")
        async with vendor.share(vendor.settings) as (one, other):
            vendor.reply(Script(text=["Fine"]))
            await vendor.ask(question(), provider=one)
            await one.close()
            vendor.reply(Script(text=["Fine", " too"]))
            response = await vendor.ask(question(), provider=other)
            assert response.content == "Fine too"
            await other.close()


async def _read_one_delta(vendor: ModelVendor, context: AIContext) -> None:
    """Leave a stream that would go on, but only after a while."""
    reply = vendor.told(Script(text=_WORDS), streamed=True)
    half = len(reply.pieces or ()) // 2
    vendor.need_server().reply(reply.paused_after(half, asyncio.Event()))
    async with (
        asyncio.timeout(PATIENCE),
        aclosing(events_of(vendor.provider, context)) as events,
    ):
        async for event in events:
            if isinstance(event, StreamTextDelta):
                return
    raise AssertionError("there was no delta")


async def _cancel_when_asked(vendor: ModelVendor, task: asyncio.Future[Any]) -> None:
    server = vendor.need_server()
    async with asyncio.timeout(PATIENCE):
        await server.wait_for_requests(1)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            raise AssertionError("it went on")
        await server.wait_for_hang_ups(1)


async def _assert_works(vendor: ModelVendor) -> None:
    vendor.reply(Script(text=["Fine"]))
    assert (await vendor.ask(question())).content == "Fine"
