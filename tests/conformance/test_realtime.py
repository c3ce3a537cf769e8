"""The realtime backend of one process keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit.realtime.base import RealtimeBackend
from roomkit.realtime.memory import InMemoryRealtime
from roomkit.testing import RealtimeBackendContract


class TestInMemoryRealtime(RealtimeBackendContract):
    patience = 0

    @pytest.fixture
    async def realtime(self) -> AsyncIterator[RealtimeBackend]:
        backend = InMemoryRealtime()
        yield backend
        await backend.close()
