"""Handing events to channels: refusals, retries, breakers, limits, and the record of it all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    ChannelBinding,
    ChannelCapabilities,
    ChannelOutput,
    DeliveryError,
    DeliveryResult,
    EventStatus,
    FrameworkEvent,
    HookTrigger,
    InboundMessage,
    ProviderResult,
    RateLimit,
    RetryPolicy,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, seat, timeline
from tests.scenarios.conftest import KitFactory

PHONE = {"phone_number": "+15551234567"}


class Unreliable:
    """Fails as often as it is told, then succeeds."""

    def __init__(self, *failures: Any, then: Any = None) -> None:
        self.failures = list(failures)
        self.then = then
        self.calls = 0

    def __call__(self, _event: RoomEvent) -> Any:
        self.calls += 1
        outcome = self.failures.pop(0) if self.failures else self.then
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def sms(kit: RoomKit, *results: Any, **binding: Any) -> MockSMSProvider:
    """A room with the channel `a` and a telephone."""
    provider = MockSMSProvider(results=results)
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", SMSChannel("sms", provider=provider), metadata=PHONE, **binding)
    return provider


async def outcome(kit: RoomKit, text: str = "hello", channel_id: str = "sms") -> DeliveryResult:
    result = await say(kit, "a", text)
    return result.delivery_results[channel_id]


async def test_refusal_of_the_vendor_is_a_failure(kit: RoomKit) -> None:
    witness = Witness(kit).on("delivery_failed", "delivery_succeeded")
    provider = await sms(kit, ProviderResult(success=False, error="blocked", error_code="21610"))
    result = await outcome(kit)
    assert (result.success, result.error, result.error_code) == (False, "blocked", "21610")
    assert witness.names == ["delivery_failed"]
    assert witness.heard[0][1].data["error"] == "blocked"
    assert len(provider.sent) == 1


async def test_outcomes_are_kept_with_the_event(kit: RoomKit) -> None:
    """For every channel, by name, also afterwards."""
    await sms(kit)
    await seat(kit, "r", Transport("b"), Transport("c", Unreliable(RuntimeError("down"))))
    result = await say(kit, "a", "hello")
    (stored,) = [event for event in await timeline(kit) if event.type == "message"]
    assert stored.delivery_results == result.delivery_results
    assert {name: one.success for name, one in stored.delivery_results.items()} == {
        "sms": True,
        "b": True,
        "c": False,
    }
    assert stored.delivery_results["sms"].provider_message_id == "mock-1"
    assert result.delivery_errors == {"c": "RuntimeError: down"}
    assert (result.blocked, stored.status) == (False, EventStatus.DELIVERED)


async def test_event_that_reached_nobody_has_failed(kit: RoomKit) -> None:
    await sms(kit, RuntimeError("down"))
    await seat(kit, "r", Transport("b", Unreliable(RuntimeError("down"))))
    result = await say(kit, "a", "hello")
    assert not result.blocked
    assert result.event is not None
    assert result.event.status is EventStatus.FAILED
    assert (await timeline(kit))[-1].status is EventStatus.FAILED


async def test_text_of_foreign_exceptions_stays_inside(kit: RoomKit) -> None:
    """HTTP clients quote URLs, and URLs hold tokens."""

    class ForeignError(Exception):
        pass

    witness = Witness(kit).on("delivery_failed", "channel_error")
    await seat(
        kit, "r", Transport("a"), Transport("b", Unreliable(ForeignError("https://x/T0K3N")))
    )
    result = await outcome(kit, channel_id="b")
    assert result.error == "ForeignError"
    assert "T0K3N" not in str(witness.heard) + result.model_dump_json()


async def test_failures_are_tried_again(kit: RoomKit, clock: VirtualClock) -> None:
    policy = RetryPolicy(max_retries=3, base_delay_seconds=1)
    b = Transport("b", Unreliable(RuntimeError("1"), RuntimeError("2")))
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", b, retry_policy=policy)
    async with clock.auto():
        result = await outcome(kit, channel_id="b")
    assert result.success
    assert len(b.tried) == 3
    assert 0 < clock.monotonic() <= 3


async def test_retries_come_to_an_end(kit: RoomKit, clock: VirtualClock) -> None:
    fails = Unreliable(then=ProviderResult(success=False, error="busy", retryable=True))
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", Transport("b", fails), retry_policy=RetryPolicy(max_retries=3))
    async with clock.auto():
        result = await outcome(kit, channel_id="b")
    assert (result.success, result.error, fails.calls) == (False, "busy", 4)


@pytest.mark.parametrize(
    "failure",
    [
        DeliveryError("no such number", code="bad_number"),
        ProviderResult(success=False, error="no such number", error_code="bad_number"),
    ],
    ids=["raised", "returned"],
)
async def test_permanent_failures_are_not_tried_again(kit: RoomKit, failure: Any) -> None:
    fails = Unreliable(then=failure)
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", Transport("b", fails), retry_policy=RetryPolicy(max_retries=3))
    result = await outcome(kit, channel_id="b")
    assert (result.error_code, fails.calls) == ("bad_number", 1)


async def test_without_a_policy_nothing_is_tried_again(kit: RoomKit) -> None:
    fails = Unreliable(DeliveryError("busy", retryable=True))
    await seat(kit, "r", Transport("a"), Transport("b", fails))
    assert not (await outcome(kit, channel_id="b")).success
    assert fails.calls == 1


async def test_vendors_wish_for_patience_is_granted(kit: RoomKit, clock: VirtualClock) -> None:
    fails = Unreliable(DeliveryError("slow down", retryable=True, retry_after=17))
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", Transport("b", fails), retry_policy=RetryPolicy())
    async with clock.auto():
        assert (await outcome(kit, channel_id="b")).success
    assert clock.monotonic() >= 17


async def test_nobody_to_send_to_is_no_call_at_all(kit: RoomKit) -> None:
    """And no strike against the channel."""
    provider = MockSMSProvider()
    await seat(kit, "r", Transport("a"), SMSChannel("sms", provider=provider))
    for _ in range(10):
        result = await outcome(kit)
        assert result.error_code == "no_recipient"
        assert result.error == "missing recipient phone_number"
    assert provider.sent == []
    await kit.update_binding_metadata("r", "sms", PHONE)
    assert (await outcome(kit)).success


async def test_channel_without_a_provider_says_so(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", SMSChannel("sms"), metadata=PHONE)
    assert (await outcome(kit)).error_code == "no_provider"


async def test_channel_that_is_not_registered_here_is_named(
    make_kit: KitFactory,
) -> None:
    """A binding of another process's channel is no reason to fail silently."""
    first, second = make_kit(), make_kit()
    await seat(first, "r", Transport("a"), Transport("b"))
    second.register_channel(Transport("a"))
    result = await outcome(second, channel_id="b")
    assert result.error_code == "channel_not_registered"


async def test_failing_channel_is_left_alone_for_a_while(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """Its neighbours get everything."""
    fails = Unreliable(then=RuntimeError("down"))
    c = Transport("c")
    await seat(kit, "r", Transport("a"), Transport("b", fails), c)
    results = [await outcome(kit, str(number), "b") for number in range(12)]
    assert fails.calls == 5
    assert [result.error_code for result in results[5:]] == ["circuit_open"] * 7
    assert len(c.received) == 12

    # After a minute one probe is allowed; it fails, and the circuit stays open.
    await clock.advance(60)
    await outcome(kit, channel_id="b")
    await outcome(kit, channel_id="b")
    assert fails.calls == 6
    # The next one succeeds.
    fails.then = None
    await clock.advance(60)
    assert (await outcome(kit, channel_id="b")).success
    assert (await outcome(kit, channel_id="b")).success


async def test_breaker_belongs_to_the_channel_and_not_to_the_room(kit: RoomKit) -> None:
    b = Transport("b", Unreliable(then=RuntimeError("down")))
    await seat(kit, "one", Transport("a"), b)
    await seat(kit, "two", Transport("x"), b)
    for _ in range(5):
        await say(kit, "a", room_id="one")
    result = await say(kit, "x", room_id="two")
    assert result.delivery_results["b"].error_code == "circuit_open"


async def test_rate_limit_makes_deliveries_wait(kit: RoomKit, clock: VirtualClock) -> None:
    """For a binding; other channels do not wait."""
    b, c = Transport("b"), Transport("c")
    await seat(kit, "r", Transport("a"), c)
    await seat(kit, "r", b, rate_limit=RateLimit(max_per_second=10))
    sent_at: list[float] = []
    b.act = lambda _event: sent_at.append(clock.monotonic())
    async with clock.auto():
        for number in range(3):
            await say(kit, "a", str(number))
    assert sent_at == pytest.approx([0, 0.1, 0.2])
    assert len(c.received) == 3


@pytest.mark.parametrize("overflow", ["split", "truncate"])
async def test_nothing_of_a_long_text_is_lost_without_a_trace(kit: RoomKit, overflow: Any) -> None:
    words = " ".join(f"word{number}" for number in range(600))
    b = Transport("b", capabilities=ChannelCapabilities(max_length=160, overflow=overflow))
    await seat(kit, "r", Transport("a"), b)
    result = await outcome(kit, words, "b")
    assert all(len(text) <= 160 for text in b.texts)
    if overflow == "split":
        assert " ".join(" ".join(b.texts).split()) == words
        assert (result.parts, result.truncated) == (len(b.texts), False)
    else:
        assert (result.parts, result.truncated) == (1, True)
        assert b.texts[0].endswith("…")
    assert text_of((await timeline(kit))[-1].content) == words


async def test_all_parts_have_their_ids(kit: RoomKit) -> None:
    provider = await sms(kit)
    result = await outcome(kit, "x" * 2000)
    assert result.parts == len(provider.sent) == 2
    assert result.metadata["provider_message_ids"] == ["mock-1", "mock-2"]


async def test_part_that_fails_is_told(kit: RoomKit) -> None:
    """Part of a text that is out is out."""
    accepted = ProviderResult(success=True, provider_message_id="m-1")
    await sms(kit, accepted, RuntimeError("down"))
    result = await outcome(kit, "x" * 2000)
    assert (result.success, result.parts) == (False, 1)


@pytest.mark.parametrize("junk", ["sent", 42, ["ok"]], ids=str)
async def test_junk_from_a_channel_is_a_failure(kit: RoomKit, junk: Any) -> None:
    class Odd(Transport):
        async def deliver(
            self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            output: ChannelOutput = junk
            return output

    await seat(kit, "r", Transport("a"), Odd("b"), Transport("c"))
    result = await say(kit, "a", "hello")
    assert result.delivery_results["b"].error_code == "bad_output"
    assert result.delivery_results["c"].success


async def test_strategy_of_the_host_wraps_every_delivery(make_kit: KitFactory) -> None:
    seen: list[tuple[str, str]] = []

    class Strategy:
        async def deliver(
            self, fn: Any, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            seen.append((text_of(event.content), binding.channel_id))
            if binding.channel_id == "c":
                raise DeliveryError("not at night", code="quiet_hours")
            output: ChannelOutput = await fn(event, binding, context)
            return output

    kit = make_kit(delivery_strategy=Strategy())
    b, c = Transport("b"), Transport("c")
    await seat(kit, "r", Transport("a"), b, c)
    result = await say(kit, "a", "hello")
    assert sorted(seen) == [("hello", "b"), ("hello", "c")]
    assert (b.texts, c.texts) == (["hello"], [])
    assert result.delivery_results["c"].error_code == "quiet_hours"


async def test_parts_are_put_together_before_delivery(kit: RoomKit) -> None:
    """Transcode, then length, then `on_event`, then `deliver`."""
    order: list[str] = []

    class Both(Transport):
        async def on_event(
            self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            order.append(f"react {text_of(event.content)}")
            return ChannelOutput.empty()

    b = Both("b", lambda event: order.append(f"deliver {text_of(event.content)}"))
    await seat(kit, "r", Transport("a"), b)
    await say(kit, "a", "hello")
    assert order == ["react hello", "deliver hello"]


async def test_channel_that_cannot_react_still_gets_its_delivery(kit: RoomKit) -> None:
    class Both(Transport):
        async def on_event(
            self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            if text_of(event.content) == "junk":
                output: Any = "no output"
                return output  # type: ignore[no-any-return]
            raise RuntimeError("no")

    b = Both("b")
    await seat(kit, "r", Transport("a"), b)
    witness = Witness(kit).hook(HookTrigger.ON_ERROR)
    for text in ("raises", "junk"):
        result = await say(kit, "a", text)
        assert result.error is not None
        assert result.delivery_results["b"].success
    assert b.texts == ["raises", "junk"]
    assert len(witness.heard) == 2


async def test_sent_message_can_be_answered_to(kit: RoomKit) -> None:
    """The vendor's ids of both directions are kept apart."""
    provider = await sms(kit)
    sent = await kit.send_event("r", "a", TextContent(body="hello"))
    answer = InboundMessage(
        channel_id="sms",
        sender_id=PHONE["phone_number"],
        content=TextContent(body="hi"),
        provider_message_id="mock-1",
    )
    result = await kit.process_inbound(answer)
    assert (result.blocked, result.room_id) == (False, "r")
    assert sent.delivery_results["sms"].provider_message_id == "mock-1"
    assert len(provider.sent) == 1


async def test_who_reacts_sees_what_is_delivered(kit: RoomKit) -> None:
    """A text is cut before a channel reacts to it."""
    await seat(kit, "r", Transport("a"))
    ai = Thinker("ai")
    kit.register_channel(ai)
    await kit.attach_channel("r", "ai", capabilities=ChannelCapabilities(max_length=5))
    await say(kit, "a", "123456789")
    assert ai.texts == ["1234…"]


async def test_slow_listener_does_not_hold_up_the_next_delivery(kit: RoomKit) -> None:
    go_on, second = asyncio.Event(), asyncio.Event()
    b = Transport("b", lambda event: second.set() if text_of(event.content) == "two" else None)
    await seat(kit, "r", Transport("a"), b)

    @kit.on("delivery_succeeded")
    async def listen(_event: FrameworkEvent) -> None:
        await go_on.wait()

    saying = [asyncio.create_task(say(kit, "a", text)) for text in ("one", "two")]
    await asyncio.wait_for(second.wait(), 5)
    assert not any(task.done() for task in saying), "but both wait for the listener"
    go_on.set()
    await asyncio.gather(*saying)
    assert b.texts == ["one", "two"]
