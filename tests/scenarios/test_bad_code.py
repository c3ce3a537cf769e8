"""Code that nobody should write, in channels, providers, routers and stores: it is isolated."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    AIResponse,
    ChannelBinding,
    ChannelOutput,
    ChannelType,
    HookTrigger,
    InboundMessage,
    InboundRoomRouter,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
)
from roomkit.models.channel import ChannelCapabilities
from roomkit.providers.ai.base import AIContext, AIProvider
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import FailingStore


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


@pytest.mark.parametrize("junk", ["text", 42, b"bytes", ["list"], object()], ids=repr)
async def test_junk_from_a_reacting_channel_is_reported(
    kit: RoomKit, b: Transport, junk: Any
) -> None:
    class Odd(Thinker):
        async def on_event(
            self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            output: ChannelOutput = junk
            return output

    await seat(kit, "r", Odd("odd"), Thinker("ai", "answer"))
    witness = Witness(kit).hook(HookTrigger.ON_ERROR)
    result = await say(kit, "a", "hello")
    assert result.error == "odd: TypeError"
    assert [event.data["channel_id"] for event in witness.of("on_error")][0] == "odd"
    assert b.texts == ["hello", "answer"]


@pytest.mark.parametrize(
    "output",
    [
        {"response_events": ["no event"]},
        {"tasks": ["no task"]},
        {"observations": [None]},
        {"response_stream": "no stream"},
    ],
    ids=str,
)
async def test_junk_inside_of_an_output_is_reported(
    kit: RoomKit, b: Transport, output: dict[str, Any]
) -> None:
    """Outputs can be made without validation; the message and its neighbours do not suffer."""
    junk = ChannelOutput.empty().model_copy(update=output)
    await seat(kit, "r", Thinker("odd", lambda *_: junk), Thinker("ai", "answer"))
    result = await say(kit, "a", "hello")
    assert result.error is not None
    assert b.texts == ["hello", "answer"]
    assert await said(kit) == ["hello", "answer"]


class Stream:
    """An answer that says "so far" and then misbehaves."""

    def __init__(self, fault: object) -> None:
        self.fault = fault
        self.pieces = iter(["so ", "far", fault])

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> object:
        piece = next(self.pieces, None)
        if piece == "close" or piece is None:
            raise StopAsyncIteration
        if isinstance(piece, BaseException):
            raise piece
        return piece

    async def aclose(self) -> None:
        if self.fault == "close":
            raise RuntimeError("cannot be closed")


@pytest.mark.parametrize("fault", [RuntimeError("lost"), asyncio.CancelledError(), 42], ids=repr)
async def test_stream_that_breaks_off_leaves_what_it_has_said(
    kit: RoomKit, b: Transport, fault: object
) -> None:
    output = ChannelOutput.empty().model_copy(update={"response_stream": Stream(fault)})
    await seat(kit, "r", Thinker("ai", lambda event, _: None if event.chain_depth else output))
    witness = Witness(kit).hook(HookTrigger.ON_ERROR)
    result = await say(kit, "a", "hello")
    assert result.error is not None
    assert len(witness.heard) == 1
    assert b.texts == ["hello", "so far"]
    assert b.received[-1].metadata == {"end_reason": "error", "partial": True}
    assert not (await say(kit, "a", "next")).blocked


async def test_stream_that_cannot_be_closed_is_complete_all_the_same(
    kit: RoomKit, b: Transport
) -> None:
    output = ChannelOutput.empty().model_copy(update={"response_stream": Stream("close")})
    await seat(kit, "r", Thinker("ai", lambda event, _: None if event.chain_depth else output))
    result = await say(kit, "a", "hello")
    assert result.error is None
    assert b.texts == ["hello", "so far"]


@pytest.mark.parametrize("junk", [None, "text", 42], ids=repr)
async def test_junk_from_a_parser_reaches_the_caller(
    kit: RoomKit, b: Transport, junk: Any
) -> None:
    class Odd(Transport):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            event: RoomEvent = junk
            return event

    await seat(kit, "r", Odd("odd"))
    rows = await timeline(kit)
    with pytest.raises(TypeError, match=r"Odd\.handle_inbound returned"):
        await say(kit, "odd", room_id="r")
    assert await timeline(kit) == rows


async def test_parser_cannot_forge_what_the_framework_decides(kit: RoomKit, b: Transport) -> None:
    class Forger(Transport):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            return self.event_from(message, context).model_copy(
                update={"room_id": "other", "chain_depth": -9, "index": 77, "metadata": {"k": 1}}
            )

    await seat(kit, "other", Transport("x"))
    await seat(kit, "r", Forger("forger"))
    result = await say(kit, "forger", room_id="r")
    assert result.event is not None
    assert (result.event.room_id, result.event.chain_depth) == ("r", 0)
    assert [event.index for event in await timeline(kit)] == list(range(4))
    assert await said(kit, "other") == []


@pytest.mark.parametrize("junk", [None, "text", 42], ids=repr)
async def test_junk_from_a_model_is_a_failed_answer(kit: RoomKit, b: Transport, junk: Any) -> None:
    class Odd(AIProvider):
        @property
        def model_name(self) -> str:
            return "odd"

        async def generate(self, context: AIContext) -> AIResponse:
            response: AIResponse = junk
            return response

    await seat(kit, "r", AIChannel("ai", Odd()))
    witness = Witness(kit).hook(HookTrigger.ON_ERROR)
    result = await say(kit, "a", "hello")
    assert (result.blocked, result.response_events) == (False, [])
    assert result.error is not None
    assert len(witness.heard) == 1
    assert b.texts == ["hello"]


async def test_channel_whose_properties_raise_harms_only_itself(
    kit: RoomKit, b: Transport
) -> None:
    class Odd(Transport):
        def echoes(self, event: RoomEvent) -> bool:
            raise RuntimeError("no idea")

    await seat(kit, "r", Odd("odd"))
    result = await say(kit, "odd", "hello", room_id="r")
    assert not result.blocked
    assert b.texts == await said(kit) == ["hello"]


async def test_capabilities_that_raise_reach_who_attaches_the_channel(kit: RoomKit) -> None:
    class Odd(Transport):
        def capabilities(self) -> ChannelCapabilities:
            raise RuntimeError("no idea")

    kit.register_channel(Odd("odd"))
    await kit.create_room("r")
    with pytest.raises(RuntimeError, match="no idea"):
        await kit.attach_channel("r", "odd")
    assert await timeline(kit) == []
    assert await kit.list_bindings("r") == []


async def test_failing_router_reaches_the_caller(make_kit: KitFactory) -> None:
    class Lost(InboundRoomRouter):
        async def route(
            self, channel_id: str, channel_type: ChannelType, participant_id: str | None
        ) -> str | None:
            raise LookupError("no map")

    kit = make_kit(inbound_router=Lost())
    kit.register_channel(Transport("a"))
    with pytest.raises(LookupError, match="no map"):
        await say(kit, "a")
    assert await kit.store.list_rooms() == []


@pytest.mark.parametrize("method", ["snapshot", "commit"])
async def test_store_that_is_down_reaches_the_caller_and_nothing_is_stuck(
    clock: VirtualClock, method: str
) -> None:
    store = FailingStore()
    kit = RoomKit(store=store, clock=clock)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    store.failing[method] = 1
    with pytest.raises(ConnectionError):
        await say(kit, "a", "hello", key="k")
    assert not (await say(kit, "a", "hello", key="k")).blocked
    assert b.texts == ["hello"]
    await kit.close()


@pytest.mark.parametrize("method", ["record_deliveries", "add_task"])
async def test_store_that_is_down_after_the_commit_undoes_nothing(
    clock: VirtualClock, method: str
) -> None:
    """A stored message is not reported as failed."""
    store = FailingStore()
    kit = RoomKit(store=store, clock=clock)
    b = Transport("b")
    ai = Thinker("ai", lambda *_: ChannelOutput(tasks=[Task(title="t")]))
    await seat(kit, "r", Transport("a"), b, ai)
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)
    store.failing[method] = 1
    result = await say(kit, "a", "hello")
    assert not result.blocked
    assert b.texts == ["hello"]
    assert len(witness.heard) == 1
    assert not (await say(kit, "a", "next")).blocked
    await kit.close()


def test_only_functions_can_be_registered() -> None:
    not_a_function: Any = "hook"
    kit = RoomKit()
    with pytest.raises(TypeError, match="not str"):
        kit.hook(HookTrigger.BEFORE_BROADCAST)(not_a_function)
    with pytest.raises(TypeError, match="not str"):
        kit.on("room_created")(not_a_function)


def test_only_what_a_hook_may_do_when_it_fails_can_be_said() -> None:
    """A word that is misspelt would let everything pass."""
    odd: Any = "blocked"
    with pytest.raises(ValueError, match="'blocked'"):
        RoomKit().hook(HookTrigger.BEFORE_BROADCAST, on_error=odd)(print)
