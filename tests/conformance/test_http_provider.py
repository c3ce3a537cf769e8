"""The generic webhook is a transport provider like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import ScriptedServer


class TestWebhookHTTP(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with ScriptedServer() as server:
            clock = VirtualClock()
            config = HTTPProviderConfig(
                url=f"{server.url}/hook?token=t0ken",
                headers={"X-Api-Key": "s3cret"},
                secret="k3y",
                allow_private_hosts=True,
            )
            provider = WebhookHTTPProvider(config, clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "customer-7"),
                server=server,
                clock=clock,
                secrets=["t0ken", "s3cret", "k3y"],
                reads_answers=False,
            )
            await provider.close()
