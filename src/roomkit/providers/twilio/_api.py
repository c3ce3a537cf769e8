"""What text messages and RCS have in common at Twilio: REST API, error codes, webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import WebhookError
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import HTTPVendor, VendorFault, VendorRequest, VendorResponse
from roomkit.providers.base import TransportProvider, WebhookReply, WebhookRequest
from roomkit.providers.twilio.config import TwilioAccount
from roomkit.providers.twilio.signature import (
    SIGNATURE_HEADER,
    verify_twilio_request,
    verify_twilio_signature,
)
from roomkit.providers.twilio.webhook import VENDOR, read_twilio_webhook

if TYPE_CHECKING:
    import httpx

_BAD_RECIPIENT = VendorFault(code="invalid_recipient", retryable=False)
_BAD_SENDER = VendorFault(code="invalid_sender", retryable=False)
_BAD_MESSAGE = VendorFault(code="rejected", retryable=False)
_BUSY = VendorFault(code="rate_limited", retryable=True)

# https://www.twilio.com/docs/api/errors; what is not listed is judged by its HTTP status.
_FAULTS: Mapping[str, VendorFault] = {
    "14107": _BUSY,
    "20003": VendorFault(code="unauthorized", retryable=False),
    "20005": VendorFault(code="unauthorized", retryable=False),
    "20429": _BUSY,
    "21211": _BAD_RECIPIENT,
    "21212": _BAD_SENDER,
    "21265": _BAD_RECIPIENT,
    "21408": VendorFault(code="forbidden", retryable=False),
    "21602": _BAD_MESSAGE,
    "21603": _BAD_SENDER,
    "21604": _BAD_RECIPIENT,
    "21606": _BAD_SENDER,
    "21608": _BAD_RECIPIENT,
    "21610": VendorFault(code="opted_out", retryable=False),
    "21611": _BUSY,
    "21612": _BAD_RECIPIENT,
    "21614": _BAD_RECIPIENT,
    "21617": VendorFault(code="too_long", retryable=False),
    "21620": VendorFault(code="invalid_media", retryable=False),
    "21623": VendorFault(code="invalid_media", retryable=False),
    "30001": _BUSY,
    "63036": VendorFault(code="rcs_unavailable", retryable=False),
    "63038": _BUSY,
}


class TwilioMessages(HTTPVendor, TransportProvider):
    """Base of Twilio's providers; comes before the interface that they implement."""

    vendor: ClassVar[str] = VENDOR
    extra: ClassVar[str] = "twilio"
    # TwiML without a verb: nothing to say in return. Reports are happy with it too.
    webhook_reply: ClassVar[WebhookReply] = WebhookReply(
        body=b"<Response/>", content_type="application/xml"
    )

    def __init__(
        self,
        account: TwilioAccount,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=account.timeout,
            max_concurrency=account.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._account = account
        sid = quote(account.account_sid, safe="")
        self._messages_url = f"{account.base_url}/2010-04-01/Accounts/{sid}/Messages.json"

    async def _post_message(self, fields: Mapping[str, str | Sequence[str]]) -> ProviderResult:
        """Create a message: https://www.twilio.com/docs/messaging/api/message-resource"""
        callback = self._account.status_callback_url
        request = VendorRequest(
            method="POST",
            url=self._messages_url,
            headers={"accept": "application/json"},
            form=fields if callback is None else {**fields, "StatusCallback": callback},
            auth=(self._account.account_sid, self._account.auth_token.get_secret_value()),
        )
        return await self._send(request, self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        message = answer.mapping()
        sid = message.get("sid")
        if not isinstance(sid, str) or not sid:
            raise self._not_taken(answer)
        told = ("status", "num_segments", "messaging_service_sid", "from")
        facts = {key: message.get(key) for key in told}
        return ProviderResult(
            success=True,
            provider_message_id=sid,
            metadata={key: value for key, value in facts.items() if isinstance(value, str)},
        )

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        code = response.mapping().get("code")
        if isinstance(code, bool) or not isinstance(code, int | str):
            return None
        number = str(code)[:10]
        if not (number.isascii() and number.isdigit()):
            return None
        return replace(_FAULTS.get(number, VendorFault()), vendor_code=number)

    def verify_webhook(self, request: WebhookRequest) -> bool:
        signature = request.headers.get(SIGNATURE_HEADER.lower())
        token = self._account.auth_token.get_secret_value()
        return verify_twilio_request(token, request, signature)

    def verify_signature(
        self, payload: bytes | str | Mapping[str, Any], signature: str | None, url: str
    ) -> bool:
        """Whether Twilio made a request; see `verify_twilio_signature`.

        Args:
            payload: the raw body, or the form's fields.
            signature: the value of ``X-Twilio-Signature``.
            url: the URL as Twilio called it, which behind a proxy is not the one the process sees.
        """
        token = self._account.auth_token.get_secret_value()
        return verify_twilio_signature(token, payload, signature, url)

    def decode_webhook(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The form's fields. A webhook that is set to GET has them in the URL."""
        if request.body:
            return super().decode_webhook(request)
        try:
            return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        except ValueError as error:
            raise WebhookError("the webhook's URL cannot be read") from error

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return [read_twilio_webhook(payload)]
