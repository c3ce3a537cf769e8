"""What becomes of each way to fail."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from roomkit.errors import ProviderError
from roomkit.testing._ai._base import (
    LATER,
    PATIENCE,
    SOON,
    Heard,
    ModelVendor,
    NotOnThisWireError,
    Script,
    ScriptedCall,
    listen,
    question,
    time_passes,
    tool,
)
from roomkit.testing.wire import Reply

_WORDS = [f"word {number} " for number in range(20)]
_LIMIT = 5.0
"""Seconds that a provider waits for an answer: less than `PATIENCE`."""
_PROMPT = "my-own-words-4711"

REFUSALS: dict[str, bool] = {
    "rejected": False,
    "unauthorized": False,
    "forbidden": False,
    "not_found": False,
    "context_too_long": False,
    "rate_limited": True,
    "unavailable": True,
    "overloaded": True,
}
"""The codes of refusals, and whether trying again may help."""

NONSENSE = {
    "nothing": b"",
    "a page": b"<html>It works!</html>",
    "half of it": b'{"id": "1", "choices": [{"index"',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
    "no UTF-8": b"\xff\xfe\x00",
}
"""Bodies with which no vendor answers."""


class RefusalRules:
    """Inherited by `AIProviderContract`."""

    async def test_a_refusal(self, vendor: ModelVendor, refusal: str, streamed: bool) -> None:
        server = vendor.need_server()
        server.default = vendor.refusal(refusal)
        error = await _failure(vendor, streamed=streamed)
        assert error.code == refusal
        assert error.retryable is REFUSALS[refusal]
        assert error.status_code == server.default.status
        assert error.provider
        # The SDK is the only one that tries again, and only where it may help.
        most = vendor.settings.max_retries + 1 if error.retryable else 1
        assert 1 <= len(server.requests) <= most

    async def test_the_vendors_pause_is_passed_on(
        self, vendor: ModelVendor, streamed: bool
    ) -> None:
        vendor.need_server().default = vendor.refusal("rate_limited")
        error = await _failure(vendor, streamed=streamed)
        assert error.retry_after == float(SOON["retry-after"])

    async def test_nobody_waits_for_a_long_pause(
        self, vendor: ModelVendor, streamed: bool
    ) -> None:
        """Whether an hour is worth waiting for is for the caller to decide."""
        server = vendor.need_server()
        refusal = vendor.refusal("rate_limited")
        server.default = replace(refusal, headers={**refusal.headers, **LATER})
        error = await _failure(vendor, streamed=streamed)
        assert error.retry_after == float(LATER["retry-after"])
        assert len(server.requests) == 1

    async def test_it_goes_on_after_a_refusal(self, vendor: ModelVendor, streamed: bool) -> None:
        server = vendor.need_server()
        for _ in range(vendor.settings.max_retries + 1):
            server.reply(vendor.refusal("unavailable"))
        server.default = vendor.told(Script(text=["Fine"]), streamed=streamed)
        response: Any = None
        # How many of them the SDK gets over is its own affair.
        while response is None:
            try:
                response = await vendor.ask(question(), streamed=streamed)
            except ProviderError as error:
                assert error.retryable
        assert response.content == "Fine"

    async def test_a_page_of_a_proxy_in_between(self, vendor: ModelVendor, streamed: bool) -> None:
        vendor.need_server().default = Reply(
            status=502, body=b"<html>Bad gateway</html>", headers=SOON
        )
        error = await _failure(vendor, streamed=streamed)
        assert (error.code, error.retryable, error.status_code) == ("unavailable", True, 502)

    async def test_an_answer_that_makes_no_sense(
        self, vendor: ModelVendor, nonsense: str, streamed: bool
    ) -> None:
        server = vendor.need_server()
        kind = "text/event-stream" if streamed else "application/json"
        for content_type in (kind, "text/html"):
            headers = {"content-type": content_type}
            server.reply(Reply(body=NONSENSE[nonsense], headers=headers))
            error = await _failure(vendor, streamed=streamed)
            # A stream without an event looks like one that was cut off before the first.
            assert error.code in ("bad_answer", "connection_lost"), content_type


class ConnectionRules:
    """Inherited by `AIProviderContract`."""

    async def test_silence_ends_in_a_timeout(self, vendor: ModelVendor, streamed: bool) -> None:
        server = vendor.need_server()
        vendor.provider = vendor.another(timeout=_LIMIT, max_retries=0)
        server.hang()
        asking = asyncio.create_task(_failure(vendor, streamed=streamed))
        await server.wait_for_requests(1)
        await time_passes(_LIMIT, asking)
        error = await asking
        assert (error.code, error.retryable) == ("timeout", True)
        assert len(server.requests) == 1
        server.default = vendor.told(Script(text=["Fine"]), streamed=streamed)
        assert (await vendor.ask(question(), streamed=streamed)).content == "Fine"

    async def test_nobody_is_there(self, vendor: ModelVendor, streamed: bool) -> None:
        vendor.need_server()
        with socket.socket() as taken:
            # Bound but not listening: connections are refused, and nobody else gets the port.
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            vendor.provider = vendor.another(url=url, max_retries=0)
            error = await _failure(vendor, streamed=streamed)
        assert (error.code, error.retryable) == ("unreachable", True)

    async def test_the_connection_breaks(self, vendor: ModelVendor, streamed: bool) -> None:
        server = vendor.need_server()
        vendor.provider = vendor.another(max_retries=0)
        server.drop()
        error = await _failure(vendor, streamed=streamed)
        assert (error.code, error.retryable) == ("connection_lost", True)
        assert len(server.requests) == 1

    async def test_a_stream_that_is_cut(self, vendor: ModelVendor) -> None:
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        heard = await self._hear(vendor, reply.cut_after(len(reply.pieces or ()) // 2))
        _assert_cut(heard)

    async def test_a_stream_that_ends_before_its_end(self, vendor: ModelVendor) -> None:
        """Without a word of why, as it happens behind some proxies."""
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        heard = await self._hear(vendor, reply.ended_after(len(reply.pieces or ()) // 2))
        _assert_cut(heard)

    async def test_a_call_that_is_cut(self, vendor: ModelVendor) -> None:
        """What has come of it is not a call."""
        call = ScriptedCall(id="call_0001", name="book_table", arguments='{"people": 4}')
        reply = vendor.told(Script(text=_WORDS, calls=[call]), streamed=True)
        for count in range(len(_WORDS), len(reply.pieces or ())):
            heard = await self._hear(vendor, reply.ended_after(count))
            assert (heard.error is None) is bool(heard.done)
            if heard.error is not None:
                assert heard.error.code == "connection_lost"
            assert all(one.arguments == {"people": 4} for one in heard.calls)

    async def test_silence_within_a_stream(self, vendor: ModelVendor) -> None:
        vendor.need_server()
        vendor.provider = vendor.another(timeout=_LIMIT, max_retries=0)
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        half = len(reply.pieces or ()) // 2
        heard = Heard()
        silent = reply.paused_after(half, asyncio.Event())
        hearing = asyncio.create_task(self._hear(vendor, silent, heard))
        while not (heard.deltas or hearing.done()):  # noqa: ASYNC110 - sets no event
            await asyncio.sleep(0.001)
        await time_passes(_LIMIT, hearing)
        await hearing
        assert heard.error is not None
        assert (heard.error.code, heard.error.retryable) == ("timeout", True)
        assert heard.deltas

    async def test_an_error_in_a_stream(self, vendor: ModelVendor) -> None:
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        pieces = list(reply.pieces or ())
        broken = vendor.need_wire().error_in_stream("no")
        half = len(pieces) // 2
        heard = await self._hear(
            vendor,
            Reply(headers=reply.headers, pieces=[*pieces[:half], broken]),
        )
        assert heard.deltas
        assert not heard.done
        assert heard.error is not None
        assert heard.error.code in ("overloaded", "unavailable")
        assert heard.error.retryable

    async def _hear(self, vendor: ModelVendor, reply: Reply, heard: Heard | None = None) -> Heard:
        """One stream, whose failure nobody may try to mend by asking again."""
        server = vendor.need_server()
        asked = len(server.requests)
        server.reply(reply)
        heard = await listen(vendor.provider, question(tools=[tool()]), heard)
        assert len(server.requests) == asked + 1
        return heard


class SecrecyRules:
    """Inherited by `AIProviderContract`."""

    async def test_failures_quote_nothing(
        self, vendor: ModelVendor, streamed: bool, caplog: Any
    ) -> None:
        """Vendors quote requests, keys and answers in their explanations."""
        server = vendor.need_server()
        vendor.provider = vendor.another(max_retries=0, timeout=5)
        # What the SDKs themselves log in detail is for whoever turns that on.
        caplog.set_level(logging.INFO)
        caplog.set_level(logging.DEBUG, logger="roomkit")
        told = " ".join([*vendor.secrets, _PROMPT])
        replies = [vendor.need_wire().error(code, told) for code in _expressible(vendor)]
        replies += [
            Reply(status=500, body=told.encode()),
            Reply(body=f'{{"a": {told}'.encode(), headers={"content-type": "application/json"}),
            Reply(drop=True),
        ]
        if streamed:
            started = vendor.told(Script(text=_WORDS), streamed=True)
            broken = vendor.need_wire().error_in_stream(told)
            replies += [
                Reply(headers=started.headers, pieces=[broken]),
                Reply(headers=started.headers, pieces=[f"data: {{{told}\n\n".encode()]),
            ]
        shown = [repr(vendor.provider)]
        for reply in replies:
            server.reply(reply)
            shown += _shown(await _failure(vendor, streamed=streamed))
        shown.append(caplog.text)
        for private in (*vendor.secrets, _PROMPT):
            assert not [text for text in shown if private in text]


def _expressible(vendor: ModelVendor) -> Iterator[str]:
    for code in REFUSALS:
        try:
            vendor.need_wire().error(code, "")
        except NotOnThisWireError:
            continue
        yield code


async def _failure(vendor: ModelVendor, *, streamed: bool) -> ProviderError:
    async with asyncio.timeout(PATIENCE):
        try:
            await vendor.ask(question(_PROMPT), streamed=streamed)
        except ProviderError as error:
            return error
    raise AssertionError("this should have failed")


def _assert_cut(heard: Heard) -> None:
    assert heard.deltas
    assert "".join(_WORDS).startswith("".join(heard.deltas))
    assert not heard.done
    assert heard.error is not None
    assert (heard.error.code, heard.error.retryable) == ("connection_lost", True)


def _shown(error: BaseException) -> Iterator[str]:
    """All that anybody who logs an error may come to write down."""
    linked: BaseException | None = error
    while linked is not None:
        yield from (str(linked), repr(linked), str(vars(linked)))
        linked = linked.__cause__ or linked.__context__
