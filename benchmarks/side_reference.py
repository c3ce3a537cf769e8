"""The reference loop as a side of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.reference import (
    Binding,
    Context,
    Event,
    Hook,
    HookResult,
    InboundMessage,
    MockAI,
    Reference,
    TextContent,
)
from benchmarks.sides import Inbox, Row, Side, expect


class ReferenceSide(Side):
    """Straight-line code over dicts; see `benchmarks.reference`."""

    name = "reference"

    def __init__(self) -> None:
        super().__init__()
        self._loop = Reference()
        self._ai: MockAI | None = None

    async def add_channel(self, channel_id: str) -> None:
        self.inboxes[channel_id] = Inbox()

    async def add_room(self, room_id: str, channel_ids: Sequence[str]) -> None:
        self._loop.create_room(room_id)
        for channel_id in channel_ids:
            self._loop.attach(
                room_id,
                Binding(channel_id=channel_id),
                deliver=self.inboxes[channel_id].receive,
            )

    async def add_ai(self, room_id: str, answer: str) -> None:
        self._ai = MockAI([answer])
        self._loop.attach(room_id, Binding(channel_id="ai", category="intelligence"), ai=self._ai)

    def add_hooks(self, count: int) -> None:
        async def allow(_event: Event, _context: Context) -> HookResult:
            self.hook_calls += 1
            return HookResult(action="allow")

        self._loop.hooks += [Hook(f"hook-{number}", allow) for number in range(count)]

    async def send(
        self,
        channel_id: str,
        text: str,
        *,
        sender_id: str = "alice",
        key: str | None = None,
        room_id: str | None = None,
    ) -> None:
        result = await self._loop.process_inbound(
            InboundMessage(
                channel_id=channel_id,
                sender_id=sender_id,
                content=TextContent(body=text),
                idempotency_key=key,
            ),
            room_id=room_id,
        )
        if result.blocked:
            expect(result.reason, None, "the message passes")

    async def timeline(self, room_id: str) -> list[Row]:
        room = self._loop.rooms[room_id]
        expect(room.event_count, len(room.events), f"{room_id}: event_count")
        return [Row(event.index, event.content.body) for event in room.events]

    def ai_context(self) -> list[str]:
        if self._ai is None or self._ai.last_context is None:
            return []
        return [message.content for message in self._ai.last_context.messages]

    async def close(self) -> None:
        pass
