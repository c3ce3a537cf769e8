"""A chat in a terminal, with an assistant and a word filter.

The lines come from a script here. Leave out `lines=` to type them yourself; `/quit` or the end of
the input ends the chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from roomkit import (
    AIChannel,
    Channel,
    CLIChannel,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
)
from roomkit.providers.ai.mock import MockAIProvider


async def typed() -> AsyncIterator[str]:
    for line in ("Hello!", "You are a nuisance.", "How old is the universe?", "/quit"):
        print(line)
        yield line


async def main() -> None:
    ai = MockAIProvider(["Hi there.", "About 13.8 billion years."])
    async with RoomKit() as kit:

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def be_polite(event: RoomEvent, context: RoomContext) -> HookResult:
            if "nuisance" in Channel.extract_text(event):
                return HookResult.block("please be polite")
            return HookResult.allow()

        terminal = CLIChannel("terminal", sender_id="you", lines=typed())
        kit.register_channel(terminal)
        kit.register_channel(AIChannel("assistant", ai))
        await kit.create_room("chat")
        await kit.attach_channel("chat", "terminal")
        await kit.attach_channel("chat", "assistant")
        await terminal.run("chat")


if __name__ == "__main__":
    asyncio.run(main())
