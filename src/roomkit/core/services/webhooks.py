"""Webhooks of vendors, whatever is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from roomkit.channels.base import Channel
from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.delivery_status import DeliveryStatusService
from roomkit.errors import WebhookError
from roomkit.models.delivery import InboundMessage, WebhookMeta, WebhookPayload


class WebhookService:
    """Sends what a webhook carries where it belongs: messages into rooms, reports to their
    events."""

    def __init__(
        self, runtime: KitRuntime, inbound: InboundPipeline, statuses: DeliveryStatusService
    ) -> None:
        self._rt = runtime
        self._inbound = inbound
        self._statuses = statuses

    async def process(self, payload: WebhookPayload, channel_id: str) -> InboundMessage | None:
        """Process a webhook; returns the (last) message in it, None for reports and the
        unknown."""
        channel = self._rt.channel(channel_id)
        items = [payload] if isinstance(payload, WebhookMeta) else self._parse(payload, channel)
        last: InboundMessage | None = None
        for item in items:
            if item.status is not None:
                await self._statuses.process(item.status)
            elif item.is_inbound and item.message is not None:
                last = _with_key(item.to_inbound(channel_id))
                await self._inbound.process(last, None)
        return last

    def _parse(
        self, payload: Mapping[str, Any] | bytes | str, channel: Channel
    ) -> list[WebhookMeta]:
        if isinstance(payload, bytes | str):
            try:
                payload = json.loads(payload)
            except (ValueError, RecursionError) as error:
                raise WebhookError(f"the body is not JSON: {type(error).__name__}") from error
        if not isinstance(payload, Mapping):
            raise WebhookError("the payload is not an object")
        return channel.parse_webhook(payload)


def _with_key(message: InboundMessage) -> InboundMessage:
    """The message with an explicit key, so that handing it in once more does no harm."""
    if message.idempotency_key is not None or message.provider_message_id is None:
        return message
    key = f"{message.channel_id}:{message.provider_message_id}"
    return message.evolve(idempotency_key=key)
