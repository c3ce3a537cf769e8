"""The contract for stores notices a store that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from roomkit.errors import RoomKitError
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import DeliveryResult
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.store.records import CommitOutcome, RoomSnapshot, TimelineCommit
from roomkit.testing import StoreContract, YieldingStore


class Guesses(InMemoryStore):
    async def find_conversation(
        self, channel_id: str, channel_type: ChannelType, participant_id: str
    ) -> str | None:
        return await self.find_room_id_by_channel(channel_id)


class RunsIntoItself(YieldingStore):
    async def commit(self, commit: TimelineCommit) -> CommitOutcome:
        return await ConversationStore.commit(self, commit)


class FiltersPages(InMemoryStore):
    async def list_events(
        self,
        room_id: str,
        offset: int = 0,
        limit: int = 50,
        visibility_filter: str | None = None,
    ) -> list[RoomEvent]:
        page = await super().list_events(room_id, offset, limit)
        allowed = ("all", visibility_filter)
        return [
            event for event in page if visibility_filter is None or event.visibility in allowed
        ]


class HandsOutItsOwn(InMemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.handed_out: dict[str, Room] = {}

    async def get_room(self, room_id: str) -> Room | None:
        room = await super().get_room(room_id)
        return None if room is None else self.handed_out.setdefault(room_id, room)


class BelievesEverySnapshot(InMemoryStore):
    async def snapshot(
        self,
        room_id: str,
        *,
        known: RoomSnapshot | None = None,
        claim: tuple[str, str] | None = None,
        sender: str | None = None,
    ) -> RoomSnapshot | None:
        return known or await super().snapshot(room_id, claim=claim, sender=sender)


class ForgetsOutcomes(InMemoryStore):
    async def record_deliveries(
        self, room_id: str, event_id: str, results: Mapping[str, DeliveryResult]
    ) -> RoomEvent | None:
        event = await self.get_event(event_id)
        if event is None:
            return None
        return await self.update_event(event.evolve(delivery_results=dict(results)))


class SharesPeople(InMemoryStore):
    async def resolve_identity(
        self, channel_type: str, address: str, organization_id: str | None = None
    ) -> Identity | None:
        return await super().resolve_identity(
            channel_type, address, organization_id
        ) or await super().resolve_identity(channel_type, address)


class ReadsBackwards(InMemoryStore):
    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        return await self.add_binding(binding)

    async def mark_read(self, room_id: str, channel_id: str, event_id: str) -> None:
        event = await self.get_event(event_id)
        binding = await self.get_binding(room_id, channel_id)
        if event is not None and binding is not None:
            await self.update_binding(binding.evolve(last_read_index=event.index))


class Overwrites(InMemoryStore):
    async def add_participant(self, participant: Participant) -> Participant:
        await super().add_participant(participant)
        return await self.update_participant(participant)


WRONG: list[tuple[type[InMemoryStore], str, *tuple[str, ...]]] = [
    (Guesses, "test_a_stranger_is_led_to_nobody_elses_room"),
    (Guesses, "test_of_two_rooms_without_recipient_none_is_guessed"),
    (RunsIntoItself, "test_of_twenty_with_one_key_one_is_stored"),
    (RunsIntoItself, "test_fifty_at_once_leave_no_gap"),
    (FiltersPages, "test_only_what_a_reader_may_see"),
    (HandsOutItsOwn, "test_what_is_read_belongs_to_the_reader", "get_room"),
    (BelievesEverySnapshot, "test_no_change_is_missed"),
    (BelievesEverySnapshot, "test_an_earlier_one_does_not_hide_a_duplicate"),
    (ForgetsOutcomes, "test_outcomes_are_added_to_the_event"),
    (ForgetsOutcomes, "test_what_nobody_got_has_failed"),
    (SharesPeople, "test_organisations_do_not_share_people"),
    (ReadsBackwards, "test_a_mark_never_moves_back"),
    (ReadsBackwards, "test_updating_an_unknown_binding_is_an_error"),
    (Overwrites, "test_who_is_there_stays_as_they_are"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{one.__name__}-{rule}" for one, rule, *_ in WRONG])
async def test_a_wrong_store_fails(
    wrong: tuple[type[InMemoryStore], str, *tuple[str, ...]],
) -> None:
    store, rule, *arguments = wrong
    check: Any = getattr(StoreContract(), rule)
    with pytest.raises((AssertionError, RoomKitError)):
        await check(store(), *arguments)
    await check(InMemoryStore(), *arguments)


async def test_a_store_that_needs_the_rooms_lock_may_say_so() -> None:
    class Contract(StoreContract):
        atomic = False

    await Contract().test_of_twenty_with_one_key_one_is_stored(RunsIntoItself())
    await Contract().test_fifty_at_once_leave_no_gap(RunsIntoItself())
