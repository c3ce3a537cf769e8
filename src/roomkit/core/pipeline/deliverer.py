"""Handing one event to one channel: breaker, limiter, retries and a time limit around one call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any

from roomkit._tasks import DeadlineExceededError, finish_within, first_step
from roomkit.channels.base import Channel
from roomkit.core.circuit_breaker import CircuitBreaker
from roomkit.core.rate_limiter import TokenBucketRateLimiter
from roomkit.core.retry import retry_with_backoff
from roomkit.core.runtime import KitRuntime
from roomkit.errors import DeliveryError, describe_error
from roomkit.models.channel import ChannelBinding, ChannelOutput, RateLimit
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryResult, ProviderResult, RCSResult
from roomkit.models.event import RoomEvent
from roomkit.telemetry.base import SpanKind

NOTHING = ChannelOutput.empty()
_MAX_LIMITERS = 4096
_NOT_THE_CHANNELS_FAULT = frozenset({"no_recipient", "no_provider", "opted_out"})


class Deliverer:
    """Delivers events and keeps what is remembered between deliveries.

    A circuit breaker belongs to a channel, a rate limiter to a channel in a room. Neither exists
    before it is needed: the breaker not before the first failure, the limiter not without a limit.

    Attributes:
        is_direct: whether a plain delivery is nothing but a call of the channel.
    """

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime
        self._breakers: dict[str, CircuitBreaker] = {}
        self._limiters: OrderedDict[tuple[str, str], tuple[RateLimit, TokenBucketRateLimiter]] = (
            OrderedDict()
        )
        self.is_direct = not runtime.telemetry.enabled and runtime.delivery_strategy is None

    async def finish(
        self, call: Coroutine[Any, Any, Any], waits_for: Any, success: DeliveryResult
    ) -> DeliveryResult:
        """The outcome of a direct delivery that has been begun with `first_step`."""
        try:
            output = await self._finished(call, waits_for)
        except Exception as error:  # a channel is foreign code; its failure is an outcome
            return self.failed(success.channel_id, error)
        return self.outcome(output, success)

    def outcome(self, output: object, success: DeliveryResult) -> DeliveryResult:
        """What a channel's answer means."""
        try:
            receipt = None if output is NOTHING else _receipt(output)
        except DeliveryError as error:
            return self.failed(success.channel_id, error)
        if receipt is None:
            return success
        return _sent(success.channel_id, [receipt], 1, truncated=False)

    def failed(self, channel_id: str, error: Exception) -> DeliveryResult:
        """The outcome of a delivery that raised."""
        self._record_failure(channel_id, error)
        return _failed(channel_id, error, 0)

    async def deliver(
        self,
        channel: Channel,
        events: Sequence[RoomEvent],
        binding: ChannelBinding,
        context: RoomContext,
        success: DeliveryResult,
        *,
        truncated: bool = False,
    ) -> DeliveryResult:
        """Deliver the parts of one message in order. Never raises: the outcome says what happened.

        Returns:
            `success` itself if there is nothing more to say: one object for all such deliveries.
        """
        telemetry = self._rt.telemetry
        if not telemetry.enabled:
            return await self._deliver(channel, events, binding, context, success, truncated)
        with telemetry.span(SpanKind.DELIVERY, binding.channel_id) as span:
            result = await self._deliver(channel, events, binding, context, success, truncated)
            span.set(success=result.success, parts=result.parts)
            return result

    async def _deliver(
        self,
        channel: Channel,
        events: Sequence[RoomEvent],
        binding: ChannelBinding,
        context: RoomContext,
        success: DeliveryResult,
        truncated: bool,
    ) -> DeliveryResult:
        channel_id = binding.channel_id
        breaker = self._breakers.get(channel_id)
        if breaker is not None and not breaker.allow_request():
            error = DeliveryError("the circuit breaker is open", code="circuit_open")
            return _failed(channel_id, error, 0)
        sent: list[ProviderResult] = []
        try:
            if binding.recipient_key is not None and binding.recipient is None:
                raise DeliveryError(
                    f"missing recipient {binding.recipient_key}", code="no_recipient"
                )
            for event in events:
                receipt = await self._deliver_part(channel, event, binding, context)
                if receipt is not None:
                    sent.append(receipt)
        except Exception as error:  # a channel is foreign code; its failure is an outcome
            self._record_failure(channel_id, error)
            return _failed(channel_id, error, len(sent), _ids(sent))
        except BaseException:
            if breaker is not None:
                breaker.release_probe()
            raise
        if breaker is not None:
            breaker.record_success()
        if not sent and not truncated and len(events) == 1:
            return success
        return _sent(channel_id, sent, len(events), truncated=truncated)

    async def _deliver_part(
        self,
        channel: Channel,
        event: RoomEvent,
        binding: ChannelBinding,
        context: RoomContext,
    ) -> ProviderResult | None:
        if binding.rate_limit is not None:
            await self._limiter(binding, binding.rate_limit).acquire()
        if binding.retry_policy is None:
            return await self._attempt(channel, event, binding, context)

        async def attempt() -> ProviderResult | None:
            return await self._attempt(channel, event, binding, context)

        return await retry_with_backoff(
            attempt, binding.retry_policy, jitter=True, clock=self._rt.clock
        )

    async def _attempt(
        self,
        channel: Channel,
        event: RoomEvent,
        binding: ChannelBinding,
        context: RoomContext,
    ) -> ProviderResult | None:
        """One call of the channel; returns the vendor's receipt, if there is one."""
        strategy = self._rt.delivery_strategy
        if strategy is None:
            call = channel.deliver(event, binding, context)
        else:
            call = strategy.deliver(channel.deliver, event, binding, context)
        done, output = first_step(call)
        if not done:
            output = await self._finished(call, output)
        return None if output is NOTHING else _receipt(output)

    async def _finished(self, call: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
        """The rest of a delivery that could not be made at once, within its time."""
        limit = self._rt.limits.delivery_timeout
        try:
            return await finish_within(self._rt.clock, limit, call, waits_for)
        except DeadlineExceededError as error:
            raise DeliveryError(
                "the channel took too long", code="timeout", retryable=True
            ) from error

    def _record_failure(self, channel_id: str, error: Exception) -> None:
        breaker = self._breakers.get(channel_id)
        if isinstance(error, DeliveryError) and error.code in _NOT_THE_CHANNELS_FAULT:
            if breaker is not None:
                breaker.release_probe()
            return
        if breaker is None:
            breaker = self._breakers[channel_id] = CircuitBreaker(clock=self._rt.clock)
            self.is_direct = False
        breaker.record_failure()

    def _limiter(self, binding: ChannelBinding, limit: RateLimit) -> TokenBucketRateLimiter:
        key = (binding.room_id, binding.channel_id)
        known = self._limiters.get(key)
        if known is not None and known[0] == limit:
            self._limiters.move_to_end(key)
            return known[1]
        limiter = TokenBucketRateLimiter(limit, clock=self._rt.clock)
        self._limiters[key] = (limit, limiter)
        if len(self._limiters) > _MAX_LIMITERS:
            self._limiters.popitem(last=False)
        return limiter


def _receipt(output: object) -> ProviderResult | None:
    """What the vendor says about a message that a channel has delivered, if it says anything.

    Raises:
        DeliveryError: the vendor refused, or the channel returned something else.
    """
    if output is None:
        return None
    if not isinstance(output, ChannelOutput):
        raise DeliveryError(
            f"deliver() returned {type(output).__name__}, not ChannelOutput", code="bad_output"
        )
    result = output.result
    if not isinstance(result, ProviderResult):
        return None
    if not result.success:
        raise DeliveryError(
            result.error or "the provider refused",
            code=result.error_code or "refused",
            retryable=result.retryable,
            retry_after=result.retry_after,
            details=result.metadata,
        )
    if result.provider_message_id is None and not result.metadata:
        return None
    return result


def _ids(receipts: Sequence[ProviderResult]) -> list[str]:
    return [one.provider_message_id for one in receipts if one.provider_message_id is not None]


def _sent(
    channel_id: str, receipts: Sequence[ProviderResult], parts: int, *, truncated: bool
) -> DeliveryResult:
    ids = _ids(receipts)
    # What the vendor said of the first part holds for the message: that it went out as SMS, say.
    known = dict(receipts[0].metadata) if receipts else {}
    if any(isinstance(one, RCSResult) and one.fallback for one in receipts):
        known["fallback"] = True
    if len(ids) > 1:
        known["provider_message_ids"] = ids
    return DeliveryResult(
        channel_id=channel_id,
        success=True,
        provider_message_id=ids[0] if ids else None,
        status="sent" if ids else None,
        parts=parts,
        truncated=truncated,
        metadata=known,
    )


def _failed(
    channel_id: str, error: BaseException, parts_sent: int, ids: Sequence[str] = ()
) -> DeliveryResult:
    return DeliveryResult(
        channel_id=channel_id,
        success=False,
        error=describe_error(error),
        error_code=error.code if isinstance(error, DeliveryError) else "exception",
        parts=parts_sent,
        metadata={
            **(error.details if isinstance(error, DeliveryError) else {}),
            # Of the parts that did go out, if it was one in the middle that failed.
            **({"provider_message_ids": list(ids)} if ids else {}),
        },
    )
