"""The locks of one process keep the contract."""

from __future__ import annotations

import pytest

from roomkit.core.locks import InMemoryLockManager, RoomLockManager
from roomkit.testing import LockManagerContract


class TestInMemoryLocks(LockManagerContract):
    patience = 0

    @pytest.fixture(params=[1024, 1])
    def lock_manager(self, request: pytest.FixtureRequest) -> RoomLockManager:
        return InMemoryLockManager(max_locks=request.param)
