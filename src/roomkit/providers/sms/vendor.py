"""What every vendor of text messages has in common: what is asked, checked and counted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models._frozen import freeze
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._content import files_of
from roomkit.providers._http_failures import failed
from roomkit.providers.sms.base import SMSProvider
from roomkit.providers.sms.consent import OptOutAware
from roomkit.providers.sms.segments import count_segments


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingSMS:
    """A message as a vendor wants to hear of it.

    Attributes:
        event_id: of the event that it shows.
        to: the recipient's number in E.164 form.
        from_: the number that the channel wants it to come from, None if that is up to the
            provider.
        body: its text; "" if it is a file alone.
        media_urls: its files.
    """

    event_id: str
    to: str
    from_: str | None
    body: str
    media_urls: Sequence[str]


class VendorSMSProvider(OptOutAware, SMSProvider):
    """Base of the vendors' SMS providers; comes before the base that speaks to the vendor.

    Whoever has opted out is not written to: see `OptOutRegistry`. A text that was sent has the
    number of its segments in ``metadata["segments"]``.

    Attributes:
        max_media: how many files the vendor takes in one message; None if it does not matter here.
    """

    max_media: ClassVar[int | None] = None

    async def send(self, event: RoomEvent, to: str, from_: str | None = None) -> ProviderResult:
        try:
            sms = self._outgoing(event, to, from_)
            await self._check_consent(sms.to, self._senders(sms))
        except ProviderError as error:
            return failed(error)
        result = await self._submit(sms)
        if not result.success or sms.media_urls:
            return result
        segments = {"segments": count_segments(sms.body).segments}
        return result.evolve(metadata=freeze({**result.metadata, **segments}))

    @abstractmethod
    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        """Hand a message to the vendor."""

    def _senders(self, sms: OutgoingSMS) -> Sequence[str | None]:
        """Whom a message comes from: a number, and the pool that it belongs to."""
        return [sms.from_ or self.from_number]

    def _outgoing(self, event: RoomEvent, to: str, from_: str | None) -> OutgoingSMS:
        body = text_of(event.content)
        media = [file.url for file in files_of(event.content)]
        if not body.strip() and not media:
            kind = event.content.type
            raise self._unsendable(
                f"nothing in {kind} content can be sent as SMS", "empty_message"
            )
        if self.max_media is not None and len(media) > self.max_media:
            raise self._unsendable(f"at most {self.max_media} files in a message", "invalid_media")
        return OutgoingSMS(
            event_id=event.id,
            to=canonical_phone(to),
            from_=canonical_phone(from_) if from_ else None,
            body=body,
            media_urls=media,
        )

    def _unsendable(self, reason: str, code: str) -> ProviderError:
        return ProviderError(f"{self.name}: {reason}", provider=self.name, code=code)
