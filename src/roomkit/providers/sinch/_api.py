"""Sinch's SMS API: how it is asked, what it answers, and its webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import HTTPVendor, VendorFault, VendorRequest, VendorResponse
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.providers.sinch.config import SinchConfig
from roomkit.providers.sinch.signature import verify_sinch_headers, verify_sinch_signature
from roomkit.providers.sinch.webhook import VENDOR, read_sinch_webhook

if TYPE_CHECKING:
    import httpx

_LONGEST_CODE = 64


class SinchMessages(HTTPVendor, TransportProvider):
    """Base of Sinch's provider; comes after the interface that it implements."""

    vendor: ClassVar[str] = VENDOR

    def __init__(
        self,
        config: SinchConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._config = config
        plan = quote(config.service_plan_id, safe="")
        self._batches_url = f"{config.api_url}/xms/v1/{plan}/batches"

    async def _post_batch(self, batch: Mapping[str, Any]) -> ProviderResult:
        """Create a batch: https://developers.sinch.com/docs/sms/api-reference/sms/batches"""
        token = self._config.api_token.get_secret_value()
        request = VendorRequest(
            method="POST",
            url=self._batches_url,
            headers={"accept": "application/json", "authorization": f"Bearer {token}"},
            json=batch,
        )
        return await self._send(request, self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        batch_id = answer.mapping().get("id")
        if not isinstance(batch_id, str) or not batch_id:
            raise self._not_taken(answer)
        return ProviderResult(success=True, provider_message_id=batch_id)

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        code = response.mapping().get("code")
        if not isinstance(code, str) or len(code) > _LONGEST_CODE:
            return None
        # A word such as `syntax_invalid_parameter_format`; anything else could quote the message.
        plain = code.replace("_", "")
        return VendorFault(vendor_code=code) if plain.isascii() and plain.isalnum() else None

    @property
    def verifies_webhooks(self) -> bool:
        return self._config.webhook_secret is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        secret = self._config.webhook_secret
        return secret is not None and verify_sinch_headers(
            secret.get_secret_value(), request.body, request.headers, self._clock
        )

    def verify_signature(
        self,
        payload: bytes | str,
        signature: str | None,
        timestamp: str | None = None,
        nonce: str | None = None,
    ) -> bool:
        """Whether Sinch signed a webhook; see `verify_sinch_signature` for the two schemes.

        Args:
            payload: the raw body.
            signature: the value of ``x-sinch-webhook-signature``, or of ``X-Sinch-Signature`` in
                the older scheme.
            timestamp: the value of ``x-sinch-webhook-signature-timestamp``.
            nonce: the value of ``x-sinch-webhook-signature-nonce``.

        Raises:
            ValueError: there is no ``webhook_secret`` in the configuration.
        """
        secret = self._config.webhook_secret
        if secret is None:
            raise ValueError("SinchConfig needs webhook_secret to verify signatures")
        return verify_sinch_signature(
            secret.get_secret_value(),
            payload,
            signature,
            nonce=nonce,
            timestamp=timestamp,
            clock=self._clock,
        )

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return read_sinch_webhook(payload)
