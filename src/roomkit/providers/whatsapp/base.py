"""`WhatsAppProvider`, the interface to WhatsApp."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

from roomkit._lazy import lazy_exports
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider

_load, _ = lazy_exports(__name__, {"WhatsAppCloudProvider": "roomkit.providers.whatsapp.cloud"})


class WhatsAppProvider(TransportProvider):
    """Sends WhatsApp messages.

    Called itself, as in ``WhatsAppProvider(access_token=..., phone_number_id=...)``, it makes a
    `WhatsAppCloudProvider`.
    """

    def __new__(cls, *_args: Any, **_settings: Any) -> Self:
        made: Self = object.__new__(
            _load("WhatsAppCloudProvider") if cls is WhatsAppProvider else cls
        )
        return made

    @abstractmethod
    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        """Send an event's text, files and controls to a phone number.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text, rich text with buttons or quick replies, files, a location or a template.
            to: the recipient's number as the channel knows it, usually E.164.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
