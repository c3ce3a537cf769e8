"""What text messages and RCS have in common at Telnyx: REST API, error codes, webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import HTTPVendor, VendorFault, VendorRequest, VendorResponse
from roomkit.providers._webhook_items import mapping, mappings, text
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.providers.telnyx.config import TelnyxAccount
from roomkit.providers.telnyx.signature import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    TelnyxVerifier,
)
from roomkit.providers.telnyx.webhook import VENDOR, read_telnyx_webhook

if TYPE_CHECKING:
    import httpx

_BAD_RECIPIENT = VendorFault(code="invalid_recipient", retryable=False)
_BAD_SENDER = VendorFault(code="invalid_sender", retryable=False)
_BAD_MEDIA = VendorFault(code="invalid_media", retryable=False)
_BUSY = VendorFault(code="rate_limited", retryable=True)

# https://developers.telnyx.com/docs/messaging/messages/error-codes; what is not listed is judged
# by its HTTP status.
_FAULTS: Mapping[str, VendorFault] = {
    "10002": _BAD_RECIPIENT,
    "10009": VendorFault(code="unauthorized", retryable=False),
    "10010": VendorFault(code="forbidden", retryable=False),
    "10011": _BUSY,
    "10016": _BAD_RECIPIENT,
    "40001": _BAD_RECIPIENT,
    "40011": _BUSY,
    "40300": VendorFault(code="opted_out", retryable=False),
    "40302": VendorFault(code="too_long", retryable=False),
    "40305": _BAD_SENDER,
    "40306": _BAD_SENDER,
    "40307": _BAD_SENDER,
    "40308": _BAD_SENDER,
    "40309": _BAD_RECIPIENT,
    "40310": _BAD_RECIPIENT,
    "40317": _BAD_MEDIA,
    "40318": _BUSY,
}


class TelnyxMessages(HTTPVendor, TransportProvider):
    """Base of Telnyx's providers; comes before the interface that they implement.

    Args:
        public_key: the account's public key in base64. Without it webhooks cannot be verified.
    """

    vendor: ClassVar[str] = VENDOR

    def __init__(
        self,
        account: TelnyxAccount,
        public_key: str | None = None,
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
        self._verifier = None if public_key is None else TelnyxVerifier(public_key, clock)

    def _api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> VendorRequest:
        return VendorRequest(
            method=method,
            url=f"{self._account.base_url}/v2/{path}",
            headers={
                "accept": "application/json",
                "authorization": f"Bearer {self._account.api_key.get_secret_value()}",
            },
            json=body,
        )

    async def _post_message(self, path: str, body: Mapping[str, Any]) -> ProviderResult:
        account = self._account
        settings = {
            "messaging_profile_id": account.messaging_profile_id,
            "webhook_url": account.webhook_url,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return await self._send(self._api("POST", path, {**body, **given}), self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        message = mapping(answer.mapping().get("data"))
        message_id = message.get("id")
        if not isinstance(message_id, str) or not message_id:
            raise self._not_taken(answer)
        recipients = mappings(message.get("to"))
        facts = {
            "type": text(message.get("type")),
            "status": text(recipients[0].get("status")) if recipients else "",
        }
        return ProviderResult(
            success=True,
            provider_message_id=message_id,
            metadata={key: value for key, value in facts.items() if value},
        )

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        for error in mappings(response.mapping().get("errors")):
            number = text(error.get("code"))
            if number.isascii() and number.isdigit() and len(number) <= 10:
                return replace(_FAULTS.get(number, VendorFault()), vendor_code=number)
        return None

    @property
    def verifies_webhooks(self) -> bool:
        return self._verifier is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        headers = request.headers
        return self._verifier is not None and self._verifier.verify(
            request.body, headers.get(SIGNATURE_HEADER), headers.get(TIMESTAMP_HEADER)
        )

    def verify_signature(
        self, payload: bytes | str, signature: str | None, timestamp: str | None
    ) -> bool:
        """Whether Telnyx signed a webhook within five minutes of now.

        Args:
            payload: the raw body.
            signature: the value of ``Telnyx-Signature-Ed25519``.
            timestamp: the value of ``Telnyx-Timestamp``.

        Raises:
            ValueError: the provider was made without a public key.
        """
        if self._verifier is None:
            raise ValueError(f"{type(self).__name__} needs public_key to verify signatures")
        return self._verifier.verify(payload, signature, timestamp)

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return read_telnyx_webhook(payload)
