"""Rules about events: keeping, listing, delivering and reading them."""

from __future__ import annotations

from datetime import timedelta

from roomkit.errors import ChannelNotFoundError, EventNotFoundError, RoomNotFoundError
from roomkit.models.content import CompositeContent, EditContent, MediaContent, TextContent
from roomkit.models.delivery import DeliveryResult, DeliveryStatus
from roomkit.models.enums import ChannelDirection, ChannelType, EventStatus, EventType
from roomkit.models.event import ChannelData, EventSource, RoomEvent
from roomkit.store.base import ConversationStore
from roomkit.store.records import RECENT_EVENTS
from roomkit.store.rules import HELD_BY
from roomkit.testing._stores._base import (
    NOON,
    StoreRules,
    a_binding,
    an_event,
    attach,
    bodies_of,
    commit,
    existing_event,
    existing_room,
    open_room,
    refused,
    say,
)

FULL_EVENT = RoomEvent(
    id="event",
    room_id="room",
    type=EventType.EDIT,
    source=EventSource(
        channel_id="web",
        channel_type=ChannelType.WEBSOCKET,
        participant_id="ada",
        address="page-1",
        direction=ChannelDirection.OUTBOUND,
        provider="acme",
    ),
    content=EditContent(
        target_event_id="other",
        new_content=CompositeContent(
            parts=[
                TextContent(body="Grüße 👋 \u2028", language="de"),
                MediaContent(url="https://example.com/a.png", mime_type="image/png"),
            ]
        ),
        edit_source="sender",
    ),
    status=EventStatus.BLOCKED,
    blocked_by="moderation",
    visibility="transport",
    response_visibility="web",
    index=0,
    chain_depth=2,
    parent_event_id="parent",
    correlation_id="root",
    idempotency_key="key",
    created_at=NOON + timedelta(microseconds=1),
    metadata={"nested": {"list": [1, 2.5, None, True, "é"]}},
    channel_data=ChannelData(provider="acme", external_id="x-1", raw={"a": [1]}),
    delivery_results={
        "sms": DeliveryResult(
            channel_id="sms",
            success=True,
            provider_message_id="SM1",
            status="sent",
            parts=2,
            truncated=True,
            metadata={"provider_message_ids": ["SM1", "SM2"]},
        )
    },
)
"""An event without a field at its default, except for the index."""

SENT = DeliveryResult(channel_id="sms", success=True, provider_message_id="SM1", status="sent")
REFUSED = DeliveryResult(channel_id="mail", success=False, error="no", error_code="refused")


class TimelineRules(StoreRules):
    """Events as they are."""

    async def test_an_event_is_kept_with_all_its_fields(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.add_event(FULL_EVENT) == FULL_EVENT
        assert await store.get_event("event") == FULL_EVENT
        assert await store.list_events("room") == [FULL_EVENT]

    async def test_an_unknown_event_is_none(self, store: ConversationStore) -> None:
        assert await store.get_event("nothing") is None

    async def test_an_event_needs_a_room(self, store: ConversationStore) -> None:
        error = await refused(store.add_event(an_event()), RoomNotFoundError)
        assert error.room_id == "room"

    async def test_an_event_of_the_same_id_is_replaced(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_event(an_event("old", id="event", index=0, idempotency_key="k"))
        await store.add_event(FULL_EVENT)
        assert await store.list_events("room") == [FULL_EVENT]
        assert await store.get_event_count("room") == 1
        assert not await store.check_idempotency("room", "k"), "the old one's key is free again"
        assert await store.check_idempotency("room", "key")

    async def test_updating_an_event_replaces_every_field(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_event(an_event(id="event"))
        assert await store.update_event(FULL_EVENT) == FULL_EVENT
        assert await store.get_event("event") == FULL_EVENT

    async def test_updating_an_unknown_event_is_an_error(self, store: ConversationStore) -> None:
        await open_room(store)
        error = await refused(store.update_event(FULL_EVENT), EventNotFoundError)
        assert (error.room_id, error.event_id) == ("room", "event")
        assert await store.get_event_count("room") == 0

    async def test_counters_follow_the_events(self, store: ConversationStore) -> None:
        await open_room(store)
        for event_id, index in (("a", 0), ("b", 4)):
            await store.add_event(an_event(id=event_id, index=index))
        room = await existing_room(store)
        assert (room.event_count, room.latest_index) == (2, 4)
        await store.add_event(an_event(id="b", index=7))
        room = await existing_room(store)
        assert (room.event_count, room.latest_index) == (2, 7)

    async def test_events_are_listed_by_index(self, store: ConversationStore) -> None:
        await open_room(store)
        for index in (3, 0, 2, 1):
            await store.add_event(an_event(str(index), index=index))
        assert bodies_of(await store.list_events("room")) == ["0", "1", "2", "3"]

    async def test_pages_begin_with_the_oldest(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "0", "1", "2", "3", "4")
        pages = [
            bodies_of(await store.list_events("room", offset=offset, limit=2))
            for offset in (0, 2, 4, 6)
        ]
        assert pages == [["0", "1"], ["2", "3"], ["4"], []]
        assert await store.list_events("room", limit=0) == []

    async def test_a_page_holds_fifty_unless_told(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, *(str(number) for number in range(60)))
        assert bodies_of(await store.list_events("room")) == [str(n) for n in range(50)]

    async def test_blocked_and_system_events_are_listed(self, store: ConversationStore) -> None:
        await open_room(store)
        await commit(store, an_event("a", status=EventStatus.BLOCKED))
        await commit(store, an_event("b", type=EventType.SYSTEM))
        assert bodies_of(await store.list_events("room")) == ["a", "b"]

    async def test_only_what_a_reader_may_see(self, store: ConversationStore) -> None:
        await open_room(store)
        for visibility in ("all", "none", "transport", "web", "web,sms"):
            await commit(store, an_event(visibility, visibility=visibility))
        seen = await store.list_events("room", visibility_filter="web")
        assert bodies_of(seen) == ["all", "web"]
        second = await store.list_events("room", offset=1, limit=1, visibility_filter="web")
        assert bodies_of(second) == ["web"]

    async def test_rooms_have_their_own_timelines(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
            await say(store, room_id, room_id=room_id)
        assert bodies_of(await store.list_events("room")) == ["room"]
        assert await store.get_event_count("other") == 1

    async def test_an_unknown_room_has_no_events(self, store: ConversationStore) -> None:
        assert await store.list_events("nowhere") == []
        assert await store.get_event_count("nowhere") == 0
        assert await store.list_recent_events("nowhere") == []
        assert not await store.check_idempotency("nowhere", "k")
        assert await store.find_duplicate("nowhere", "sms", "k") is None

    async def test_keys_belong_to_a_channel_in_a_room(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
        event = (await commit(store, an_event(idempotency_key="k"))).event
        assert await store.check_idempotency("room", "k")
        assert await store.find_duplicate("room", "sms", "k")
        assert await store.find_duplicate("room", "email", "k") is None
        assert not await store.check_idempotency("room", "other key")
        assert not await store.check_idempotency("other", "k")
        assert await store.find_duplicate("room", "sms", "k") == event
        assert await store.find_duplicate("room", "email", "k") is None

    async def test_recent_events_are_what_was_said(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "said")
        await commit(store, an_event("joined", type=EventType.PARTICIPANT_JOINED))
        await commit(store, an_event("blocked", status=EventStatus.BLOCKED))
        await commit(store, an_event("held back", status=EventStatus.PENDING, blocked_by=HELD_BY))
        await commit(store, an_event("not delivered", status=EventStatus.FAILED))
        await store.add_event(an_event("brought along", index=9))
        said = ["said", "not delivered", "brought along"]
        assert bodies_of(await store.list_recent_events("room")) == said

    async def test_recent_events_are_the_newest_in_order(self, store: ConversationStore) -> None:
        await open_room(store)
        texts = [str(number) for number in range(RECENT_EVENTS + 10)]
        await say(store, *texts)
        assert bodies_of(await store.list_recent_events("room")) == texts[-RECENT_EVENTS:]
        assert bodies_of(await store.list_recent_events("room", 3)) == texts[-3:]
        assert bodies_of(await store.list_recent_events("room", 55)) == texts[-55:]
        assert await store.list_recent_events("room", 0) == []

    async def test_what_is_blocked_makes_room_for_the_one_before(
        self, store: ConversationStore
    ) -> None:
        await open_room(store)
        events = await say(store, *(str(number) for number in range(RECENT_EVENTS + 1)))
        await store.update_event(events[-1].evolve(status=EventStatus.BLOCKED))
        recent = bodies_of(await store.list_recent_events("room"))
        assert recent == [str(number) for number in range(RECENT_EVENTS)]

    async def test_recent_events_are_as_they_read_now(self, store: ConversationStore) -> None:
        await open_room(store)
        first, _ = await say(store, "old", "later")
        await store.update_event(first.evolve(content=TextContent(body="new")))
        assert bodies_of(await store.list_recent_events("room")) == ["new", "later"]


class DeliveryRules(StoreRules):
    """What became of events on their way out."""

    async def test_outcomes_are_added_to_the_event(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {"sms": SENT})
        stored = await store.record_deliveries("room", event.id, {"mail": REFUSED})
        assert stored == await store.get_event(event.id)
        assert stored is not None
        assert dict(stored.delivery_results) == {"sms": SENT, "mail": REFUSED}
        assert stored.status is EventStatus.DELIVERED

    async def test_a_later_outcome_of_a_channel_counts(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {"sms": SENT})
        read = SENT.evolve(status="read")
        await store.record_deliveries("room", event.id, {"sms": read})
        assert (await existing_event(store, event.id)).delivery_results["sms"] == read

    async def test_what_nobody_got_has_failed(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {"mail": REFUSED})
        assert (await existing_event(store, event.id)).status is EventStatus.FAILED

    async def test_what_went_to_nobody_has_not_failed(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {})
        assert (await existing_event(store, event.id)).status is EventStatus.DELIVERED

    async def test_all_else_stays_as_it_is_by_now(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        edited = event.evolve(content=TextContent(body="edited"), metadata={"edited": True})
        await store.update_event(edited)
        stored = await store.record_deliveries("room", event.id, {"sms": SENT})
        assert stored == edited.evolve(delivery_results={"sms": SENT})

    async def test_a_deleted_event_has_no_outcomes(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.record_deliveries("room", "gone", {"sms": SENT}) is None

    async def test_recent_events_know_their_outcomes(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {"sms": SENT})
        (recent,) = await store.list_recent_events("room")
        assert recent.delivery_results == {"sms": SENT}

    async def test_a_vendors_id_leads_to_the_event(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        await store.record_deliveries("room", event.id, {"sms": SENT})
        found = await store.find_delivery("SM1")
        if not self.finds_deliveries:
            assert found is None
            return
        assert found == (await store.get_event(event.id), "sms")
        assert await store.find_delivery("SM2") is None
        parts = SENT.evolve(metadata={"provider_message_ids": ["SM1", "SM2"]})
        await store.record_deliveries("room", event.id, {"sms": parts})
        assert await store.find_delivery("SM2") == (await store.get_event(event.id), "sms")
        await store.delete_room("room")
        assert await store.find_delivery("SM1") is None

    async def test_a_vendors_report_is_accepted(self, store: ConversationStore) -> None:
        status = DeliveryStatus(provider="acme", message_id="SM1", status="read", raw={"a": 1})
        await store.add_delivery_status(status)
        await store.add_delivery_status(status)


class ReadingRules(StoreRules):
    """How far channels have read."""

    async def test_all_of_others_is_unread_at_first(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        assert await store.get_unread_count("room", "web") == 0
        await say(store, "1", "2", "3")
        assert await store.get_unread_count("room", "web") == 3

    async def test_reading_goes_up_to_an_event(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        _, second, _ = await say(store, "1", "2", "3")
        await store.mark_read("room", "web", second.id)
        assert await store.get_unread_count("room", "web") == 1
        binding = await store.get_binding("room", "web")
        assert binding is not None
        assert binding.last_read_index == second.index

    async def test_a_mark_never_moves_back(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        first, second, _ = await say(store, "1", "2", "3")
        await store.mark_read("room", "web", second.id)
        await store.mark_read("room", "web", first.id)
        assert await store.get_unread_count("room", "web") == 1

    async def test_everything_can_be_read_at_once(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        await say(store, "1", "2")
        await store.mark_all_read("room", "web")
        assert await store.get_unread_count("room", "web") == 0
        await say(store, "3")
        assert await store.get_unread_count("room", "web") == 1

    async def test_an_empty_room_has_nothing_to_mark(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        await store.mark_all_read("room", "web")
        await say(store, "1")
        assert await store.get_unread_count("room", "web") == 1

    async def test_channels_read_each_for_themselves(self, store: ConversationStore) -> None:
        for channel_id in ("web", "mail"):
            await attach(store, "room", channel_id=channel_id)
        await say(store, "1")
        await store.mark_all_read("room", "web")
        assert await store.get_unread_count("room", "mail") == 1

    async def test_own_blocked_and_system_events_do_not_count(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "room", channel_id="web")
        await say(store, "mine", channel_id="web")
        await commit(store, an_event(status=EventStatus.BLOCKED))
        await commit(store, an_event(status=EventStatus.PENDING, blocked_by=HELD_BY))
        await commit(store, an_event(type=EventType.SYSTEM))
        await say(store, "yours")
        assert await store.get_unread_count("room", "web") == 1

    async def test_indices_count_not_places(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        for index in (2, 5, 9):
            await store.add_event(an_event(id=f"event-{index}", index=index))
        await store.mark_read("room", "web", "event-5")
        assert await store.get_unread_count("room", "web") == 1

    async def test_unread_events_beyond_a_page(self, store: ConversationStore) -> None:
        await attach(store, "room", channel_id="web")
        for index in range(450):
            await store.add_event(an_event(id=f"event-{index}", index=index))
        await store.mark_read("room", "web", "event-9")
        assert await store.get_unread_count("room", "web") == 440

    async def test_only_events_of_the_room_can_be_read(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await attach(store, room_id, channel_id="web")
        (elsewhere,) = await say(store, "there", room_id="other")
        for event_id in (elsewhere.id, "nothing"):
            error = await refused(store.mark_read("room", "web", event_id), EventNotFoundError)
            assert (error.room_id, error.event_id) == ("room", event_id)

    async def test_only_a_channel_in_the_room_reads(self, store: ConversationStore) -> None:
        await open_room(store)
        (event,) = await say(store, "hello")
        for call in (
            store.mark_read("room", "web", event.id),
            store.mark_all_read("room", "web"),
            store.get_unread_count("room", "web"),
            store.get_unread_count("nowhere", "web"),
        ):
            error = await refused(call, ChannelNotFoundError)
            assert error.channel_id == "web"
        await refused(store.mark_all_read("nowhere", "web"), RoomNotFoundError)

    async def test_attaching_anew_keeps_what_it_is_given(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "1", "2")
        await store.add_binding(a_binding("web", last_read_index=0))
        assert await store.get_unread_count("room", "web") == 1
