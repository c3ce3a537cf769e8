"""Pictures for a model: with vision it gets the picture, without it a description.

`MockAIProvider` records what each model was shown.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.models.event import CompositeContent, MediaContent
from roomkit.providers.ai.base import AIImagePart
from roomkit.providers.ai.mock import MockAIProvider


def shown(provider: MockAIProvider) -> list[str]:
    """What the model was asked last."""
    content = provider.calls[-1].messages[-1].content
    if isinstance(content, str):
        return [content]
    return [
        f"<image {part.url}>" if isinstance(part, AIImagePart) else part.text for part in content
    ]


async def main() -> None:
    seeing = MockAIProvider(["A cat."], vision=True)
    blind = MockAIProvider(["I cannot tell."])
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        for room_id, provider in (("with vision", seeing), ("without", blind)):
            kit.register_channel(AIChannel(f"ai {room_id}", provider))
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, "web")
            await kit.attach_channel(room_id, f"ai {room_id}")

            picture = MediaContent(
                url="https://example.com/1.jpg", mime_type="image/jpeg", filename="1.jpg"
            )
            question = TextContent(body="What is in the picture?")
            await kit.process_inbound(
                InboundMessage(
                    channel_id="web",
                    sender_id="ada",
                    content=CompositeContent(parts=[question, picture]),
                ),
                room_id=room_id,
            )
            print(f"{room_id}: {shown(provider)}")


if __name__ == "__main__":
    asyncio.run(main())
