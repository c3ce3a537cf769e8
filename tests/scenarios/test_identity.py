"""Who writes: what the resolver knows, and what the room keeps of it."""

from __future__ import annotations

from roomkit import (
    ChannelType,
    EventType,
    HookTrigger,
    IdentificationStatus,
    MockIdentityResolver,
    RoomEvent,
    RoomKit,
    SMSChannel,
)
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import event_of, say
from tests.scenarios.actors import Transport, Witness, seat, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.strangers import (
    ALICE,
    UNKNOWN,
    Casting,
    found,
)


async def test_identified_sender_is_stamped_on_the_message(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.IDENTIFIED, identity=ALICE))
    witness = Witness(stage.kit).hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
    result = await say(stage.kit, "a", "hello")
    assert event_of(result).source.participant_id == "alice"
    assert stage.b.texts == ["hello"]
    person = await stage.person("alice")
    assert person.identification is IdentificationStatus.IDENTIFIED
    assert (person.identity_id, person.address) == ("alice", "u")
    assert (person.display_name, person.resolved_by) == ("Alice", "resolver")
    (event,) = witness.heard
    assert event[1].source.participant_id == "alice"


async def test_somebody_known_is_not_looked_up_again(cast: Casting) -> None:
    resolver = MockIdentityResolver({"u": ALICE})
    stage = await cast(resolver=resolver)
    witness = Witness(stage.kit).hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
    for _ in range(3):
        result = await say(stage.kit, "a", "hello")
        assert event_of(result).source.participant_id == "alice"
    assert len(resolver.calls) == 1
    assert len(witness.heard) == 1
    assert len(await stage.kit.store.list_participants("r")) == 1


async def test_without_a_resolver_nobody_is_looked_up(kit: RoomKit) -> None:
    """The sender takes part under their address."""
    await seat(kit, "r", Transport("a"))
    asked: list[RoomEvent] = []
    kit.identity_hook(UNKNOWN)(lambda event, _context: asked.append(event))
    await say(kit, "a", "hello", sender="u")
    (person,) = await kit.store.list_participants("r")
    assert (person.id, person.identity_id, person.channel_id) == ("u", None, "a")
    assert asked == []


async def test_only_some_channels_are_looked_up(make_kit: KitFactory) -> None:
    resolver = MockIdentityResolver()
    kit = make_kit(identity_resolver=resolver, identity_channel_types={ChannelType.SMS})
    await seat(kit, "r", Transport("a"), SMSChannel("sms", provider=MockSMSProvider()))
    await say(kit, "a", "hello")
    await say(kit, "sms", "hello", sender="+15551234567")
    assert [call.channel_id for call in resolver.calls] == ["sms"]


async def test_same_person_in_two_rooms_is_two_participants(cast: Casting) -> None:
    stage = await cast(resolver=MockIdentityResolver({"u": ALICE}))
    await seat(stage.kit, "r2", Transport("c"))
    await say(stage.kit, "a", "hello")
    await say(stage.kit, "c", "hello", room_id="r2")
    for room_id in ("r", "r2"):
        (person,) = await stage.kit.store.list_participants(room_id)
        assert (person.room_id, person.identity_id) == (room_id, "alice")


async def test_person_may_use_several_channels(cast: Casting) -> None:
    stage = await cast(resolver=MockIdentityResolver({"u": ALICE, "+1555": ALICE}))
    await say(stage.kit, "a", "hello", sender="u")
    await say(stage.kit, "b", "me too", sender="+1555")
    assert len(await stage.kit.store.list_participants("r")) == 1
    messages = [event for event in await timeline(stage.kit) if event.type is EventType.MESSAGE]
    assert {event.source.participant_id for event in messages} == {"alice"}
