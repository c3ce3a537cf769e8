"""The default router keeps the contract for routers."""

from __future__ import annotations

import pytest

from roomkit import DefaultInboundRoomRouter
from roomkit.testing.routers import InboundRouterContract, Routing
from roomkit.testing.stores import YieldingStore


class TestDefaultRouter(InboundRouterContract):
    @pytest.fixture(params=["memory", "yielding"])
    def routing(self, request: pytest.FixtureRequest) -> Routing:
        if request.param == "memory":
            return Routing(make=DefaultInboundRoomRouter)
        return Routing(make=DefaultInboundRoomRouter, store=YieldingStore())
