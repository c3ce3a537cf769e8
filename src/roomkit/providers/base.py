"""What every transport provider has in common: sending, and reading its vendor's webhooks."""

from __future__ import annotations

import json
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from roomkit.errors import WebhookError
from roomkit.models.delivery import WebhookMeta


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRequest:
    """An HTTP request from a vendor, as it arrived.

    Attributes:
        url: the public URL that the vendor called (behind a proxy: not the one the process sees),
            including the query.
        headers: header names in lower case.
        body: the raw bytes; signatures are computed over these.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookReply:
    """What a vendor wants to hear once its webhook was taken; the default is a plain 200."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None


class TransportProvider(ABC):  # noqa: B024 - the kinds below it add the abstract `send`
    """A vendor's account: sends messages and understands the vendor's webhooks.

    One object serves all rooms and may be called concurrently. Subclasses of the ABC for their
    kind (`SMSProvider`, `EmailProvider` …) implement ``send``.
    """

    webhook_reply: ClassVar[WebhookReply] = WebhookReply()
    """What to answer to a webhook that was taken."""

    @property
    def name(self) -> str:
        """The vendor's name in lower case, stamped on events and statuses."""
        return type(self).__name__.removesuffix("Provider").lower()

    @property
    def verifies_webhooks(self) -> bool:
        """Whether `verify_webhook` can tell the vendor's requests from others.

        Not if it is the default, nor if what it takes, such as a secret, is not configured.
        """
        return type(self).verify_webhook is not TransportProvider.verify_webhook

    def verify_webhook(self, request: WebhookRequest) -> bool:
        """Whether the request really comes from the vendor. False on any doubt; never raises.

        The default is False: a provider that cannot check does not vouch.
        """
        return False

    def decode_webhook(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The payload of a webhook, from JSON or an HTML form.

        Raises:
            WebhookError: the body is neither, or not an object.
        """
        try:
            text = request.body.decode()
            if request.content_type == "application/x-www-form-urlencoded":
                return dict(parse_qsl(text, keep_blank_values=True))
            payload = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WebhookError(f"the body is not valid: {type(error).__name__}") from error
        if not isinstance(payload, dict):
            raise WebhookError("the body is not a JSON object")
        return payload

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        """What a payload says, in normal form: messages and status reports, bad items left out.

        Raises:
            WebhookError: the payload as a whole is not one of the vendor's, or the vendor has
                none.
        """
        raise WebhookError(f"{self.name} has no webhooks that could be parsed")

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections. A provider closes only what it opened itself."""
