"""Rules about `find_conversation`: it never guesses."""

from __future__ import annotations

from roomkit.models.enums import ChannelType, ParticipantStatus, RoomStatus
from roomkit.store.base import ConversationStore
from roomkit.testing._stores._base import (
    ADA,
    BOB,
    StoreRules,
    a_binding,
    a_participant,
    attach,
    existing_room,
    open_room,
)


async def route(
    store: ConversationStore,
    sender: str = ADA,
    channel_id: str = "sms",
    channel_type: ChannelType = ChannelType.SMS,
) -> str | None:
    """Where a message would go."""
    return await store.find_conversation(channel_id, channel_type, sender)


class RoutingRules(StoreRules):
    """The room that a message belongs in."""

    async def end(
        self, store: ConversationStore, room_id: str, status: RoomStatus = RoomStatus.CLOSED
    ) -> None:
        """Give a room another status."""
        room = await existing_room(store, room_id)
        await store.update_room(room.evolve(status=status))

    async def test_a_channel_in_no_room_leads_nowhere(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await route(store) is None

    async def test_everybody_finds_the_room_that_names_them(
        self, store: ConversationStore
    ) -> None:
        for number in range(5):
            await attach(store, f"room-{number}", number=f"+1555000000{number}")
        for number in range(5):
            assert await route(store, f"+1555000000{number}") == f"room-{number}"

    async def test_the_number_may_be_spelled_otherwise(
        self, store: ConversationStore, spelling: str
    ) -> None:
        await attach(store, "bob", number=BOB)
        await attach(store, "ada", number=spelling)
        assert await route(store, ADA) == "ada"
        assert await route(store, spelling) == "ada"

    async def test_mail_addresses_are_compared_without_case(
        self, store: ConversationStore
    ) -> None:
        for room_id, address in (("ada", "Ada@Example.com"), ("bob", "bob@example.com")):
            await open_room(store, room_id)
            await store.add_binding(
                a_binding(
                    "mail",
                    room_id=room_id,
                    channel_type=ChannelType.EMAIL,
                    recipient_key="email_address",
                    metadata={"email_address": address},
                )
            )
        found = await route(store, "ada@example.COM", "mail", ChannelType.EMAIL)
        assert found == "ada"

    async def test_a_stranger_is_led_to_nobody_elses_room(self, store: ConversationStore) -> None:
        await attach(store, "ada", number=ADA)
        assert await route(store, BOB) is None

    async def test_the_only_room_takes_whoever_comes(self, store: ConversationStore) -> None:
        await attach(store, "room")
        assert await route(store, BOB) == "room"

    async def test_of_two_rooms_without_recipient_none_is_guessed(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "one")
        await attach(store, "two")
        assert await route(store) is None

    async def test_a_room_without_recipient_beside_others_is_no_guess_either(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "ada", number=ADA)
        await attach(store, "prepared for somebody")
        assert await route(store, BOB) is None
        assert await route(store, ADA) == "ada"

    async def test_who_takes_part_finds_the_room_again(self, store: ConversationStore) -> None:
        for room_id, person in (("ada", ADA), ("bob", BOB)):
            await attach(store, room_id)
            await store.add_participant(a_participant(person, room_id=room_id))
        assert await route(store, ADA) == "ada"
        assert await route(store, BOB) == "bob"
        assert await route(store, "+15550000000") is None

    async def test_who_is_known_by_another_id_is_found_by_address(
        self, store: ConversationStore
    ) -> None:
        for room_id, identity, address in (("ada", "id-1", ADA), ("bob", "id-2", BOB)):
            await attach(store, room_id)
            await store.add_participant(a_participant(identity, room_id=room_id, address=address))
        assert await route(store, ADA) == "ada"

    async def test_any_address_on_the_channel_will_do(self, store: ConversationStore) -> None:
        for room_id in ("ada", "other"):
            await attach(store, room_id)
        ada = await store.add_participant(a_participant("id-1", room_id="ada", channel_id="mail"))
        assert await route(store, BOB) is None
        await store.update_participant(ada.evolve(addresses={"sms": [ADA, BOB]}))
        assert await route(store, BOB) == "ada"
        await store.update_participant(ada.evolve(addresses={"mail": [BOB]}))
        assert await route(store, BOB) is None

    async def test_being_in_the_room_by_another_channel_does_not_count(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("one", "two"):
            await attach(store, room_id)
        await store.add_participant(a_participant(room_id="one", channel_id="email"))
        assert await route(store) is None

    async def test_who_is_gone_is_a_stranger(
        self, store: ConversationStore, gone: ParticipantStatus
    ) -> None:
        for room_id in ("one", "two"):
            await attach(store, room_id)
        ada = await store.add_participant(a_participant(room_id="one"))
        await store.update_participant(ada.evolve(status=gone))
        assert await route(store) is None
        await store.update_participant(ada)
        assert await route(store) == "one"

    async def test_the_newest_of_several_own_rooms(self, store: ConversationStore) -> None:
        for room_id in ("b", "c", "a"):
            await attach(store, room_id, number=ADA)
        assert await route(store) == "a"

    async def test_the_order_is_that_of_creation(self, store: ConversationStore) -> None:
        for room_id in ("first", "second"):
            await open_room(store, room_id)
        for room_id in ("second", "first"):
            await store.add_binding(a_binding(room_id=room_id, number=ADA))
        assert await route(store) == "second"

    async def test_a_room_that_is_over_is_never_named(
        self, store: ConversationStore, over: RoomStatus
    ) -> None:
        await attach(store, "older", number=ADA)
        await attach(store, "newer", number=ADA)
        await self.end(store, "newer", over)
        assert await route(store) == "older"
        await self.end(store, "older", over)
        assert await route(store) is None

    async def test_closed_rooms_do_not_stand_in_the_way(self, store: ConversationStore) -> None:
        await attach(store, "over")
        await attach(store, "room")
        await self.end(store, "over")
        assert await route(store, BOB) == "room"

    async def test_a_paused_room_takes_messages(self, store: ConversationStore) -> None:
        await attach(store, "active", number=ADA)
        await attach(store, "paused", number=ADA)
        await self.end(store, "paused", RoomStatus.PAUSED)
        assert await route(store) == "paused"
        await attach(store, "newest", number=ADA)
        assert await route(store) == "newest"

    async def test_a_room_that_is_open_again_is_found_again(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("older", "newer"):
            await attach(store, room_id, number=ADA)
        for room_id in ("newer", "older"):
            await self.end(store, room_id)
        await self.end(store, "newer", RoomStatus.ACTIVE)
        await self.end(store, "older", RoomStatus.ACTIVE)
        assert await route(store) == "newer"

    async def test_a_new_recipient_takes_the_old_ones_place(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "room", number=ADA)
        await store.update_binding(a_binding(room_id="room", number=BOB))
        assert await route(store, ADA) is None
        assert await route(store, BOB) == "room"

    async def test_a_detached_channel_leads_nowhere(self, store: ConversationStore) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        await store.remove_binding("room", "sms")
        assert await route(store) is None

    async def test_a_deleted_room_leads_nowhere(self, store: ConversationStore) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        await store.remove_binding("room", "sms")
        await store.delete_room("room")
        assert await route(store) is None
        assert await route(store, channel_id="sms-2") is None

    async def test_another_channel_of_the_type_leads_to_the_same_room(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("older", "newer"):
            await attach(store, room_id, number=ADA)
            await store.add_participant(a_participant(room_id=room_id))
        assert await route(store, channel_id="sms-2") == "newer"
        await self.end(store, "newer")
        assert await route(store, channel_id="sms-2") == "older"
        assert await route(store, BOB, "sms-2") is None

    async def test_a_channel_of_another_type_does_not(self, store: ConversationStore) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        assert await route(store, ADA, "voice", ChannelType.VOICE) is None

    async def test_not_even_so_to_a_room_where_the_channel_is_somebody_elses(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        await store.add_binding(a_binding("sms-2", room_id="room", number=BOB))
        assert await route(store, ADA, "sms-2") is None
        assert await route(store, BOB, "sms-2") == "room"
