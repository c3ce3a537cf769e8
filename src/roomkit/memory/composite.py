"""`CompositeMemory`: several memories as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent

__all__ = ["CompositeMemory"]


class CompositeMemory(MemoryProvider):
    """Asks several memories at once and puts together what they return.

    Their messages follow each other in the order of the memories; their events become one
    timeline, each event once. If one of them raises, so does this one.

    Args:
        memories: at least one.
    """

    def __init__(self, memories: Sequence[MemoryProvider]) -> None:
        if not memories:
            raise ValueError("a composite needs at least one memory")
        self._memories = tuple(memories)
        self.max_events = max(memory.max_events for memory in self._memories)

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        memory.retrieve(room_id, current_event, context, channel_id=channel_id)
                    )
                    for memory in self._memories
                ]
        except BaseExceptionGroup as errors:
            # Callers know what a memory raises, not how many of them there are.
            raise errors.exceptions[0] from None
        results = [task.result() for task in tasks]
        events = {event.id: event for result in reversed(results) for event in result.events}
        return MemoryResult(
            messages=[message for result in results for message in result.messages],
            events=sorted(events.values(), key=_index_of),
        )

    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        for memory in self._memories:
            result = await memory.fit(result, frame, current_event)
        # Once for all: if each of them halved what the one before had left, little would remain.
        return await super().fit(result, frame, current_event, shrink=shrink)

    async def on_revision(
        self, revision: RoomEvent, context: RoomContext, *, channel_id: str | None = None
    ) -> None:
        for memory in self._memories:
            await memory.on_revision(revision, context, channel_id=channel_id)

    async def forget(self, room_id: str) -> None:
        for memory in self._memories:
            await memory.forget(room_id)

    async def close(self) -> None:
        errors: list[Exception] = []
        for memory in self._memories:
            try:
                await memory.close()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("memories could not be closed", errors)


def _index_of(event: RoomEvent) -> int:
    return event.index
