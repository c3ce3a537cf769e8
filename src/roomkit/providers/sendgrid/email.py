"""Mail through SendGrid."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import WebhookError
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import VendorRequest, VendorResponse
from roomkit.providers.base import WebhookRequest
from roomkit.providers.email.outgoing import OutgoingMail
from roomkit.providers.email.service import MailService
from roomkit.providers.sendgrid._form import read_form
from roomkit.providers.sendgrid.config import SendGridConfig
from roomkit.providers.sendgrid.signature import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    SendGridVerifier,
)
from roomkit.providers.sendgrid.webhook import (
    EVENTS,
    VENDOR,
    parse_sendgrid_webhook,
    read_sendgrid_webhook,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["SendGridConfig", "SendGridEmailProvider", "parse_sendgrid_webhook"]


class SendGridEmailProvider(MailService[SendGridConfig]):
    """Sends through SendGrid's API v3: https://www.twilio.com/docs/sendgrid/api-reference/mail-send

    The ``provider_message_id`` is SendGrid's own (``X-Message-Id``), by which its events are
    matched. Besides what `MailSender` refuses, a refusal has one of the codes ``rejected`` (the
    sender is not verified, for instance), ``unauthorized``, ``forbidden``, ``too_large``,
    ``rate_limited`` and ``unavailable``, or one that fits the HTTP status. SendGrid's words are
    not passed on, since they quote addresses.
    """

    vendor: ClassVar[str] = VENDOR
    extra: ClassVar[str] = "sendgrid"

    def __init__(
        self,
        config: SendGridConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(config, http_client=http_client, clock=clock)
        keys = [key for key in (config.webhook_public_key, config.parse_public_key) if key]
        self._verifier = (
            SendGridVerifier(keys, tolerance=config.webhook_tolerance) if keys else None
        )

    async def _post(self, mail: OutgoingMail) -> ProviderResult:
        request = VendorRequest(
            method="POST",
            url=f"{self._config.base_url}/v3/mail/send",
            headers={
                "accept": "application/json",
                "authorization": f"Bearer {self._config.api_key.get_secret_value()}",
            },
            json=_written(mail),
        )
        return await self._send(request, self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        message_id = answer.headers.get("x-message-id", "").strip()
        if not message_id:
            raise self._not_taken(answer)
        return ProviderResult(success=True, provider_message_id=message_id)

    @property
    def verifies_webhooks(self) -> bool:
        return self._verifier is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        return self.verifies_webhooks and self.verify_signature(
            request.body,
            request.headers.get(SIGNATURE_HEADER.lower()),
            request.headers.get(TIMESTAMP_HEADER.lower()),
        )

    def verify_signature(
        self, payload: bytes | str, signature: str | None, timestamp: str | None
    ) -> bool:
        """Whether SendGrid made a request, by either of the configured keys; see
        `SendGridVerifier`.

        Raises:
            ValueError: no key is configured.
        """
        if self._verifier is None:
            raise ValueError("SendGridConfig(webhook_public_key=...) is needed to verify webhooks")
        return self._verifier.verify(payload, signature, timestamp, self._clock.now())

    def decode_webhook(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The fields of a form with a mail in it, or the events under ``events``."""
        if request.content_type == "multipart/form-data":
            return read_form(request.body, request.headers.get("content-type", ""))
        if request.content_type == "application/x-www-form-urlencoded":
            return super().decode_webhook(request)
        try:
            events = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise WebhookError(f"the body is not valid: {type(error).__name__}") from error
        return {EVENTS: events}

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return read_sendgrid_webhook(
            payload, own_domain=self.message_id_domain, limits=self._config.inbound
        )


def _written(mail: OutgoingMail) -> dict[str, Any]:
    """The mail as SendGrid's API takes it."""
    bodies = [("text/plain", mail.text), ("text/html", mail.html)]
    written: dict[str, Any] = {
        "personalizations": [{"to": [{"email": mail.to}]}],
        "from": {"email": mail.sender.address},
        "subject": mail.subject,
        # A body must not be empty, plain text comes first.
        "content": [{"type": kind, "value": body} for kind, body in bodies if body] or [_NO_WORDS],
        "headers": dict(mail.headers),
    }
    if mail.sender.name:
        written["from"]["name"] = mail.sender.name
    if mail.reply_to is not None:
        written["reply_to"] = {"email": mail.reply_to}
    if mail.files:
        written["attachments"] = [
            {
                "content": base64.b64encode(file.content).decode(),
                "type": file.mime_type,
                "filename": file.name,
                "disposition": "attachment",
            }
            for file in mail.files
        ]
    return written


_NO_WORDS = {"type": "text/plain", "value": " "}
