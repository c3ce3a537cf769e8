"""`MemoryWrapper`: the base of memories that change what another one returns."""

from __future__ import annotations

from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent

__all__ = ["MemoryWrapper"]


class MemoryWrapper(MemoryProvider):
    """Passes everything on to another memory; override what shall be different.

    Args:
        inner: the other memory. It is closed with this one.
    """

    def __init__(self, inner: MemoryProvider) -> None:
        self.inner = inner
        self.max_events = inner.max_events

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        return await self.inner.retrieve(room_id, current_event, context, channel_id=channel_id)

    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        return await self.inner.fit(result, frame, current_event, shrink=shrink)

    async def on_revision(
        self, revision: RoomEvent, context: RoomContext, *, channel_id: str | None = None
    ) -> None:
        await self.inner.on_revision(revision, context, channel_id=channel_id)

    async def forget(self, room_id: str) -> None:
        await self.inner.forget(room_id)

    async def close(self) -> None:
        await self.inner.close()
