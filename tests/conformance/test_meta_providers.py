"""WhatsApp and Messenger through Meta's Graph API are transport providers like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppConfig
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import Reply, ScriptedServer

TOKEN, APP_SECRET, VERIFY_TOKEN = "EAAtok3n", "app-s3cret", "verify-m3"
REFUSED = Reply.of_json(
    {"error": {"message": f"no {TOKEN}", "type": "OAuthException", "code": 100}}, status=400
)


class MetaContract(TransportProviderContract):
    """The contract, with a provider that a subclass makes."""

    taken: Reply
    to: str

    def provider(self, url: str, clock: VirtualClock) -> Any:
        raise NotImplementedError

    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with ScriptedServer(default=self.taken) as server:
            clock = VirtualClock()
            provider = self.provider(server.url, clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, self.to),
                server=server,
                clock=clock,
                secrets=[TOKEN, APP_SECRET, VERIFY_TOKEN],
                refusal=REFUSED,
            )
            await provider.close()


class TestWhatsAppCloud(MetaContract):
    taken = Reply.of_json({"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]})
    to = "+15551234567"

    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = WhatsAppConfig(
            access_token=TOKEN,
            phone_number_id="106540352242922",
            app_secret=APP_SECRET,
            verify_token=VERIFY_TOKEN,
            base_url=url,
        )
        return WhatsAppCloudProvider(config, clock=clock)


class TestMessenger(MetaContract):
    taken = Reply.of_json({"recipient_id": "1254477777772919", "message_id": "m_1"})
    to = "1254477777772919"

    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = MessengerConfig(
            page_access_token=TOKEN,
            app_secret=APP_SECRET,
            verify_token=VERIFY_TOKEN,
            app_secret_proof=True,
            base_url=url,
        )
        return FacebookMessengerProvider(config, clock=clock)
