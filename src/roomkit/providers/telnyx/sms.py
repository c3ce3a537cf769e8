"""Text and picture messages through Telnyx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.sms.vendor import OutgoingSMS, VendorSMSProvider
from roomkit.providers.telnyx._api import TelnyxMessages
from roomkit.providers.telnyx.config import TelnyxConfig
from roomkit.providers.telnyx.webhook import parse_telnyx_webhook

if TYPE_CHECKING:
    import httpx

__all__ = ["TelnyxConfig", "TelnyxSMSProvider", "parse_telnyx_webhook"]


class TelnyxSMSProvider(VendorSMSProvider, TelnyxMessages):
    """Sends through Telnyx's API: https://developers.telnyx.com/api-reference/messages

    Files go out as MMS by their URLs, which Telnyx must be able to fetch. A refusal has one of the
    codes ``opted_out``, ``invalid_recipient``, ``invalid_sender``, ``invalid_media``,
    ``too_long``, ``unauthorized``, ``forbidden``, ``rate_limited``, ``rejected``, or one that fits
    the HTTP status; Telnyx's own number is in ``metadata["vendor_code"]``.

    A message whose answer got lost (codes ``timeout`` and ``connection_lost``) may have gone out,
    and trying again may send it twice.

    Args:
        public_key: the account's public key, to verify webhooks with.
        opt_outs: where opt-outs are kept; in memory by default.
    """

    max_media: ClassVar[int | None] = 10
    opt_out_pool_key: ClassVar[str | None] = "messaging_profile_id"

    def __init__(
        self,
        config: TelnyxConfig,
        public_key: str | None = None,
        *,
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        TelnyxMessages.__init__(self, config, public_key, http_client=http_client, clock=clock)
        VendorSMSProvider.__init__(self, opt_outs)
        self._config = config

    @property
    def from_number(self) -> str | None:
        return self._config.from_number

    @property
    def supports_mms(self) -> bool:
        return self._config.supports_mms

    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        body: dict[str, Any] = {"from": sms.from_ or self._config.from_number, "to": sms.to}
        if sms.body:
            body["text"] = sms.body
        if sms.media_urls:
            body["media_urls"] = list(sms.media_urls)
        return await self._post_message("messages", body)

    def _senders(self, sms: OutgoingSMS) -> Sequence[str | None]:
        return [sms.from_ or self._config.from_number, self._config.messaging_profile_id]
