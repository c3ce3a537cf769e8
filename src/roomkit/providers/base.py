"""What every transport provider has in common: sending, and reading its vendor's webhooks."""

from __future__ import annotations

import json
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from roomkit.errors import WebhookError
from roomkit.models.delivery import InboundMessage, WebhookMeta


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRequest:
    """An HTTP request from a vendor, as it arrived.

    Attributes:
        url: the public URL that the vendor called (behind a proxy: not the one the process sees),
            including the query.
        headers: header names in lower case.
        body: the raw bytes; signatures are computed over these.
        method: in upper case.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str = "POST"
    _form: list[tuple[str, str]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @property
    def form(self) -> list[tuple[str, str]]:
        """The names and values in the body, if that is an HTML form, in order.

        Decoded once, for who checks a signature over them and who reads them.

        Raises:
            ValueError: the body is not text.
        """
        if self._form is None:
            pairs = parse_qsl(self.body.decode(), keep_blank_values=True)
            object.__setattr__(self, "_form", pairs)  # frozen for everybody else
            return pairs
        return self._form

    @property
    def is_form(self) -> bool:
        """Whether the body is said to be an HTML form without files."""
        return self.content_type == "application/x-www-form-urlencoded"

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookReply:
    """What a vendor wants to hear; the default is a plain 200."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None


class TransportProvider(ABC):  # noqa: B024 - the kinds below it add the abstract `send`
    """A vendor's account: sends messages and understands the vendor's webhooks.

    One object serves all rooms and may be called concurrently. Subclasses of the ABC for their
    kind (`SMSProvider`, `EmailProvider` …) implement ``send``.

    A webhook passes these in order, of which a vendor overrides those in which it differs:
    `answer_challenge` instead of all others, for a GET that only asks whether the address is
    right; `authenticate_webhook` (or `verify_webhook`, which needs nothing but the request);
    `decode_webhook` and `parse_webhook`; `on_webhook`, before what was parsed goes on its way into
    the rooms; and `webhook_reply` in the end. `note_inbound` hears of every message that comes in.
    """

    webhook_methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    """The HTTP methods that webhooks come with. A GET is a challenge unless it is named here."""

    webhook_reply: ClassVar[WebhookReply] = WebhookReply()
    """What to answer to a webhook that was taken."""

    refused_webhook_status: ClassVar[int] = 400
    """What to answer to a genuine webhook with nothing in it that could be taken, now or later.

    200 for vendors that send again whatever is not answered with that, hold back what comes after
    it, or give up on the address.
    """

    @property
    def name(self) -> str:
        """The vendor's name in lower case, stamped on events and statuses."""
        return type(self).__name__.removesuffix("Provider").lower()

    @property
    def verifies_webhooks(self) -> bool:
        """Whether `authenticate_webhook` can tell the vendor's requests from others.

        Not if nothing was overridden, nor if what a check takes, such as a secret, is not
        configured.
        """
        kind, base = type(self), TransportProvider
        return (
            kind.verify_webhook is not base.verify_webhook
            or kind.authenticate_webhook is not base.authenticate_webhook
        )

    def verify_webhook(self, request: WebhookRequest) -> bool:
        """Whether the request really comes from the vendor. False on any doubt; never raises.

        The default is False: a provider that cannot check does not vouch.
        """
        return False

    async def authenticate_webhook(self, request: WebhookRequest) -> bool:
        """The same, for vendors whose keys have to be fetched first. False on any doubt.

        This is what decides about a webhook that comes in. The default is `verify_webhook`.
        """
        return self.verify_webhook(request)

    def answer_challenge(self, request: WebhookRequest) -> WebhookReply:
        """The answer to a GET with which the vendor makes sure of the address. Never raises.

        The default is a 405: the vendor never asks.
        """
        return WebhookReply(status=405)

    def decode_webhook(self, request: WebhookRequest) -> Mapping[str, Any]:
        """The payload of a webhook, from JSON or an HTML form.

        Raises:
            WebhookError: the body is neither, or not an object.
        """
        try:
            if request.is_form:
                return dict(request.form)
            payload = json.loads(request.body.decode())
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

    async def on_webhook(self, payload: Mapping[str, Any]) -> None:  # noqa: B027 - optional
        """Do what a genuine webhook asks for besides the messages and reports in it.

        Called once for each that comes in (again, if the vendor sends it again), before what is in
        it is processed: to remember where answers go, for instance. What it raises is logged.

        Args:
            payload: as `decode_webhook` gave it.
        """

    async def note_inbound(self, message: InboundMessage) -> None:  # noqa: B027 - optional
        """Learn from a message that comes in what later sends depend on: an opt-out, for instance.

        A channel calls it before the message becomes an event, also for those that did not pass
        `parse_webhook`; for one message it may be called more than once, and be cancelled. What it
        raises is logged. It must not wait for what may take long.
        """

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections. A provider closes only what it opened itself."""
