"""What vendors report about messages that were sent."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from roomkit._tasks import as_coroutine, bounded
from roomkit.core.pipeline.delivery_ladder import advanced
from roomkit.core.runtime import KitRuntime
from roomkit.errors import locate_error
from roomkit.models.delivery import DeliveryStatus
from roomkit.models.enums import HookTrigger

logger = logging.getLogger("roomkit.delivery")

type DeliveryStatusHandler = Callable[[DeliveryStatus], Any | Awaitable[Any]]

_HANDLER_TIMEOUT = 30.0


class DeliveryStatusService:
    """Keeps reports with the events they are about and tells the host."""

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime
        self._handlers: list[DeliveryStatusHandler] = []

    def add_handler(self, handler: DeliveryStatusHandler) -> None:
        self._handlers.append(handler)

    async def process(self, status: DeliveryStatus) -> None:
        """Record a report and run handlers and hooks, also for messages that nobody knows."""
        rt = self._rt
        rt.check_open()
        await rt.store.add_delivery_status(status)
        found = await rt.store.find_delivery(status.message_id)
        if found is None:
            rt.early_reports.note(status)
            # The delivery may have been recorded while the store was being asked.
            found = await rt.store.find_delivery(status.message_id)
        room_id: str | None = None
        if found is not None:
            event, channel_id = found
            room_id = event.room_id
            async with rt.locks.locked(f"delivery:{event.id}"):
                fresh = await rt.store.get_event(event.id)
                known = None if fresh is None else fresh.delivery_results.get(channel_id)
                if known is not None:
                    result = advanced(known, status)
                    if result is not known:
                        await rt.record_deliveries(room_id, event.id, {channel_id: result})
        for handler in list(self._handlers):
            await self._call(handler, status)
        if rt.hooks.listens(HookTrigger.ON_DELIVERY_STATUS, room_id):
            context = None if room_id is None else await rt.context(room_id)
            failures = await rt.hooks.observe(
                HookTrigger.ON_DELIVERY_STATUS, room_id, status, context
            )
            await rt.report_hook_failures(failures, room_id or "")

    async def _call(self, handler: DeliveryStatusHandler, status: DeliveryStatus) -> None:
        try:
            result = handler(status)
            if inspect.isawaitable(result):
                await bounded(self._rt.clock, _HANDLER_TIMEOUT, as_coroutine(result))
        except Exception as error:  # a handler is foreign code; the others still run
            logger.error("delivery status handler failed: %s", locate_error(error))
