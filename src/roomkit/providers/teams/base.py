"""`TeamsProvider`, the interface to Microsoft Teams."""

from __future__ import annotations

from abc import abstractmethod

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class TeamsProvider(TransportProvider):
    """Sends messages as a bot in Microsoft Teams."""

    @abstractmethod
    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        """Send an event's text to a conversation.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text or rich text.
            to: the conversation's id.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
