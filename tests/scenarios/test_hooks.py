"""Hooks that decide: their order, their filters, and what they may change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    ChannelDirection,
    ChannelType,
    EventSource,
    EventStatus,
    HookExecution,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import join_room, say
from tests.scenarios.actors import Thinker, Transport, said, seat, timeline

BEFORE = HookTrigger.BEFORE_BROADCAST


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def test_global_hook_runs_in_every_room(kit: RoomKit) -> None:
    await join_room(kit, "one", "a", "x")
    await join_room(kit, "two", "b", "y")
    rooms: list[str] = []

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, context: RoomContext) -> HookResult:
        assert context.room.id == event.room_id
        rooms.append(event.room_id)
        return HookResult.allow()

    await say(kit, "a")
    await say(kit, "b")
    assert rooms == ["one", "two"]
    # A decorated function is still itself.
    assert (
        await hook(
            (await timeline(kit, "one"))[-1],
            RoomContext.model_construct(room=await kit.get_room("one")),
        )
    ).action == "allow"


async def test_hooks_run_by_priority_and_stop_at_the_first_block(
    kit: RoomKit, b: Transport
) -> None:
    """Ties run in order of registration, room hooks in between."""
    order: list[str] = []

    def add(name: str, priority: int, result: HookResult, *, room: bool = False) -> None:
        async def hook(_event: RoomEvent, _context: RoomContext) -> HookResult:
            order.append(name)
            return result

        if room:
            kit.add_room_hook("r", BEFORE, HookExecution.SYNC, hook, priority, name)
        else:
            kit.hook(BEFORE, priority=priority, name=name)(hook)

    allow = HookResult.allow()
    add("last", 2, allow)
    add("blocker", 1, HookResult.block())
    add("tie 1", 0, allow)
    add("tie 2", 0, allow)
    add("room", 0, allow, room=True)
    add("first", -100, allow)
    result = await say(kit, "a")
    assert order == ["first", "tie 1", "tie 2", "room", "blocker"]
    assert result.event is not None
    assert result.event.blocked_by == "blocker"


async def test_sync_hooks_never_overlap(kit: RoomKit, b: Transport) -> None:
    inside: list[str] = []

    def add(name: str) -> None:
        @kit.hook(BEFORE, name=name)
        async def hook(_event: RoomEvent, _context: RoomContext) -> None:
            assert inside == []
            inside.append(name)
            await asyncio.sleep(0)
            inside.remove(name)

    for name in ("one", "two", "three"):
        add(name)
    assert (await say(kit, "a")).hook_errors == []


async def test_next_hook_sees_what_the_one_before_made_of_the_event(
    kit: RoomKit, b: Transport
) -> None:

    def add(suffix: str) -> None:
        @kit.hook(BEFORE, name=suffix)
        async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
            body = TextContent(body=text_of(event.content) + suffix)
            return HookResult.modify(event.model_copy(update={"content": body}))

    add("-one")
    add("-two")
    await say(kit, "a", "text")
    assert b.texts == await said(kit) == ["text-one-two"]


@pytest.mark.parametrize(
    "filters",
    [
        {"channel_types": [ChannelType.SMS]},
        {"channel_ids": ["sms"]},
        {"channel_ids": ["sms"], "directions": [ChannelDirection.INBOUND]},
        {"channel_types": []},
        {"channel_ids": []},
        {"directions": [ChannelDirection.BIDIRECTIONAL]},
    ],
    ids=str,
)
@pytest.mark.parametrize("execution", list(HookExecution))
async def test_filters_look_at_where_an_event_comes_from(
    kit: RoomKit, b: Transport, filters: dict[str, Any], execution: HookExecution
) -> None:
    """A filter that names nothing lets nothing through."""
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()))
    heard: list[str] = []

    @kit.hook(BEFORE, execution, **filters)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        heard.append(event.source.channel_id)
        return HookResult.allow()

    await say(kit, "a")
    await say(kit, "sms", sender="+15551234567")
    wanted = next(iter(filters.values()))
    assert heard == (["sms"] if "sms" in wanted or ChannelType.SMS in wanted else [])


async def test_answers_can_be_told_by_their_direction(kit: RoomKit, b: Transport) -> None:
    """Moderation of what the AI says only."""
    await seat(kit, "r", Thinker("ai", "answer"))

    @kit.hook(BEFORE, directions=[ChannelDirection.OUTBOUND])
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("no machines")

    await say(kit, "a", "question")
    assert b.texts == ["question"]


async def test_plain_functions_and_callables_are_hooks_too(kit: RoomKit, b: Transport) -> None:
    """A plain `def`, an object with `__call__`, one argument only; None allows."""
    heard: list[str] = []

    class Watcher:
        async def __call__(self, event: RoomEvent, context: RoomContext) -> HookResult | None:
            heard.append("object")
            return None

    def plain(event: RoomEvent, context: RoomContext) -> HookResult | None:
        heard.append("plain")
        return None

    def short(event: RoomEvent) -> None:
        heard.append("short")

    kit.hook(BEFORE)(Watcher())
    kit.hook(BEFORE)(plain)
    kit.hook_engine.register(BEFORE, short)
    await say(kit, "a", "hello")
    assert heard == ["object", "plain", "short"]
    assert b.texts == ["hello"]


async def test_blocker_is_known_by_its_name_or_its_functions(kit: RoomKit, b: Transport) -> None:

    @kit.hook(BEFORE)
    async def profanity_filter(_event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("rude")

    await say(kit, "a", "badword")
    stored = (await timeline(kit))[-1]
    assert (stored.blocked_by, stored.metadata["block_reason"]) == ("profanity_filter", "rude")


@pytest.mark.parametrize("form", ["method", "constructor"])
async def test_results_can_be_written_in_two_ways(kit: RoomKit, b: Transport, form: str) -> None:

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        changed = event.model_copy(update={"content": TextContent(body="new")})
        if text_of(event.content) == "block me":
            if form == "method":
                return HookResult.block("why")
            return HookResult(action="block", reason="why")
        return (
            HookResult.modify(changed)
            if form == "method"
            else HookResult(action="modify", event=changed)
        )

    result = await say(kit, "a", "block me")
    assert (result.blocked, result.reason) == (True, "why")
    await say(kit, "a", "change me")
    assert b.texts == ["new"]


async def test_modify_cannot_make_it_another_event(kit: RoomKit, b: Transport) -> None:
    await join_room(kit, "other", "x", "y")
    before = len(await timeline(kit, "other"))

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(
            event.model_copy(
                update={
                    "id": "mine",
                    "room_id": "other",
                    "index": 999,
                    "chain_depth": -50,
                    "idempotency_key": "stolen",
                    "status": EventStatus.BLOCKED,
                    "source": EventSource(channel_id="y", participant_id="somebody else"),
                    "metadata": {"note": "kept"},
                }
            )
        )

    result = await say(kit, "a", "hello", key="k")

    stored = (await timeline(kit))[-1]
    assert result.event == stored
    assert stored.id != "mine"
    assert (stored.room_id, stored.index, stored.chain_depth) == ("r", 2, 0)
    assert (stored.source.channel_id, stored.source.participant_id) == ("a", "u")
    assert (stored.status, stored.idempotency_key) == (EventStatus.DELIVERED, "k")
    assert stored.metadata == {"note": "kept"}
    assert len(await timeline(kit, "other")) == before
    assert b.texts == ["hello"]
    assert (await say(kit, "a", "hello", key="k")).reason == "duplicate"


async def test_modify_may_narrow_who_sees_the_event(kit: RoomKit, b: Transport) -> None:
    c = Transport("c")
    await seat(kit, "r", c)

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(event.model_copy(update={"visibility": "c"}))

    await say(kit, "a", "psst")
    assert (b.texts, c.texts) == ([], ["psst"])
