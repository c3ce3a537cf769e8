"""The assistant: a script behind the interface of a language model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from roomkit import AIContext, AIProvider, AIResponse
from roomkit.providers.ai.base import AIStreamEvent, StreamDone, StreamTextDelta

WORDS = re.compile(r"\S+\s*")

SCRIPT = (
    (
        r"\b(hello|hi|hey|good (morning|evening))\b",
        "Hello! I am Robin, the assistant of this desk. Ask me about opening hours, an order or a "
        "return. Whatever we write here also reaches the telephone, as text messages.",
    ),
    (
        r"\b(open|opening|hours?|close[sd]?)\b",
        "We are open from nine to six, Monday to Saturday. On Sundays you only have me.",
    ),
    (
        r"\b(order|parcel|package|delivery|where)\b",
        "Order 4711 left our warehouse this morning. It should be at your door tomorrow before "
        "noon.",
    ),
    (
        r"\b(returns?|refund|back|broken)\b",
        "You can send it back within thirty days. I have mailed you a label; drop the parcel at "
        "any post office and the money is on its way two days later.",
    ),
    (r"\b(thanks?|thank you|great|perfect)\b", "You are welcome! Anything else I can do?"),
)
OTHERWISE = (
    "I am only a small script and did not understand that. Try “opening hours”, “where is my "
    "order?” or “I want to return it”."
)

type TellTyping = Callable[[str, bool], Awaitable[None]]


class ScriptedAssistant(AIProvider):
    """Answers by keyword, thinking for a moment first and then writing word by word.

    Args:
        tell_typing: called with a room's id when the assistant begins and stops thinking there.
        thinking: how long it thinks, in seconds.
        pace: how long a word takes it.
    """

    def __init__(
        self, tell_typing: TellTyping, *, thinking: float = 0.7, pace: float = 0.05
    ) -> None:
        self._tell_typing = tell_typing
        self._thinking = thinking
        self._pace = pace

    @property
    def model_name(self) -> str:
        return "script"

    @property
    def supports_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        question = context.messages[-1].content if context.messages else ""
        text = question if isinstance(question, str) else ""
        for pattern, answer in SCRIPT:
            if re.search(pattern, text, re.IGNORECASE):
                return AIResponse(content=answer)
        return AIResponse(content=OTHERWISE)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        response = await self.generate(context)
        room_id = context.room.room.id if context.room is not None else ""
        await self._tell_typing(room_id, True)
        try:
            await asyncio.sleep(self._thinking)
        finally:
            await self._tell_typing(room_id, False)
        for word in WORDS.findall(response.content):
            yield StreamTextDelta(text=word)
            await asyncio.sleep(self._pace)
        yield StreamDone(response=response)
