"""Finding the room that an inbound message belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod

from roomkit.models.enums import ChannelType
from roomkit.store.base import ConversationStore


class InboundRoomRouter(ABC):
    """Decides into which conversation a message goes."""

    @abstractmethod
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        """The room's id, or None to open a new room. An id that does not exist is created.

        Called before the room's lock is taken, so calls overlap. A closed room must not be named.
        """


class DefaultInboundRoomRouter(InboundRoomRouter):
    """Asks the store, in the order that `ConversationStore.find_conversation` describes.

    It never guesses: a stranger gets a room of their own rather than a place in somebody's
    conversation.
    """

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return await self._store.find_conversation(channel_id, channel_type, participant_id or "")
