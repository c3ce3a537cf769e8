"""What a conversation leaves behind besides messages: tasks to do and things noticed.

Hooks and AI providers may both hand them in; they are saved once the message is done.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    AIResponse,
    Channel,
    HookResult,
    HookTrigger,
    InboundMessage,
    Observation,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.enums import TaskStatus
from roomkit.providers.ai.mock import MockAIProvider

ANSWER = AIResponse(
    content="Somebody will call you today.",
    tasks=[Task(title="Call Ada", assigned_to="desk")],
)


async def main() -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", MockAIProvider([ANSWER])))
        await kit.create_room("case")
        await kit.attach_channel("case", "web")
        await kit.attach_channel("case", "ai")

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def mood(event: RoomEvent, context: RoomContext) -> HookResult:
            if "!!" not in Channel.extract_text(event):
                return HookResult.allow()
            angry = Observation(category="mood", content="angry", confidence=0.8)
            return HookResult.allow(observations=[angry])

        @kit.hook(HookTrigger.ON_TASK_CREATED)
        async def notify(event: RoomEvent, context: RoomContext) -> None:
            print(f"hook: new task for {event.data['assigned_to']}: {Channel.extract_text(event)}")

        result = await kit.process_inbound(
            InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body="Nobody calls me!!")
            )
        )
        print("in the result:", [one.category for one in result.observations])
        print("in the result:", [one.title for one in result.tasks])

        (task,) = await kit.list_tasks("case")
        await kit.store.update_task(task.model_copy(update={"status": TaskStatus.COMPLETED}))
        print("open:", await kit.list_tasks("case", TaskStatus.PENDING))
        for one in await kit.list_observations("case"):
            print(f"observed: {one.category}={one.content} ({one.confidence:.0%})")


if __name__ == "__main__":
    asyncio.run(main())
