"""What is in a webhook, on its way into the rooms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from roomkit.core.framework import RoomKit
from roomkit.core.services.webhooks import was_put_off
from roomkit.errors import KitClosedError, RoomKitError, locate_error
from roomkit.models.delivery import DeliveryStatus, InboundMessage, WebhookMeta

logger = logging.getLogger("roomkit.webhooks")

_SHUTTING_DOWN = "the service is shutting down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one item, or of several together.

    Attributes:
        taken: something was stored, or needs no storing.
        failed: something could not be processed, and sending it again would not help.
        retry_reason: why something was not stored that may be stored if it is sent again.
    """

    taken: bool = False
    failed: bool = False
    retry_reason: str | None = None

    def and_then(self, other: Outcome) -> Outcome:
        """Both together."""
        return Outcome(
            taken=self.taken or other.taken,
            failed=self.failed or other.failed,
            retry_reason=other.retry_reason or self.retry_reason,
        )


CANCELLED = Outcome(retry_reason=_SHUTTING_DOWN)
_TAKEN = Outcome(taken=True)


class Intake:
    """Hands the items of webhooks to a kit.

    A vendor that gets no answer in time sends the message again. While the first copy is still
    being processed, a second one waits for what becomes of that and does not set out on its own:
    not even the steps before a message's idempotency key is looked up are taken twice.
    """

    def __init__(self, kit: RoomKit) -> None:
        self._kit = kit
        self._under_way: dict[tuple[str, str], asyncio.Future[Outcome]] = {}

    async def take_all(self, channel_id: str, items: Sequence[WebhookMeta]) -> Outcome:
        """Take the items in order, each whatever becomes of its siblings. Never raises."""
        together = Outcome(taken=not items)
        for item in items:
            together = together.and_then(await self._take(channel_id, item))
        return together

    async def _take(self, channel_id: str, item: WebhookMeta) -> Outcome:
        if item.status is not None:
            return await self._attempt(self._report(item.status), channel_id)
        if not item.is_inbound or item.message is None:
            return _TAKEN
        message = item.to_inbound(channel_id)
        key = message.idempotency_key or message.provider_message_id
        if key is None:
            return await self._attempt(self._hand_in(message), channel_id)
        return await self._take_once((channel_id, key), message)

    async def _take_once(self, key: tuple[str, str], message: InboundMessage) -> Outcome:
        running = self._under_way.get(key)
        if running is not None:
            return await asyncio.shield(running)
        mine = self._under_way[key] = asyncio.get_running_loop().create_future()
        outcome = CANCELLED
        try:
            outcome = await self._attempt(self._hand_in(message), message.channel_id)
        finally:
            del self._under_way[key]
            mine.set_result(outcome)
        return outcome

    async def _hand_in(self, message: InboundMessage) -> Outcome:
        result = await self._kit.process_inbound(message)
        return Outcome(retry_reason=result.reason) if was_put_off(result) else _TAKEN

    async def _report(self, status: DeliveryStatus) -> Outcome:
        await self._kit.process_delivery_status(status)
        return _TAKEN

    async def _attempt(self, work: Coroutine[Any, Any, Outcome], channel_id: str) -> Outcome:
        try:
            return await work
        except KitClosedError:
            return CANCELLED
        except Exception as error:  # one item's failure must not take its siblings along
            logger.error(
                "a webhook of channel %s failed: %s",
                channel_id,
                locate_error(error),
            )
            if isinstance(error, RoomKitError) and not error.retryable:
                return Outcome(failed=True)
            return Outcome(retry_reason="the webhook could not be processed")
