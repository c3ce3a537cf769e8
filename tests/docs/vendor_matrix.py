"""The table of what each vendor's provider does, made from the classes themselves.

``python -m tests.docs.vendor_matrix`` writes it into its page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from roomkit.providers.base import TransportProvider
from roomkit.providers.elasticemail import ElasticEmailProvider
from roomkit.providers.email.base import EmailProvider
from roomkit.providers.http import WebhookHTTPProvider
from roomkit.providers.http.base import HTTPProvider
from roomkit.providers.messenger import FacebookMessengerProvider
from roomkit.providers.messenger.base import MessengerProvider
from roomkit.providers.rcs.base import RCSProvider
from roomkit.providers.sendgrid import SendGridEmailProvider
from roomkit.providers.sinch import SinchSMSProvider
from roomkit.providers.sms.base import SMSProvider
from roomkit.providers.smtp import SMTPEmailProvider
from roomkit.providers.teams import BotFrameworkTeamsProvider
from roomkit.providers.teams.base import TeamsProvider
from roomkit.providers.telegram import TelegramBotProvider
from roomkit.providers.telegram.base import TelegramProvider
from roomkit.providers.telnyx import TelnyxRCSProvider, TelnyxSMSProvider
from roomkit.providers.twilio import TwilioSMSProvider
from roomkit.providers.twilio.rcs import TwilioRCSProvider
from roomkit.providers.voicemeup import VoiceMeUpSMSProvider
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppPersonalProvider
from roomkit.providers.whatsapp.base import WhatsAppProvider
from tests.architecture.source import ROOT

PAGE = ROOT / "docs" / "channels" / "index.md"
BEGIN, END = "<!-- vendors: begin -->", "<!-- vendors: end -->"

type Kind = type[TransportProvider]

VENDORS: list[Kind] = [
    TwilioSMSProvider,
    TelnyxSMSProvider,
    SinchSMSProvider,
    VoiceMeUpSMSProvider,
    TwilioRCSProvider,
    TelnyxRCSProvider,
    SMTPEmailProvider,
    SendGridEmailProvider,
    ElasticEmailProvider,
    WhatsAppCloudProvider,
    WhatsAppPersonalProvider,
    FacebookMessengerProvider,
    TelegramBotProvider,
    BotFrameworkTeamsProvider,
    WebhookHTTPProvider,
]
KINDS: dict[str, Kind] = {
    "SMS": SMSProvider,
    "RCS": RCSProvider,
    "e-mail": EmailProvider,
    "WhatsApp": WhatsAppProvider,
    "Messenger": MessengerProvider,
    "Telegram": TelegramProvider,
    "Teams": TeamsProvider,
    "HTTP": HTTPProvider,
}


def _kind(vendor: Kind) -> str:
    return next(name for name, kind in KINDS.items() if issubclass(vendor, kind))


def _overrides(*methods: str) -> Callable[[Kind], str]:
    def cell(vendor: Kind) -> str:
        base = TransportProvider
        return _tick(any(getattr(vendor, name) is not getattr(base, name) for name in methods))

    return cell


def _has(*methods: str) -> Callable[[Kind], str]:
    """Whether it has one of the methods, other than as a default of its kind."""

    def cell(vendor: Kind) -> str:
        default = KINDS[_kind(vendor)]
        return _tick(
            any(
                getattr(vendor, name, None) is not getattr(default, name, None) for name in methods
            )
        )

    return cell


def _tick(has_it: bool) -> str:
    return "✓" if has_it else ""


COLUMNS: list[tuple[str, Callable[[Kind], str]]] = [
    ("Channel", _kind),
    ("Webhooks", _overrides("parse_webhook")),
    ("verified", _overrides("verify_webhook", "authenticate_webhook")),
    ("Asks a phone first", _has("check_capability")),
    ("Typing", _has("send_typing")),
    ("Marks as read", _has("mark_read", "mark_seen")),
    ("Reactions", _has("send_reaction")),
    ("Downloads files", _has("fetch_media", "fetch_file")),
]


def table() -> str:
    """The matrix in Markdown."""
    rows = [["Provider", *(title for title, _ in COLUMNS)]]
    rows.append(["---"] * len(rows[0]))
    for vendor in VENDORS:
        rows.append([f"`{vendor.__name__}`", *(cell(vendor) for _, cell in COLUMNS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def shown() -> str | None:
    """The matrix as the page has it."""
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(f"{BEGIN}\n\n(.*?)\n{END}", page, re.DOTALL)
    return found[1] if found else None


def write() -> None:
    """Put the matrix into the page, in place of the one there."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
