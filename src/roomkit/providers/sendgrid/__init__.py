"""SendGrid: mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.sendgrid.config import SendGridConfig
    from roomkit.providers.sendgrid.email import SendGridEmailProvider
    from roomkit.providers.sendgrid.signature import SendGridVerifier, verify_sendgrid_signature
    from roomkit.providers.sendgrid.webhook import parse_sendgrid_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "SendGridConfig": "roomkit.providers.sendgrid.config",
            "SendGridEmailProvider": "roomkit.providers.sendgrid.email",
            "SendGridVerifier": "roomkit.providers.sendgrid.signature",
            "parse_sendgrid_webhook": "roomkit.providers.sendgrid.webhook",
            "verify_sendgrid_signature": "roomkit.providers.sendgrid.signature",
        },
    )

__all__ = [
    "SendGridConfig",
    "SendGridEmailProvider",
    "SendGridVerifier",
    "parse_sendgrid_webhook",
    "verify_sendgrid_signature",
]
