"""A SendGrid account."""

from __future__ import annotations

from pydantic import Field

from roomkit.providers.email.service import MailServiceConfig


class SendGridConfig(MailServiceConfig):
    """A SendGrid account, and who mail comes from.

    Attributes:
        api_key: begins with ``SG.``; needs the permission "Mail Send".
        from_email: an address of a sender or domain that the account has verified.
        webhook_public_key: the verification key of the signed event webhook, as SendGrid shows it.
        parse_public_key: the key of the security policy of the Inbound Parse webhook.
        webhook_tolerance: how many seconds a signature's time may be from ours.
        base_url: ``https://api.eu.sendgrid.com`` for subusers of the EU region.
    """

    webhook_public_key: str | None = None
    parse_public_key: str | None = None
    webhook_tolerance: float = Field(default=300.0, gt=0)
    base_url: str = "https://api.sendgrid.com"
