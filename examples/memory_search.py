"""Old messages that fit a question, found by their meaning and quoted.

`RetrievalMemory` keeps an index of what a channel has seen. Meaning comes from an `Embedder`, a
few lines around a vendor's API. The one here knows six words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from roomkit import AIChannel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.memory import Embedder, InMemoryVectorIndex, RetrievalMemory
from roomkit.providers.ai.mock import MockAIProvider

WORDS = ("bicycle", "red", "colour", "weather", "rain", "lunch")


class KnownWords(Embedder):
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(text.lower().count(word)) for word in WORDS] for text in texts]


async def main() -> None:
    memory = RetrievalMemory(InMemoryVectorIndex(), KnownWords(), keep=2, top_k=1, min_score=0.3)
    model = MockAIProvider(["Hm."])
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", model, memory=memory))
        for room_id in ("shop", "another"):
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, "web")
            await kit.attach_channel(room_id, "ai")

        async def say(text: str, room_id: str = "shop") -> None:
            message = InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body=text)
            )
            await kit.process_inbound(message, room_id=room_id)

        async def ask(text: str, room_id: str = "shop") -> None:
            await say(text, room_id)
            print(f"{room_id}: {text}")
            for message in model.calls[-1].messages[:-1]:
                for line in message.text.splitlines():
                    if line.startswith("<message"):
                        print("  quoted:", line)

        for text in ("My bicycle is red.", "Rain again.", "Lunch?", "Where to?", "As always."):
            await say(text)
        await ask("Which colour is my bicycle?")
        await ask("What did I say of the weather, of rain?")
        await ask("And where do we meet?")
        await ask("Which colour is my bicycle?", "another")  # it was never told


if __name__ == "__main__":
    asyncio.run(main())
