"""`HTTPProvider`, the interface to any system that takes a webhook."""

from __future__ import annotations

from abc import abstractmethod

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class HTTPProvider(TransportProvider):
    """Hands messages to another system over HTTP."""

    @abstractmethod
    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        """Send an event to the other system.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: any content; the receiving system reads it as JSON.
            to: who the message is for, in the other system's terms.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
