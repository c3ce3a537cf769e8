"""Every channel of the library keeps the contract for channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from roomkit import (
    Agent,
    AIChannel,
    Channel,
    ChannelBinding,
    CLIChannel,
    EmailChannel,
    HTTPChannel,
    MessengerChannel,
    MockEmailProvider,
    MockHTTPProvider,
    MockMessengerProvider,
    MockRCSProvider,
    MockSMSProvider,
    MockTeamsProvider,
    MockTelegramProvider,
    MockWhatsAppProvider,
    ProviderError,
    RCSChannel,
    RoomEvent,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    WebSocketChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
)
from roomkit.channels.base import text_of
from roomkit.errors import DeliveryError
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.actors import RecordingChannel
from roomkit.testing.channels import ChannelContract, Seats

MESSAGING: dict[str, tuple[Callable[..., Channel], Callable[[], Any], str]] = {
    "sms": (SMSChannel, MockSMSProvider, "phone_number"),
    "rcs": (RCSChannel, MockRCSProvider, "phone_number"),
    "whatsapp": (WhatsAppChannel, MockWhatsAppProvider, "phone_number"),
    "whatsapp-personal": (WhatsAppPersonalChannel, MockWhatsAppProvider, "phone_number"),
    "email": (EmailChannel, MockEmailProvider, "email_address"),
    "messenger": (MessengerChannel, MockMessengerProvider, "facebook_user_id"),
    "telegram": (TelegramChannel, MockTelegramProvider, "telegram_chat_id"),
    "teams": (TeamsChannel, MockTeamsProvider, "teams_conversation_id"),
    "http": (HTTPChannel, MockHTTPProvider, "recipient_id"),
}


class TestMessaging(ChannelContract):
    @pytest.fixture(params=MESSAGING)
    def seats(self, request: pytest.FixtureRequest) -> Seats:
        make, make_provider, key = MESSAGING[request.param]
        provider = make_provider()

        def shown(binding: ChannelBinding) -> list[str]:
            return [sent.body for sent in provider.sent if sent.to == binding.recipient]

        return Seats(
            channel=make("channel", provider=provider),
            metadata=({key: "+15551111111"}, {key: "+15552222222"}),
            sender="+15551111111",
            shown=shown,
            fail=lambda: provider.results.append(ProviderError("busy", code="busy")),
            recover=lambda: None,
        )


class TestWebSocket(ChannelContract):
    @pytest.fixture
    def seats(self) -> Seats:
        channel = WebSocketChannel("web")
        pages: dict[str, list[RoomEvent]] = {}

        def connect() -> None:
            for room_id in ("room-1", "room-2"):

                async def receive(event: RoomEvent) -> None:
                    pages.setdefault(event.room_id, []).append(event)

                channel.register_connection(room_id, receive, room_id=room_id)

        async def refuse(event: RoomEvent) -> None:
            raise ConnectionResetError

        connect()
        return Seats(
            channel=channel,
            shown=lambda binding: [text_of(e.content) for e in pages.get(binding.room_id, [])],
            fail=lambda: channel.register_connection("room-1", refuse, room_id="room-1"),
            recover=connect,
        )


class TestCLI(ChannelContract):
    @pytest.fixture
    async def seats(self) -> AsyncIterator[Seats]:
        async def silence() -> AsyncIterator[str]:
            await asyncio.Event().wait()
            yield ""

        yield Seats(channel=CLIChannel("cli", lines=silence(), write=lambda _: None))


class TestRecording(ChannelContract):
    @pytest.fixture
    def seats(self) -> Seats:
        channel = RecordingChannel("recording")
        failure = DeliveryError("as planned", code="planned")

        def shown(binding: ChannelBinding) -> list[str]:
            return [text_of(e.content) for e in channel.received if e.room_id == binding.room_id]

        return Seats(
            channel=channel,
            shown=shown,
            fail=lambda: channel.results.append(failure),
            recover=lambda: None,
        )


class TestAI(ChannelContract):
    @pytest.fixture(params=[AIChannel, Agent])
    def seats(self, request: pytest.FixtureRequest) -> Seats:
        return Seats(channel=request.param("ai", MockAIProvider(["Indeed."])))


class TestStreamingAI(ChannelContract):
    @pytest.fixture
    def seats(self) -> Seats:
        return Seats(channel=AIChannel("ai", MockAIProvider(["Well, yes."], streaming=True)))
