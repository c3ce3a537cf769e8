"""A `TeamsProvider` for tests and trials."""

from __future__ import annotations

from collections.abc import Sequence

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._mock import RecordingProvider
from roomkit.providers.teams.base import TeamsProvider


class MockTeamsProvider(RecordingProvider, TeamsProvider):
    """Sends nothing; ``sent`` lists what it was given.

    See `RecordingProvider` for scripting failures.
    """

    async def send(
        self, event: RoomEvent, to: str, *, target_ids: Sequence[str] = ()
    ) -> ProviderResult:
        return self._record(event, to)
