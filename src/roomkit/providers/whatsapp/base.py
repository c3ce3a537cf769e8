"""`WhatsAppProvider`, the interface to WhatsApp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from roomkit._lazy import lazy_exports
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider

if TYPE_CHECKING:

    def _abstract[Method](method: Method) -> Method:
        """Type checkers call it an error to make an object of an abstract class, whatever its
        `__new__` makes."""
        return method

else:
    from abc import abstractmethod as _abstract

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

    @_abstract
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
        raise NotImplementedError
