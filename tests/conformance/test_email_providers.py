"""SendGrid and Elastic Email are transport providers like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit.providers.elasticemail import ElasticEmailConfig, ElasticEmailProvider
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import Reply, ScriptedServer


class TestSendGrid(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        taken = Reply(status=202, headers={"x-message-id": "14c5d75ce93"})
        async with ScriptedServer(default=taken) as server:
            clock = VirtualClock()
            config = SendGridConfig(
                api_key="SG.s3cret", from_email="desk@example.com", base_url=server.url
            )
            provider = SendGridEmailProvider(config, clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "ada@example.com"),
                server=server,
                clock=clock,
                secrets=["SG.s3cret"],
                refusal=Reply.of_json({"errors": [{"message": "no", "field": "to"}]}, status=400),
            )
            await provider.close()


class TestElasticEmail(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        taken = Reply.of_json({"TransactionID": "t-1", "MessageID": "m-1"})
        async with ScriptedServer(default=taken) as server:
            clock = VirtualClock()
            config = ElasticEmailConfig(
                api_key="s3cret",
                webhook_token="t0ken",
                from_email="desk@example.com",
                base_url=server.url,
            )
            provider = ElasticEmailProvider(config, clock=clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "ada@example.com"),
                server=server,
                clock=clock,
                secrets=["s3cret", "t0ken"],
                refusal=Reply.of_json({"Error": "no"}, status=400),
            )
            await provider.close()
