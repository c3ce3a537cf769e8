"""What comes once a cascade has come to rest: side effects are kept, observers are told."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from roomkit.core.pipeline.cascade import Cascade, SideEffects
from roomkit.core.runtime import SYSTEM_CHANNEL, KitRuntime
from roomkit.core.services.transitions import system_event
from roomkit.errors import locate_error
from roomkit.models.enums import EventType, HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation, Task

logger = logging.getLogger("roomkit")


class Aftermath:
    """Keeps what hooks and channels wanted noted, and tells who only watches.

    What fails here is reported and undoes nothing.
    """

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime

    async def save(self, effects: SideEffects, cascade: Cascade) -> None:
        """Store the tasks and observations that are not stored yet."""
        tasks, effects.tasks = effects.tasks, []
        observations, effects.observations = effects.observations, []
        for observation in observations:
            await self._attempt(cascade, self._save_observation(cascade, observation))
        for task in tasks:
            await self._attempt(cascade, self._save_task(cascade, task))

    async def _save_observation(self, cascade: Cascade, observation: Observation) -> None:
        saved = await self._rt.store.add_observation(
            observation.evolve(room_id=observation.room_id or cascade.room_id)
        )
        cascade.effects.saved_observations.append(saved)

    async def _save_task(self, cascade: Cascade, task: Task) -> None:
        rt = self._rt
        task = await rt.store.add_task(task.evolve(room_id=task.room_id or cascade.room_id))
        cascade.effects.saved_tasks.append(task)
        if rt.hooks.listens(HookTrigger.ON_TASK_CREATED, task.room_id):
            notice = system_event(
                task.room_id,
                "task_created",
                task.title,
                event_type=EventType.TASK_CREATED,
                task_id=task.id,
                status=task.status.value,
                assigned_to=task.assigned_to,
            )
            failures = await rt.observe(HookTrigger.ON_TASK_CREATED, notice, task.room_id)
            cascade.effects.failures.extend(failures)

    async def _attempt(self, cascade: Cascade, step: Coroutine[Any, Any, None]) -> None:
        """Take a step that comes after the commit: its failure is reported and undoes nothing."""
        try:
            await step
        except Exception as error:  # a store that is down, or a task for a room that is not there
            logger.error(
                "something that follows a message in room %s failed: %s",
                cascade.room_id,
                locate_error(error),
            )
            cascade.effects.errors.append(f"{SYSTEM_CHANNEL}: {type(error).__name__}")

    def is_watched(self, room_id: str) -> bool:
        """Whether anybody wants to hear of events that were sent."""
        hooks = self._rt.hooks
        return self._rt.events.listens("event_processed") or (
            hooks.any_for(room_id)
            and (
                hooks.listens(HookTrigger.AFTER_BROADCAST, room_id)
                or hooks.observes(HookTrigger.BEFORE_BROADCAST, room_id)
            )
        )

    async def tell(self, cascade: Cascade, sent: list[str]) -> None:
        """Run the observers of these events, one event after the other."""
        rt, room_id = self._rt, cascade.room_id
        after = rt.hooks.listens(HookTrigger.AFTER_BROADCAST, room_id)
        before = rt.hooks.observes(HookTrigger.BEFORE_BROADCAST, room_id)
        processed = rt.events.listens("event_processed")
        for event_id in sent:
            event = cascade.current[event_id]
            if before:
                await self._attempt(cascade, self._observe(cascade, event, only_async=True))
            if after:
                await self._attempt(cascade, self._observe(cascade, event))
            if processed:
                await rt.events.emit(
                    "event_processed",
                    room_id=room_id,
                    channel_id=event.source.channel_id,
                    event_id=event.id,
                    index=event.index,
                    chain_depth=event.chain_depth,
                )

    async def _observe(
        self, cascade: Cascade, event: RoomEvent, *, only_async: bool = False
    ) -> None:
        trigger = HookTrigger.BEFORE_BROADCAST if only_async else HookTrigger.AFTER_BROADCAST
        failures = await self._rt.observe(trigger, event, cascade.room_id, only_async=only_async)
        if failures:
            cascade.effects.failures.extend(failures)
