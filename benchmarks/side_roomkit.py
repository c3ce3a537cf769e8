"""RoomKit, used as its quickstart uses it, as a side of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.sides import Inbox, Row, Side, expect
from roomkit import (
    ChannelCategory,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.ai import AIChannel
from roomkit.models.enums import EventType
from roomkit.providers.ai.mock import MockAIProvider

_PAGE = 500


class RoomKitSide(Side):
    """The library with its in-memory defaults, nothing tuned."""

    name = "roomkit"

    def __init__(self) -> None:
        super().__init__()
        self.kit = RoomKit()
        self._provider: MockAIProvider | None = None

    async def add_channel(self, channel_id: str) -> None:
        channel = WebSocketChannel(channel_id)
        inbox = self.inboxes[channel_id] = Inbox()
        channel.register_connection(f"{channel_id}-conn", inbox.receive)
        self.kit.register_channel(channel)

    async def add_room(self, room_id: str, channel_ids: Sequence[str]) -> None:
        await self.kit.create_room(room_id=room_id)
        for channel_id in channel_ids:
            await self.kit.attach_channel(room_id, channel_id)

    async def add_ai(self, room_id: str, answer: str) -> None:
        self._provider = MockAIProvider(responses=[answer])
        self.kit.register_channel(AIChannel("ai", provider=self._provider))
        await self.kit.attach_channel(room_id, "ai", category=ChannelCategory.INTELLIGENCE)

    def add_hooks(self, count: int) -> None:
        async def allow(_event: RoomEvent, _context: RoomContext) -> HookResult:
            self.hook_calls += 1
            return HookResult.allow()

        for number in range(count):
            self.kit.hook(HookTrigger.BEFORE_BROADCAST, name=f"hook-{number}")(allow)

    async def send(
        self,
        channel_id: str,
        text: str,
        *,
        sender_id: str = "alice",
        key: str | None = None,
        room_id: str | None = None,
    ) -> None:
        result = await self.kit.process_inbound(
            InboundMessage(
                channel_id=channel_id,
                sender_id=sender_id,
                content=TextContent(body=text),
                idempotency_key=key,
            ),
            room_id=room_id,
        )
        if result.blocked or result.error:
            expect(result.reason or result.error, None, "the message passes")

    async def timeline(self, room_id: str) -> list[Row]:
        rows: list[Row] = []
        while page := await self.kit.store.list_events(room_id, offset=len(rows), limit=_PAGE):
            rows += [Row(event.index, _text(event)) for event in page]
        room = await self.kit.get_room(room_id)
        expect(room.event_count, len(rows), f"{room_id}: event_count")
        expect(room.latest_index, rows[-1].index, f"{room_id}: latest_index")
        return rows

    def ai_context(self) -> list[str]:
        if self._provider is None or not self._provider.calls:
            return []
        return [str(message.content) for message in self._provider.calls[-1].messages]

    async def close(self) -> None:
        await self.kit.close()


def _text(event: RoomEvent) -> str | None:
    if event.type is not EventType.MESSAGE or not isinstance(event.content, TextContent):
        return None
    return event.content.body
