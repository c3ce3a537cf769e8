"""Running sources: keeping them alive, and giving up on them."""

from __future__ import annotations

import asyncio
import logging

from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.retry import backoff_delay
from roomkit.core.runtime import KitRuntime
from roomkit.errors import SourceAlreadyAttachedError, SourceNotFoundError, describe_error
from roomkit.models.channel import RetryPolicy
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.sources.base import SourceHealth, SourceProvider

logger = logging.getLogger("roomkit.sources")


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
    ) -> None:
        self._rt = runtime
        self._inbound = inbound
        self._channel_id = channel_id
        self._auto_restart = auto_restart
        self._delays = delays
        self._max_restarts = max_restarts
        self.source = source
        self.health = SourceHealth(status="running", started_at=runtime.clock.now())
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = self._rt.scope.spawn(self._run(), name=f"source {self._channel_id}")

    async def end(self) -> None:
        """Stop the source and wait until it has let go of everything."""
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task])
        if self.health.status in ("running", "waiting"):
            self.health = self.health.evolve(status="stopped")
        await self.source.stop()

    async def _run(self) -> None:
        while True:
            self.health = self.health.evolve(status="running")
            try:
                await self.source.start(self._emit)
            except (
                Exception
            ) as error:  # foreign code; what it raises decides about the next attempt
                if not await self._failed(error):
                    return
            else:
                self.health = self.health.evolve(status="ended")
                await self._exhausted("ended")
                return

    async def _failed(self, error: Exception) -> bool:
        """Report a failure and wait for the time of the next attempt; False if there is none."""
        attempt = self.health.restarts
        text = describe_error(error)
        logger.warning("source of %s failed: %s", self._channel_id, type(error).__name__)
        await self._rt.events.emit(
            "source_error", channel_id=self._channel_id, error=text, restarts=attempt
        )
        spent = self._max_restarts is not None and attempt >= self._max_restarts
        if not self._auto_restart or spent:
            self.health = self.health.evolve(status="failed", error=text)
            await self._exhausted("failed")
            return False
        self.health = self.health.evolve(status="waiting", error=text, restarts=attempt + 1)
        await self._rt.clock.sleep(backoff_delay(self._delays, attempt))
        return True

    async def _exhausted(self, reason: str) -> None:
        await self._rt.events.emit("source_exhausted", channel_id=self._channel_id, reason=reason)

    async def _emit(self, message: InboundMessage) -> InboundResult:
        health = self.health
        self.health = health.evolve(
            messages=health.messages + 1,
            last_message_at=self._rt.clock.now(),
            restarts=0,
            error=None,
        )
        if message.channel_id != self._channel_id:
            message = message.model_copy(update={"channel_id": self._channel_id})
        return await self._inbound.process(message, None)


class SourceService:
    """At most one source for each channel."""

    def __init__(self, runtime: KitRuntime, inbound: InboundPipeline) -> None:
        self._rt = runtime
        self._inbound = inbound
        self._sources: dict[str, _RunningSource] = {}

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
        )
        await self._rt.events.emit("source_attached", channel_id=channel_id, source=source.name)
        running.begin()

    async def detach(self, channel_id: str) -> None:
        """Stop a channel's source.

        Raises:
            SourceNotFoundError: the channel has none.
        """
        running = self._sources.pop(channel_id, None)
        if running is None:
            raise SourceNotFoundError(channel_id)
        await running.end()
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
        """Stop all sources, at once."""
        running = list(self._sources.values())
        self._sources.clear()
        await asyncio.gather(*(one.end() for one in running))
