"""The shared HTTP part of vendors: connections, limits, and the meaning of each way to fail."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
import pytest

from roomkit.errors import MissingDependencyError, ProviderError
from roomkit.models.delivery import ProviderResult
from roomkit.providers._http import (
    MAX_ANSWER_BYTES,
    HTTPVendor,
    VendorFault,
    VendorRequest,
    VendorResponse,
)
from roomkit.providers._http_failures import HTTPX_FAILURES, parse_retry_after
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import ScriptedServer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class Parcels(HTTPVendor):
    """A vendor with a token in its URLs, as some have."""

    vendor: ClassVar[str] = "parcels"
    extra: ClassVar[str] = "telegram"

    def __init__(self, base_url: str = "http://unused", **settings: Any) -> None:
        super().__init__(**{"timeout": 5.0, **settings})
        self.base_url = base_url

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        code = response.mapping().get("fault")
        return VendorFault(code="no_such_street", vendor_code=code) if code else None

    async def ship(self, url: str | None = None, **parts: Any) -> ProviderResult:
        request = VendorRequest(method="POST", url=url or f"{self.base_url}/s3cret/ship", **parts)
        return await self._send(request, lambda _: ProviderResult(success=True))

    async def ask(self) -> VendorResponse:
        return await self._request(VendorRequest(method="GET", url=f"{self.base_url}/s3cret/ask"))


def httpx_exceptions() -> list[type[Exception]]:
    members = [getattr(httpx, name) for name in httpx.__all__]
    return [it for it in members if inspect.isclass(it) and issubclass(it, Exception)]


@pytest.mark.parametrize("failure", httpx_exceptions())
async def test_every_exception_of_httpx_is_mapped(failure: type[Exception]) -> None:
    assert failure.__name__ in HTTPX_FAILURES
    raised = failure.__new__(failure)
    raised.args = ("https://example.com/s3cret/ship failed",)

    def explode(request: httpx.Request) -> httpx.Response:
        raise raised

    async with httpx.AsyncClient(transport=httpx.MockTransport(explode)) as client:
        result = await Parcels(http_client=client).ship()
    code, retryable = HTTPX_FAILURES[failure.__name__]
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    assert "s3cret" not in repr(result)


def test_the_map_names_nothing_that_httpx_does_not_have() -> None:
    assert set(HTTPX_FAILURES) == {failure.__name__ for failure in httpx_exceptions()}


def test_timeouts_and_lost_connections_may_be_tried_again() -> None:
    passing = (httpx.TimeoutException, httpx.NetworkError, httpx.ProxyError)
    for failure in httpx_exceptions():
        if issubclass(failure, passing):
            assert HTTPX_FAILURES[failure.__name__][1], failure


async def test_an_error_holds_no_foreign_exception() -> None:
    def explode(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("https://example.com/s3cret")

    async with httpx.AsyncClient(transport=httpx.MockTransport(explode)) as client:
        with pytest.raises(ProviderError) as caught:
            await Parcels(http_client=client).ask()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.value.provider == "parcels"


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (302, "http_302", False),
        (400, "rejected", False),
        (401, "unauthorized", False),
        (403, "forbidden", False),
        (404, "not_found", False),
        (408, "timeout", True),
        (413, "too_large", False),
        (418, "http_418", False),
        (422, "rejected", False),
        (429, "rate_limited", True),
        (500, "unavailable", True),
        (503, "unavailable", True),
    ],
)
async def test_what_a_status_means(status: int, code: str, retryable: bool) -> None:
    async with ScriptedServer() as server:
        server.reply(status=status)
        vendor = Parcels(server.url)
        result = await vendor.ship()
        await vendor.close()
    assert (result.error_code, result.retryable) == (code, retryable)
    assert result.metadata["status_code"] == status


async def test_the_vendors_own_reason_comes_first() -> None:
    async with ScriptedServer() as server:
        server.reply(status=400, json={"fault": "S-7"})
        vendor = Parcels(server.url)
        result = await vendor.ship()
        await vendor.close()
    assert result.error_code == "no_such_street"
    assert result.metadata == {"status_code": 400, "vendor_code": "S-7"}
    assert result.error is not None
    assert "S-7" in result.error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 17 ", 17),
        ("1.5", 1.5),
        ("-3", 0),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 12:01:00", 60),
        (None, None),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("9" * 5000, None),
        ("Thu, 99 Jan 99999 12:01:00 GMT", None),
    ],
)
def test_how_long_to_wait(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


async def test_what_cannot_be_a_request_is_refused() -> None:
    vendor = Parcels()
    for url in ("ftp://example.com/", "nonsense", "http://[::1"):
        result = await vendor.ship(url)
        assert (result.success, result.error_code, result.retryable) == (
            False,
            "bad_request",
            False,
        ), url
    assert (await vendor.ship(headers={"x": "é"})).error_code == "bad_request"
    assert (await vendor.ship(json={"text": "\ud800"})).error_code == "bad_request"
    await vendor.close()


async def test_nobody_listens() -> None:
    async with ScriptedServer() as server:
        url = server.url
    vendor = Parcels(url)
    result = await vendor.ship()
    await vendor.close()
    assert (result.error_code, result.retryable) == ("unreachable", True)


async def test_no_more_requests_at_once_than_allowed() -> None:
    async with ScriptedServer() as server:
        vendor = Parcels(server.url, max_concurrency=3)
        results = await asyncio.gather(*(vendor.ship() for _ in range(20)))
        await vendor.close()
        assert all(result.success for result in results)
        assert server.most_at_once <= 3
        assert len(server.requests) == 20


async def test_waiting_for_a_place_is_not_a_timeout() -> None:
    async with ScriptedServer() as server:
        server.hang()
        clock = VirtualClock()
        vendor = Parcels(server.url, max_concurrency=1, timeout=30.0, clock=clock)
        hung = asyncio.create_task(vendor.ship())
        await server.wait_for_requests(1)
        waiting = asyncio.create_task(vendor.ship())
        await clock.advance(30)
        assert (await hung).error_code == "timeout"
        assert (await waiting).success
        await vendor.close()


async def test_a_cancelled_request_frees_its_place() -> None:
    async with ScriptedServer() as server:
        server.hang()
        vendor = Parcels(server.url, max_concurrency=1)
        hung = asyncio.create_task(vendor.ship())
        await server.wait_for_requests(1)
        hung.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hung
        assert (await vendor.ship()).success
        await vendor.close()


async def test_an_endless_answer_is_cut() -> None:
    async with ScriptedServer() as server:
        server.reply(body=b"x" * (3 * MAX_ANSWER_BYTES))
        vendor = Parcels(server.url)
        answer = await vendor.ask()
        await vendor.close()
    assert len(answer.body) == MAX_ANSWER_BYTES


async def test_a_client_that_was_passed_in_stays_open() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        vendor = Parcels(server.url, http_client=client)
        assert (await vendor.ship()).success
        await vendor.close()
        assert not client.is_closed


async def test_a_client_that_its_owner_closed_is_closed() -> None:
    client = httpx.AsyncClient()
    await client.aclose()
    result = await Parcels(http_client=client).ship()
    assert (result.error_code, result.retryable) == ("closed", False)


def test_one_provider_may_serve_two_event_loops() -> None:
    vendor = Parcels(max_concurrency=1)

    async def twice() -> list[ProviderResult]:
        async with ScriptedServer() as server:
            url, headers = f"{server.url}/ship", {"connection": "close"}
            return await asyncio.gather(*(vendor.ship(url, headers=headers) for _ in range(2)))

    assert all(result.success for result in asyncio.run(twice()))
    assert all(result.success for result in asyncio.run(twice()))
    asyncio.run(vendor.close())
    closed = asyncio.run(vendor.ship())
    assert closed.error_code == "closed"


async def test_no_url_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ScriptedServer() as server:
        server.reply(status=200)
        server.reply(status=500)
        server.drop()
        vendor = Parcels(server.url)
        for _ in range(3):
            await vendor.ship()
        await vendor.close()
        async with httpx.AsyncClient() as others:
            await others.get(f"{server.url}/somebody-elses")
    assert "s3cret" not in caplog.text
    assert "parcels" in caplog.text
    assert "somebody-elses" in caplog.text


def test_a_missing_httpx_names_the_vendors_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'roomkit\[telegram\]'"):
        Parcels()
