"""What the clients of a room may hear."""

from __future__ import annotations

import asyncio
import logging

from roomkit.core.framework import RoomKit
from roomkit.core.visibility import may_read
from roomkit.integrations._websocket.entry import Seat
from roomkit.integrations._websocket.history import shows
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ParticipantStatus
from roomkit.realtime.base import EphemeralEvent

logger = logging.getLogger("roomkit.websocket")

_LOOK_SECONDS = 5.0
"""How long rights may be out of date."""


class Rights:
    """What a channel's clients in one room may hear, and who was banned from it.

    Both may change while they are connected. Looked up now and then, once for all of them.
    """

    def __init__(self, kit: RoomKit, channel_id: str, seat: Seat) -> None:
        self._kit = kit
        self._channel_id = channel_id
        self._room_id = seat.room.id
        self._binding: ChannelBinding | None = seat.binding
        self._banned: frozenset[str] = frozenset()
        self._looked_at = kit.clock.monotonic()
        self._looking = asyncio.Lock()

    @property
    def out_of_date(self) -> bool:
        return self._kit.clock.monotonic() - self._looked_at > _LOOK_SECONDS

    async def refresh(self) -> None:
        """Look them up, unless somebody else has done so meanwhile."""
        async with self._looking:
            if self.out_of_date:
                await self._look()
                self._looked_at = self._kit.clock.monotonic()

    async def _look(self) -> None:
        store = self._kit.store
        try:
            binding = await store.get_binding(self._room_id, self._channel_id)
            people = await store.list_participants(self._room_id)
        except Exception as error:  # a store's; what was right a moment ago will have to do
            logger.info("the rights in room %s: %s", self._room_id, type(error).__name__)
            return
        self._binding = binding
        banned = ParticipantStatus.BANNED
        self._banned = frozenset(one.id for one in people if one.status is banned)

    def let_in(self, participant_id: str) -> None:
        """Somebody was found to be welcome just now."""
        self._banned -= {participant_id}

    def is_banned(self, participant_id: str) -> bool:
        return participant_id in self._banned

    def admit(self, event: EphemeralEvent) -> bool:
        """Whether clients may hear of an ephemeral event."""
        binding = self._binding
        if binding is None or not may_read(binding):
            return False
        return shows(self._kit, binding, event.visibility)
