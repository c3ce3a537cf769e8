"""Participants of rooms."""

from __future__ import annotations

from roomkit.core.pipeline.driver import Driver, Operation
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.transitions import check_unarchived, system_event
from roomkit.errors import IdentityNotFoundError, ParticipantNotFoundError, RoomNotFoundError
from roomkit.models.enums import (
    EventType,
    HookTrigger,
    IdentificationStatus,
    ParticipantRole,
    ParticipantStatus,
)
from roomkit.models.participant import Participant


class PeopleService:
    """Adds people to rooms, sees them off, and records who they turn out to be."""

    def __init__(self, runtime: KitRuntime, driver: Driver) -> None:
        self._rt = runtime
        self._driver = driver

    async def ensure(
        self,
        room_id: str,
        channel_id: str,
        participant_id: str,
        *,
        display_name: str | None = None,
        role: ParticipantRole = ParticipantRole.MEMBER,
    ) -> Participant:
        """The participant, added if they were not there; one who had left is back."""

        async def body(operation: Operation) -> Participant:
            store = self._rt.store
            await check_unarchived(store, room_id)
            existing = await store.get_participant(room_id, participant_id)
            if existing is not None and existing.status is not ParticipantStatus.LEFT:
                return existing
            if existing is not None:
                back = existing.evolve(status=ParticipantStatus.ACTIVE)
                participant = await store.update_participant(back)
            else:
                if await store.get_room(room_id) is None:
                    raise RoomNotFoundError(room_id)
                participant = await store.add_participant(
                    Participant(
                        id=participant_id,
                        room_id=room_id,
                        channel_id=channel_id,
                        display_name=display_name,
                        role=role,
                        joined_at=self._rt.clock.now(),
                    )
                )
            await self._note(operation, participant, EventType.PARTICIPANT_JOINED, "joined")
            return participant

        return await self._driver.operate(room_id, body)

    async def set_status(
        self, room_id: str, participant_id: str, status: ParticipantStatus
    ) -> Participant:
        """Change whether somebody takes part.

        Raises:
            ParticipantNotFoundError: the room has no such participant.
        """

        async def body(operation: Operation) -> Participant:
            existing = await self._existing(room_id, participant_id)
            if existing.status is status:
                return existing
            changed = await self._rt.store.update_participant(existing.evolve(status=status))
            if status in (ParticipantStatus.LEFT, ParticipantStatus.BANNED):
                await self._note(operation, changed, EventType.PARTICIPANT_LEFT, status.value)
            return changed

        return await self._driver.operate(room_id, body)

    async def resolve(
        self, room_id: str, participant_id: str, identity_id: str, resolved_by: str
    ) -> Participant:
        """Record that a participant is a known person.

        Raises:
            ParticipantNotFoundError: the room has no such participant.
            IdentityNotFoundError: the store knows no such person.
        """

        async def body(operation: Operation) -> Participant:
            existing = await self._existing(room_id, participant_id)
            identity = await self._rt.store.get_identity(identity_id)
            if identity is None:
                raise IdentityNotFoundError(identity_id)
            changed = await self._rt.store.update_participant(
                existing.evolve(
                    identity_id=identity.id,
                    identification=IdentificationStatus.IDENTIFIED,
                    display_name=existing.display_name or identity.display_name,
                    candidates=[],
                    resolved_by=resolved_by,
                )
            )
            await self._note(operation, changed, EventType.PARTICIPANT_IDENTIFIED, "identified")
            return changed

        return await self._driver.operate(room_id, body)

    async def _existing(self, room_id: str, participant_id: str) -> Participant:
        store = self._rt.store
        await check_unarchived(store, room_id)
        participant = await store.get_participant(room_id, participant_id)
        if participant is None:
            if await store.get_room(room_id) is None:
                raise RoomNotFoundError(room_id)
            raise ParticipantNotFoundError(room_id, participant_id)
        return participant

    async def _note(
        self, operation: Operation, participant: Participant, event_type: EventType, what: str
    ) -> None:
        channel = self._rt.channels.get(participant.channel_id)
        event = await operation.record(
            system_event(
                participant.room_id,
                event_type.value,
                f"A participant {what}.",
                event_type=event_type,
                channel_id=participant.channel_id,
                channel_type=None if channel is None else channel.channel_type,
                participant_id=participant.id,
                identity_id=participant.identity_id,
            )
        )
        if event_type is EventType.PARTICIPANT_IDENTIFIED:
            operation.tell(HookTrigger.ON_PARTICIPANT_IDENTIFIED, event)
