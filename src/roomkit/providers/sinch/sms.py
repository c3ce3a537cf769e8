"""Text and picture messages through Sinch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult
from roomkit.providers.sinch._api import SinchMessages
from roomkit.providers.sinch.config import SinchConfig
from roomkit.providers.sinch.webhook import parse_sinch_webhook
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.sms.vendor import OutgoingSMS, VendorSMSProvider

if TYPE_CHECKING:
    import httpx

__all__ = ["SinchConfig", "SinchSMSProvider", "parse_sinch_webhook"]


class SinchSMSProvider(VendorSMSProvider, SinchMessages):
    """Sends through Sinch's SMS API: https://developers.sinch.com/docs/sms/api-reference/sms/batches

    A message is a batch of one, and the batch's id the message's. An MMS takes one file; the
    others go out as links in its text. Sinch must be able to fetch the file. A refusal has one of
    the codes ``rejected``, ``unauthorized``, ``forbidden``, ``rate_limited`` or one that fits the
    HTTP status; Sinch's own word is in ``metadata["vendor_code"]``.

    A message whose answer got lost (codes ``timeout`` and ``connection_lost``) may have gone out,
    and trying again may send it twice.

    Args:
        opt_outs: where opt-outs are kept; in memory by default.
    """

    def __init__(
        self,
        config: SinchConfig,
        *,
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        SinchMessages.__init__(self, config, http_client=http_client, clock=clock)
        VendorSMSProvider.__init__(self, opt_outs)

    @property
    def from_number(self) -> str | None:
        return self._config.from_number

    @property
    def supports_mms(self) -> bool:
        return self._config.supports_mms

    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        config = self._config
        batch: dict[str, Any] = {
            "from": sms.from_ or config.from_number,
            "to": [sms.to],
            "client_reference": sms.event_id,
            "delivery_report": config.delivery_report,
            **_body(sms),
        }
        if config.callback_url is not None:
            batch["callback_url"] = config.callback_url
        return await self._post_batch(batch)


def _body(sms: OutgoingSMS) -> dict[str, Any]:
    if not sms.media_urls:
        return {"type": "mt_text", "body": sms.body}
    file, *others = sms.media_urls
    words = "\n".join(filter(None, [sms.body, *others]))
    return {"type": "mt_media", "body": {"url": file, **({"message": words} if words else {})}}
