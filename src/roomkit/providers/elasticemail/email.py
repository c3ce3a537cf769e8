"""Mail through Elastic Email."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

from roomkit.errors import WebhookError
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import VendorFault, VendorRequest, VendorResponse
from roomkit.providers.base import WebhookRequest
from roomkit.providers.elasticemail.config import ElasticEmailConfig
from roomkit.providers.elasticemail.webhook import (
    VENDOR,
    parse_elasticemail_webhook,
    read_elasticemail_webhook,
)
from roomkit.providers.email.outgoing import Mailbox, OutgoingMail
from roomkit.providers.email.service import MailService

__all__ = ["ElasticEmailConfig", "ElasticEmailProvider", "parse_elasticemail_webhook"]

_QUERY_FIELD = "token"
# Elastic Email answers 400 whatever is wrong; these words of it say that it is the key.
_BAD_KEYS = ("apikey", "access denied")


class ElasticEmailProvider(MailService[ElasticEmailConfig]):
    """Sends through Elastic Email's API v4:
    https://elasticemail.com/developers/api-documentation/rest-api#operation/emailsTransactionalPost

    The ``provider_message_id`` is the ``MessageID`` of its answer, by which its events are
    matched; ``metadata["transaction_id"]`` is its ``TransactionID``. Besides what `MailSender`
    refuses, a refusal has one of the codes ``unauthorized``, ``rejected`` (the sender's domain is
    not verified, for instance), ``too_large``, ``rate_limited`` and ``unavailable``, or one that
    fits the HTTP status.
    """

    vendor: ClassVar[str] = VENDOR
    extra: ClassVar[str] = "elasticemail"
    webhook_methods: ClassVar[frozenset[str]] = frozenset({"GET", "POST"})

    async def _post(self, mail: OutgoingMail) -> ProviderResult:
        options = {
            "TrackOpens": self._config.track_opens,
            "TrackClicks": self._config.track_clicks,
        }
        request = VendorRequest(
            method="POST",
            url=f"{self._config.base_url}/emails/transactional",
            headers={
                "accept": "application/json",
                "x-elasticemail-apikey": self._config.api_key.get_secret_value(),
            },
            json={
                "Recipients": {"To": [mail.to]},
                "Content": _written(mail),
                "Options": {name: value for name, value in options.items() if value is not None},
            },
        )
        return await self._send(request, self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        told = answer.mapping()
        message_id = told.get("MessageID") or told.get("TransactionID")
        if not isinstance(message_id, str):
            raise self._not_taken(answer)
        transaction_id = told.get("TransactionID")
        known = {"transaction_id": transaction_id} if isinstance(transaction_id, str) else {}
        return ProviderResult(success=True, provider_message_id=message_id, metadata=known)

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        words = response.mapping().get("Error")
        if response.status != 400 or not isinstance(words, str):
            return None
        is_key = words.strip().lower().startswith(_BAD_KEYS)
        return VendorFault(code="unauthorized", retryable=False) if is_key else None

    @property
    def verifies_webhooks(self) -> bool:
        return self._config.webhook_token is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        """Whether the URL that was called holds the secret."""
        secret = self._config.webhook_token
        if secret is None:
            return False
        try:
            given = parse_qs(urlsplit(request.url).query).get(_QUERY_FIELD, [])
            expected = secret.get_secret_value().encode()
            return len(given) == 1 and hmac.compare_digest(given[0].encode(), expected)
        except ValueError:
            return False

    def decode_webhook(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The fields: events have them in the URL, mail has them in the body."""
        fields = dict(super().decode_webhook(request)) if request.body else {}
        try:
            query = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        except ValueError as error:
            raise WebhookError("the webhook's URL cannot be read") from error
        merged = {**query, **fields}
        merged.pop(_QUERY_FIELD, None)
        return merged

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return [
            read_elasticemail_webhook(
                payload, own_domain=self.message_id_domain, limits=self._config.inbound
            )
        ]


def _written(mail: OutgoingMail) -> dict[str, Any]:
    """The mail as Elastic Email's API takes it."""
    bodies = [("HTML", mail.html), ("PlainText", mail.text)]
    written: dict[str, Any] = {
        "From": _mailbox(mail.sender),
        "Subject": mail.subject,
        "Body": [
            {"ContentType": kind, "Content": body, "Charset": "utf-8"}
            for kind, body in bodies
            if body is not None
        ],
        "Headers": dict(mail.headers),
    }
    if mail.reply_to is not None:
        written["ReplyTo"] = mail.reply_to
    if mail.files:
        written["Attachments"] = [
            {
                "BinaryContent": base64.b64encode(file.content).decode(),
                "Name": file.name,
                "ContentType": file.mime_type,
            }
            for file in mail.files
        ]
    return written


def _mailbox(mailbox: Mailbox) -> str:
    name = mailbox.name.translate(_NOT_IN_A_NAME).strip()
    return f"{name} <{mailbox.address}>" if name else mailbox.address


_NOT_IN_A_NAME = str.maketrans(dict.fromkeys('<>"\\'))
