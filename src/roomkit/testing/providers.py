"""What a transport provider has to get right, as tests that its author inherits.

```python
class TestMyProvider(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with ScriptedServer(default=Reply.of_json({"id": "m-1"})) as server:
            clock = VirtualClock()
            provider = MyProvider(MyConfig(base_url=server.url, token="s3cret"), clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "+15551234567"),
                server=server,
                clock=clock,
                secrets=["s3cret"],
            )
            await provider.close()
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import ProviderResult
from roomkit.models.enums import ChannelDirection
from roomkit.models.event import EventSource, RoomEvent
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer

_TEXT = TextContent(body="Grüße, 世界 👋")

CONTENTS: dict[str, EventContent] = {
    "text": _TEXT,
    "empty text": TextContent(body=""),
    "rich": RichContent(
        body="**Pick** one", plain_text="Pick one", buttons=[{"text": "Yes", "payload": "y"}]
    ),
    "media": MediaContent(url="https://example.com/a.png", mime_type="image/png", caption="A"),
    "audio": AudioContent(url="https://example.com/a.ogg", mime_type="audio/ogg"),
    "video": VideoContent(url="https://example.com/a.mp4", mime_type="video/mp4"),
    "location": LocationContent(latitude=45.5, longitude=-73.6, label="Office"),
    "template": TemplateContent(template_id="welcome", parameters={"name": "Ada"}, body="Hi Ada"),
    "system": SystemContent(body="Ada joined", code="joined"),
    "composite": CompositeContent(
        parts=[_TEXT, MediaContent(url="https://example.com/b.png", mime_type="image/png")]
    ),
    "edit": EditContent(target_event_id="e-1", new_content=_TEXT),
    "delete": DeleteContent(target_event_id="e-1"),
}
"""One example of every content."""

_JUNK: list[Any] = [{}, {"a": None}, {"a": [1, [2, {}]]}, {"From": [], "text": {}}, {"": ""}]


@dataclass(kw_only=True)
class Vendor:
    """A provider and the server that plays its vendor.

    Attributes:
        provider: works with `clock`, or has a timeout of a fraction of a second.
        send: sends an event to some recipient with the provider.
        server: its `default` is the vendor's answer to a message that was taken.
        clock: the provider's, moved on where it waits for an answer that does not come. Without
            one, the tests wait for its timeout.
        secrets: credentials that must not be seen anywhere.
        refusal: the vendor's answer to a message that it will never take.
        reads_answers: whether a message counts as sent only if the answer can be understood.
    """

    provider: TransportProvider
    send: Callable[[RoomEvent], Awaitable[ProviderResult]]
    server: ScriptedServer
    secrets: Sequence[str]
    clock: VirtualClock | None = None
    refusal: Reply = field(default_factory=lambda: Reply(status=400))
    reads_answers: bool = True

    async def send_into_silence(self) -> ProviderResult:
        """Send a message that is never answered."""
        self.server.hang()
        seen = len(self.server.requests)
        sending = asyncio.ensure_future(self.send(example_event()))
        await self.server.wait_for_requests(seen + 1)
        if self.clock is not None:
            await self.clock.advance(3600)
        return await sending


def example_event(content: EventContent = _TEXT, *, event_id: str = "event-1") -> RoomEvent:
    """An event that goes out to a channel."""
    return RoomEvent(
        id=event_id,
        room_id="room-1",
        source=EventSource(
            channel_id="agent", participant_id="ada", direction=ChannelDirection.OUTBOUND
        ),
        content=content,
    )


class TransportProviderContract:
    """Inherit, and define a fixture ``vendor`` that gives a `Vendor`."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest: one test for each content, and one for each way to fail."""
        if "content_name" in metafunc.fixturenames:
            metafunc.parametrize("content_name", list(CONTENTS))
        if "failing_status" in metafunc.fixturenames:
            metafunc.parametrize("failing_status", [408, 429, 500, 502, 503, 504])

    async def test_text_is_sent_once(self, vendor: Vendor) -> None:
        result = await vendor.send(example_event())
        assert result.success, result
        assert result.provider_message_id
        assert len(vendor.server.requests) == 1

    async def test_every_content_has_an_outcome(self, vendor: Vendor, content_name: str) -> None:
        result = await vendor.send(example_event(CONTENTS[content_name]))
        assert isinstance(result, ProviderResult)
        assert result.success or (result.error_code and not result.retryable), result

    async def test_a_refusal_is_final(self, vendor: Vendor) -> None:
        vendor.server.reply(vendor.refusal)
        result = await vendor.send(example_event())
        assert not result.success
        assert not result.retryable
        assert result.error_code

    async def test_a_passing_failure_may_be_tried_again(
        self, vendor: Vendor, failing_status: int
    ) -> None:
        vendor.server.reply(status=failing_status)
        result = await vendor.send(example_event())
        assert not result.success
        assert result.retryable
        assert result.metadata["status_code"] == failing_status
        assert (await vendor.send(example_event())).success

    async def test_the_vendors_pause_is_passed_on(self, vendor: Vendor) -> None:
        vendor.server.reply(status=429, headers={"retry-after": "17"})
        vendor.server.reply(status=503, headers={"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"})
        vendor.server.reply(status=503, headers={"retry-after": "soon"})
        in_seconds, at_a_date, unreadable = [await vendor.send(example_event()) for _ in range(3)]
        assert in_seconds.retry_after == 17
        assert at_a_date.retry_after is not None
        assert at_a_date.retry_after > 3600
        assert unreadable.retry_after is None

    async def test_silence_ends_in_a_timeout(self, vendor: Vendor) -> None:
        result = await vendor.send_into_silence()
        assert (result.success, result.retryable, result.error_code) == (False, True, "timeout")
        assert (await vendor.send(example_event())).success

    async def test_a_broken_connection_may_be_tried_again(self, vendor: Vendor) -> None:
        vendor.server.drop()
        result = await vendor.send(example_event())
        assert not result.success
        assert result.retryable
        assert (await vendor.send(example_event())).success

    async def test_a_redirect_is_not_followed(self, vendor: Vendor) -> None:
        vendor.server.reply(status=302, headers={"location": f"{vendor.server.url}/elsewhere"})
        result = await vendor.send(example_event())
        assert not result.success
        assert not result.retryable
        assert len(vendor.server.requests) == 1

    async def test_an_answer_that_makes_no_sense(self, vendor: Vendor) -> None:
        for body in (b"", b"<html>", b"[]", b"null", b'{"sid": 7, "id": {}}', b"[" * 100_000):
            vendor.server.reply(status=200, body=body)
            result = await vendor.send(example_event())
            assert result.success is not vendor.reads_answers, body
            # It was taken: sending again would send twice.
            assert not result.retryable

    async def test_secrets_stay_secret(self, vendor: Vendor, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        vendor.server.reply(vendor.refusal)
        vendor.server.reply(status=500, body=" ".join(vendor.secrets).encode())
        vendor.server.reply(status=302, headers={"location": "https://example.com/"})
        vendor.server.drop()
        results = [await vendor.send(example_event()) for _ in range(5)]
        results.append(await vendor.send_into_silence())
        await vendor.provider.close()
        results.append(await vendor.send(example_event()))
        shown = [repr(results), repr(vendor.provider), caplog.text]
        shown += [result.model_dump_json() for result in results]
        for secret in vendor.secrets:
            assert not any(secret in text for text in shown), "a secret was shown"

    async def test_many_at_once(self, vendor: Vendor) -> None:
        events = [example_event(event_id=f"event-{number}") for number in range(50)]
        results = await asyncio.gather(*(vendor.send(event) for event in events))
        assert all(result.success for result in results)
        assert len(vendor.server.requests) == len(events)

    async def test_closed_means_closed(self, vendor: Vendor) -> None:
        await vendor.send(example_event())
        await asyncio.gather(vendor.provider.close(), vendor.provider.close())
        await vendor.provider.close()
        result = await vendor.send(example_event())
        assert (result.success, result.retryable, result.error_code) == (False, False, "closed")

    async def test_a_name_for_the_vendor(self, vendor: Vendor) -> None:
        assert vendor.provider.name
        assert vendor.provider.name == vendor.provider.name.lower()

    async def test_webhooks_without_a_good_signature(self, vendor: Vendor) -> None:
        for headers in ({}, {"x-signature": "é"}, {"authorization": "Bearer x"}):
            for url in ("https://example.com/hook", "", "://", "https://[::1", "\ud800"):
                request = WebhookRequest(url=url, headers=headers, body=b"a=\xff&b")
                assert vendor.provider.verify_webhook(request) is False

    async def test_webhooks_that_make_no_sense(self, vendor: Vendor) -> None:
        for payload in [None, 7, "text", [], *_JUNK]:
            try:
                vendor.provider.parse_webhook(payload)
            except WebhookError:
                continue
