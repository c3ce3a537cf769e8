"""`TeamsProvider`, the interface to Microsoft Teams."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class TeamsProvider(TransportProvider):
    """Sends messages as a bot in Microsoft Teams."""

    revises_messages: ClassVar[bool] = True
    """`send` takes edits and deletes, with the ids of the messages that they are about."""

    @abstractmethod
    async def send(
        self, event: RoomEvent, to: str, *, target_ids: Sequence[str] = ()
    ) -> ProviderResult:
        """Send an event's text to a conversation.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text or rich text, an edit or a delete.
            to: the conversation's id.
            target_ids: for an edit or a delete: what the vendor calls the messages that show the
                event which it is about.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
