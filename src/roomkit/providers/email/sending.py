"""`MailSender`, the part that every account that sends mail has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from roomkit._clock import Clock
from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._http_failures import failed
from roomkit.providers.email.base import EmailProvider
from roomkit.providers.email.config import EmailConfig
from roomkit.providers.email.outgoing import MailThread, OutgoingMail, compose


class MailSender(EmailProvider):
    """Makes a mail of an event; a subclass sets `_config` and `_clock`, and sends it in `_post`.

    A text goes out as text, formatted content also as HTML. Files with a ``data:`` URL are
    attached, those behind another URL become links. A mail whose event was written by an AI or by
    the system says so (``Auto-Submitted``), so that programs do not answer it.

    The ``Message-ID`` follows from the event and the recipient: a mail that is sent again after
    its answer got lost has the same, and most servers deliver it once. It is in the result, as
    ``metadata["message_id"]``.

    Beyond the vendor's reasons, a refusal can be ``empty_message``, ``invalid_recipient``,
    ``invalid_sender``, ``invalid_media`` (a file that is neither data nor a link), or
    ``too_large``.
    """

    _config: EmailConfig
    _clock: Clock

    @property
    def from_email(self) -> str:
        """The address that mail is sent from unless the channel names another."""
        return self._config.from_email

    @property
    def message_id_domain(self) -> str:
        """The domain by which `parse_email` recognises answers to mail that was sent here."""
        return self._config.id_domain

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
        if isinstance(references, str):
            references = references.split()
        try:
            mail = compose(
                event,
                to=to,
                from_=from_,
                thread=MailThread(subject=subject, in_reply_to=in_reply_to, references=references),
                config=self._config,
                vendor=self.name,
                now=self._clock.now(),
            )
        except ProviderError as error:
            return failed(error)
        result = await self._post(mail)
        told = {**result.metadata, "message_id": mail.message_id}
        return result.model_copy(update={"metadata": told})

    @abstractmethod
    async def _post(self, mail: OutgoingMail) -> ProviderResult:
        """Send a mail. Whatever goes wrong becomes a failed result."""
