"""Rules about `commit` and `snapshot`: one write to a room, and one read of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from roomkit.errors import EventExistsError, RoomNotFoundError
from roomkit.models.content import TextContent
from roomkit.models.enums import EventStatus, EventType, RoomStatus
from roomkit.models.room import RoomTimers
from roomkit.store.base import ConversationStore
from roomkit.store.records import RECENT_EVENTS, RoomSnapshot
from roomkit.store.rules import HELD_BY
from roomkit.testing._stores._base import (
    ADA,
    BOB,
    NOON,
    StoreRules,
    a_binding,
    a_participant,
    an_event,
    attach,
    bodies_of,
    commit,
    existing_room,
    open_room,
    refused,
    say,
)
from roomkit.testing._stores.timeline import SENT

LATER = NOON + timedelta(minutes=5)


async def snapshot_of(
    store: ConversationStore, room_id: str = "room", **options: Any
) -> RoomSnapshot:
    """A snapshot of a room, which has to be there."""
    snapshot = await store.snapshot(room_id, **options)
    assert snapshot is not None
    return snapshot


class CommitRules(StoreRules):
    """Appending to a timeline."""

    async def test_indices_count_from_zero(self, store: ConversationStore) -> None:
        await open_room(store)
        events = await say(store, "a", "b", "c")
        assert [event.index for event in events] == [0, 1, 2]
        assert await store.list_events("room") == events

    async def test_every_kind_of_event_takes_an_index(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "message")
        await commit(store, an_event(type=EventType.SYSTEM))
        await commit(store, an_event(status=EventStatus.BLOCKED))
        (last,) = await say(store, "message")
        assert last.index == 3

    async def test_an_index_follows_the_highest(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_event(an_event(index=41))
        (event,) = await say(store, "next")
        assert event.index == 42

    async def test_the_counters_are_right_at_once(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "a", "b")
        outcome = await commit(store, an_event("c"), updated_at=LATER)
        room = await existing_room(store)
        assert outcome.status == "stored"
        assert outcome.room == room
        assert (room.event_count, room.latest_index, room.updated_at) == (3, 2, LATER)
        assert await store.get_event_count("room") == 3

    async def test_the_status_is_the_commits(
        self, store: ConversationStore, event_status: EventStatus
    ) -> None:
        await open_room(store)
        event = an_event(status=EventStatus.PENDING)
        outcome = await commit(store, event, status=event_status)
        assert outcome.event == event.evolve(status=event_status)
        assert await store.get_event(event.id) == outcome.event

    async def test_an_id_is_given_once(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
        first = (await commit(store, an_event("first", id="same"))).event
        for room_id in ("room", "other"):
            again = an_event("second", id="same", room_id=room_id)
            await refused(commit(store, again), EventExistsError)
        assert await store.get_event("same") == first
        assert await store.list_events("room") == [first]
        assert await store.list_events("other") == []

    async def test_a_duplicate_is_answered_with_the_first(self, store: ConversationStore) -> None:
        await open_room(store)
        first = await commit(store, an_event("first", idempotency_key="k"))
        second = await commit(store, an_event("second", idempotency_key="k"), updated_at=LATER)
        assert second.status == "duplicate"
        assert second.event == first.event
        assert await store.list_events("room") == [first.event]
        assert (await existing_room(store)).updated_at == NOON

    async def test_a_blocked_event_holds_its_key(self, store: ConversationStore) -> None:
        await open_room(store)
        blocked = an_event("bad", status=EventStatus.BLOCKED, idempotency_key="k")
        await commit(store, blocked)
        outcome = await commit(store, an_event(idempotency_key="k"))
        assert (outcome.status, outcome.event.id) == ("duplicate", blocked.id)

    async def test_keys_of_other_channels_and_rooms_are_other_keys(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
        for event in (
            an_event(idempotency_key="k"),
            an_event(idempotency_key="k", channel_id="email"),
            an_event(idempotency_key="k", room_id="other"),
            an_event(idempotency_key="K"),
        ):
            assert (await commit(store, event)).status == "stored"

    async def test_events_without_key_are_never_duplicates(self, store: ConversationStore) -> None:
        await open_room(store)
        await say(store, "same", "same")
        assert await store.get_event_count("room") == 2

    async def test_a_room_that_is_over_takes_nothing(
        self, store: ConversationStore, over: RoomStatus
    ) -> None:
        room = await open_room(store, status=over)
        outcome = await commit(store, an_event(idempotency_key="k"), updated_at=LATER)
        assert outcome.status == "closed"
        assert outcome.room == room
        assert await store.get_event_count("room") == 0
        assert not await store.check_idempotency("room", "k")
        assert await store.get_room("room") == room

    async def test_except_the_record_of_its_end(
        self, store: ConversationStore, over: RoomStatus
    ) -> None:
        await open_room(store, status=over)
        notice = an_event(type=EventType.SYSTEM)
        outcome = await commit(store, notice, allow_closed=True)
        assert outcome.status == "stored"
        assert outcome.room.status is over

    async def test_an_unknown_room_is_an_error(self, store: ConversationStore) -> None:
        error = await refused(commit(store, an_event()), RoomNotFoundError)
        assert error.room_id == "room"

    async def test_earlier_events_are_rewritten_with_it(self, store: ConversationStore) -> None:
        await open_room(store)
        first, second = await say(store, "one", "two")
        rewritten = first.evolve(content=TextContent(body="[deleted]"), metadata={"deleted": 1})
        await commit(store, an_event("delete"), rewrites=(rewritten,))
        events = await store.list_events("room")
        assert events[:2] == [rewritten, second]
        recent = await store.list_recent_events("room")
        assert bodies_of(recent) == ["[deleted]", "two", "delete"]

    async def test_a_rewrite_leaves_what_was_recorded_since(
        self, store: ConversationStore
    ) -> None:
        await open_room(store)
        (first,) = await say(store, "one")
        rewritten = first.evolve(content=TextContent(body="[deleted]"))
        await store.record_deliveries("room", first.id, {"sms": SENT})
        await commit(store, an_event("delete"), rewrites=(rewritten,))
        expected = rewritten.evolve(delivery_results={"sms": SENT})
        assert await store.get_event(first.id) == expected

    async def test_what_is_gone_is_not_rewritten(self, store: ConversationStore) -> None:
        await open_room(store)
        await commit(store, an_event("edit"), rewrites=(an_event("gone", index=7),))
        room = await existing_room(store)
        assert (room.event_count, room.latest_index) == (1, 0)

    async def test_nothing_is_rewritten_by_a_duplicate(self, store: ConversationStore) -> None:
        await open_room(store)
        (first,) = await say(store, "one")
        await commit(store, an_event(idempotency_key="k"))
        rewritten = first.evolve(content=TextContent(body="changed"))
        await commit(store, an_event(idempotency_key="k"), rewrites=(rewritten,))
        assert await store.get_event(first.id) == first

    async def test_a_message_moves_the_timers(self, store: ConversationStore) -> None:
        timers = RoomTimers(inactive_after_seconds=60)
        await open_room(store, timers=timers)
        outcome = await commit(store, an_event(), activity_at=LATER)
        assert outcome.room.timers == timers.evolve(last_activity_at=LATER)
        assert await store.get_room("room") == outcome.room

    async def test_what_is_no_activity_does_not(self, store: ConversationStore) -> None:
        timers = RoomTimers(inactive_after_seconds=60, last_activity_at=NOON)
        await open_room(store, timers=timers)
        outcome = await commit(store, an_event(type=EventType.SYSTEM), updated_at=LATER)
        assert outcome.room.timers == timers

    async def test_a_message_wakes_a_room_that_a_timer_paused(
        self, store: ConversationStore
    ) -> None:
        await open_room(store, status=RoomStatus.PAUSED, paused_by="timer")
        silent = await commit(store, an_event(type=EventType.SYSTEM))
        assert silent.room.status is RoomStatus.PAUSED
        outcome = await commit(store, an_event(), activity_at=LATER)
        assert (outcome.room.status, outcome.room.paused_by) == (RoomStatus.ACTIVE, None)
        assert await store.get_room("room") == outcome.room

    async def test_but_not_one_that_somebody_paused(self, store: ConversationStore) -> None:
        await open_room(store, status=RoomStatus.PAUSED, paused_by="request")
        outcome = await commit(store, an_event(), activity_at=LATER)
        assert outcome.status == "stored"
        assert (outcome.room.status, outcome.room.paused_by) == (RoomStatus.PAUSED, "request")

    async def test_of_twenty_with_one_key_one_is_stored(self, store: ConversationStore) -> None:
        await open_room(store)
        events = [an_event(str(number), idempotency_key="k") for number in range(20)]
        outcomes = await self.commit_at_once(store, events)
        assert sorted(outcome.status for outcome in outcomes) == ["duplicate"] * 19 + ["stored"]
        assert len({outcome.event.id for outcome in outcomes}) == 1
        assert await store.list_events("room") == [outcomes[0].event]

    async def test_fifty_at_once_leave_no_gap(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
        events = [
            an_event(str(number), room_id="other" if number % 5 == 0 else "room")
            for number in range(50)
        ]
        outcomes = await self.commit_at_once(store, events)
        for room_id, count in (("room", 40), ("other", 10)):
            stored = [one.event for one in outcomes if one.event.room_id == room_id]
            assert sorted(event.index for event in stored) == list(range(count))
            room = await existing_room(store, room_id)
            assert (room.event_count, room.latest_index) == (count, count - 1)
            timeline = await store.list_events(room_id)
            assert timeline == sorted(stored, key=lambda event: event.index)


class SnapshotRules(StoreRules):
    """A room in one read."""

    async def test_an_unknown_room_has_none(self, store: ConversationStore) -> None:
        assert await store.snapshot("nowhere") is None

    async def test_it_holds_everything_in_order(self, store: ConversationStore) -> None:
        bindings = [await attach(store, "room", channel_id=one) for one in ("web", "mail")]
        people = [
            await store.add_participant(a_participant(one, channel_id="web")) for one in (BOB, ADA)
        ]
        events = await say(store, "one", "two", channel_id="web")
        snapshot = await snapshot_of(store)
        assert snapshot.room == await store.get_room("room")
        assert list(snapshot.bindings) == bindings
        assert list(snapshot.participants) == people
        assert list(snapshot.recent_events) == events
        assert snapshot.duplicate is None

    async def test_it_stays_as_it_was_taken(self, store: ConversationStore) -> None:
        web = await attach(store, "room", channel_id="web")
        ada = await store.add_participant(a_participant(ADA, channel_id="web"))
        before = await snapshot_of(store)
        mail = await attach(store, "room", channel_id="mail")
        bob = await store.add_participant(a_participant(BOB, channel_id="web"))
        await store.update_participant(ada.evolve(display_name="Ada"))
        await store.update_binding(web.evolve(muted=True))
        assert (before.binding("web"), before.participant(ADA)) == (web, ada)
        assert (before.binding("mail"), before.participant(BOB)) == (None, None)
        await store.remove_binding("room", "web")
        after = await snapshot_of(store)
        assert (after.binding("web"), after.binding("mail")) == (None, mail)
        assert after.participant(BOB) == bob
        assert after.participant(ADA) == await store.get_participant("room", ADA)

    async def test_its_history_is_bounded(self, store: ConversationStore) -> None:
        await open_room(store)
        texts = [str(number) for number in range(RECENT_EVENTS + 5)]
        await say(store, *texts)
        await commit(store, an_event("blocked", status=EventStatus.BLOCKED))
        await commit(store, an_event("held back", status=EventStatus.PENDING, blocked_by=HELD_BY))
        await commit(store, an_event("system", type=EventType.SYSTEM))
        snapshot = await snapshot_of(store)
        assert bodies_of(snapshot.recent_events) == texts[-RECENT_EVENTS:]

    async def test_a_key_is_looked_up_with_it(self, store: ConversationStore) -> None:
        await open_room(store)
        event = (await commit(store, an_event(idempotency_key="k"))).event
        assert (await snapshot_of(store, claim=("sms", "k"))).duplicate == event
        assert (await snapshot_of(store, claim=("email", "k"))).duplicate is None
        assert (await snapshot_of(store, claim=("sms", "other"))).duplicate is None

    async def test_a_senders_key_is_found_in_other_rooms_too(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("over", "room"):
            await attach(store, room_id)
        by_ada = {"channel_id": "sms", "participant_id": "id-1", "address": ADA}
        first = an_event(room_id="over", idempotency_key="k", source=by_ada)
        first = (await commit(store, first)).event
        over = await existing_room(store, "over")
        await store.update_room(over.evolve(status=RoomStatus.CLOSED))

        claim = ("sms", "k")
        assert (await snapshot_of(store, claim=claim)).duplicate is None
        assert (await snapshot_of(store, claim=claim, sender=BOB)).duplicate is None
        assert (await snapshot_of(store, claim=claim, sender=ADA)).duplicate == first
        assert (await snapshot_of(store, sender=ADA)).duplicate is None
        assert await store.find_redelivery("sms", "k", ADA) == first
        for question in (("sms", "k", BOB), ("sms", "k", "id-1"), ("sms", "l", ADA)):
            assert await store.find_redelivery(*question) is None

        own = an_event(idempotency_key="k", source={"channel_id": "sms", "participant_id": BOB})
        own = (await commit(store, own)).event
        assert (await snapshot_of(store, claim=claim, sender=ADA)).duplicate == own
        await store.delete_room("over")
        assert await store.find_redelivery("sms", "k", ADA) is None

    async def test_an_earlier_one_serves_while_nothing_changes(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "room")
        await say(store, "one")
        first = await snapshot_of(store)
        assert await snapshot_of(store, known=first) == first

    async def test_no_change_is_missed(self, store: ConversationStore) -> None:
        await open_room(store)
        snapshots = [await snapshot_of(store)]
        (event,) = await say(store, "one")
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        binding = await store.add_binding(a_binding())
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        await store.update_binding(binding.evolve(muted=True))
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        ada = await store.add_participant(a_participant())
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        await store.update_participant(ada.evolve(display_name="Ada"))
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        await store.update_event(event.evolve(metadata={"edited": True}))
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        await store.update_room((await existing_room(store)).evolve(metadata={"a": 1}))
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        await store.remove_binding("room", "sms")
        snapshots.append(await snapshot_of(store, known=snapshots[-1]))
        for before, after in zip(snapshots, snapshots[1:], strict=False):
            assert before != after
        versions = [one.version for one in snapshots if one.version is not None]
        assert len(versions) in (0, len(snapshots)), "some snapshots have a version, some none"
        assert len(set(versions)) == len(versions)

    async def test_an_earlier_one_does_not_hide_a_duplicate(
        self, store: ConversationStore
    ) -> None:
        await open_room(store)
        event = (await commit(store, an_event(idempotency_key="k"))).event
        known = await snapshot_of(store)
        snapshot = await snapshot_of(store, known=known, claim=("sms", "k"))
        assert snapshot.duplicate == event
        again = await snapshot_of(store, known=snapshot)
        assert again.duplicate is None
