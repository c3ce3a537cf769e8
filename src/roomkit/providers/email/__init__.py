"""E-mail: the interface to vendors, its mock, and reading mail as it travels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.email.base import EmailProvider
    from roomkit.providers.email.config import EmailConfig
    from roomkit.providers.email.html_text import html_to_text
    from roomkit.providers.email.inbound import open_email, parse_email, read_email
    from roomkit.providers.email.mock import MockEmailProvider
    from roomkit.providers.email.received import InboundLimits, ReceivedEmail, ReceivedFile
    from roomkit.providers.email.reply import trim_reply
    from roomkit.providers.email.sending import MailSender
    from roomkit.providers.email.thread import email_thread
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "EmailConfig": "roomkit.providers.email.config",
            "EmailProvider": "roomkit.providers.email.base",
            "InboundLimits": "roomkit.providers.email.received",
            "MailSender": "roomkit.providers.email.sending",
            "MockEmailProvider": "roomkit.providers.email.mock",
            "ReceivedEmail": "roomkit.providers.email.received",
            "ReceivedFile": "roomkit.providers.email.received",
            "email_thread": "roomkit.providers.email.thread",
            "html_to_text": "roomkit.providers.email.html_text",
            "open_email": "roomkit.providers.email.inbound",
            "parse_email": "roomkit.providers.email.inbound",
            "read_email": "roomkit.providers.email.inbound",
            "trim_reply": "roomkit.providers.email.reply",
        },
    )

__all__ = [
    "EmailConfig",
    "EmailProvider",
    "InboundLimits",
    "MailSender",
    "MockEmailProvider",
    "ReceivedEmail",
    "ReceivedFile",
    "email_thread",
    "html_to_text",
    "open_email",
    "parse_email",
    "read_email",
    "trim_reply",
]
