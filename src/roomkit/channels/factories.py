"""The messaging channels, as data: what each can carry and where its recipient's address is kept.

The limits are those of the vendors' current documentation as the feature matrix states them; an
account or a country with others is described by ``capabilities=``.
"""

from __future__ import annotations

from typing import Any

from roomkit.channels.transport import TransportChannel
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.enums import ChannelMediaType, ChannelType
from roomkit.providers.email.thread import email_thread
from roomkit.providers.sms.opt_out import mark_opt_out

_TEXT = ChannelMediaType.TEXT
_RICH = ChannelMediaType.RICH
_MEDIA = ChannelMediaType.MEDIA
_LOCATION = ChannelMediaType.LOCATION
_TEMPLATE = ChannelMediaType.TEMPLATE

SMS_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _MEDIA],
    max_length=1600,
    overflow="split",
    supports_media=True,
    supports_read_receipts=True,
)
RCS_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA, _LOCATION, _TEMPLATE],
    max_length=3000,
    supports_rich_text=True,
    supports_media=True,
    supports_templates=True,
    supports_buttons=True,
    supports_cards=True,
    supports_quick_replies=True,
    supports_reactions=True,
    supports_read_receipts=True,
)
EMAIL_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA],
    supports_rich_text=True,
    supports_media=True,
    supports_threading=True,
)
MESSENGER_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA, _TEMPLATE],
    max_length=2000,
    overflow="split",
    supports_rich_text=True,
    supports_media=True,
    supports_templates=True,
    supports_buttons=True,
    max_buttons=3,
    supports_quick_replies=True,
    supports_cards=True,
    supports_read_receipts=True,
)
WHATSAPP_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA, _LOCATION, _TEMPLATE],
    max_length=4096,
    overflow="split",
    supports_rich_text=True,
    supports_media=True,
    supports_templates=True,
    supports_buttons=True,
    max_buttons=3,
    supports_quick_replies=True,
    supports_reactions=True,
    supports_read_receipts=True,
    supports_typing=True,
)
WHATSAPP_PERSONAL_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA, _LOCATION],
    max_length=4096,
    overflow="split",
    supports_rich_text=True,
    supports_media=True,
    supports_reactions=True,
    supports_read_receipts=True,
    supports_typing=True,
)
TELEGRAM_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH, _MEDIA, _LOCATION],
    max_length=4096,
    overflow="split",
    supports_rich_text=True,
    supports_media=True,
    supports_buttons=True,
    supports_quick_replies=True,
    supports_reactions=True,
    supports_typing=True,
    supports_edit=True,
    supports_delete=True,
)
TEAMS_CAPABILITIES = ChannelCapabilities(
    media_types=[_TEXT, _RICH],
    max_length=28_000,
    supports_rich_text=True,
    supports_threading=True,
    supports_reactions=True,
    supports_read_receipts=True,
)
HTTP_CAPABILITIES = ChannelCapabilities(media_types=[_TEXT, _RICH], supports_rich_text=True)


def SMSChannel(  # noqa: N802 - these are used as classes are
    channel_id: str,
    *,
    provider: Any = None,
    from_number: str | None = None,
    capabilities: ChannelCapabilities | None = None,
) -> TransportChannel:
    """Text messages, with pictures where the provider offers MMS. Recipient: ``phone_number``.

    A message such as STOP or START is marked as one that wants no answer, whichever way it came.
    """
    return TransportChannel(
        channel_id,
        ChannelType.SMS,
        provider=provider,
        capabilities=capabilities or SMS_CAPABILITIES,
        recipient_key="phone_number",
        defaults={"from_": from_number},
        recognise=mark_opt_out,
    )


def RCSChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """Rich messages on the telephone. Recipient: ``phone_number``."""
    return TransportChannel(
        channel_id,
        ChannelType.RCS,
        provider=provider,
        capabilities=capabilities or RCS_CAPABILITIES,
        recipient_key="phone_number",
        recognise=mark_opt_out,
    )


def EmailChannel(  # noqa: N802
    channel_id: str,
    *,
    provider: Any = None,
    from_email: str | None = None,
    capabilities: ChannelCapabilities | None = None,
) -> TransportChannel:
    """E-mail. Recipient: ``email_address``; ``subject`` comes from the binding too.

    A mail goes into the thread of the mail that it answers, see `email_thread`.
    """
    return TransportChannel(
        channel_id,
        ChannelType.EMAIL,
        provider=provider,
        capabilities=capabilities or EMAIL_CAPABILITIES,
        recipient_key="email_address",
        defaults={
            "from_": from_email,
            "subject": None,
            "in_reply_to": None,
            "references": None,
            "thread_id": None,
        },
        options=email_thread,
    )


def MessengerChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """Facebook Messenger. Recipient: ``facebook_user_id``."""
    return TransportChannel(
        channel_id,
        ChannelType.MESSENGER,
        provider=provider,
        capabilities=capabilities or MESSENGER_CAPABILITIES,
        recipient_key="facebook_user_id",
    )


def WhatsAppChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """WhatsApp Business. Recipient: ``phone_number``."""
    return TransportChannel(
        channel_id,
        ChannelType.WHATSAPP,
        provider=provider,
        capabilities=capabilities or WHATSAPP_CAPABILITIES,
        recipient_key="phone_number",
    )


def WhatsAppPersonalChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """WhatsApp from a personal account. Recipient: ``phone_number``."""
    return TransportChannel(
        channel_id,
        ChannelType.WHATSAPP_PERSONAL,
        provider=provider,
        capabilities=capabilities or WHATSAPP_PERSONAL_CAPABILITIES,
        recipient_key="phone_number",
    )


def TelegramChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """Telegram, through a bot. Recipient: ``telegram_chat_id``."""
    return TransportChannel(
        channel_id,
        ChannelType.TELEGRAM,
        provider=provider,
        capabilities=capabilities or TELEGRAM_CAPABILITIES,
        recipient_key="telegram_chat_id",
    )


def TeamsChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """Microsoft Teams, through a bot. Recipient: ``teams_conversation_id``."""
    return TransportChannel(
        channel_id,
        ChannelType.TEAMS,
        provider=provider,
        capabilities=capabilities or TEAMS_CAPABILITIES,
        recipient_key="teams_conversation_id",
    )


def HTTPChannel(  # noqa: N802
    channel_id: str, *, provider: Any = None, capabilities: ChannelCapabilities | None = None
) -> TransportChannel:
    """Any system with a webhook. Recipient: ``recipient_id``."""
    return TransportChannel(
        channel_id,
        ChannelType.WEBHOOK,
        provider=provider,
        capabilities=capabilities or HTTP_CAPABILITIES,
        recipient_key="recipient_id",
    )
