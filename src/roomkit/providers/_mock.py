"""What the mock providers share: they send nothing and remember everything."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from roomkit.channels.base import text_of
from roomkit.models.delivery import ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._content import files_of
from roomkit.providers.base import TransportProvider


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMessage:
    """One call of ``send``.

    Attributes:
        event: what was to be sent.
        to: the recipient's address.
        body: the words in the event, "" if there are none.
        media_urls: the files in the event.
        from_: the sender's address, where the kind of provider has one. This and the rest are what
            the channel passed, None or empty where the kind has no such argument.
    """

    event: RoomEvent
    to: str
    body: str
    media_urls: tuple[str, ...] = ()
    from_: str | None = None
    subject: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_id: str | None = None
    fallback: bool | None = None


class RecordingProvider(TransportProvider):
    """A provider that records what it is given and answers from a script.

    Args:
        results: what the first sends come to, in order: a `ProviderResult` to return or an
            exception to raise. After that every send succeeds, with the ids ``mock-1``, ``mock-2``
            and so on.

    Attributes:
        sent: every call, also those that were scripted to fail.
        results: what is left of the script; append to it at any time.
        closed: whether `close` was called; sends are refused from then on.
    """

    def __init__(self, *, results: Iterable[ProviderResult | Exception] = ()) -> None:
        self.sent: list[SentMessage] = []
        self.results: deque[ProviderResult | Exception] = deque(results)
        self.closed = False
        self._successes = 0

    @property
    def name(self) -> str:
        return "mock"

    @property
    def calls(self) -> list[SentMessage]:
        """The same list as `sent`."""
        return self.sent

    async def close(self) -> None:
        self.closed = True

    def _record(
        self,
        event: RoomEvent,
        to: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        in_reply_to: str | None = None,
        references: Iterable[str] = (),
        thread_id: str | None = None,
        fallback: bool | None = None,
    ) -> ProviderResult:
        """Remember a call and say what comes of it."""
        if self.closed:
            return ProviderResult(
                success=False, error="the provider is closed", error_code="closed"
            )
        self.sent.append(
            SentMessage(
                event=event,
                to=to,
                body=text_of(event.content),
                media_urls=tuple(file.url for file in files_of(event.content)),
                from_=from_,
                subject=subject,
                in_reply_to=in_reply_to,
                references=(references,) if isinstance(references, str) else tuple(references),
                thread_id=thread_id,
                fallback=fallback,
            )
        )
        outcome = self.results.popleft() if self.results else self._success()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _success(self) -> ProviderResult:
        self._successes += 1
        return ProviderResult(success=True, provider_message_id=f"mock-{self._successes}")
