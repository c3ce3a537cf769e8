"""Text and picture messages through Twilio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.sms.vendor import OutgoingSMS, VendorSMSProvider
from roomkit.providers.twilio._api import TwilioMessages
from roomkit.providers.twilio.config import TwilioConfig
from roomkit.providers.twilio.webhook import parse_twilio_webhook

if TYPE_CHECKING:
    import httpx

__all__ = ["TwilioConfig", "TwilioSMSProvider", "parse_twilio_webhook"]


class TwilioSMSProvider(VendorSMSProvider, TwilioMessages):
    """Sends through Twilio's REST API: https://www.twilio.com/docs/messaging/api/message-resource

    Files go out as MMS by their URLs, which Twilio must be able to fetch. A refusal has one of the
    codes ``opted_out``, ``invalid_recipient``, ``invalid_sender``, ``invalid_media``,
    ``too_long``, ``unauthorized``, ``forbidden``, ``rate_limited``, ``rejected``, or one that fits
    the HTTP status; Twilio's own number is in ``metadata["vendor_code"]``.

    Twilio has no idempotency key for messages: one whose answer got lost (codes ``timeout`` and
    ``connection_lost``) may have gone out, and trying again may send it twice.

    Args:
        opt_outs: where opt-outs are kept; in memory by default.
    """

    max_media: ClassVar[int | None] = 10
    opt_out_pool_key: ClassVar[str | None] = "messaging_service_sid"

    def __init__(
        self,
        config: TwilioConfig,
        *,
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        TwilioMessages.__init__(self, config, http_client=http_client, clock=clock)
        VendorSMSProvider.__init__(self, opt_outs)
        self._config = config

    @property
    def from_number(self) -> str | None:
        return self._config.from_number

    @property
    def supports_mms(self) -> bool:
        return self._config.supports_mms

    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        fields: dict[str, str | list[str]] = {"To": sms.to, **self._sender(sms.from_)}
        if sms.body:
            fields["Body"] = sms.body
        if sms.media_urls:
            fields["MediaUrl"] = list(sms.media_urls)
        return await self._post_message(fields)

    def _senders(self, sms: OutgoingSMS) -> Sequence[str | None]:
        return list(self._sender(sms.from_).values())

    def _sender(self, from_: str | None) -> dict[str, str]:
        if from_ is not None:
            return {"From": from_}
        configured = {
            "From": self._config.from_number,
            "MessagingServiceSid": self._config.messaging_service_sid,
        }
        return {name: value for name, value in configured.items() if value is not None}
