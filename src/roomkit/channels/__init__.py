"""Channels: how the world outside takes part in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.channels.ai import AIChannel as AIChannel
    from roomkit.channels.base import Channel as Channel
    from roomkit.channels.cli import CLIChannel as CLIChannel
    from roomkit.channels.factories import EmailChannel as EmailChannel
    from roomkit.channels.factories import HTTPChannel as HTTPChannel
    from roomkit.channels.factories import MessengerChannel as MessengerChannel
    from roomkit.channels.factories import RCSChannel as RCSChannel
    from roomkit.channels.factories import SMSChannel as SMSChannel
    from roomkit.channels.factories import TeamsChannel as TeamsChannel
    from roomkit.channels.factories import TelegramChannel as TelegramChannel
    from roomkit.channels.factories import WhatsAppChannel as WhatsAppChannel
    from roomkit.channels.factories import WhatsAppPersonalChannel as WhatsAppPersonalChannel
    from roomkit.channels.transport import TransportChannel as TransportChannel
    from roomkit.channels.websocket import WebSocketChannel as WebSocketChannel

_FACTORIES = (
    "EmailChannel",
    "HTTPChannel",
    "MessengerChannel",
    "RCSChannel",
    "SMSChannel",
    "TeamsChannel",
    "TelegramChannel",
    "WhatsAppChannel",
    "WhatsAppPersonalChannel",
)

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AIChannel": "roomkit.channels.ai",
            "CLIChannel": "roomkit.channels.cli",
            "Channel": "roomkit.channels.base",
            "TransportChannel": "roomkit.channels.transport",
            "WebSocketChannel": "roomkit.channels.websocket",
            **dict.fromkeys(_FACTORIES, "roomkit.channels.factories"),
        },
    )
