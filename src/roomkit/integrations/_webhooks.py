"""Webhooks of vendors, from the request to the answer, for any web framework."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from roomkit._tasks import TaskScope, bounded
from roomkit.channels.base import Channel
from roomkit.core.framework import RoomKit
from roomkit.core.services.webhooks import provider_of
from roomkit.errors import WebhookError, locate_error
from roomkit.integrations._intake import CANCELLED, Intake, Outcome
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import TransportProvider, WebhookRequest

logger = logging.getLogger("roomkit.webhooks")

type Wait = Literal["done", "accept"]
"""When a webhook is answered: once everything is done, or as soon as it was read."""

_AUTHENTICATION_SECONDS = 10.0
_DRAIN_SECONDS = 5.0
_RETRY_AFTER = "5"
_SHUTTING_DOWN = "the service is shutting down"


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
        verify: bool,
        unverified_channels: Collection[str],
        wait: Wait,
        answer_within: float,
        max_pending: int,
    ) -> None:
        self._kit = kit
        self._verify = verify
        self._unverified = frozenset(unverified_channels)
        self._wait = wait
        self._answer_within = answer_within
        self._max_pending = max_pending
        self._intake = Intake(kit)
        self._scope = TaskScope("webhooks")
        self._closing = False

    @property
    def pending(self) -> int:
        """How many webhooks are under way."""
        return len(self._scope)

    def announce(self) -> None:
        """Say in the log which channels will have their webhooks refused."""
        if not self._verify:
            return
        for channel in self._kit.list_channels():
            if not _takes_webhooks(channel) or channel.channel_id in self._unverified:
                continue
            if not provider_of(channel).verifies_webhooks:
                logger.warning("webhooks will be refused: %s", _unverifiable(channel.channel_id))

    def check(self, channel_id: str) -> Channel:
        """The channel, unless it is clear without reading the body that it cannot take a webhook.

        Raises:
            RefusedError: no such channel, no webhooks there, or no time.
        """
        if self._closing or self._kit.closed:
            raise RefusedError(503, _SHUTTING_DOWN)
        channel = self._kit.get_channel(channel_id)
        if channel is None:
            raise RefusedError(404, f"there is no channel {channel_id!r}")
        if not _takes_webhooks(channel):
            raise RefusedError(404, f"channel {channel_id!r} takes no webhooks")
        if self.pending >= self._max_pending:
            raise RefusedError(503, "too many webhooks are being processed")
        return channel

    async def handle(self, channel_id: str, request: WebhookRequest) -> Answer:
        """Verify, read and process a webhook, or answer a challenge. Never raises."""
        try:
            channel = self.check(channel_id)
            provider = provider_of(channel)
            if request.method not in provider.webhook_methods:
                return _answer_other(provider, request)
            await self._authenticate(channel, provider, request)
            try:
                payload, items = _read(channel, provider, request)
                await self._process(channel_id, provider, payload, items)
            except WebhookError as error:
                logger.warning("nothing in a webhook of channel %s could be taken", channel_id)
                raise RefusedError(provider.refused_webhook_status, str(error)) from error
        except RefusedError as refusal:
            return refusal.answer
        reply = provider.webhook_reply
        return Answer(status=reply.status, body=reply.body, content_type=reply.content_type)

    async def _authenticate(
        self, channel: Channel, provider: TransportProvider, request: WebhookRequest
    ) -> None:
        if not self._verify or channel.channel_id in self._unverified:
            return
        if not provider.verifies_webhooks:
            raise RefusedError(403, _unverifiable(channel.channel_id))
        try:
            check = provider.authenticate_webhook(request)
            genuine = await bounded(self._kit.clock, _AUTHENTICATION_SECONDS, check)
        except Exception as error:  # whatever a vendor's check stumbles over is not genuine
            _report("verifying a webhook", channel.channel_id, error)
            genuine = False
        if genuine is not True:
            raise RefusedError(403, "the signature is missing or wrong")

    async def _process(
        self,
        channel_id: str,
        provider: TransportProvider,
        payload: Mapping[str, Any],
        items: list[WebhookMeta],
    ) -> None:
        """Process what was read, and wait as long as is wished.

        Raises:
            RefusedError: something was not stored, and sending it again may help.
            WebhookError: nothing was, and that would not help.
        """
        work = self._work(channel_id, provider, payload, items)
        task = self._scope.spawn(work, name=f"webhook {channel_id}")
        if self._wait == "accept" and not task.done():
            return
        try:
            async with self._kit.clock.timeout(self._answer_within):
                outcome = await asyncio.shield(task)
        except TimeoutError:
            return
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            outcome = CANCELLED
        if outcome.retry_reason is not None:
            raise RefusedError(503, outcome.retry_reason)
        if outcome.failed and not outcome.taken:
            raise WebhookError("what the webhook holds could not be processed")

    async def _work(
        self,
        channel_id: str,
        provider: TransportProvider,
        payload: Mapping[str, Any],
        items: list[WebhookMeta],
    ) -> Outcome:
        try:
            await provider.on_webhook(payload)
        except Exception as error:  # the messages in it are still worth having
            _report("on_webhook", channel_id, error)
        return await self._intake.take_all(channel_id, items)

    async def close(self) -> None:
        """Take nothing more, and wait for what is under way, for a few seconds."""
        self._closing = True
        await self._scope.close(drain_seconds=_DRAIN_SECONDS)


def _takes_webhooks(channel: Channel) -> bool:
    return type(channel).parse_webhook is not Channel.parse_webhook


def _unverifiable(channel_id: str) -> str:
    return (
        f"webhooks of channel {channel_id!r} cannot be verified: configure what its provider "
        "needs for that, or name the channel in unverified_channels"
    )


def _answer_other(provider: TransportProvider, request: WebhookRequest) -> Answer:
    """The answer to a request by a method that the vendor's webhooks do not come with."""
    methods = {"Allow": ", ".join(sorted(provider.webhook_methods))}
    if request.method != "GET":
        return Answer(status=405, headers=methods)
    try:
        reply = provider.answer_challenge(request)
    except Exception as error:  # whatever a vendor's code stumbles over is no challenge
        logger.error("a challenge could not be answered: %s", locate_error(error))
        return Answer(status=403)
    return Answer(
        status=reply.status,
        body=reply.body,
        content_type=reply.content_type,
        headers=methods if reply.status == 405 else {},
    )


def _read(
    channel: Channel, provider: TransportProvider, request: WebhookRequest
) -> tuple[Mapping[str, Any], list[WebhookMeta]]:
    """The payload, and what is in it.

    Raises:
        WebhookError: it makes no sense.
    """
    try:
        payload = provider.decode_webhook(request)
        return payload, list(channel.parse_webhook(payload))
    except WebhookError:
        raise
    except Exception as error:  # a parser that trips over its input was given bad input
        _report("reading a webhook", channel.channel_id, error)
        raise WebhookError(f"the webhook cannot be read: {type(error).__name__}") from error


def _report(what: str, channel_id: str, error: Exception) -> None:
    logger.error("%s of channel %s failed: %s", what, channel_id, locate_error(error))
