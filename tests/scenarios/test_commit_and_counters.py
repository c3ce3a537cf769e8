"""One commit for whatever is written: dense indices, true counters, nothing lost."""

from __future__ import annotations

import asyncio

from roomkit import (
    EventStatus,
    EventType,
    HookResult,
    HookTrigger,
    InjectedEvent,
    InMemoryLockManager,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, said, seat, streaming, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import WatchedStore


async def check_counters(kit: RoomKit, room_id: str = "r") -> None:
    """The timeline is dense, and the room's counters say so."""
    events = await timeline(kit, room_id)
    room = await kit.get_room(room_id)
    assert [event.index for event in events] == list(range(len(events)))
    assert room.event_count == len(events)
    assert room.latest_index == max(len(events) - 1, 0)
    assert await kit.store.get_event_count(room_id) == len(events)


async def test_empty_room_starts_at_nothing(kit: RoomKit) -> None:
    await kit.create_room("r")
    await check_counters(kit)


async def test_whatever_writes_to_a_timeline_is_counted(kit: RoomKit) -> None:
    """Inbound, sent, answers, streams, injected events, notices, blocked ones: all at once."""

    def answer(event: RoomEvent, _context: RoomContext) -> object:
        return None if event.chain_depth else ["one", "two"]

    def stream(event: RoomEvent, _context: RoomContext) -> object:
        return None if event.chain_depth else streaming(["str", "eam"])

    await seat(kit, "r", Transport("a"), Transport("b"), Transport("c"))
    await seat(kit, "r", Thinker("ai", answer), Thinker("streamer", stream))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        await asyncio.sleep(0)
        if text_of(event.content) == "3":
            return HookResult.block()
        note = InjectedEvent(content=TextContent(body="noted"))
        return HookResult.allow(injected_events=[note] if event.chain_depth == 0 else None)

    await asyncio.gather(
        *(say(kit, "a", str(number)) for number in range(10)),
        *(kit.send_event("r", "b", TextContent(body=f"sent {number}")) for number in range(10)),
        kit.mute("r", "c"),
        kit.update_room_metadata("r", {"topic": "x"}),
        kit.ensure_participant("r", "a", "guest"),
    )

    await check_counters(kit)
    events = await timeline(kit)
    assert sum(event.status is EventStatus.BLOCKED for event in events) == 1
    # 5 channels, 2 notices, and for each of 19 messages: itself, a note and three answers.
    assert len(events) == 5 + 2 + 1 + 19 * 5
    assert (await kit.get_room("r")).metadata == {"topic": "x"}


async def test_injected_event_follows_its_trigger(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"), Transport("b"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(_event: RoomEvent, _context: RoomContext) -> HookResult:
        note = InjectedEvent(content=TextContent(body="noted"))
        return HookResult.allow(injected_events=[note])

    await asyncio.gather(*(say(kit, "a", str(number)) for number in range(5)))
    texts = await said(kit)
    assert texts[1::2] == ["noted"] * 5
    assert sorted(texts[::2]) == [str(number) for number in range(5)]


async def test_changes_to_a_room_and_its_messages_do_not_undo_each_other(kit: RoomKit) -> None:
    """Metadata, mute, access and counters, all at once."""
    await seat(kit, "r", Transport("a"), Transport("b"), Transport("c"))
    await asyncio.gather(
        *(kit.update_room_metadata("r", {f"key {number}": number}) for number in range(20)),
        *(
            kit.update_binding_metadata("r", "b", {f"key {number}": number})
            for number in range(20)
        ),
        *(say(kit, "a", str(number)) for number in range(10)),
        kit.mute("r", "c"),
        kit.mute_output("r", "b"),
        kit.set_visibility("r", "b", "a"),
    )
    keys = {f"key {number}": number for number in range(20)}
    assert (await kit.get_room("r")).metadata == keys
    b, c = await kit.get_binding("r", "b"), await kit.get_binding("r", "c")
    assert b.metadata == keys
    assert (b.output_muted, b.visibility, c.muted) == (True, "a", True)
    await check_counters(kit)


async def test_two_kits_may_write_to_one_room(make_kit: KitFactory) -> None:
    """Two processes, as far as one test can be two."""
    locks = InMemoryLockManager()
    kits = [make_kit(lock_manager=locks) for _ in range(2)]
    for kit in kits:
        await seat(kit, "r", Transport("a"), Transport("b"))
    await asyncio.gather(*(say(kits[number % 2], "a", str(number)) for number in range(20)))
    await check_counters(kits[0])
    assert sorted(await said(kits[1]), key=int) == [str(number) for number in range(20)]


async def test_event_that_is_returned_is_the_one_that_is_stored(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"), Transport("b"))
    sent = await kit.send_event(
        "r",
        "a",
        TextContent(body="hello"),
        participant_id="ada",
        metadata={"k": "v"},
        visibility="b",
    )
    result = await say(kit, "a", "hello")
    stored = await timeline(kit)
    assert stored[-2:] == [sent, result.event]
    assert (sent.index, sent.source.participant_id, sent.metadata) == (2, "ada", {"k": "v"})
    assert sent.status is EventStatus.DELIVERED


async def test_sent_event_that_is_blocked_says_so(kit: RoomKit) -> None:
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    kit.hook(HookTrigger.BEFORE_BROADCAST, name="no")(lambda *_: HookResult.block("why"))
    event = await kit.send_event("r", "a", TextContent(body="hello"))
    assert (event.status, event.blocked_by) == (EventStatus.BLOCKED, "no")
    assert (await timeline(kit))[-1] == event
    assert b.texts == []


async def test_timeline_is_read_page_by_page(kit: RoomKit) -> None:
    """From the oldest, blocked ones included."""
    await seat(kit, "r", Transport("a"), Transport("b"))
    for number in range(7):
        await kit.send_event(
            "r", "a", TextContent(body=str(number)), visibility="b" if number % 2 else "all"
        )
    pages = [await kit.get_timeline("r", offset=offset, limit=4) for offset in (0, 4, 8, 12)]
    assert [len(page) for page in pages] == [4, 4, 1, 0]
    assert [event.index for page in pages for event in page] == list(range(9))
    visible = await kit.get_timeline("r", visibility_filter="b")
    assert len(visible) == 9
    others = await kit.get_timeline("r", visibility_filter="c")
    assert {event.visibility for event in others} == {"all"}


async def test_counting_goes_on_after_the_room_has_closed(kit: RoomKit) -> None:
    """Notices about a closed room are still records."""
    await seat(kit, "r", Transport("a"), Transport("b"))
    await say(kit, "a", "hello")
    await kit.close_room("r")
    await kit.detach_channel("r", "b")
    await check_counters(kit)
    assert (await timeline(kit))[-1].type is EventType.CHANNEL_DETACHED


class BreakingLine(WatchedStore):
    """Writes, and loses the connection before it can say so."""

    breaks = False

    async def after(self, method: str) -> None:
        if method == "commit" and self.breaks:
            raise ConnectionError("the line is dead")


class FailingSecondCommit(WatchedStore):
    """Writes one more event, and then is out of reach for a moment."""

    commits = -1000

    async def before(self, method: str) -> None:
        self.commits += method == "commit"
        if method == "commit" and self.commits == 2:
            raise ConnectionError("the store is out of reach")


async def test_event_that_was_written_after_all_is_sent_after_all(make_kit: KitFactory) -> None:
    """Its redelivery would be a duplicate, and nobody would ever see it."""
    kit = make_kit(store=(store := BreakingLine()))
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b, Thinker("ai", "answer"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def inject(event: RoomEvent, _context: RoomContext) -> HookResult:
        if event.source.channel_id == "ai":
            return HookResult.allow()
        injected = InjectedEvent(content=TextContent(body="injected"), target_channel_ids=["b"])
        return HookResult.allow(injected_events=[injected])

    store.breaks = True
    result = await say(kit, "a", "hello", key="k")
    assert (result.blocked, result.error) == (False, None)
    assert b.texts == await said(kit) == ["hello", "injected", "answer"]
    assert (await say(kit, "a", "hello", key="k")).reason == "duplicate"
    await check_counters(kit)


async def test_failing_injection_does_not_make_a_stored_message_fail(
    make_kit: KitFactory,
) -> None:
    kit = make_kit(store=(store := FailingSecondCommit()))
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def inject(_event: RoomEvent, _context: RoomContext) -> HookResult:
        store.commits = 0
        return HookResult.allow(injected_events=[InjectedEvent(content=TextContent(body="x"))])

    result = await say(kit, "a", "hello")
    assert (result.blocked, result.error) == (False, "system: ConnectionError")
    assert b.texts == await said(kit) == ["hello"]
