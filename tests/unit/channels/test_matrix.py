"""Every row of the feature matrix: what each channel can carry, and whom it sends to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from roomkit import (
    Channel,
    EmailChannel,
    HTTPChannel,
    MessengerChannel,
    RCSChannel,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    TransportChannel,
    WebSocketChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
)
from roomkit.channels.ai import AIChannel
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.enums import (
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    DeliveryMode,
)
from roomkit.providers.ai.mock import MockAIProvider

MEDIA_TYPES = {"text", "rich", "audio", "media", "location", "template"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A channel as the matrix describes it: words for what it has, nothing for what it has not."""

    channel: Channel
    channel_type: ChannelType
    media_types: str
    features: str = ""
    max_length: int | None = None
    max_buttons: int | None = None
    overflow: str = "truncate"
    recipient_key: str | None = None


ROWS = [
    Row(
        channel=WebSocketChannel("websocket"),
        channel_type=ChannelType.WEBSOCKET,
        media_types="text rich media",
        features="reactions read_receipts typing edit delete",
    ),
    Row(
        channel=SMSChannel("sms"),
        channel_type=ChannelType.SMS,
        media_types="text media",
        features="read_receipts",
        max_length=1600,
        overflow="split",
        recipient_key="phone_number",
    ),
    Row(
        channel=RCSChannel("rcs"),
        channel_type=ChannelType.RCS,
        media_types="text rich media location template",
        features="buttons cards quick_replies reactions read_receipts",
        max_length=3000,
        recipient_key="phone_number",
    ),
    Row(
        channel=EmailChannel("email"),
        channel_type=ChannelType.EMAIL,
        media_types="text rich media",
        features="threading",
        recipient_key="email_address",
    ),
    Row(
        channel=MessengerChannel("messenger"),
        channel_type=ChannelType.MESSENGER,
        media_types="text rich media template",
        features="buttons cards quick_replies read_receipts",
        max_length=2000,
        max_buttons=3,
        overflow="split",
        recipient_key="facebook_user_id",
    ),
    Row(
        channel=TeamsChannel("teams"),
        channel_type=ChannelType.TEAMS,
        media_types="text rich",
        features="threading reactions read_receipts",
        max_length=28_000,
        recipient_key="teams_conversation_id",
    ),
    Row(
        channel=WhatsAppChannel("whatsapp"),
        channel_type=ChannelType.WHATSAPP,
        media_types="text rich media location template",
        features="buttons quick_replies reactions read_receipts typing",
        max_length=4096,
        max_buttons=3,
        overflow="split",
        recipient_key="phone_number",
    ),
    Row(
        channel=WhatsAppPersonalChannel("whatsapp-personal"),
        channel_type=ChannelType.WHATSAPP_PERSONAL,
        media_types="text rich media location",
        features="reactions read_receipts typing",
        max_length=4096,
        overflow="split",
        recipient_key="phone_number",
    ),
    Row(
        channel=TelegramChannel("telegram"),
        channel_type=ChannelType.TELEGRAM,
        media_types="text rich media location",
        features="buttons quick_replies reactions typing edit delete",
        max_length=4096,
        overflow="split",
        recipient_key="telegram_chat_id",
    ),
    Row(
        channel=HTTPChannel("http"),
        channel_type=ChannelType.WEBHOOK,
        media_types="text rich",
        recipient_key="recipient_id",
    ),
    Row(
        channel=AIChannel("ai", MockAIProvider()),
        channel_type=ChannelType.AI,
        media_types="text rich",
        features="edit delete",
    ),
    Row(
        channel=AIChannel("seeing-ai", MockAIProvider(vision=True)),
        channel_type=ChannelType.AI,
        media_types="text rich media",
        features="edit delete",
    ),
]
FEATURES = [
    "threading",
    "reactions",
    "read_receipts",
    "typing",
    "buttons",
    "cards",
    "quick_replies",
    "edit",
    "delete",
]
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.channel.channel_id for row in ROWS])


@every_row
def test_kind_of_channel(row: Row) -> None:
    intelligence = row.channel_type is ChannelType.AI
    assert row.channel.channel_type is row.channel_type
    assert row.channel.direction is ChannelDirection.BIDIRECTIONAL
    assert row.channel.category is (
        ChannelCategory.INTELLIGENCE if intelligence else ChannelCategory.TRANSPORT
    )
    assert row.channel.recipient_key == row.recipient_key


@every_row
def test_contents_it_carries(row: Row) -> None:
    capabilities = row.channel.capabilities()
    carried = set(row.media_types.split())
    assert set(capabilities.media_types) == carried
    assert capabilities.supports_rich_text == ("rich" in carried)
    assert capabilities.supports_media == ("media" in carried)
    assert capabilities.supports_templates == ("template" in carried)
    assert not capabilities.supports_audio
    assert not capabilities.supports_video


@every_row
def test_features_it_has(row: Row) -> None:
    capabilities = row.channel.capabilities()
    found = {name for name in FEATURES if getattr(capabilities, f"supports_{name}")}
    assert found == set(row.features.split())


@every_row
def test_limits_it_has(row: Row) -> None:
    capabilities = row.channel.capabilities()
    assert capabilities.max_length == row.max_length
    assert capabilities.max_buttons == row.max_buttons
    assert capabilities.overflow == row.overflow
    assert capabilities.delivery_mode is DeliveryMode.BROADCAST


@every_row
def test_nobody_can_change_it_for_others(row: Row) -> None:
    with pytest.raises(TypeError, match="read-only"):
        row.channel.capabilities().media_types.append(ChannelMediaType.VIDEO)


@pytest.mark.parametrize(
    "factory",
    [
        SMSChannel,
        RCSChannel,
        EmailChannel,
        WhatsAppChannel,
        WhatsAppPersonalChannel,
        MessengerChannel,
        TelegramChannel,
        TeamsChannel,
        HTTPChannel,
        WebSocketChannel,
    ],
    ids=lambda factory: factory.__name__,
)
def test_an_account_with_other_limits_says_so(factory: Callable[..., Channel]) -> None:
    capabilities = ChannelCapabilities(media_types=[ChannelMediaType.TEXT], max_length=160)
    assert factory("other", capabilities=capabilities).capabilities() == capabilities


def test_the_messaging_channels_are_one_class() -> None:
    others = (WebSocketChannel, AIChannel)
    messaging = [row.channel for row in ROWS if not isinstance(row.channel, others)]
    assert len(messaging) == 9
    assert all(type(channel) is TransportChannel for channel in messaging)
