"""Somebody who was identified once: known by every address of theirs, and in the room once."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit import (
    ChannelType,
    EventType,
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityHookResult,
    MockIdentityResolver,
    Participant,
    ParticipantRole,
    ParticipantStatus,
    RoomKit,
    TextContent,
)
from roomkit.models.content import EditContent
from tests.helpers import event_of, say
from tests.scenarios.actors import Transport, Witness, seat, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.strangers import ALICE, QUESTION, UNKNOWN, Cast, Casting, found

STRANGER = found(IdentificationStatus.UNKNOWN)
KNOWN = found(IdentificationStatus.IDENTIFIED, identity=ALICE)


async def here(kit: RoomKit) -> list[Participant]:
    """Who takes part in the room."""
    people = await kit.store.list_participants("r")
    return [one for one in people if one.status is not ParticipantStatus.LEFT]


async def test_every_address_is_looked_up_once(cast: Casting) -> None:
    """A second channel, and a second device on it."""
    resolver = MockIdentityResolver({"u": ALICE, "+1555": ALICE, "tablet": ALICE})
    stage = await cast(resolver=resolver)
    witness = Witness(stage.kit).hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
    for _ in range(3):
        for channel_id, sender in (("a", "u"), ("b", "+1555"), ("b", "tablet")):
            result = await say(stage.kit, channel_id, "hello", sender=sender)
            assert event_of(result).source.participant_id == "alice"
    assert [call.sender_id for call in resolver.calls] == ["u", "+1555", "tablet"]
    assert len(witness.heard) == 3
    person = await stage.person("alice")
    assert person.addresses == {"b": ["+1555", "tablet"]}


async def test_same_address_on_another_channel_may_be_somebody_else(cast: Casting) -> None:
    bob = Identity(id="bob")
    stage = await cast(KNOWN, found(IdentificationStatus.IDENTIFIED, identity=bob))
    await say(stage.kit, "a", "hello", sender="1")
    result = await say(stage.kit, "b", "hello", sender="1")
    assert event_of(result).source.participant_id == "bob"


async def test_nobody_remembers_addresses_without_end(cast: Casting) -> None:
    class Everybody(MockIdentityResolver):
        async def resolve(self, *_arguments: Any) -> Any:
            return KNOWN

    stage = await cast(resolver=Everybody())
    for number in range(100):
        await say(stage.kit, "a", "hello", sender=f"page-{number}")
    person = await stage.person("alice")
    assert len(person.addresses["a"]) == 20
    assert person.addresses["a"][-1] == "page-99"


async def test_their_other_channel_leads_back_to_their_room(cast: Casting) -> None:
    stage = await cast(resolver=MockIdentityResolver({"u": ALICE, "v": ALICE}))
    await stage.kit.create_room("other")
    await stage.kit.attach_channel("other", "b")
    await say(stage.kit, "a", "hello", sender="u")
    await say(stage.kit, "b", "hello", sender="v", room_id="r")
    result = await say(stage.kit, "b", "it is me again", sender="v")
    assert result.room_id == "r"


async def test_who_was_announced_by_the_host_is_looked_up_once(cast: Casting) -> None:
    resolver = MockIdentityResolver({"u": ALICE})
    stage = await cast(resolver=resolver)
    await stage.kit.ensure_participant("r", "a", "alice")
    for _ in range(2):
        await say(stage.kit, "a", "hello")
    assert len(resolver.calls) == 1


@pytest.fixture
async def stage(cast: Casting) -> Cast:
    """A stranger is asked a question, and known from the second message on."""
    stage = await cast(STRANGER, KNOWN)
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.challenge(QUESTION))
    return stage


async def test_stranger_becomes_the_person_they_turn_out_to_be(stage: Cast) -> None:
    await say(stage.kit, "a", "hello", metadata={"display_name": "Al"})
    stranger = await stage.person("u")
    await stage.kit.store.update_participant(stranger.evolve(role=ParticipantRole.OWNER))
    await say(stage.kit, "a", "1990-01-15")

    (person,) = await here(stage.kit)
    assert (person.id, person.identity_id, person.address) == ("alice", "alice", "u")
    assert (person.role, person.display_name) == (ParticipantRole.OWNER, "Al")
    assert person.joined_at == stranger.joined_at
    gone = await stage.person("u")
    assert (gone.status, gone.identity_id) == (ParticipantStatus.LEFT, "alice")

    # It stays so, also when they come back after a while.
    await stage.kit.store.update_participant(person.evolve(status=ParticipantStatus.LEFT))
    result = await say(stage.kit, "a", "me again")
    assert event_of(result).source.participant_id == "alice"
    assert [one.id for one in await here(stage.kit)] == ["alice"]


async def test_stranger_who_is_here_already_by_another_channel_is_nobody_new(
    cast: Casting,
) -> None:
    stage = await cast(KNOWN, STRANGER, KNOWN)
    await say(stage.kit, "b", "hello", sender="+1555")
    await say(stage.kit, "a", "hello")
    assert len(await here(stage.kit)) == 2
    await say(stage.kit, "a", "it is me")
    (person,) = await here(stage.kit)
    assert (person.id, person.channel_id, person.addresses) == ("alice", "b", {"a": ["u"]})


async def test_their_room_is_found_after_they_were_identified(stage: Cast) -> None:
    await stage.kit.create_room("other")
    await stage.kit.attach_channel("other", "a")
    for text in ("hello", "1990-01-15"):
        await say(stage.kit, "a", text, room_id="r")
    assert (await say(stage.kit, "a", "next")).room_id == "r"


async def test_what_they_wrote_as_a_stranger_stays_theirs(cast: Casting) -> None:
    """The history says who it was; they may edit it, and others may not."""
    stage = await cast(STRANGER, KNOWN, STRANGER)
    first = event_of(await say(stage.kit, "a", "helo"))
    assert first.source.participant_id == "u"
    await say(stage.kit, "a", "it is me")
    edit = EditContent(target_event_id=first.id, new_content=TextContent(body="hello"))
    result = await say(stage.kit, "a", edit)
    assert not result.blocked
    refused = await say(stage.kit, "a", edit, sender="mallory")
    assert (refused.blocked, refused.reason) == (True, "not_the_author")
    stored = [one for one in await timeline(stage.kit) if one.type is EventType.MESSAGE]
    assert stored[0].content == TextContent(body="hello")


async def test_ban_is_not_lifted_by_a_name(cast: Casting) -> None:
    stage = await cast(STRANGER, KNOWN)
    await say(stage.kit, "a", "hello")
    banned = await stage.person("u")
    await stage.kit.store.update_participant(banned.evolve(status=ParticipantStatus.BANNED))
    result = await say(stage.kit, "a", "I am Alice")
    assert (result.blocked, result.reason) == (True, "participant_banned")
    assert [one.id for one in await here(stage.kit)] == ["u"]


async def test_people_are_remembered_by_channel_without_a_resolver_too(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"), Transport("b"))
    await seat(kit, "other", Transport("c"))
    await kit.attach_channel("other", "b")
    await say(kit, "a", "hello", sender="u")
    await say(kit, "b", "hello", sender="u", room_id="r")
    assert (await say(kit, "b", "again", sender="u")).room_id == "r"
    assert [one.id for one in await here(kit)] == ["u"]


@pytest.mark.parametrize("looked_up", [True, False])
async def test_namesake_of_a_known_person_is_somebody_else(
    make_kit: KitFactory, looked_up: bool
) -> None:
    """Ids of a directory and names on a channel may be equal by chance, or on purpose."""
    types = {ChannelType.SMS, ChannelType.WEBSOCKET} if looked_up else {ChannelType.SMS}
    kit = make_kit(
        identity_resolver=MockIdentityResolver({"+15551234567": ALICE}),
        identity_channel_types=types,
    )
    phone = Transport("sms", channel_type=ChannelType.SMS)
    await seat(kit, "r", phone, Transport("web"))
    first = event_of(await say(kit, "sms", "hello", sender="+15551234567"))
    alice = await kit.store.get_participant("r", "alice")
    assert alice is not None
    await kit.store.update_participant(alice.evolve(role=ParticipantRole.OWNER))

    for _ in range(2):
        event = event_of(await say(kit, "web", "I am Alice", sender="alice"))
        assert (event.source.participant_id, event.source.address) == ("web:alice", "alice")
    edit = EditContent(target_event_id=first.id, new_content=TextContent(body="goodbye"))
    assert (await say(kit, "web", edit, sender="alice")).reason == "not_the_author"
    assert {one.id for one in await here(kit)} == {"alice", "web:alice"}
    again = await kit.store.get_participant("r", "alice")
    assert again == alice.evolve(role=ParticipantRole.OWNER)
