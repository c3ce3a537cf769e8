"""What the sources that listen to a server have in common."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from roomkit._clock import Clock
from roomkit._tasks import TaskScope
from roomkit.errors import KitClosedError, ProviderError, RoomKitError
from roomkit.models.delivery import InboundMessage
from roomkit.sources._failures import Failures, source_failure
from roomkit.sources.base import Emit, SourceProvider

logger = logging.getLogger("roomkit.sources")

type Parsed = InboundMessage | Iterable[InboundMessage] | None
"""What is in one piece of a stream: a message, several, or nothing that concerns a room."""


class FeedSource(SourceProvider):
    """Listens to a server and hands in what it says.

    Messages of one sender are handed in one after the other, those of different senders at the
    same time. Nothing more is read while `max_concurrency` messages are on their way into their
    rooms: the server is held up, and nothing is dropped.

    Args:
        url: may hold credentials; `name` shows it without query and user.
        headers: sent when connecting. The values count as secrets.
        max_concurrency: how many messages may be on their way at once; with 1, all are handed in
            in order.
    """

    kind: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    failures: ClassVar[Failures]

    def __init__(
        self,
        url: str | SecretStr,
        *,
        headers: Mapping[str, str | SecretStr] | None,
        max_concurrency: int,
        clock: Clock,
    ) -> None:
        self._url = url if isinstance(url, SecretStr) else SecretStr(url)
        self._name = f"{self.kind} {_shown(self._url.get_secret_value(), self.schemes)}"
        self._headers = {
            name: value if isinstance(value, SecretStr) else SecretStr(value)
            for name, value in (headers or {}).items()
        }
        if max_concurrency < 1:
            raise ValueError("max_concurrency must be at least 1")
        self._places = asyncio.Semaphore(max_concurrency)
        self._clock = clock
        self._scope = TaskScope(self.kind)
        self._last_of: dict[str, asyncio.Task[None]] = {}
        self._connected = False
        self._dropped = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def dropped(self) -> int:
        return self._dropped

    async def start(self, emit: Emit) -> None:
        self._connected = False
        try:
            await self._listen(emit)
            return
        except RoomKitError:
            raise
        except Exception as error:  # mapped by name: a foreign library's, or the network's
            failure = self._failure(error)
        # Outside of the handler, so that no foreign exception hangs on to ours as its context.
        raise failure

    async def stop(self) -> None:
        """Wait a moment for the messages that are on their way."""
        await self._scope.close()

    @abstractmethod
    async def _listen(self, emit: Emit) -> None:
        """Connect, and `_take` all that comes; sets `_connected` in between."""

    def _failure(self, error: Exception) -> ProviderError:
        return source_failure(self.kind, error, self.failures)

    def _plain_headers(self) -> dict[str, str]:
        return {name: value.get_secret_value() for name, value in self._headers.items()}

    def _parsed[Given](
        self, parse: Callable[[Given], Parsed], given: Given
    ) -> list[InboundMessage]:
        """What is in a piece; nothing, counted, if it makes no sense."""
        try:
            found = parse(given)
            if found is None:
                return []
            # A parser that forgot the last step gives text or a dictionary: one piece, not many.
            single = isinstance(found, InboundMessage | Mapping | str | bytes)
            pieces: list[Any] = [found] if single else list(found)
        except Exception as error:  # a parser that trips over its input was given bad input
            self._dropped += 1
            logger.warning("%s: a message makes no sense: %s", self.kind, type(error).__name__)
            return []
        return [piece for piece in pieces if self._is_message(piece)]

    def _is_message(self, piece: object) -> bool:
        if isinstance(piece, InboundMessage):
            return True
        self._dropped += 1
        logger.warning(
            "%s: parse() returned %s, not InboundMessage", self.kind, type(piece).__name__
        )
        return False

    async def _hand_over(
        self, emit: Emit, message: InboundMessage, taken: Callable[[], None] | None = None
    ) -> None:
        """Set a message on its way; waits for a place first.

        Args:
            taken: called once the kit is done with it.
        """
        await self._places.acquire()
        sender = message.sender_id
        before = self._last_of.get(sender)
        delivery = self._deliver(emit, message, before, taken)
        task = self._scope.spawn(delivery, name=f"message of {self.kind}")
        if task.done():
            return
        self._last_of[sender] = task

        def forget(done: asyncio.Task[None]) -> None:
            if self._last_of.get(sender) is done:
                del self._last_of[sender]

        task.add_done_callback(forget)

    async def _deliver(
        self,
        emit: Emit,
        message: InboundMessage,
        before: asyncio.Task[None] | None,
        taken: Callable[[], None] | None,
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            await emit(message)
        except KitClosedError:
            return
        finally:
            self._places.release()
        if taken is not None:
            taken()


def _shown(url: str, schemes: tuple[str, ...]) -> str:
    """A URL without what may be secret in it.

    Raises:
        ValueError: it is not one that can be connected to.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError("the URL cannot be read") from None
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"the URL must begin with {' or '.join(f'{it}://' for it in schemes)}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path}"
