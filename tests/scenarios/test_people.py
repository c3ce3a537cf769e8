"""Participants: who is in a room, in what part, and who is not welcome."""

from __future__ import annotations

import pytest

from roomkit import (
    EventStatus,
    EventType,
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityNotFoundError,
    ParticipantNotFoundError,
    ParticipantRole,
    ParticipantStatus,
    RoomKit,
)
from tests.helpers import message, say
from tests.scenarios.actors import Transport, Witness, seat, timeline


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def test_sender_takes_part_from_the_first_message(kit: RoomKit, b: Transport) -> None:
    await kit.process_inbound(message("a", "hello", sender="ada", display_name="Ada"))
    (person,) = await kit.store.list_participants("r")
    assert (person.id, person.channel_id, person.display_name) == ("ada", "a", "Ada")
    assert (person.role, person.status) == (ParticipantRole.MEMBER, ParticipantStatus.ACTIVE)


@pytest.mark.parametrize("name", [42, {"first": "Ada"}, None, ["Ada"]])
async def test_a_name_that_is_none_is_left_out(kit: RoomKit, b: Transport, name: object) -> None:
    """Whatever a client puts into the metadata, the message gets through."""
    result = await kit.process_inbound(message("a", "hello", sender="ada", display_name=name))
    (person,) = await kit.store.list_participants("r")
    assert not result.blocked
    assert person.display_name is None


async def test_participant_is_ensured_once(kit: RoomKit, b: Transport) -> None:
    first = await kit.ensure_participant("r", "a", "ada", "Ada", role=ParticipantRole.OWNER)
    assert await kit.ensure_participant("r", "b", "ada", "Somebody else") == first
    joined = [event for event in await timeline(kit) if event.type is EventType.PARTICIPANT_JOINED]
    assert len(joined) == 1
    assert joined[0].data["participant_id"] == "ada"
    assert first.role is ParticipantRole.OWNER


async def test_participant_is_recognized_by_hand(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
    await kit.store.create_identity(Identity(id="alice", display_name="Alice"))
    await say(kit, "a", "hello", sender="u")
    person = await kit.resolve_participant("r", "u", "alice", "agent-7")
    assert person.identification is IdentificationStatus.IDENTIFIED
    assert (person.identity_id, person.resolved_by) == ("alice", "agent-7")
    assert person.display_name == "Alice"
    assert (await timeline(kit))[-1].type is EventType.PARTICIPANT_IDENTIFIED
    (event,) = witness.of("on_participant_identified")
    assert (event.data["participant_id"], event.data["identity_id"]) == ("u", "alice")


async def test_unknown_people_are_named_in_the_error(kit: RoomKit, b: Transport) -> None:
    await say(kit, "a", "hello", sender="u")
    with pytest.raises(ParticipantNotFoundError, match="'ghost'"):
        await kit.resolve_participant("r", "ghost", "alice")
    with pytest.raises(IdentityNotFoundError, match="'nobody'"):
        await kit.resolve_participant("r", "u", "nobody")
    with pytest.raises(ParticipantNotFoundError, match="'ghost'"):
        await kit.set_participant_status("r", "ghost", ParticipantStatus.BANNED)


async def test_banned_participant_is_not_heard(kit: RoomKit, b: Transport) -> None:
    await say(kit, "a", "hello", sender="u")
    await kit.set_participant_status("r", "u", ParticipantStatus.BANNED)
    result = await say(kit, "a", "let me in", sender="u")
    assert (result.blocked, result.reason) == (True, "participant_banned")
    assert result.event is not None
    assert result.event.status is EventStatus.BLOCKED
    assert not (await say(kit, "a", "I may", sender="other")).blocked
    assert b.texts == ["hello", "I may"]
    await kit.set_participant_status("r", "u", ParticipantStatus.ACTIVE)
    assert not (await say(kit, "a", "sorry", sender="u")).blocked


async def test_who_had_left_is_back_with_the_next_message(kit: RoomKit, b: Transport) -> None:
    await say(kit, "a", "hello", sender="u")
    await kit.set_participant_status("r", "u", ParticipantStatus.LEFT)
    assert (await timeline(kit))[-1].type is EventType.PARTICIPANT_LEFT
    await say(kit, "a", "me again", sender="u")
    person = await kit.store.get_participant("r", "u")
    assert person is not None
    assert person.status is ParticipantStatus.ACTIVE
