"""A gate before every tool call: small refunds pass, large ones wait for a person.

The hook may allow a call, refuse it with a reason that the model reads, or change its arguments.
It fails closed: a hook that raises refuses. An audit hook hears afterwards what came of the call.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    HookExecution,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomKit,
    Task,
    TextContent,
    ToolCallEvent,
    WebSocketChannel,
)
from roomkit.models.enums import TaskStatus
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.actors import wants_tool

LIMIT = 100


async def refund(order: str, amount: float, approved_by: str = "nobody") -> str:
    """Give money back."""
    return f"{amount:.0f} given back for order {order}, approved by {approved_by}"


async def main() -> None:
    wishes = [wants_tool("refund", order="7", amount=amount) for amount in (50, 500, 500)]
    model = MockAIProvider([wishes[0], "Done.", wishes[1], "I will ask.", wishes[2], "Done."])
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", model, tools=[refund]))
        await kit.create_room("shop")
        await kit.attach_channel("shop", "web")
        await kit.attach_channel("shop", "ai")

        @kit.hook(HookTrigger.ON_TOOL_CALL)
        async def gate(call: ToolCallEvent, context: RoomContext) -> HookResult:
            amount = call.arguments["amount"]
            decided = await kit.list_tasks("shop", TaskStatus.COMPLETED)
            if amount > LIMIT and not decided:
                task = Task(title=f"Refund {amount}?", assigned_to="grace")
                return HookResult.block(f"more than {LIMIT} needs a person", tasks=[task])
            by = "the rule for small amounts" if amount <= LIMIT else decided[0].assigned_to
            return HookResult.modify(call.with_arguments({**call.arguments, "approved_by": by}))

        @kit.hook(HookTrigger.ON_TOOL_CALL, execution=HookExecution.ASYNC)
        async def audit(call: ToolCallEvent, context: RoomContext) -> None:
            print(f"  {call.name}: {call.result}")

        async def ask(text: str) -> None:
            print("ada:", text)
            await kit.process_inbound(
                InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body=text))
            )

        await ask("50 back for the bell, please.")
        await ask("And 500 for the frame.")
        (task,) = await kit.list_tasks("shop")
        print(f"{task.assigned_to} is asked: {task.title}")
        await kit.store.update_task(task.model_copy(update={"status": TaskStatus.COMPLETED}))
        await ask("Well?")


if __name__ == "__main__":
    asyncio.run(main())
