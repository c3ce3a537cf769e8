"""Running sources: keeping them alive, and giving up on them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from itertools import count
from typing import Any

from roomkit._tasks import is_failure
from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.retry import backoff_delay
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.webhooks import was_put_off
from roomkit.errors import (
    KitClosedError,
    RoomKitError,
    SourceAlreadyAttachedError,
    SourceNotFoundError,
    describe_error,
)
from roomkit.models.channel import RetryPolicy
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.sources.base import SourceHealth, SourceProvider

logger = logging.getLogger("roomkit.sources")

_HANDING_IN = RetryPolicy.constant(max_retries=5, base_delay_seconds=1.0, max_delay_seconds=30.0)
_SHORTEST_WISH = 0.1
"""A source that may come back at once would come back without end."""

_AT_ONCE = 32
"""How many messages a source may hand in before others get their turn."""

_DRAIN_SECONDS = 2.0
_END_SECONDS = 5.0
"""Both in real time, as with `TaskScope.close`: a process must end even if virtual time stands
still."""

type Random = Callable[[], float]
"""A number from 0 up to 1."""

_inside: ContextVar[_Step | None] = ContextVar("roomkit_source_step", default=None)


class _Step:
    """Something that a source has caused, while it is being done."""

    __slots__ = ("done", "of")

    def __init__(self, of: _RunningSource) -> None:
        self.of = of
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _RunningSource:
    """One source, its task, and what is known about how it is doing."""

    def __init__(
        self,
        runtime: KitRuntime,
        inbound: InboundPipeline,
        channel_id: str,
        source: SourceProvider,
        *,
        auto_restart: bool,
        delays: RetryPolicy,
        max_restarts: int | None,
        rng: Random,
    ) -> None:
        self._rt = runtime
        self._inbound = inbound
        self._channel_id = channel_id
        self._auto_restart = auto_restart
        self._delays = delays
        self._max_restarts = max_restarts
        self._rng = rng
        self._source = source
        self._health = SourceHealth(status="running", started_at=runtime.clock.now())
        self._task: asyncio.Task[None] | None = None
        self._own_step: _Step | None = None
        self._stopped = False

    @property
    def health(self) -> SourceHealth:
        health, source = self._health, self._source
        connecting = health.status == "running" and source.connected is False
        return health.evolve(
            status="connecting" if connecting else health.status,
            dropped=health.dropped + source.dropped,
        )

    @property
    def source(self) -> SourceProvider:
        return self._source

    @property
    def step_here(self) -> _Step | None:
        """What this source has caused and this very call is a part of."""
        step = _inside.get()
        return step if step is not None and step.of is self and not step.done.done() else None

    def begin(self) -> None:
        self._rt.scope.spawn(self._run(), name=f"source {self._channel_id}")

    async def end(self, *, patient: bool = True) -> None:
        """Stop the source and wait, though not for ever, until it has let go of everything.

        Args:
            patient: give what it has caused a moment to be done with.
        """
        self._stopped = True
        steps = {step.done for step in (self._own_step, self.step_here) if step is not None}
        if patient and steps:
            await asyncio.wait(steps, timeout=_DRAIN_SECONDS)
        if self._task is not None and not self._task.done():
            if not self._task.cancelling():  # a second time would disturb it in cleaning up
                self._task.cancel()
            await asyncio.wait([self._task], timeout=_END_SECONDS)
            if not self._task.done():
                logger.warning("the source of %s does not end", self._channel_id)
        if self._health.status in ("running", "waiting"):
            self._health = self._health.evolve(status="stopped")
        async with asyncio.timeout(_END_SECONDS):
            await self._source.stop()

    async def _undisturbed[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Take a step that the end of the source waits for, and that may bring it about."""
        step = _Step(self)
        is_own = asyncio.current_task() is self._task
        token = _inside.set(step)
        if is_own:
            self._own_step = step
        try:
            return await work
        finally:
            _inside.reset(token)
            if is_own:
                self._own_step = None
            step.done.set_result(None)

    async def _leave_if_stopped(self) -> None:
        """Not a moment later: the source would hand in the next message."""
        task = asyncio.current_task()
        if self._stopped and task is not None and task is self._task:
            task.cancel()
            await asyncio.sleep(0)
        elif self._health.messages % _AT_ONCE == 0:
            # A source whose messages are all at hand would leave the loop to nobody else.
            await asyncio.sleep(0)

    async def _run(self) -> None:
        clock = self._rt.clock
        self._task = asyncio.current_task()
        while not self._stopped:
            self._health = self._health.evolve(status="running")
            began = clock.monotonic()
            try:
                await self._source.start(self._emit)
            except BaseException as error:  # what foreign code raises decides about what is next
                if not is_failure(error):
                    raise
                await self._failed(error, lasted=clock.monotonic() - began)
            else:
                await self._undisturbed(self._over("ended"))
            if self._health.status != "waiting":
                return

    async def _failed(self, error: BaseException, *, lasted: float) -> None:
        """Report a failure, and wait for the time of the next attempt if there is one."""
        if isinstance(error, KitClosedError):  # nothing is taken in any more, whatever comes
            return
        if self._source.connected and lasted >= self._delays.max_delay_seconds:
            self._health = self._health.evolve(restarts=0)
        attempt = self._health.restarts
        await self._undisturbed(self._report(error))
        if self._stopped:
            return
        spent = self._max_restarts is not None and attempt >= self._max_restarts
        if spent or not self._auto_restart or not getattr(error, "retryable", True):
            await self._undisturbed(self._over("failed"))
            return
        self._health = self._health.evolve(status="waiting", restarts=attempt + 1)
        await self._rt.clock.sleep(self._delay(attempt, getattr(error, "retry_after", None)))

    async def _report(self, error: BaseException) -> None:
        text = describe_error(error)
        logger.warning("source of %s failed: %s", self._channel_id, type(error).__name__)
        self._health = self._health.evolve(error=text)
        await self._rt.events.emit(
            "source_error",
            channel_id=self._channel_id,
            error=text,
            restarts=self._health.restarts,
        )

    def _delay(self, attempt: int, wish: float | None) -> float:
        """How long to wait after a failed attempt.

        It is random, so that many who lost the same server do not come back together. A wish of
        the other side takes the place of the first delay and is not undercut, unless it goes
        beyond the longest.
        """
        policy = self._delays
        if wish is None:
            return backoff_delay(policy, attempt) * self._rng()
        policy = policy.evolve(base_delay_seconds=max(wish, _SHORTEST_WISH))
        delay = backoff_delay(policy, attempt) * (1 + self._rng() / 2)
        return min(delay, policy.max_delay_seconds)

    async def _over(self, reason: str) -> None:
        self._health = self._health.evolve(status=reason)
        await self._rt.events.emit("source_exhausted", channel_id=self._channel_id, reason=reason)

    async def _emit(self, message: InboundMessage) -> InboundResult:
        self._health = self._health.evolve(
            messages=self._health.messages + 1,
            last_message_at=self._rt.clock.now(),
            restarts=0,
        )
        if message.channel_id != self._channel_id:
            message = message.model_copy(update={"channel_id": self._channel_id})
        result = await self._hand_in(message)
        await self._leave_if_stopped()
        return result

    async def _hand_in(self, message: InboundMessage) -> InboundResult:
        for attempt in count():
            try:
                return await self._undisturbed(self._attempt(message))
            except KitClosedError:
                raise
            except Exception as error:  # one message's failure must not end the source
                # Waiting for one's turn is no failure: a rate limit lets everybody in some time.
                last = attempt >= _HANDING_IN.max_retries and not isinstance(error, _LimitedError)
                if last or not getattr(error, "retryable", isinstance(error, OSError)):
                    return await self._drop(error)
            await self._rt.clock.sleep(backoff_delay(_HANDING_IN, attempt))
        raise AssertionError("counting has no end")

    async def _attempt(self, message: InboundMessage) -> InboundResult:
        result = await self._inbound.process(message, None)
        if was_put_off(result):
            kind = _LimitedError if result.reason == "rate_limited" else _PutOffError
            raise kind(result.reason)
        return result

    async def _drop(self, error: Exception) -> InboundResult:
        self._health = self._health.evolve(dropped=self._health.dropped + 1)
        await self._report(error)
        return InboundResult(blocked=True, reason="dropped", error=describe_error(error))


class _PutOffError(RoomKitError):
    """The kit had no time for a message."""

    retryable = True


class _LimitedError(_PutOffError):
    """It is not the message's turn yet."""


class SourceService:
    """At most one source for each channel."""

    def __init__(
        self, runtime: KitRuntime, inbound: InboundPipeline, *, rng: Random = random.random
    ) -> None:
        self._rt = runtime
        self._inbound = inbound
        self._rng = rng
        self._sources: dict[str, _RunningSource] = {}
        self._leaving: set[_RunningSource] = set()

    async def attach(
        self,
        channel_id: str,
        source: SourceProvider,
        *,
        auto_restart: bool,
        restart_delay: float,
        max_restart_delay: float,
        max_restarts: int | None,
    ) -> None:
        """Start a source; see `RoomKit.attach_source`."""
        self._rt.check_open()
        self._rt.channel(channel_id)
        if channel_id in self._sources:
            raise SourceAlreadyAttachedError(channel_id)
        if any(one.source is source for one in (*self._sources.values(), *self._leaving)):
            raise ValueError("this source is attached already, or not quite detached yet")
        if not 0 < restart_delay <= max_restart_delay:
            raise ValueError("restart_delay must be above 0 and not above max_restart_delay")
        name = source.name
        running = self._sources[channel_id] = _RunningSource(
            self._rt,
            self._inbound,
            channel_id,
            source,
            auto_restart=auto_restart,
            delays=RetryPolicy(
                base_delay_seconds=restart_delay, max_delay_seconds=max_restart_delay
            ),
            max_restarts=max_restarts,
            rng=self._rng,
        )
        try:
            await self._rt.events.emit("source_attached", channel_id=channel_id, source=name)
        except BaseException:  # a source is either running or not there
            if self._sources.get(channel_id) is running:
                del self._sources[channel_id]
            raise
        if self._sources.get(channel_id) is running:  # nobody has detached it meanwhile
            running.begin()

    async def detach(self, channel_id: str) -> None:
        """Stop a channel's source; see `RoomKit.detach_source`.

        Raises:
            SourceNotFoundError: the channel has none.
        """
        running = self._sources.pop(channel_id, None)
        if running is None:
            raise SourceNotFoundError(channel_id)
        self._leaving.add(running)
        inside = running.step_here is not None
        # Once begun it goes on, whatever becomes of the caller.
        task = self._rt.scope.spawn(
            self._let_go(channel_id, running), name=f"detach {channel_id}", awaited=not inside
        )
        if not inside:  # or it would wait for itself
            await asyncio.shield(task)

    async def _let_go(self, channel_id: str, running: _RunningSource) -> None:
        try:
            await running.end()
        finally:
            self._leaving.discard(running)
            await self._rt.events.emit("source_detached", channel_id=channel_id)

    def health(self, channel_id: str) -> SourceHealth:
        """How a channel's source is doing.

        Raises:
            SourceNotFoundError: the channel has none.
        """
        running = self._sources.get(channel_id)
        if running is None:
            raise SourceNotFoundError(channel_id)
        return running.health

    async def close(self) -> None:
        """Stop all sources, at once.

        Raises:
            ExceptionGroup: what sources have raised, once all were stopped.
        """
        running = list(self._sources.values())
        self._sources.clear()
        ends = await asyncio.gather(
            *(one.end(patient=one.step_here is None) for one in running), return_exceptions=True
        )
        failures = [end for end in ends if isinstance(end, Exception)]
        if failures:
            raise ExceptionGroup("stopping the sources failed in part", failures)
