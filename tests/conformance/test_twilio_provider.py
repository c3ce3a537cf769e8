"""Twilio is a transport provider like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import Reply, ScriptedServer

TAKEN = Reply.of_json({"sid": "SM1", "status": "queued"}, status=201)
REFUSED = Reply.of_json({"code": 21211, "message": "no", "status": 400}, status=400)


class TestTwilioSMS(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with ScriptedServer(default=TAKEN) as server:
            clock = VirtualClock()
            config = TwilioConfig(
                account_sid="AC1",
                auth_token="s3cret",
                from_number="+15550000000",
                base_url=server.url,
            )
            provider = TwilioSMSProvider(config, clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "+15551234567"),
                server=server,
                clock=clock,
                secrets=["s3cret"],
                refusal=REFUSED,
            )
            await provider.close()
