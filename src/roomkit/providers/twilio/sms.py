"""Text and picture messages through Twilio."""

from __future__ import annotations

from roomkit.channels.base import text_of
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._content import files_of
from roomkit.providers.sms.base import SMSProvider
from roomkit.providers.twilio._api import TwilioMessages
from roomkit.providers.twilio.config import TwilioConfig
from roomkit.providers.twilio.webhook import parse_twilio_webhook

__all__ = ["TwilioConfig", "TwilioSMSProvider", "parse_twilio_webhook"]


class TwilioSMSProvider(TwilioMessages, SMSProvider):
    """Sends through Twilio's REST API: https://www.twilio.com/docs/messaging/api/message-resource

    Files go out as MMS by their URLs, which Twilio must be able to fetch. A refusal has one of the
    codes ``opted_out``, ``invalid_recipient``, ``invalid_sender``, ``invalid_media``,
    ``too_long``, ``unauthorized``, ``forbidden``, ``rate_limited``, ``rejected``, or one that fits
    the HTTP status; Twilio's own number is in ``metadata["vendor_code"]``.

    Twilio has no idempotency key for messages: one whose answer got lost (codes ``timeout`` and
    ``connection_lost``) may have gone out, and trying again may send it twice.
    """

    @property
    def from_number(self) -> str | None:
        return self._config.from_number

    @property
    def supports_mms(self) -> bool:
        return self._config.supports_mms

    async def send(self, event: RoomEvent, to: str, from_: str | None = None) -> ProviderResult:
        body = text_of(event.content)
        media = [file.url for file in files_of(event.content)]
        if not body.strip() and not media:
            return ProviderResult(
                success=False,
                error=f"twilio: nothing in {event.content.type} content can be sent as SMS",
                error_code="empty_message",
            )
        fields: dict[str, str | list[str]] = {"To": canonical_phone(to), **self._sender(from_)}
        if body:
            fields["Body"] = body
        if media:
            fields["MediaUrl"] = media
        if self._config.status_callback_url is not None:
            fields["StatusCallback"] = self._config.status_callback_url
        return await self._post_message(fields)

    def _sender(self, from_: str | None) -> dict[str, str]:
        if from_:
            return {"From": canonical_phone(from_)}
        configured = {
            "From": self._config.from_number,
            "MessagingServiceSid": self._config.messaging_service_sid,
        }
        return {name: value for name, value in configured.items() if value is not None}
