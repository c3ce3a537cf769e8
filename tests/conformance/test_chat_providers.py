"""Telegram and Microsoft Teams are transport providers like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import Reply, ScriptedServer


class TestTelegram(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        message = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1}
        taken = Reply.of_json({"ok": True, "result": message})
        refused = {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
        async with ScriptedServer(default=taken) as server:
            clock = VirtualClock()
            config = TelegramConfig(
                bot_token="123:AAs3cret", secret_token="t0ken", base_url=server.url
            )
            provider = TelegramBotProvider(config, clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "42"),
                server=server,
                clock=clock,
                secrets=["123:AAs3cret", "AAs3cret", "t0ken"],
                refusal=Reply.of_json(refused, status=400),
            )
            await provider.close()


class TestTeams(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        signed_in = Reply.of_json({"access_token": "t0ken", "expires_in": 86399})
        async with (
            ScriptedServer(default=Reply.of_json({"id": "1485983408511"}, status=201)) as server,
            ScriptedServer(default=signed_in) as login,
        ):
            clock = VirtualClock()
            config = TeamsConfig(
                app_id="app",
                app_password="s3cret",
                service_url=server.url,
                allowed_service_urls=[server.url],
                login_url=login.url,
            )
            provider = BotFrameworkTeamsProvider(config, clock=clock)
            refused = {"error": {"code": "BadSyntax", "message": "no"}}
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "a:1"),
                server=server,
                clock=clock,
                secrets=["s3cret", "t0ken"],
                refusal=Reply.of_json(refused, status=400),
                reads_answers=False,
            )
            await provider.close()
