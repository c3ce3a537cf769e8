"""`EmailProvider`, the interface to a vendor of e-mail."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers.base import TransportProvider


class EmailProvider(TransportProvider):
    """Sends e-mail, in threads where the other side keeps them."""

    @abstractmethod
    async def send(
        self,
        event: RoomEvent,
        to: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        in_reply_to: str | None = None,
        references: Sequence[str] = (),
        thread_id: str | None = None,
    ) -> ProviderResult:
        """Send an event's text, formatted or not, and its files to an address.

        Called concurrently for different rooms; one room's messages come one after another.

        Args:
            event: text, rich text, files, or a composite of them.
            to: the recipient's address.
            from_: the sender's address; None means the one in the provider's configuration.
            subject: the subject line; None means the provider's default.
            in_reply_to: the ``Message-ID`` of the mail that this one answers, angle brackets
                included.
            references: the ``Message-ID`` of every earlier mail of the thread, the oldest first.
            thread_id: the vendor's own name for the thread, where it has one.

        Returns:
            The vendor's id for the message. A refusal is a result with ``success=False``, whose
            ``retryable`` says whether trying again may help; being out of reach may also be
            raised, as `ProviderError`.
        """
