"""Putting the two webhooks of a picture message together."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._tasks import TaskScope, is_failure
from roomkit.errors import locate_error
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._content import files_of
from roomkit.providers._webhook_items import content_of
from roomkit.providers.voicemeup.webhook import is_first_part

logger = logging.getLogger("roomkit.providers")

DEFAULT_TIMEOUT_SECONDS = 5.0
_MOST_WAITING = 1000
_MOST_REMEMBERED = 1000

type OnOrphan = Callable[[InboundMessage], Awaitable[Any]]
"""Takes the first part of a message whose picture did not come."""


@dataclass(eq=False, slots=True)
class _Part:
    """A first part that waits for its picture."""

    meta: WebhookMeta
    channel_id: str
    deadline: float
    timer: asyncio.Task[None] | None = None

    def fits(self, picture: WebhookMeta, channel_id: str) -> bool:
        ours = (self.channel_id, self.meta.sender, self.meta.recipient)
        return ours == (channel_id, picture.sender, picture.recipient)

    def likeness(self, picture: WebhookMeta) -> int:
        """How many fields of the two webhooks are the same: a time, an id."""
        theirs = picture.raw
        return sum(name in theirs and theirs[name] == it for name, it in self.meta.raw.items())


class MMSAssembler:
    """Holds the first part of a picture message until the second comes.

    A picture belongs to a waiting part from the same sender to the same number: if there are
    several, to the one that has most in common with it, and then to the oldest. A part whose
    picture does not come in time goes to `on_orphan`, or is dropped with a warning.

    `add` never waits and needs no event loop; without one, a part that is too old is noticed when
    the next webhook comes.

    Attributes:
        timeout: seconds to wait.
        on_orphan: takes such a part; may be `RoomKit.process_inbound`.
    """

    def __init__(
        self,
        *,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        on_orphan: OnOrphan | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.timeout = timeout
        self.on_orphan = on_orphan
        self._clock = clock
        self._waiting: list[_Part] = []
        # By the ids of both parts, so that a webhook that comes twice does no harm.
        self._merged: OrderedDict[tuple[str, str], WebhookMeta] = OrderedDict()
        self._scope = TaskScope("voicemeup-mms")

    def __len__(self) -> int:
        """How many parts wait."""
        return len(self._waiting)

    def add(self, meta: WebhookMeta, channel_id: str = "") -> WebhookMeta | None:
        """Take one webhook; returns what is complete now, or None if that was a first part."""
        now = self._clock.monotonic()
        for part in [part for part in self._waiting if part.deadline <= now]:
            self._give_up(part)
        known = self._merged.get((channel_id, meta.external_id or ""))
        if known is not None:
            return known
        if is_first_part(meta):
            self._hold(meta, channel_id)
            return None
        candidates = [part for part in self._waiting if part.fits(meta, channel_id)]
        if not candidates or not meta.media_urls:
            return meta
        part = max(candidates, key=lambda part: part.likeness(meta))
        self._take(part)
        return self._merge(part, meta)

    async def close(self) -> None:
        """Hand over what still waits, as after its time."""
        while self._waiting:
            part = self._waiting[0]
            self._take(part)
            await self._orphan(part)
        await self._scope.close()

    def _hold(self, meta: WebhookMeta, channel_id: str) -> None:
        ids = {part.meta.external_id for part in self._waiting} - {None}
        if meta.external_id in ids:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._give_up(self._waiting[0])
        part = _Part(meta, channel_id, self._clock.monotonic() + self.timeout)
        self._waiting.append(part)
        if _has_loop():
            part.timer = self._scope.spawn(self._expire(part, self.timeout), name="mms part")

    def _merge(self, part: _Part, picture: WebhookMeta) -> WebhookMeta:
        first = part.meta
        body = "\n".join(dict.fromkeys(filter(None, [first.body, picture.body])))
        content = content_of(body, files_of(picture.to_inbound("").content))
        # Under the first part's id, which it would have had if it had gone out alone.
        whole = first.evolve(
            body=body,
            media_urls=picture.media_urls,
            message=first.to_inbound("").evolve(content=content),
        )
        for external_id in (first.external_id, picture.external_id):
            if external_id is not None:
                self._merged[part.channel_id, external_id] = whole
        while len(self._merged) > _MOST_REMEMBERED:
            self._merged.popitem(last=False)
        return whole

    def _take(self, part: _Part) -> None:
        self._waiting.remove(part)
        if part.timer is not None:
            part.timer.cancel()

    def _give_up(self, part: _Part) -> None:
        self._take(part)
        if _has_loop():
            self._scope.spawn(self._orphan(part), name="mms orphan")
        else:
            logger.warning(_DROPPED)

    async def _expire(self, part: _Part, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if part in self._waiting:
            part.timer = None
            self._take(part)
            await self._orphan(part)

    async def _orphan(self, part: _Part) -> None:
        if self.on_orphan is None:
            logger.warning(_DROPPED)
            return
        try:
            await self.on_orphan(part.meta.to_inbound(part.channel_id))
        except BaseException as error:
            if not is_failure(error):
                raise
            logger.error(
                "taking a message without its picture failed: %s",
                locate_error(error),
            )


_DROPPED = "a picture message stayed without its picture and was dropped: nothing takes those"


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
