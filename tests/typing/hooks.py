"""What a type checker knows about hooks, by trigger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_type

from roomkit import (
    DeliveryStatus,
    FrameworkEvent,
    HookExecution,
    HookResult,
    HookTrigger,
    Identity,
    IdentityHookResult,
    IdentityResult,
    InboundMessage,
    InjectedEvent,
    Observation,
    RoomContext,
    RoomEvent,
    RoomKit,
    SessionStartedEvent,
    Task,
    TextContent,
)
from roomkit.models.enums import ChannelType

kit = RoomKit()


@kit.hook(HookTrigger.BEFORE_BROADCAST)
async def gate(event: RoomEvent, context: RoomContext) -> HookResult:
    return HookResult.allow()


@kit.hook(HookTrigger.BEFORE_BROADCAST, name="no opinion", on_error="block")
async def gate_without_opinion(event: RoomEvent, context: RoomContext) -> HookResult | None:
    return None


@kit.hook(HookTrigger.BEFORE_TTS, channel_types={ChannelType.VOICE}, priority=-1, timeout=None)
def plain_function(event: RoomEvent, context: RoomContext) -> HookResult:
    return HookResult.block("silence")


@kit.hook(HookTrigger.ON_TRANSCRIPTION, channel_ids=["voice"])
async def changes(event: RoomEvent, context: RoomContext) -> HookResult:
    return HookResult.modify(event.model_copy(update={"content": TextContent(body="")}))


@kit.hook(HookTrigger.AFTER_BROADCAST, execution=HookExecution.ASYNC)
async def observer(event: RoomEvent, context: RoomContext) -> None:
    return None


@kit.hook(HookTrigger.ON_DELIVERY_STATUS)
async def report(status: DeliveryStatus) -> str:
    return status.status


@kit.hook(HookTrigger.ON_FEEDBACK)
async def rated(observation: Observation, context: RoomContext) -> float:
    return observation.confidence


@kit.hook(HookTrigger.ON_SESSION_STARTED)
async def greet(started: SessionStartedEvent, context: RoomContext) -> str | None:
    return started.connection_id


@kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN, channel_types=[ChannelType.SMS])
async def who(
    event: RoomEvent, context: RoomContext, result: IdentityResult
) -> IdentityHookResult | None:
    return IdentityHookResult.resolved(Identity(id="ada"))


@kit.on("delivery_failed")
def failed(event: FrameworkEvent) -> None:
    return None


@kit.on_delivery_status
async def handler(status: DeliveryStatus) -> int:
    return 0


async def decorators_return_the_function_unchanged(
    event: RoomEvent,
    context: RoomContext,
    status: DeliveryStatus,
    observation: Observation,
    started: SessionStartedEvent,
    identified: IdentityResult,
) -> None:
    assert_type(await gate(event, context), HookResult)
    assert_type(await gate_without_opinion(event, context), HookResult | None)
    assert_type(plain_function(event, context), HookResult)
    assert_type(await changes(event, context), HookResult)
    assert_type(await report(status), str)
    assert_type(await rated(observation, context), float)
    assert_type(await greet(started, context), str | None)
    assert_type(await who(event, context, identified), IdentityHookResult | None)
    assert_type(await handler(status), int)


def a_trigger_that_is_not_known_before(trigger: HookTrigger) -> None:
    """A variable may hold any trigger, so that nothing is known about the function."""

    @kit.hook(trigger)
    async def anything(*arguments: object) -> None:
        return None


def results_of_hooks() -> None:
    result = HookResult.allow(
        tasks=[Task(title="call back")], observations=[Observation(category="mood")]
    )
    assert_type(result, HookResult)
    assert_type(result.event, RoomEvent | None)
    assert_type(result.injected_events, list[InjectedEvent])
    assert_type(IdentityHookResult.challenge(), IdentityHookResult)


def room_hooks() -> Callable[[InboundMessage], Awaitable[None]] | None:
    kit.add_room_hook("room", HookTrigger.BEFORE_BROADCAST, HookExecution.SYNC, gate, name="gate")
    assert_type(bool(kit.remove_room_hook("room", "gate")), bool)
    return None


async def room_hooks_may_be_awaited() -> None:
    await kit.add_room_hook("room", HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC, observer)
    assert_type(await kit.remove_room_hook("room", "observer"), bool)
