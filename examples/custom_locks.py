"""A lock manager of your own, made from one that exists: it tells who had to wait for a room."""

from __future__ import annotations

import asyncio

from roomkit import (
    HookResult,
    HookTrigger,
    InboundMessage,
    InMemoryLockManager,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomLockManager,
    TextContent,
    WebSocketChannel,
)
from roomkit.core.locks import RoomLease


class WatchedLocks(RoomLockManager):
    """Two methods make a lock manager. These pass everything on, and keep count."""

    def __init__(self, inner: RoomLockManager) -> None:
        self._inner = inner
        self.waits: dict[str, int] = {}

    async def acquire(self, room_id: str) -> RoomLease:
        lease = await self._inner.acquire(room_id)
        if lease.waited:
            self.waits[room_id] = self.waits.get(room_id, 0) + 1
        return lease

    async def release(self, lease: RoomLease) -> None:
        await self._inner.release(lease)

    async def close(self) -> None:
        await self._inner.close()


async def main() -> None:
    locks = WatchedLocks(InMemoryLockManager())
    async with RoomKit(lock_manager=locks) as kit:
        for name in ("web-1", "web-2"):
            kit.register_channel(WebSocketChannel(name))
        for room_id, channel_id in (("busy", "web-1"), ("quiet", "web-2")):
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, channel_id)

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def slow(event: RoomEvent, context: RoomContext) -> HookResult:
            await asyncio.sleep(0.01)  # a moderation service, say; the room is locked meanwhile
            return HookResult.allow()

        def message(channel_id: str, text: str) -> InboundMessage:
            content = TextContent(body=text)
            return InboundMessage(channel_id=channel_id, sender_id="ada", content=content)

        calls = [kit.process_inbound(message("web-1", f"message {n}")) for n in range(1, 4)]
        calls.append(kit.process_inbound(message("web-2", "hello")))
        await asyncio.gather(*calls)

        print("had to wait:", locks.waits)
        for event in await kit.get_timeline("busy"):
            if isinstance(event.content, TextContent):
                print(event.index, event.content.body)


if __name__ == "__main__":
    asyncio.run(main())
