"""A `HTTPProvider` for tests and trials."""

from __future__ import annotations

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._mock import RecordingProvider
from roomkit.providers.http.base import HTTPProvider


class MockHTTPProvider(RecordingProvider, HTTPProvider):
    """Sends nothing; ``sent`` lists what it was given.

    See `RecordingProvider` for scripting failures.
    """

    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        return self._record(event, to)
