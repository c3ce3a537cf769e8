"""How rooms begin: once each, furnished, and whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    HookExecution,
    HookTrigger,
    InMemoryLockManager,
    ParticipantStatus,
    Room,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomNotFoundError,
    RoomTimers,
    SMSChannel,
    TextContent,
)
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.store.base import ConversationStore
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory


async def test_room_gets_an_id_unless_it_has_one(kit: RoomKit) -> None:
    assert (await kit.create_room("r")).id == "r"
    first, second = await kit.create_room(), await kit.create_room()
    assert len(first.id) == 32
    assert first.id != second.id


async def test_id_in_use_gives_the_room_that_is_there(kit: RoomKit) -> None:
    """Nothing is written, no hook fires."""
    await join_room(kit, "r", "a", "b")
    await kit.update_room_metadata("r", {"owner": "ada"})
    await say(kit, "a", "hello")
    before = await kit.get_room("r")
    witness = Witness(kit).hook(HookTrigger.ON_ROOM_CREATED).on("room_created")

    again = await kit.create_room("r", metadata={"owner": "eve"}, organization_id="evil")

    assert again == before == await kit.get_room("r")
    assert witness.heard == []


async def test_id_of_a_closed_room_stays_taken(kit: RoomKit) -> None:
    await kit.create_room("r")
    closed = await kit.close_room("r")
    assert await kit.create_room("r") == closed


async def test_room_that_is_created_by_many_at_once_begins_once(kit: RoomKit) -> None:
    witness = Witness(kit).hook(HookTrigger.ON_ROOM_CREATED).on("room_created")
    rooms = await asyncio.gather(*(kit.create_room("r") for _ in range(10)))
    assert len(set(map(Room.model_dump_json, rooms))) == 1
    assert sorted(witness.names) == ["on_room_created", "room_created"]


async def test_room_that_is_created_by_two_kits_at_once_begins_once(make_kit: KitFactory) -> None:
    """Over one store, at the very same moment."""
    locks = InMemoryLockManager()
    kits = [make_kit(lock_manager=locks), make_kit(lock_manager=locks)]
    witnesses = [Witness(kit).on("room_created") for kit in kits]
    await asyncio.gather(*(kit.create_room("r") for kit in kits))
    heard = [name for witness in witnesses for name in witness.names]
    assert heard == ["room_created"]


async def test_attaching_again_changes_the_binding_without_a_notice(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"))
    await kit.mute("r", "a")
    rows = len(await timeline(kit))
    binding = await kit.attach_channel("r", "a", visibility="none", metadata={"k": "v"})
    assert (binding.visibility, binding.metadata, binding.muted) == ("none", {"k": "v"}, True)
    assert len(await timeline(kit)) == rows


@pytest.mark.parametrize("as_dict", [False, True])
async def test_timers_may_come_with_the_metadata(kit: RoomKit, as_dict: bool) -> None:
    timers = RoomTimers(inactive_after_seconds=300)
    given: Any = timers.model_dump() if as_dict else timers
    await kit.create_room("r", metadata={"timers": given, "topic": "x"})
    room = await kit.get_room("r")
    assert room.timers.inactive_after_seconds == 300
    assert room.metadata == {"topic": "x"}


async def test_album_of_a_new_sender_opens_one_conversation(kit: RoomKit) -> None:
    """Parallel first messages."""
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    witness = Witness(kit).hook(HookTrigger.ON_ROOM_CREATED)
    results = await asyncio.gather(
        *(say(kit, "sms", str(number), sender="+15551234567") for number in range(8))
    )
    (room_id,) = {result.room_id for result in results}
    assert room_id is not None
    assert sorted(await said(kit, room_id)) == [str(number) for number in range(8)]
    assert len(witness.heard) == 1


async def test_spellings_of_one_number_open_one_conversation(kit: RoomKit) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    spellings = ["+15551234567", "15551234567", "+1 (555) 123-4567", "0015551234567"]
    results = await asyncio.gather(*(say(kit, "sms", sender=one) for one in spellings))
    (room_id,) = {result.room_id for result in results}
    assert room_id is not None
    assert [one.id for one in await kit.store.list_participants(room_id)] == ["+15551234567"]


async def test_different_senders_open_their_rooms_side_by_side(kit: RoomKit) -> None:
    """The door is shut for one sender on one channel only."""
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    together = asyncio.Barrier(2)

    @kit.hook(HookTrigger.ON_ROOM_CREATED, HookExecution.ASYNC)
    async def furnish(_event: RoomEvent, _context: RoomContext) -> None:
        await together.wait()

    results = await asyncio.gather(
        *(say(kit, "sms", sender=one) for one in ("+15550000001", "+15550000002"))
    )
    assert len({result.room_id for result in results}) == 2


async def test_hook_of_a_new_room_may_speak_for_the_one_who_opened_it(kit: RoomKit) -> None:
    """A call from inside does not wait for the room to be ready, which waits for it."""
    kit.register_channel(Transport("a"))

    @kit.hook(HookTrigger.ON_ROOM_CREATED, HookExecution.ASYNC)
    async def greet(event: RoomEvent, _context: RoomContext) -> None:
        await say(kit, "a", "inner", sender="u")

    result = await say(kit, "a", "outer", sender="u")
    assert result.room_id is not None
    assert await said(kit, result.room_id) == ["inner", "outer"]
    assert len(await kit.store.list_rooms()) == 1


async def test_reply_finds_its_way_to_the_one_who_opened_the_room(kit: RoomKit) -> None:
    """The channel of a new room knows whom it talks to."""
    provider = MockSMSProvider()
    kit.register_channel(SMSChannel("sms", provider=provider))
    result = await say(kit, "sms", "hello?", sender="+15551234567")
    assert result.room_id is not None
    await seat(kit, result.room_id, Transport("desk"))
    await say(kit, "desk", "how can we help?", sender="agent")
    assert [(one.to, one.body) for one in provider.sent] == [("+15551234567", "how can we help?")]


async def test_binding_learns_its_recipient_from_the_first_message(kit: RoomKit) -> None:
    """And keeps it."""
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()))
    await say(kit, "sms", "hello", sender="+15551234567", room_id="r")
    await say(kit, "sms", "hello", sender="+15557654321", room_id="r")
    assert (await kit.get_binding("r", "sms")).recipient == "+15551234567"


class Furniture:
    """An orchestration strategy, as far as a kit knows one."""

    def __init__(self, channel_id: str = "ai") -> None:
        self.rooms: list[str] = []
        self.channel_id = channel_id

    async def install(self, kit: RoomKit, room_id: str) -> None:
        self.rooms.append(room_id)
        await seat(kit, room_id, Thinker(self.channel_id, f"{self.channel_id} here"))


@pytest.mark.parametrize("how", ["create_room", "first message", "router"])
async def test_new_rooms_are_furnished(make_kit: KitFactory, how: str) -> None:
    """Also those that open by themselves, and before their first message."""
    furniture = Furniture()
    kit = make_kit(orchestration=furniture)
    kit.register_channel(Transport("a"))
    if how == "create_room":
        room = await kit.create_room("r")
        await kit.create_room("r")
        await kit.attach_channel("r", "a")
        assert room.event_count == 1
    result = await say(kit, "a", "hello")
    assert furniture.rooms == [result.room_id]
    assert [event.source.channel_id for event in result.response_events] == ["ai"]


async def test_room_may_be_furnished_in_its_own_way(make_kit: KitFactory) -> None:
    kit = make_kit(orchestration=Furniture("default"))
    await kit.create_room("r", orchestration=Furniture("special"))
    assert [binding.channel_id for binding in await kit.list_bindings("r")] == ["special"]


async def test_caller_of_create_room_may_go_away(
    store: ConversationStore, clock: VirtualClock
) -> None:
    """The room is there and furnished, or it is not there."""
    for step in range(40):
        kit = RoomKit(store=type(store)(), clock=clock, orchestration=Furniture())
        call = asyncio.create_task(kit.create_room("r"))
        for _ in range(step):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        for _ in range(100):
            await asyncio.sleep(0)
        if await kit.store.get_room("r") is not None:
            assert len(await kit.list_bindings("r")) == 1, f"cancelled at step {step}"
        await kit.close()


async def test_rooms_belong_to_organizations(kit: RoomKit) -> None:
    await kit.create_room("one", organization_id="acme")
    await kit.create_room("two")
    assert (await kit.get_room("one")).organization_id == "acme"
    found = await kit.store.find_rooms(organization_id="acme")
    assert [room.id for room in found] == ["one"]


@pytest.mark.parametrize(
    "call",
    [
        lambda kit: kit.get_room("nowhere"),
        lambda kit: kit.close_room("nowhere"),
        lambda kit: kit.archive_room("nowhere"),
        lambda kit: kit.pause_room("nowhere"),
        lambda kit: kit.resume_room("nowhere"),
        lambda kit: kit.check_room_timers("nowhere"),
        lambda kit: kit.update_room_metadata("nowhere", {}),
        lambda kit: kit.get_timeline("nowhere"),
        lambda kit: kit.attach_channel("nowhere", "a"),
        lambda kit: kit.send_event("nowhere", "a", TextContent(body="x")),
        lambda kit: kit.ensure_participant("nowhere", "a", "u"),
        lambda kit: kit.submit_feedback("nowhere", 1),
        lambda kit: kit.resolve_participant("nowhere", "u", "alice"),
        lambda kit: kit.set_participant_status("nowhere", "u", ParticipantStatus.LEFT),
        lambda kit: say(kit, "a", room_id="nowhere"),
    ],
)
async def test_room_that_does_not_exist_is_named_in_the_error(
    kit: RoomKit, call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """And the caller's mistake is no alarm in the log."""
    kit.register_channel(Transport("a"))
    with pytest.raises(RoomNotFoundError, match="'nowhere'") as caught:
        await call(kit)
    assert caught.value.room_id == "nowhere"
    assert caplog.records == []
