"""`MessengerProvider`, the interface to Facebook Messenger."""

from __future__ import annotations

from abc import abstractmethod

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class MessengerProvider(TransportProvider):
    """Sends messages to people who wrote to a Facebook page."""

    @abstractmethod
    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        """Send an event's text, files and controls to a person.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text, rich text with buttons or quick replies, files or a template.
            to: the recipient's page-scoped user id.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
