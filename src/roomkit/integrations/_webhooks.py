"""Webhooks of vendors, from the request to the answer, for any web framework."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from roomkit._tasks import TaskScope
from roomkit.channels.base import Channel
from roomkit.core.framework import RoomKit
from roomkit.errors import KitClosedError, WebhookError
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import TransportProvider, WebhookRequest

logger = logging.getLogger("roomkit.webhooks")

type Wait = Literal["done", "accept"]
"""When a webhook is answered: once everything is done, or as soon as it was read."""

# Reasons for which a message was not stored although it was all right.
_TRY_AGAIN = frozenset({"rate_limited", "process_timeout"})
_RETRY_AFTER = "5"
_SHUTTING_DOWN = "the service is shutting down"
_NO_PROVIDER = TransportProvider()
"""Reads JSON and forms, for channels that have no provider or one of their own kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What to answer to a request."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request goes no further; `answer` says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = Answer(
            status=status,
            body=json.dumps({"error": reason}).encode(),
            content_type="application/json",
            headers={"Retry-After": _RETRY_AFTER} if status == 503 else {},
        )


class WebhookEndpoint:
    """Takes webhooks for the channels of a kit.

    Args:
        verify: whether signatures are checked.
        unverified_channels: the ids of channels whose webhooks are taken unchecked all the same.
        wait: when to answer.
        answer_within: with ``wait="done"``, answer after so many seconds even if an AI is still
            writing; the work goes on.
        max_pending: how many webhooks may be under way; more are asked to come back later.
    """

    def __init__(
        self,
        kit: RoomKit,
        *,
        verify: bool = True,
        unverified_channels: Collection[str] = (),
        wait: Wait = "done",
        answer_within: float = 10.0,
        max_pending: int = 1000,
    ) -> None:
        self._kit = kit
        self._verify = verify
        self._unverified = frozenset(unverified_channels)
        self._wait = wait
        self._answer_within = answer_within
        self._max_pending = max_pending
        self._scope = TaskScope("webhooks")

    @property
    def pending(self) -> int:
        """How many webhooks are under way."""
        return len(self._scope)

    def check(self, channel_id: str) -> Channel:
        """The channel, unless it is clear without reading the body that it cannot take a webhook.

        Raises:
            RefusedError: no such channel, no webhooks there, or no time.
        """
        if self._kit.closed:
            raise RefusedError(503, _SHUTTING_DOWN)
        channel = self._kit.get_channel(channel_id)
        if channel is None:
            raise RefusedError(404, f"there is no channel {channel_id!r}")
        if type(channel).parse_webhook is Channel.parse_webhook:
            raise RefusedError(404, f"channel {channel_id!r} takes no webhooks")
        if self.pending >= self._max_pending:
            raise RefusedError(503, "too many webhooks are being processed")
        return channel

    async def handle(self, channel_id: str, request: WebhookRequest) -> Answer:
        """Verify, read and process a webhook. Never raises."""
        try:
            channel = self.check(channel_id)
            provider = _provider_of(channel)
            self._authenticate(channel, provider, request)
            items = _read(channel, provider, request)
            await self._process(channel_id, items)
        except RefusedError as refusal:
            return refusal.answer
        reply = (provider or _NO_PROVIDER).webhook_reply
        return Answer(status=reply.status, body=reply.body, content_type=reply.content_type)

    def _authenticate(
        self, channel: Channel, provider: TransportProvider | None, request: WebhookRequest
    ) -> None:
        if not self._verify or channel.channel_id in self._unverified:
            return
        if provider is None or not provider.verifies_webhooks:
            raise RefusedError(
                403,
                f"webhooks of channel {channel.channel_id!r} cannot be verified: configure what "
                "its provider needs for that, or name the channel in unverified_channels",
            )
        try:
            genuine = provider.verify_webhook(request)
        except Exception as error:  # whatever a vendor's check stumbles over is not genuine
            logger.error(
                "verifying a webhook of channel %s failed: %s",
                channel.channel_id,
                type(error).__name__,
                exc_info=error,
            )
            genuine = False
        if not genuine:
            raise RefusedError(403, "the signature is missing or wrong")

    async def _process(self, channel_id: str, items: list[WebhookMeta]) -> None:
        task = self._scope.spawn(self._work(channel_id, items), name=f"webhook {channel_id}")
        if self._wait == "accept" and not task.done():
            return
        try:
            async with self._kit.clock.timeout(self._answer_within):
                trouble = await asyncio.shield(task)
        except TimeoutError:
            return
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            trouble = _SHUTTING_DOWN
        if trouble is not None:
            raise RefusedError(503, trouble)

    async def _work(self, channel_id: str, items: list[WebhookMeta]) -> str | None:
        """Take the items in order. Returns what went wrong if sending them again may help."""
        trouble: str | None = None
        for item in items:
            try:
                trouble = await self._take(channel_id, item) or trouble
            except KitClosedError:
                trouble = _SHUTTING_DOWN
            except Exception as error:  # one item's failure must not take its siblings along
                logger.error(
                    "a webhook of channel %s failed: %s",
                    channel_id,
                    type(error).__name__,
                    exc_info=error,
                )
                trouble = "the webhook could not be processed"
        return trouble

    async def _take(self, channel_id: str, item: WebhookMeta) -> str | None:
        if item.status is not None:
            await self._kit.process_delivery_status(item.status)
        elif item.is_inbound and item.message is not None:
            result = await self._kit.process_inbound(item.to_inbound(channel_id))
            if result.event is None and result.reason in _TRY_AGAIN:
                return result.reason
        return None

    async def close(self) -> None:
        """Wait for what is under way, for a few seconds."""
        await self._scope.close()


def _provider_of(channel: Channel) -> TransportProvider | None:
    provider = getattr(channel, "provider", None)
    return provider if isinstance(provider, TransportProvider) else None


def _read(
    channel: Channel, provider: TransportProvider | None, request: WebhookRequest
) -> list[WebhookMeta]:
    reader = provider or _NO_PROVIDER
    try:
        return list(channel.parse_webhook(reader.decode_webhook(request)))
    except WebhookError as error:
        raise RefusedError(400, str(error)) from error
    except Exception as error:  # a parser that trips over its input was given bad input
        logger.error(
            "reading a webhook of channel %s failed: %s",
            channel.channel_id,
            type(error).__name__,
            exc_info=error,
        )
        raise RefusedError(400, f"the webhook cannot be read: {type(error).__name__}") from error
