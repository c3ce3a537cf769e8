"""Rules about bindings, participants, known people, tasks and observations."""

from __future__ import annotations

from datetime import timedelta

from roomkit.errors import (
    ChannelNotFoundError,
    IdentityNotFoundError,
    ParticipantNotFoundError,
    RoomNotFoundError,
    TaskNotFoundError,
)
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, RateLimit, RetryPolicy
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    DeliveryMode,
    IdentificationStatus,
    ParticipantRole,
    ParticipantStatus,
    TaskStatus,
)
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.task import Observation, Task
from roomkit.store.base import ConversationStore
from roomkit.testing._stores._base import (
    ADA,
    BOB,
    NOON,
    StoreRules,
    a_binding,
    a_participant,
    open_room,
    refused,
)

FULL_BINDING = ChannelBinding(
    channel_id="sms",
    room_id="room",
    channel_type=ChannelType.RCS,
    category=ChannelCategory.INTELLIGENCE,
    direction=ChannelDirection.OUTBOUND,
    access=Access.READ_ONLY,
    muted=True,
    output_muted=True,
    visibility="intelligence",
    participant_id="ada",
    last_read_index=4,
    attached_at=NOON + timedelta(microseconds=1),
    capabilities=ChannelCapabilities(
        media_types=[ChannelMediaType.TEXT, ChannelMediaType.MEDIA],
        max_length=160,
        overflow="split",
        supports_edit=True,
        max_buttons=3,
        supported_media_types=["image/*"],
        max_media_size_bytes=1000,
        delivery_mode=DeliveryMode.DIRECT,
    ),
    rate_limit=RateLimit(max_per_second=0.5, max_per_hour=100),
    retry_policy=RetryPolicy(max_retries=1, base_delay_seconds=0.25),
    recipient_key="phone_number",
    metadata={"phone_number": ADA, "nested": {"tools": [{"name": "a"}]}},
)

FULL_PARTICIPANT = Participant(
    id="ada",
    room_id="room",
    channel_id="sms",
    address=ADA,
    addresses={"mail": ["ada@example.com", "countess@example.com"]},
    display_name="Ada 👩",
    role=ParticipantRole.OWNER,
    status=ParticipantStatus.INACTIVE,
    identification=IdentificationStatus.AMBIGUOUS,
    identity_id="id-1",
    candidates=[Identity(id="id-1"), Identity(id="id-2", addresses={"sms": [ADA]})],
    resolved_by="manual",
    joined_at=NOON + timedelta(microseconds=1),
    metadata={"nested": {"list": [1, None]}},
)

FULL_IDENTITY = Identity(
    id="ada",
    organization_id="acme",
    display_name="Ada",
    email="ada@example.com",
    phone=ADA,
    addresses={"sms": [ADA, BOB], "email": ["ada@example.com"]},
    metadata={"nested": {"list": [1, None]}},
)

FULL_TASK = Task(
    id="task",
    room_id="room",
    title="Call back",
    description="before noon",
    status=TaskStatus.IN_PROGRESS,
    assigned_to="bob",
    created_at=NOON,
    metadata={"nested": {"list": [1, None]}},
)

FULL_OBSERVATION = Observation(
    id="observation",
    room_id="room",
    channel_id="ai",
    category="mood",
    content="cheerful",
    confidence=0.25,
    created_at=NOON,
    metadata={"nested": {"list": [1, None]}},
)


class BindingRules(StoreRules):
    """Channels in rooms."""

    async def test_a_binding_is_kept_with_all_its_fields(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.add_binding(FULL_BINDING) == FULL_BINDING
        assert await store.get_binding("room", "sms") == FULL_BINDING
        assert await store.list_bindings("room") == [FULL_BINDING]

    async def test_an_unknown_binding_is_none(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.get_binding("room", "sms") is None
        assert await store.get_binding("nowhere", "sms") is None
        assert await store.list_bindings("nowhere") == []

    async def test_a_binding_needs_a_room(self, store: ConversationStore) -> None:
        error = await refused(store.add_binding(a_binding()), RoomNotFoundError)
        assert error.room_id == "room"

    async def test_attaching_again_replaces(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_binding(a_binding())
        await store.add_binding(FULL_BINDING)
        assert await store.list_bindings("room") == [FULL_BINDING]

    async def test_updating_a_binding_replaces_every_field(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_binding(a_binding())
        assert await store.update_binding(FULL_BINDING) == FULL_BINDING
        assert await store.get_binding("room", "sms") == FULL_BINDING

    async def test_updating_an_unknown_binding_is_an_error(self, store: ConversationStore) -> None:
        for _ in range(2):
            error = await refused(store.update_binding(FULL_BINDING), ChannelNotFoundError)
            assert (error.room_id, error.channel_id) == ("room", "sms")
            await open_room(store)
        assert await store.list_bindings("room") == []

    async def test_bindings_are_listed_in_order_of_attachment(
        self, store: ConversationStore
    ) -> None:
        await open_room(store)
        for channel_id in ("c", "a", "b"):
            await store.add_binding(a_binding(channel_id))
        assert [one.channel_id for one in await store.list_bindings("room")] == ["c", "a", "b"]

    async def test_a_channel_is_detached_once(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_binding(a_binding())
        assert await store.remove_binding("room", "sms")
        assert await store.list_bindings("room") == []
        assert not await store.remove_binding("room", "sms")
        assert not await store.remove_binding("nowhere", "sms")

    async def test_one_channel_sits_in_many_rooms(self, store: ConversationStore) -> None:
        for room_id, number in (("one", ADA), ("two", BOB)):
            await open_room(store, room_id)
            await store.add_binding(a_binding(room_id=room_id, number=number))
        await store.remove_binding("one", "sms")
        binding = await store.get_binding("two", "sms")
        assert binding is not None
        assert binding.recipient == BOB


class ParticipantRules(StoreRules):
    """People in rooms."""

    async def test_a_participant_is_kept_with_all_fields(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.add_participant(FULL_PARTICIPANT) == FULL_PARTICIPANT
        assert await store.get_participant("room", "ada") == FULL_PARTICIPANT
        assert await store.list_participants("room") == [FULL_PARTICIPANT]

    async def test_an_unknown_participant_is_none(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.get_participant("room", "ada") is None
        assert await store.get_participant("nowhere", "ada") is None
        assert await store.list_participants("nowhere") == []

    async def test_a_participant_needs_a_room(self, store: ConversationStore) -> None:
        error = await refused(store.add_participant(a_participant()), RoomNotFoundError)
        assert error.room_id == "room"

    async def test_who_is_there_stays_as_they_are(self, store: ConversationStore) -> None:
        await open_room(store)
        first = await store.add_participant(a_participant("ada"))
        assert await store.add_participant(FULL_PARTICIPANT) == first
        assert await store.list_participants("room") == [first]

    async def test_updating_a_participant_replaces_every_field(
        self, store: ConversationStore
    ) -> None:
        await open_room(store)
        await store.add_participant(a_participant("ada"))
        assert await store.update_participant(FULL_PARTICIPANT) == FULL_PARTICIPANT
        assert await store.get_participant("room", "ada") == FULL_PARTICIPANT

    async def test_updating_a_stranger_is_an_error(self, store: ConversationStore) -> None:
        for _ in range(2):
            error = await refused(
                store.update_participant(FULL_PARTICIPANT), ParticipantNotFoundError
            )
            assert (error.room_id, error.participant_id) == ("room", "ada")
            await open_room(store)
        assert await store.list_participants("room") == []

    async def test_people_are_listed_in_order_of_arrival(self, store: ConversationStore) -> None:
        await open_room(store)
        for name in ("c", "a", "b"):
            await store.add_participant(a_participant(name))
        assert [one.id for one in await store.list_participants("room")] == ["c", "a", "b"]

    async def test_one_person_in_two_rooms_is_two_participants(
        self, store: ConversationStore
    ) -> None:
        for room_id in ("room", "other"):
            await open_room(store, room_id)
            await store.add_participant(a_participant(room_id=room_id))
        there = a_participant(room_id="other", display_name="Ada")
        await store.update_participant(there)
        assert await store.get_participant("room", ADA) == a_participant()


class IdentityRules(StoreRules):
    """People that the organisation knows."""

    async def owner(
        self, store: ConversationStore, address: str, organization_id: str | None = None
    ) -> str | None:
        """The id of the person that the number belongs to."""
        identity = await store.resolve_identity("sms", address, organization_id)
        return None if identity is None else identity.id

    async def test_a_person_is_kept_with_all_fields(self, store: ConversationStore) -> None:
        assert await store.create_identity(FULL_IDENTITY) == FULL_IDENTITY
        assert await store.get_identity("ada") == FULL_IDENTITY

    async def test_a_stranger_is_none(self, store: ConversationStore) -> None:
        assert await store.get_identity("ada") is None
        assert await store.resolve_identity("sms", ADA) is None

    async def test_addresses_given_at_first_are_known(self, store: ConversationStore) -> None:
        await store.create_identity(FULL_IDENTITY)
        assert await store.resolve_identity("sms", BOB, "acme") == FULL_IDENTITY
        assert await store.resolve_identity("email", "ADA@example.com", "acme") == FULL_IDENTITY
        assert await store.resolve_identity("email", ADA, "acme") is None

    async def test_spelling_does_not_matter(self, store: ConversationStore, spelling: str) -> None:
        await store.create_identity(Identity(id="ada"))
        await store.link_address("ada", "sms", spelling)
        assert await self.owner(store, ADA) == "ada"
        assert await self.owner(store, spelling) == "ada"

    async def test_a_linked_address_is_part_of_the_person(self, store: ConversationStore) -> None:
        await store.create_identity(Identity(id="ada", addresses={"sms": [ADA]}))
        await store.link_address("ada", "sms", BOB)
        await store.link_address("ada", "sms", BOB)
        identity = await store.get_identity("ada")
        assert identity is not None
        assert identity.addresses == {"sms": [ADA, BOB]}

    async def test_linking_to_nobody_is_an_error(self, store: ConversationStore) -> None:
        error = await refused(store.link_address("ada", "sms", ADA), IdentityNotFoundError)
        assert error.identity_id == "ada"

    async def test_an_address_belongs_to_who_got_it_last(self, store: ConversationStore) -> None:
        for person in ("ada", "bob"):
            await store.create_identity(Identity(id=person))
        for person in ("ada", "bob", "ada"):
            await store.link_address(person, "sms", ADA)
            assert await self.owner(store, ADA) == person
        await store.link_address("bob", "sms", BOB)
        assert await self.owner(store, ADA) == "ada"

    async def test_a_person_who_is_replaced_loses_old_addresses(
        self, store: ConversationStore
    ) -> None:
        await store.create_identity(Identity(id="ada", addresses={"sms": [ADA]}))
        await store.create_identity(Identity(id="ada", addresses={"sms": [BOB]}))
        assert await self.owner(store, ADA) is None
        assert await self.owner(store, BOB) == "ada"

    async def test_organisations_do_not_share_people(self, store: ConversationStore) -> None:
        for organization_id in ("acme", "globex", None):
            await store.create_identity(
                Identity(
                    id=f"ada of {organization_id}",
                    organization_id=organization_id,
                    addresses={"sms": [ADA]},
                )
            )
        assert await self.owner(store, ADA, "acme") == "ada of acme"
        assert await self.owner(store, ADA, "globex") == "ada of globex"
        assert await self.owner(store, ADA) == "ada of None"
        assert await self.owner(store, ADA, "initech") is None

    async def test_linking_stays_within_the_organisation(self, store: ConversationStore) -> None:
        await store.create_identity(Identity(id="ada", organization_id="acme"))
        await store.link_address("ada", "sms", ADA)
        assert await self.owner(store, ADA, "acme") == "ada"
        assert await self.owner(store, ADA) is None


class WorkRules(StoreRules):
    """Tasks and observations."""

    async def test_a_task_is_kept_with_all_its_fields(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.add_task(FULL_TASK) == FULL_TASK
        assert await store.get_task("task") == FULL_TASK
        assert await store.list_tasks("room") == [FULL_TASK]

    async def test_an_unknown_task_is_none(self, store: ConversationStore) -> None:
        assert await store.get_task("task") is None
        assert await store.list_tasks("nowhere") == []

    async def test_a_task_needs_a_room(self, store: ConversationStore) -> None:
        await refused(store.add_task(FULL_TASK), RoomNotFoundError)
        assert await store.get_task("task") is None

    async def test_a_task_of_the_same_id_is_replaced(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_task(Task(id="task", room_id="room", title="old"))
        await store.add_task(FULL_TASK)
        assert await store.list_tasks("room") == [FULL_TASK]

    async def test_tasks_are_listed_in_order_and_by_status(self, store: ConversationStore) -> None:
        await open_room(store)
        statuses = [TaskStatus.PENDING, TaskStatus.COMPLETED, TaskStatus.PENDING]
        for number, status in enumerate(statuses):
            await store.add_task(
                Task(id=f"{9 - number}", room_id="room", title="t", status=status)
            )
        assert [task.id for task in await store.list_tasks("room")] == ["9", "8", "7"]
        pending = await store.list_tasks("room", TaskStatus.PENDING)
        assert [task.id for task in pending] == ["9", "7"]

    async def test_updating_a_task_replaces_every_field(self, store: ConversationStore) -> None:
        await open_room(store)
        await store.add_task(Task(id="task", room_id="room", title="old"))
        assert await store.update_task(FULL_TASK) == FULL_TASK
        assert await store.get_task("task") == FULL_TASK

    async def test_updating_an_unknown_task_is_an_error(self, store: ConversationStore) -> None:
        await open_room(store)
        error = await refused(store.update_task(FULL_TASK), TaskNotFoundError)
        assert error.task_id == "task"
        assert await store.list_tasks("room") == []

    async def test_observations_are_kept_in_order(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.add_observation(FULL_OBSERVATION) == FULL_OBSERVATION
        second = await store.add_observation(
            Observation(id="a", room_id="room", category="policy", created_at=NOON)
        )
        assert await store.list_observations("room") == [FULL_OBSERVATION, second]
        assert await store.list_observations("nowhere") == []

    async def test_an_observation_needs_a_room(self, store: ConversationStore) -> None:
        error = await refused(store.add_observation(FULL_OBSERVATION), RoomNotFoundError)
        assert error.room_id == "room"
