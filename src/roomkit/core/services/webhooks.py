"""Webhooks of vendors, whatever is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from roomkit.channels.base import Channel
from roomkit.core.pipeline.turn import InboundPipeline, message_key
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.delivery_status import DeliveryStatusService
from roomkit.errors import WebhookError, locate_error
from roomkit.models.delivery import InboundMessage, InboundResult, WebhookMeta, WebhookPayload
from roomkit.providers.base import TransportProvider

logger = logging.getLogger("roomkit.webhooks")

_PUT_OFF = frozenset({"rate_limited", "process_timeout"})
_NO_PROVIDER = TransportProvider()
"""Reads JSON and forms, for channels that have no provider or one of their own kind."""


def was_put_off(result: InboundResult) -> bool:
    """Whether a message was all right, but not stored for want of time: it should come again."""
    return result.event is None and result.reason in _PUT_OFF


def provider_of(channel: Channel) -> TransportProvider:
    """Whose webhooks a channel takes."""
    provider = getattr(channel, "provider", None)
    return provider if isinstance(provider, TransportProvider) else _NO_PROVIDER


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
        unknown.

        Raises:
            Exception: what processing an item has raised, after the others were processed. If it
                was several, an `ExceptionGroup` of them.
        """
        channel = self._rt.channel(channel_id)
        if isinstance(payload, WebhookMeta):
            items = [payload]
        else:
            decoded = _decoded(payload)
            try:
                items = channel.parse_webhook(decoded)
            except WebhookError:  # not one of the vendor's: to ask for it again would not help
                logger.info("an unknown webhook for channel %s", channel_id)
                return None
            await self._notify(channel, decoded)
        last: InboundMessage | None = None
        failures: list[Exception] = []
        for item in items:
            try:
                last = await self._take(item, channel_id) or last
            except Exception as error:  # one item's failure must not take its siblings along
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup(f"{len(failures)} items of a webhook failed", failures)
        return last

    async def _take(self, item: WebhookMeta, channel_id: str) -> InboundMessage | None:
        if item.status is not None:
            await self._statuses.process(item.status)
        elif item.is_inbound and item.message is not None:
            message = _with_key(item.to_inbound(channel_id))
            await self._inbound.process(message, None)
            return message
        return None

    async def _notify(self, channel: Channel, payload: Mapping[str, Any]) -> None:
        try:
            await provider_of(channel).on_webhook(payload)
        except Exception as error:  # the messages in it are still worth having
            logger.error(
                "on_webhook of channel %s failed: %s",
                channel.channel_id,
                locate_error(error),
            )


def _decoded(payload: Mapping[str, Any] | bytes | str) -> Mapping[str, Any]:
    if isinstance(payload, bytes | str):
        try:
            payload = _json_or_form(payload)
        except (ValueError, RecursionError) as error:
            kind = type(error).__name__
            raise WebhookError(f"the body is neither JSON nor a form: {kind}") from error
    if not isinstance(payload, Mapping):
        raise WebhookError("the payload is not an object")
    return payload


def _json_or_form(body: bytes | str) -> Any:
    """What a raw body holds. No form is JSON: it has a name before its first ``=``."""
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode() if isinstance(body, bytes) else body
        form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        if not all(form) or not form:
            raise
        return form


def _with_key(message: InboundMessage) -> InboundMessage:
    """The message with an explicit key, so that handing it in once more does no harm."""
    return message.evolve(idempotency_key=message_key(message))
