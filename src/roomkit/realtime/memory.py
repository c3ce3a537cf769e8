"""Ephemeral events within one process."""

from __future__ import annotations

import inspect
import logging
from collections import deque
from collections.abc import Awaitable

from roomkit._tasks import TaskScope, is_failure
from roomkit.errors import RoomKitError, locate_error
from roomkit.models._base import new_id
from roomkit.realtime.base import EphemeralCallback, EphemeralEvent, RealtimeBackend

__all__ = ["InMemoryRealtime"]

logger = logging.getLogger("roomkit.realtime")


class _Subscription:
    __slots__ = ("active", "busy", "callback", "channel", "dropped", "id", "queue")

    def __init__(self, channel: str, callback: EphemeralCallback) -> None:
        self.id = new_id()
        self.channel = channel
        self.callback = callback
        self.queue: deque[EphemeralEvent] = deque()
        self.busy = False
        self.active = True
        self.dropped = 0


class InMemoryRealtime(RealtimeBackend):
    """Calls the subscribers of this process.

    A callback that does not wait for anything is done when `publish` returns. For one that waits,
    the backend keeps a task and a queue until it has caught up; an idle subscriber has neither.

    Not bound to an event loop before the first subscriber waits for something.

    Args:
        max_queue: how many events may wait for one subscriber. Beyond that its oldest are dropped.
    """

    def __init__(self, max_queue: int = 1000) -> None:
        if max_queue < 1:
            raise ValueError("max_queue must be at least 1")
        self._max_queue = max_queue
        self._channels: dict[str, dict[str, _Subscription]] = {}
        self._subscriptions: dict[str, _Subscription] = {}
        self._tasks = TaskScope("InMemoryRealtime")
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many events never reached a subscriber because its queue was full."""
        return self._dropped

    @property
    def subscription_count(self) -> int:
        return len(self._subscriptions)

    async def publish(self, channel: str, event: EphemeralEvent) -> None:
        subscriptions = self._channels.get(channel)
        if not subscriptions:
            return
        for subscription in tuple(subscriptions.values()):
            if subscription.busy:
                self._enqueue(subscription, event)
            elif subscription.active:
                self._start(subscription, event)

    async def subscribe(self, channel: str, callback: EphemeralCallback) -> str:
        if self._closed:
            raise RoomKitError("this realtime backend was closed")
        subscription = _Subscription(channel, callback)
        self._subscriptions[subscription.id] = subscription
        self._channels.setdefault(channel, {})[subscription.id] = subscription
        return subscription.id

    async def unsubscribe(self, subscription_id: str) -> bool:
        subscription = self._subscriptions.pop(subscription_id, None)
        if subscription is None:
            return False
        self._deactivate(subscription)
        subscriptions = self._channels[subscription.channel]
        del subscriptions[subscription_id]
        if not subscriptions:
            del self._channels[subscription.channel]
        return True

    async def close(self) -> None:
        self._closed = True
        for subscription in self._subscriptions.values():
            self._deactivate(subscription)
        self._subscriptions.clear()
        self._channels.clear()
        await self._tasks.close(drain_seconds=0)

    @staticmethod
    def _deactivate(subscription: _Subscription) -> None:
        subscription.active = False
        subscription.queue.clear()

    def _enqueue(self, subscription: _Subscription, event: EphemeralEvent) -> None:
        if not subscription.active:
            return
        if len(subscription.queue) >= self._max_queue:
            subscription.queue.popleft()
            self._dropped += 1
            subscription.dropped += 1
            if subscription.dropped == 1:
                logger.warning(
                    "subscription %s to %s is too slow; its oldest events are dropped",
                    subscription.id,
                    subscription.channel,
                )
        subscription.queue.append(event)

    def _start(self, subscription: _Subscription, event: EphemeralEvent) -> None:
        subscription.busy = True
        waiting = self._call(subscription, event)
        if waiting is None and not subscription.queue:
            subscription.busy = False
        else:
            self._tasks.spawn(
                self._serve(subscription, waiting), name=f"realtime {subscription.id}"
            )

    async def _serve(self, subscription: _Subscription, waiting: Awaitable[object] | None) -> None:
        """Finish the callback that is `waiting`, then hand over all that arrived meanwhile."""
        try:
            while True:
                if waiting is not None:
                    await self._finish(subscription, waiting)
                if not subscription.queue:
                    return
                waiting = self._call(subscription, subscription.queue.popleft())
        finally:
            subscription.busy = False

    def _call(
        self, subscription: _Subscription, event: EphemeralEvent
    ) -> Awaitable[object] | None:
        """Call back; returns what is left to await."""
        try:
            result = subscription.callback(event)
        except BaseException as error:  # foreign code; the publisher has nothing to do with it
            if not is_failure(error):
                raise
            self._report(subscription, error)
            return None
        return result if result is not None and inspect.isawaitable(result) else None

    async def _finish(self, subscription: _Subscription, waiting: Awaitable[object]) -> None:
        try:
            await waiting
        except BaseException as error:  # as above; also if what it awaited was cancelled
            if not is_failure(error):
                raise
            self._report(subscription, error)

    @staticmethod
    def _report(subscription: _Subscription, error: BaseException) -> None:
        logger.error(
            "subscription %s to %s failed: %s",
            subscription.id,
            subscription.channel,
            locate_error(error),
        )
