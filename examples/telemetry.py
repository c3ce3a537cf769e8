"""Telemetry: where the time of a message goes, as spans that nest.

`MockTelemetryProvider` keeps the spans in memory. Use `ConsoleTelemetryProvider` to log them, or
`OpenTelemetryProvider` to send them to your tracing system.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    HookResult,
    HookTrigger,
    InboundMessage,
    MockTelemetryProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.telemetry import Span


async def main() -> None:
    telemetry = MockTelemetryProvider()
    async with RoomKit(telemetry=telemetry) as kit:

        @kit.hook(HookTrigger.BEFORE_BROADCAST, name="check")
        async def check(event: RoomEvent, context: RoomContext) -> HookResult:
            return HookResult.allow()

        async def receive(event: RoomEvent) -> None:
            pass

        page = WebSocketChannel("page")
        page.register_connection("tab", receive)
        kit.register_channel(page)
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", MockAIProvider(["Hello!"])))
        await kit.create_room("support")
        for channel_id in ("page", "web", "ai"):
            await kit.attach_channel("support", channel_id)
        await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Hi"))
        )

    def show(parent: Span | None, depth: int) -> None:
        for span in telemetry.children(parent):
            print(f"{'  ' * depth}{span.kind} {span.name}: {span.status}")
            show(span, depth + 1)

    show(None, 0)


if __name__ == "__main__":
    asyncio.run(main())
