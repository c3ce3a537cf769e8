"""An AI provider of your own: here a model without any intelligence, that counts words.

`generate` is all that a provider must have. One that can stream overrides `generate_stream` and
says so with `supports_streaming`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from roomkit import (
    AIChannel,
    AIContext,
    AIProvider,
    AIResponse,
    Channel,
    InboundMessage,
    ProviderError,
    RoomKit,
    StreamDone,
    StreamTextDelta,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.base import AIStreamEvent


class WordCounter(AIProvider):
    @property
    def model_name(self) -> str:
        return "word-counter-1"

    @property
    def supports_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        question = context.messages[-1].content
        if not isinstance(question, str):
            raise ProviderError("only text, please", provider="words", retryable=False)
        count = len(question.split())
        usage = {"input_tokens": count, "output_tokens": 2}
        return AIResponse(content=f"{count} words", usage=usage, finish_reason="stop")

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        response = await self.generate(context)
        for piece in re.findall(r"\s*\S+", response.content):
            yield StreamTextDelta(text=piece)
        yield StreamDone(response=response)


async def main() -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", WordCounter(), system_prompt="Count the words."))
        await kit.create_room("words")
        await kit.attach_channel("words", "web")
        await kit.attach_channel("words", "ai")

        result = await kit.process_inbound(
            InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body="How long is this?")
            )
        )
        (answer,) = result.response_events
        print(f"{answer.source.provider}: {Channel.extract_text(answer)}")
        print(dict(answer.metadata))


if __name__ == "__main__":
    asyncio.run(main())
