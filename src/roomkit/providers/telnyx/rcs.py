"""RCS messages through Telnyx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import RCSResult
from roomkit.providers._webhook_items import mapping
from roomkit.providers.rcs.vendor import OutgoingRCS, VendorRCSProvider, rcs_result
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.telnyx._api import TelnyxMessages
from roomkit.providers.telnyx._rcs_message import content_message
from roomkit.providers.telnyx.config import TelnyxRCSConfig
from roomkit.providers.telnyx.webhook import parse_telnyx_rcs_webhook

if TYPE_CHECKING:
    import httpx

__all__ = ["TelnyxRCSConfig", "TelnyxRCSProvider", "parse_telnyx_rcs_webhook"]


class TelnyxRCSProvider(VendorRCSProvider, TelnyxMessages):
    """Sends through an RCS agent: https://developers.telnyx.com/api-reference/rcs/send-an-rcs-message

    Cards, buttons and quick replies become rich cards and suggestions; what a message has no room
    for becomes text. Where fallback is allowed, the message carries a plain version along, which
    Telnyx sends as SMS or MMS if the phone cannot receive RCS. Telnyx may decide so only later:
    the report's ``raw["data"]["payload"]["type"]`` then is ``SMS`` or ``MMS``. Codes and cautions
    are those of `TelnyxSMSProvider`.

    Args:
        public_key: the account's public key, to verify webhooks with.
        opt_outs: where opt-outs are kept; in memory by default.
    """

    opt_out_pool_key: ClassVar[str | None] = "messaging_profile_id"

    def __init__(
        self,
        config: TelnyxRCSConfig,
        public_key: str | None = None,
        *,
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        TelnyxMessages.__init__(self, config, public_key, http_client=http_client, clock=clock)
        VendorRCSProvider.__init__(self, opt_outs)
        self._config = config

    async def check_capability(self, to: str) -> bool:
        """Whether a number can receive RCS messages of this agent.

        https://developers.telnyx.com/api-reference/rcs/check-rcs-capabilities

        Raises:
            ProviderError: Telnyx could not be asked.
        """
        agent, number = quote(self._config.agent_id, safe=""), quote(canonical_phone(to), safe="")
        path = f"messaging/rcs/capabilities/{agent}/{number}"
        answer = await self._request(self._api("GET", path))
        features = mapping(answer.mapping().get("data")).get("features")
        return isinstance(features, list) and bool(features)

    async def _submit(self, rcs: OutgoingRCS) -> RCSResult:
        body: dict[str, Any] = {
            "agent_id": self._config.agent_id,
            "to": rcs.to,
            "type": "RCS",
            "agent_message": {"content_message": content_message(rcs)},
        }
        if rcs.fallback:
            body |= self._fallback(rcs)
        result = await self._post_message("messages/rcs", body)
        return rcs_result(result, fallback=result.metadata.get("type") in ("SMS", "MMS"))

    def _fallback(self, rcs: OutgoingRCS) -> dict[str, Any]:
        number = self._config.fallback_number
        plain: dict[str, Any] = {"text": rcs.plain} if rcs.plain else {}
        if number is not None:
            plain["from"] = number
        if not rcs.files:
            return {"sms_fallback": plain}
        return {"mms_fallback": {**plain, "media_urls": [file.url for file in rcs.files]}}

    def _senders(self) -> Sequence[str | None]:
        config = self._config
        return [config.agent_id, config.messaging_profile_id, config.fallback_number]
