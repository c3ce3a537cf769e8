"""An `SMSProvider` for tests and trials."""

from __future__ import annotations

from collections.abc import Iterable

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._mock import RecordingProvider
from roomkit.providers.sms.base import SMSProvider


class MockSMSProvider(RecordingProvider, SMSProvider):
    """Sends nothing; ``sent`` lists what it was given.

    See `RecordingProvider` for scripting failures.

    Args:
        from_number: the account's own number.
        supports_mms: whether it claims to be able to send pictures.
    """

    def __init__(
        self,
        *,
        from_number: str | None = None,
        supports_mms: bool = True,
        results: Iterable[ProviderResult | Exception] = (),
    ) -> None:
        super().__init__(results=results)
        self._from_number = from_number
        self._supports_mms = supports_mms

    @property
    def from_number(self) -> str | None:
        return self._from_number

    @property
    def supports_mms(self) -> bool:
        return self._supports_mms

    async def send(self, event: RoomEvent, to: str, from_: str | None = None) -> ProviderResult:
        return self._record(event, to, from_=from_ or self._from_number)
