"""`WebhookHTTPProvider` posts every message to one URL as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.models.event import RoomEvent
from roomkit.providers._guard import Resolver
from roomkit.providers._http import HTTPVendor, VendorRequest, VendorResponse
from roomkit.providers.base import WebhookRequest
from roomkit.providers.http.base import HTTPProvider
from roomkit.providers.http.config import HTTPProviderConfig
from roomkit.providers.http.webhook import (
    SIGNATURE_HEADER,
    WebhookBody,
    read_http_webhook,
    sign_webhook,
    verify_http_signature,
)

if TYPE_CHECKING:
    import httpx


class WebhookHTTPProvider(HTTPVendor, HTTPProvider):
    """Posts events to another system and reads what it posts back.

    The body is a `roomkit.providers.http.webhook.WebhookBody`. ``Idempotency-Key`` holds the
    event's id, the same at every attempt. With a secret, ``X-RoomKit-Signature`` is
    ``t=<seconds>,v1=<hex>``, where the hex is the HMAC-SHA256 of ``<seconds>.<body>``. Any answer
    with a status of 2xx means that the message was taken; if it is JSON, its ``id`` or
    ``message_id`` is kept. Redirects are not followed.

    Args:
        resolve: how the URL's host is looked up; None asks the system. Not used with
            ``allow_private_hosts``.
    """

    vendor: ClassVar[str] = "http"

    def __init__(
        self,
        config: HTTPProviderConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resolve: Resolver | None = None,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
            # A proxy would be asked for the pinned address and decide by itself whether to go
            # there.
            trust_env=config.allow_private_hosts,
        )
        self._config = config
        self._resolve = resolve

    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        try:
            body = WebhookBody.of(event, to).model_dump_json().encode()
        except ValueError:
            return ProviderResult(
                success=False,
                error="http: the event cannot be written as JSON",
                error_code="bad_request",
            )
        # In lower case, so that ours replace a configured header however that is spelled.
        headers = {
            name.lower(): value.get_secret_value() for name, value in self._config.headers.items()
        }
        headers["content-type"] = "application/json"
        headers["idempotency-key"] = quote(event.id, safe="!#$&'()*+,/:;=?@[]~")
        if self._config.secret is not None:
            headers[SIGNATURE_HEADER.lower()] = sign_webhook(
                self._config.secret.get_secret_value(), body, self._clock.now()
            )
        request = VendorRequest(method="POST", url=self._config.url, headers=headers, content=body)
        return await self._send(request, lambda answer: _accepted(answer, event))

    async def _aim(self, request: VendorRequest) -> VendorRequest:
        """Replace the host by its address, after looking at that."""
        if self._config.allow_private_hosts:
            return request
        return await self._pinned(request, self._resolve)

    @property
    def verifies_webhooks(self) -> bool:
        return self._config.secret is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        signature = request.headers.get(SIGNATURE_HEADER.lower())
        return self._config.secret is not None and self.verify_signature(request.body, signature)

    def verify_signature(self, payload: bytes | str, signature: str | None) -> bool:
        """Whether a body was signed with the configured secret within five minutes of now.

        Raises:
            ValueError: no secret is configured.
        """
        if self._config.secret is None:
            raise ValueError("HTTPProviderConfig(secret=...) is needed to verify signatures")
        secret = self._config.secret.get_secret_value()
        return verify_http_signature(secret, payload, signature, self._clock)

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return [read_http_webhook(payload)]


def _accepted(answer: VendorResponse, event: RoomEvent) -> ProviderResult:
    told = answer.mapping()
    message_id = told.get("id") or told.get("message_id")
    return ProviderResult(
        success=True,
        provider_message_id=message_id if isinstance(message_id, str) else event.id,
        metadata={"status_code": answer.status},
    )
