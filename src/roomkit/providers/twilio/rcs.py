"""RCS messages through Twilio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.content import TemplateContent
from roomkit.models.delivery import InboundMessage, RCSResult
from roomkit.providers.rcs.vendor import OutgoingRCS, VendorRCSProvider, rcs_result
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.twilio._api import TwilioMessages
from roomkit.providers.twilio.config import TwilioRCSConfig
from roomkit.providers.twilio.webhook import RCS_PREFIX, parse_twilio_webhook

if TYPE_CHECKING:
    import httpx

__all__ = ["TwilioRCSConfig", "TwilioRCSProvider", "parse_twilio_rcs_webhook"]


class TwilioRCSProvider(VendorRCSProvider, TwilioMessages):
    """Sends through a messaging service that has an RCS sender:
    https://www.twilio.com/docs/rcs/send-an-rcs-message

    Twilio decides by itself whether the phone can receive RCS, and sends an SMS or MMS from the
    service's pool if not. It does so after it has taken the message, so that a result rarely
    knows: the report that follows has the sender's number as ``sender`` if it became an SMS, and
    the RCS sender's name otherwise. With ``fallback=False`` such a message fails with the code
    ``rcs_unavailable``.

    Cards and buttons exist at Twilio only inside of templates: send `TemplateContent` with the
    template's ``HX…`` id. Those of `RichContent` go out as lines of text. Codes and cautions are
    those of `TwilioSMSProvider`.

    Args:
        opt_outs: where opt-outs are kept; in memory by default.
    """

    sends_templates: ClassVar[bool] = True
    opt_out_pool_key: ClassVar[str | None] = "messaging_service_sid"

    def __init__(
        self,
        config: TwilioRCSConfig,
        *,
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        TwilioMessages.__init__(self, config, http_client=http_client, clock=clock)
        VendorRCSProvider.__init__(self, opt_outs)
        self._config = config

    async def _submit(self, rcs: OutgoingRCS) -> RCSResult:
        fields: dict[str, str | list[str]] = {
            # The prefix says: by RCS or not at all.
            "To": rcs.to if rcs.fallback else RCS_PREFIX + rcs.to,
            "MessagingServiceSid": self._config.messaging_service_sid,
            **_content_fields(rcs),
        }
        if rcs.fallback and self._config.fallback_from is not None:
            fields["FallbackFrom"] = self._config.fallback_from
        result = await self._post_message(fields)
        sender = result.metadata.get("from", "")
        return rcs_result(result, fallback=bool(sender) and not sender.startswith(RCS_PREFIX))

    def _senders(self) -> Sequence[str | None]:
        return [self._config.messaging_service_sid, self._config.fallback_from]


def _content_fields(rcs: OutgoingRCS) -> dict[str, str | list[str]]:
    match rcs.content:
        case TemplateContent(template_id=template_id, parameters=parameters):
            fields: dict[str, str | list[str]] = {"ContentSid": template_id}
            if parameters:
                fields["ContentVariables"] = json.dumps(parameters)
            return fields
    fields = {"Body": rcs.plain} if rcs.plain else {}
    if rcs.files:
        fields["MediaUrl"] = [file.url for file in rcs.files]
    return fields


def parse_twilio_rcs_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook of an RCS sender; None if there is none in it.

    Like `parse_twilio_webhook`, which reads these too. A place that was shared is a
    `LocationContent`; a button that was tapped is a text, whose ``metadata["postback_data"]`` is
    what the template calls the button's id.
    """
    return parse_twilio_webhook(payload, channel_id)
