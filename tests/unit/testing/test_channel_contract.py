"""The contract for channels notices a channel that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from unittest import SkipTest

import pytest

from roomkit import (
    Channel,
    ChannelBinding,
    ChannelCapabilities,
    ChannelCategory,
    ChannelOutput,
    ChannelType,
    DeliveryError,
    InboundMessage,
    RoomContext,
    RoomEvent,
)
from roomkit.channels.host import ChannelHost
from roomkit.models.content import TextContent
from roomkit.models.delivery import WebhookMeta
from roomkit.testing.channels import ChannelContract, Seats


class Right(Channel):
    """A notice board for each platform."""

    channel_type = ChannelType.PUSH
    recipient_key: str | None = "platform"

    def __init__(self) -> None:
        super().__init__("boards")
        self.lines: dict[str, list[str]] = {}
        self.has_power = True

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        await asyncio.sleep(0)
        if not self.has_power:
            raise DeliveryError("the board is dark", code="no_power")
        self.lines.setdefault(str(binding.recipient), []).append(self.extract_text(event))
        return ChannelOutput.empty()

    def seats(self) -> Seats:
        return Seats(
            channel=self,
            metadata=({"platform": "3"}, {"platform": "4"}),
            shown=lambda binding: self.lines.get(str(binding.recipient), []),
            fail=lambda: setattr(self, "has_power", False),
            recover=lambda: setattr(self, "has_power", True),
        )


class ConfusesTheSender(Right):
    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        event = await super().handle_inbound(message, context)
        return event.evolve(source=event.source.evolve(participant_id="somebody"))


class UsesOneKey(Right):
    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        event = await super().handle_inbound(message, context)
        return event.evolve(idempotency_key="the key")


class AnswersLate(Right):
    """Keeps the message in itself, where the next one overwrites it."""

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        self.message = message
        await asyncio.sleep(0)
        return self.event_from(self.message, context)


class HasOneBoard(Right):
    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        for platform in ("3", "4"):
            self.lines.setdefault(platform, []).append(self.extract_text(event))
        return ChannelOutput.empty()


class KeepsTheFirst(Right):
    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        lines = self.lines.setdefault(str(binding.recipient), [])
        if len(lines) < 5:
            lines.append(self.extract_text(event))
        return ChannelOutput.empty()


class TurnsRound(Right):
    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        self.lines.setdefault(str(binding.recipient), []).insert(0, self.extract_text(event))
        return ChannelOutput.empty()


class SaysNothing(Right):
    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        with suppress(DeliveryError):
            return await super().deliver(event, binding, context)
        return ChannelOutput.empty()


class NeedsNobody(Right):
    recipient_key = None

    def seats(self) -> Seats:
        self.recipient_key = "platform"
        seats = super().seats()
        self.recipient_key = None
        return seats


class StaysLocked(Right):
    def __init__(self) -> None:
        super().__init__()
        self.busy = False

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        if self.busy:
            raise DeliveryError("somebody else is writing", code="busy")
        self.busy = True
        output = await super().deliver(event, binding, context)
        self.busy = False
        return output


class TrustsWebhooks(Right):
    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        message = InboundMessage(
            channel_id="", sender_id=payload["from"], content=TextContent(body=payload["text"])
        )
        return [WebhookMeta(provider="boards", message=message)]


class ChangesItsMind(Right):
    def capabilities(self) -> ChannelCapabilities:
        return ChannelCapabilities(max_length=100 + len(self.lines), supports_edit=bool(self.next))

    @property
    def next(self) -> int:
        self.asked = getattr(self, "asked", -1) + 1
        return self.asked % 2


class RunsOn(Right):
    def on_registered(self, host: ChannelHost) -> None:
        self.running = asyncio.get_running_loop().create_task(asyncio.Event().wait())


class BreaksDown(Right):
    category = ChannelCategory.INTELLIGENCE

    async def on_event(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        answers = {"a question": "an answer"}
        return ChannelOutput(metadata={"answer": answers[self.extract_text(event)]})


WRONG: list[tuple[type[Right], str, *tuple[str, ...]]] = [
    (ConfusesTheSender, "test_a_message_comes_in"),
    (UsesOneKey, "test_a_redelivery_is_noticed"),
    (AnswersLate, "test_messages_of_two_rooms_at_once"),
    (HasOneBoard, "test_rooms_do_not_mix"),
    (KeepsTheFirst, "test_a_room_is_served_in_order"),
    (TurnsRound, "test_a_room_is_served_in_order"),
    (SaysNothing, "test_a_failure_is_told"),
    (StaysLocked, "test_a_cancelled_delivery_leaves_it_whole"),
    (TrustsWebhooks, "test_webhooks_that_make_no_sense"),
    (ChangesItsMind, "test_it_says_the_same_of_itself"),
    (RunsOn, "test_nothing_is_left_when_it_is_closed"),
    (BreaksDown, "test_every_content_has_an_outcome", "text"),
]
RULES = [(rule, *case) for _, rule, *case in WRONG]


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{one.__name__}-{rule}" for one, rule, *_ in WRONG])
async def test_a_wrong_channel_fails(
    wrong: tuple[type[Right], str, *tuple[str, ...]],
) -> None:
    make, rule, *case = wrong
    check: Any = getattr(ChannelContract(), rule)
    channel = make()
    with pytest.raises((AssertionError, LookupError, TypeError)):
        await check(channel.seats(), *case)
    if isinstance(channel, RunsOn):
        channel.running.cancel()


@pytest.mark.parametrize("rule", RULES, ids=[rule for rule, *_ in RULES])
async def test_a_channel_that_is_right_passes(rule: tuple[str, *tuple[str, ...]]) -> None:
    name, *case = rule
    check: Any = getattr(ChannelContract(), name)
    await check(Right().seats(), *case)


@pytest.mark.parametrize(
    ("make", "rule", "reason"),
    [
        (lambda: Seats(channel=Right()), "test_a_failure_is_told", "fail"),
        (lambda: Seats(channel=NeedsNobody()), "test_what_is_delivered_is_shown", "shown"),
        (lambda: NeedsNobody().seats(), "test_nobody_to_deliver_to", "recipients"),
        (lambda: BreaksDown().seats(), "test_rooms_do_not_mix", "intelligence"),
    ],
)
async def test_what_is_not_known_is_skipped(make: Any, rule: str, reason: str) -> None:
    with pytest.raises(SkipTest, match=reason):
        await getattr(ChannelContract(), rule)(make())
