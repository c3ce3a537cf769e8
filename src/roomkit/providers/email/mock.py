"""An `EmailProvider` for tests and trials."""

from __future__ import annotations

from collections.abc import Sequence

from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._mock import RecordingProvider
from roomkit.providers.email.base import EmailProvider


class MockEmailProvider(RecordingProvider, EmailProvider):
    """Sends nothing; ``sent`` lists what it was given.

    See `RecordingProvider` for scripting failures.
    """

    async def send(
        self,
        event: RoomEvent,
        to: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        in_reply_to: str | None = None,
        references: Sequence[str] = (),
        thread_id: str | None = None,
    ) -> ProviderResult:
        return self._record(
            event,
            to,
            from_=from_,
            subject=subject,
            in_reply_to=in_reply_to,
            references=references,
            thread_id=thread_id,
        )
