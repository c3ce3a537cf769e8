"""One message from end to end: what it caused, by its correlation id.

The timeline, the framework events and the result all tell of the same message. None of them needs
what was said: logs made of this carry ids.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    FrameworkEvent,
    HookResult,
    HookTrigger,
    InboundMessage,
    MockSMSProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider

TELLING = ("event_processed", "event_blocked", "delivery_succeeded", "delivery_failed")


async def main() -> None:
    async with RoomKit() as kit:
        told: list[FrameworkEvent] = []
        for kind in TELLING:
            kit.on(kind)(told.append)

        @kit.hook(HookTrigger.BEFORE_BROADCAST, name="no shouting")
        async def quiet(event: RoomEvent, context: RoomContext) -> HookResult:
            loud = event.chain_depth > 0 and "!" in str(event.content)
            return HookResult.block("too loud") if loud else HookResult.allow()

        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        kit.register_channel(AIChannel("calm", MockAIProvider(["Here you are."])))
        kit.register_channel(AIChannel("loud", MockAIProvider(["HERE!"])))
        await kit.create_room("case")
        for channel_id in ("web", "calm", "loud"):
            await kit.attach_channel("case", channel_id)
        await kit.attach_channel("case", "sms", metadata={"phone_number": "+15551234567"})

        result = await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Hello?"))
        )

        assert result.event is not None
        indices: dict[str | None, int] = {}
        print("the timeline:")
        for event in await kit.get_timeline("case"):
            if event.correlation_id == result.event.correlation_id:
                indices[event.id] = event.index
                parent = indices.get(event.parent_event_id, "-")
                outcome = event.blocked_by or ", ".join(event.delivery_results)
                source = f"{event.source.channel_id}, answers {parent}"
                print(f"  {event.index} from {source}: {event.status} ({outcome})")
        print("the framework events, in their order:")
        for notice in told:
            print(f"  {notice.type}: {indices[notice.event_id]} {notice.channel_id}")
        print("the result:", len(result.response_events), "answer, error:", result.error)


if __name__ == "__main__":
    asyncio.run(main())
