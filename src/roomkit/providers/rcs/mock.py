"""An `RCSProvider` for tests and trials."""

from __future__ import annotations

from collections.abc import Iterable

from roomkit.models.delivery import ProviderResult, RCSResult
from roomkit.models.event import RoomEvent
from roomkit.providers._mock import RecordingProvider
from roomkit.providers.rcs.base import RCSProvider


class MockRCSProvider(RecordingProvider, RCSProvider):
    """Sends nothing; ``sent`` lists what it was given.

    See `RecordingProvider` for scripting failures.

    Args:
        capable: whether the phones it is asked about can receive RCS. If not, a message becomes an
            SMS, or fails with the code ``rcs_unavailable`` where no fallback is allowed.
    """

    def __init__(
        self, *, capable: bool = True, results: Iterable[ProviderResult | Exception] = ()
    ) -> None:
        super().__init__(results=results)
        self.capable = capable

    async def check_capability(self, to: str) -> bool:
        return self.capable

    async def send(self, event: RoomEvent, to: str, fallback: bool = True) -> RCSResult:
        if not self.capable and not fallback and not self.results:
            self.results.append(
                ProviderResult(success=False, error="no RCS", error_code="rcs_unavailable")
            )
        result = self._record(event, to, fallback=fallback)
        if isinstance(result, RCSResult):
            return result
        return RCSResult(
            **result.model_dump(), fallback=fallback and result.success and not self.capable
        )
