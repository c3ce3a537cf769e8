"""The table of what each channel can carry, made from the channels themselves.

``python -m tests.docs.channel_matrix`` writes it into its page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from roomkit.channels.ai import AIChannel
from roomkit.channels.base import Channel
from roomkit.channels.cli import CLIChannel
from roomkit.channels.factories import (
    EmailChannel,
    HTTPChannel,
    MessengerChannel,
    RCSChannel,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
)
from roomkit.channels.websocket import WebSocketChannel
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.enums import ChannelMediaType
from roomkit.providers.ai.mock import MockAIProvider
from tests.architecture.source import ROOT

PAGE = ROOT / "docs" / "channels" / "index.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"

CHANNELS: list[tuple[str, Channel]] = [
    ("`WebSocketChannel`", WebSocketChannel("x")),
    ("`CLIChannel`", CLIChannel("x")),
    ("`SMSChannel`", SMSChannel("x")),
    ("`RCSChannel`", RCSChannel("x")),
    ("`WhatsAppChannel`", WhatsAppChannel("x")),
    ("`WhatsAppPersonalChannel`", WhatsAppPersonalChannel("x")),
    ("`MessengerChannel`", MessengerChannel("x")),
    ("`TelegramChannel`", TelegramChannel("x")),
    ("`TeamsChannel`", TeamsChannel("x")),
    ("`EmailChannel`", EmailChannel("x")),
    ("`HTTPChannel`", HTTPChannel("x")),
    ("`AIChannel`", AIChannel("x", MockAIProvider())),
    ("`AIChannel`, with a model that sees", AIChannel("x", MockAIProvider(vision=True))),
]


def _carries(kind: ChannelMediaType) -> Callable[[ChannelCapabilities], str]:
    return lambda capabilities: _tick(kind in capabilities.media_types)


def _tick(has_it: bool) -> str:
    return "✓" if has_it else ""


def _buttons(capabilities: ChannelCapabilities) -> str:
    if not capabilities.supports_buttons:
        return ""
    return "✓" if capabilities.max_buttons is None else f"up to {capabilities.max_buttons}"


def _length(capabilities: ChannelCapabilities) -> str:
    if capabilities.max_length is None:
        return ""
    return f"{capabilities.max_length:,}, {capabilities.overflow}"


COLUMNS: list[tuple[str, Callable[[ChannelCapabilities], str]]] = [
    ("Rich text", _carries(ChannelMediaType.RICH)),
    ("Files", _carries(ChannelMediaType.MEDIA)),
    ("Location", _carries(ChannelMediaType.LOCATION)),
    ("Templates", _carries(ChannelMediaType.TEMPLATE)),
    ("Buttons", _buttons),
    ("Cards", lambda one: _tick(one.supports_cards)),
    ("Quick replies", lambda one: _tick(one.supports_quick_replies)),
    ("Threads", lambda one: _tick(one.supports_threading)),
    ("Reactions", lambda one: _tick(one.supports_reactions)),
    ("Read receipts", lambda one: _tick(one.supports_read_receipts)),
    ("Typing", lambda one: _tick(one.supports_typing)),
    ("Edit, delete", lambda one: _tick(one.supports_edit and one.supports_delete)),
    ("Length", _length),
]


def table() -> str:
    """The matrix in Markdown."""
    rows = [["Channel", *(title for title, _ in COLUMNS)]]
    rows.append(["---"] * len(rows[0]))
    for name, channel in CHANNELS:
        capabilities = channel.capabilities()
        rows.append([name, *(cell(capabilities) for _, cell in COLUMNS)])
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
