"""`RoomLifecycleMixin`: rooms, their timelines and the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.core.mixins._shared import KitMixin
from roomkit.core.services.rooms import RoomOrchestrator
from roomkit.models.enums import ParticipantRole, ParticipantStatus, TaskStatus
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room, RoomTimers
from roomkit.models.task import Observation, Task


class RoomLifecycleMixin(KitMixin):
    """Opening and closing rooms, and asking what is in them.

    Methods that name a room raise `RoomNotFoundError` if it does not exist.
    """

    async def create_room(
        self,
        room_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        orchestration: RoomOrchestrator | None = None,
        *,
        timers: RoomTimers | None = None,
        organization_id: str | None = None,
    ) -> Room:
        """Open a room.

        An id that is in use gives the existing room, unchanged: nothing is written and no hook
        fires.

        Args:
            room_id: made up if not given.
            metadata: anything; a key ``"timers"`` becomes the room's timers.
            orchestration: furnishes the room instead of the kit's own strategy.
            timers: after how much silence the room is paused and closed.
            organization_id: whose room it is, where several tenants share a store.
        """
        return await self._rt.rooms.open(
            room_id,
            orchestration=orchestration,
            metadata=metadata,
            timers=timers,
            organization_id=organization_id,
        )

    async def get_room(self, room_id: str) -> Room:
        """The room as it stands."""
        return await self._rt.rooms.get(room_id)

    async def update_room_metadata(self, room_id: str, metadata: Mapping[str, Any]) -> Room:
        """Merge keys into a room's metadata; concurrent calls lose nothing of each other."""
        return await self._rt.rooms.update_metadata(room_id, metadata)

    async def close_room(self, room_id: str) -> Room:
        """End a conversation: nothing more is accepted, answers that come late included.

        What `pause_room` has held back is not sent any more but kept as blocked, with
        ``room_closed`` as the reason, and reported as ``event_blocked``.
        """
        return await self._rt.rooms.close(room_id)

    async def archive_room(self, room_id: str) -> Room:
        """Put a room away for good, closing it first if need be. It can be read but not
        reopened."""
        return await self._rt.rooms.archive(room_id)

    async def pause_room(self, room_id: str) -> Room:
        """Hold messages back: they are accepted and stored as pending, and go out on
        `resume_room`.

        Raises:
            RoomClosedError: the room is closed.
        """
        return await self._rt.rooms.pause(room_id)

    async def resume_room(self, room_id: str) -> Room:
        """Take a paused room up again and send out, in order, what was held back.

        Raises:
            RoomClosedError: the room is closed.
        """
        return await self._rt.rooms.resume(room_id)

    async def check_room_timers(self, room_id: str) -> Room:
        """Pause or close a room if it was silent for as long as its timers say.

        Nothing runs in the background: call this, or `check_all_timers`, about once a minute. A
        message that comes in after a room was due to close finds it closed in any case.
        """
        room, _ = await self._rt.rooms.check_timers(room_id)
        return room

    async def check_all_timers(self) -> list[Room]:
        """Do so for all active and paused rooms; returns those that changed."""
        return await self._rt.rooms.check_all_timers()

    async def get_timeline(
        self,
        room_id: str,
        offset: int = 0,
        limit: int = 50,
        visibility_filter: str | None = None,
    ) -> list[RoomEvent]:
        """A page of a room's timeline in ascending order of index, blocked events included.

        Args:
            offset: how many events to skip, counted from the oldest.
            visibility_filter: only events whose visibility is ``"all"`` or exactly this.
        """
        await self._rt.rooms.get(room_id)
        return await self._rt.runtime.store.list_events(room_id, offset, limit, visibility_filter)

    async def list_tasks(self, room_id: str, status: TaskStatus | str | None = None) -> list[Task]:
        """A room's tasks, all or those of one status.

        Raises:
            ValueError: there is no such status.
        """
        wanted = None if status is None else TaskStatus(status)
        return await self._rt.runtime.store.list_tasks(room_id, wanted)

    async def list_observations(self, room_id: str) -> list[Observation]:
        """What was noticed in a room."""
        return await self._rt.runtime.store.list_observations(room_id)

    async def ensure_participant(
        self,
        room_id: str,
        channel_id: str,
        participant_id: str,
        display_name: str | None = None,
        *,
        role: ParticipantRole = ParticipantRole.MEMBER,
    ) -> Participant:
        """The participant, added to the room if they are not in it. Calling it again changes
        nothing."""
        return await self._rt.people.ensure(
            room_id, channel_id, participant_id, display_name=display_name, role=role
        )

    async def set_participant_status(
        self, room_id: str, participant_id: str, status: ParticipantStatus
    ) -> Participant:
        """Change whether somebody takes part: ``BANNED`` blocks their messages, ``LEFT`` ends with
        the next.

        Raises:
            ParticipantNotFoundError: the room has no such participant.
        """
        return await self._rt.people.set_status(room_id, participant_id, ParticipantStatus(status))

    async def resolve_participant(
        self,
        room_id: str,
        participant_id: str,
        identity_id: str,
        resolved_by: str = "manual",
    ) -> Participant:
        """Record that a participant is a known person.

        Raises:
            ParticipantNotFoundError: the room has no such participant.
            IdentityNotFoundError: the store knows no such person.
        """
        return await self._rt.people.resolve(room_id, participant_id, identity_id, resolved_by)
