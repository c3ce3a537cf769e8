"""`RCSProvider`, the interface to a vendor of RCS (Rich Communication Services) messages."""

from __future__ import annotations

from abc import abstractmethod

from roomkit.models.delivery import RCSResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class RCSProvider(TransportProvider):
    """Sends rich messages to phones, and plain ones to phones that cannot show them."""

    async def check_capability(self, to: str) -> bool:
        """Whether a number can receive RCS. A vendor that cannot tell answers True and lets `send`
        find out.

        Raises:
            ProviderError: the vendor could not be asked.
        """
        return True

    @abstractmethod
    async def send(self, event: RoomEvent, to: str, fallback: bool = True) -> RCSResult:
        """Send an event's text, files and controls to a phone number.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text, rich text with buttons or quick replies, files, a location or a template.
            to: the recipient's number as the channel knows it, usually E.164.
            fallback: whether an SMS may go out instead if the phone cannot receive RCS.

        Returns:
            The vendor's id for the message, with ``fallback=True`` if it became an SMS. A refusal
            is a result with ``success=False``, whose ``retryable`` says whether trying again may
            help; being out of reach may also be raised, as `ProviderError`.
        """
