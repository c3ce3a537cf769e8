"""`TelegramProvider`, the interface to Telegram."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class TelegramProvider(TransportProvider):
    """Sends messages as a Telegram bot."""

    revises_messages: ClassVar[bool] = True
    """`send` takes edits and deletes, with the ids of the messages that they are about."""

    @abstractmethod
    async def send(
        self, event: RoomEvent, to: str, *, target_ids: Sequence[str] = ()
    ) -> ProviderResult:
        """Send an event's text, files and buttons to a chat.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text, rich text with buttons, files, a location, an edit or a delete.
            to: the chat's id, a number in digits, or the ``@name`` of a public channel.
            target_ids: for an edit or a delete: what the vendor calls the messages that show the
                event which it is about.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
