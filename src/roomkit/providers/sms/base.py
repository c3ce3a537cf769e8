"""`SMSProvider`, the interface to a vendor of text messages."""

from __future__ import annotations

from abc import abstractmethod

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class SMSProvider(TransportProvider):
    """Sends text messages, and pictures where the vendor offers MMS."""

    @property
    def from_number(self) -> str | None:
        """The number messages are sent from unless the channel names another."""
        return None

    @property
    def supports_mms(self) -> bool:
        """Whether pictures may be sent; if not, the channel turns them into text."""
        return True

    @abstractmethod
    async def send(self, event: RoomEvent, to: str, from_: str | None = None) -> ProviderResult:
        """Send an event's text and media to a phone number.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: its content is text, files, or a composite of both; text is short enough for one
                send.
            to: the recipient's number as the channel knows it, usually E.164.
            from_: the number to send from; None means `from_number` or what the account is set to.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
