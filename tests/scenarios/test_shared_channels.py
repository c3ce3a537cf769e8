"""One channel in many rooms: everybody finds their own conversation again."""

from __future__ import annotations

from roomkit import (
    MockIdentityResolver,
    ParticipantStatus,
    RoomKit,
    SMSChannel,
    WebSocketChannel,
)
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import join_room, say
from tests.scenarios.conftest import KitFactory
from tests.scenarios.strangers import ALICE


async def test_somebody_whose_id_is_another_stays_in_their_room(make_kit: KitFactory) -> None:
    """The participant has the id of the person, the next message the address of the sender."""
    kit = make_kit(identity_resolver=MockIdentityResolver({"u": ALICE}))
    for room_id in ("one", "two"):
        await join_room(kit, room_id, "web")
    rooms = {(await say(kit, "web", sender="u")).room_id for _ in range(3)}
    assert len(rooms) == 1
    assert rooms.isdisjoint({"one", "two"})


async def test_a_stranger_does_not_get_the_room_prepared_for_another(kit: RoomKit) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    for room_id, number in (("ada", "+15551111111"), ("prepared", None)):
        await kit.create_room(room_id)
        metadata = {} if number is None else {"phone_number": number}
        await kit.attach_channel(room_id, "sms", metadata=metadata)
    result = await say(kit, "sms", sender="+15559999999")
    assert result.room_id not in ("ada", "prepared")


async def test_who_left_and_writes_again_begins_anew(kit: RoomKit) -> None:
    kit.register_channel(WebSocketChannel("web"))
    for room_id, person in (("one", "ada"), ("two", "bob")):
        await kit.create_room(room_id)
        await kit.attach_channel(room_id, "web")
        await kit.ensure_participant(room_id, "web", person)
    assert (await say(kit, "web", sender="ada")).room_id == "one"
    await kit.set_participant_status("one", "ada", ParticipantStatus.LEFT)
    assert (await say(kit, "web", sender="ada")).room_id not in ("one", "two")
