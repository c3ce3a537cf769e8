"""The assistant's part: what it is told, the tool that it has, and a script that can play it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

from roomkit import AIContext, AIProvider, AIResponse, AIToolCall
from roomkit.providers.ai.base import (
    AIMessage,
    AIStreamEvent,
    AIToolResult,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)
from roomkit.tools import ToolError

SYSTEM_PROMPT = """\
You are Robin, the assistant of a bicycle shop's support desk. The customers write in a web chat
and by text message, and all of them read what you answer, so be brief, friendly and plain: two or
three sentences, no markup. Look orders up with your tool and never guess about them. The shop is
open from nine to six, Monday to Saturday. What is sent back within thirty days is paid back. If
somebody wants a person, say that one will take over."""

ORDERS = {
    "4711": {"item": "city bicycle, green", "state": "on its way", "arrives": "tomorrow by noon"},
    "4712": {"item": "helmet, size M", "state": "being packed", "arrives": "on Friday"},
}
WAREHOUSE_SECONDS = 0.4


async def look_up_order(number: str) -> dict[str, str]:
    """Look up an order: what it is, how far it has got, and when it arrives.

    Args:
        number: the four digits on the receipt.
    """
    await asyncio.sleep(WAREHOUSE_SECONDS)  # the warehouse is a slow computer far away
    order = ORDERS.get(number)
    if order is None:
        raise ToolError(f"there is no order {number}")
    return {"number": number, **order}


class Line(NamedTuple):
    """What the script answers to a message with such words in it, and what it thinks first."""

    words: str
    thought: str
    answer: str


SCRIPT = (
    Line(
        r"\bC-\d{4}\b",
        "They have said who they are. I may help now.",
        "Thank you, now I know who you are. What can I do for you?",
    ),
    Line(
        r"\b(hello|hi|hey|good (morning|evening))\b",
        "A greeting. I say who I am and what I can do.",
        "Hello! I am Robin, the assistant of this desk. Ask me about opening hours, an order or a "
        "return. Whatever we write here also reaches the telephone, as text messages.",
    ),
    Line(
        r"\b(open|opening|hours?|close[sd]?)\b",
        "The opening hours: nine to six, but not on Sundays.",
        "We are open from nine to six, Monday to Saturday. On Sundays you only have me.",
    ),
    Line(
        r"\b(order|parcel|package|delivery)\b",
        "An order, but which one? I have to ask for its number.",
        "Which order is it? Its number is on the receipt, for instance 4711.",
    ),
    Line(
        r"\b(returns?|refund|back|broken)\b",
        "A return. Thirty days, and a label by mail.",
        "You can send it back within thirty days. I have mailed you a label; drop the parcel at "
        "any post office and the money is on its way two days later.",
    ),
    Line(
        r"\b(call|person|human|somebody)\b",
        "They want a person. That is not me.",
        "I have told the desk. Somebody will call you, or take over from me here.",
    ),
    Line(
        r"\b(thanks?|thank you|great|perfect)\b",
        "They are content.",
        "You are welcome! Anything else I can do?",
    ),
)
OTHERWISE = Line(
    "",
    "I do not know what to make of this. I say what I understand.",
    "I am only a small script and did not understand that. Try “opening hours”, “where is order "
    "4711?” or “I want to return it”.",
)

_WORDS = re.compile(r"\S+\s*")
_ORDER = re.compile(r"(?<![\w-])\d{4}\b")


class ScriptedAssistant(AIProvider):
    """Plays a model that reasons, calls tools and streams; it goes by keywords.

    Args:
        thinking: how long a thought takes, in seconds.
        pace: how long a word of the answer takes.
    """

    def __init__(self, *, thinking: float = 0.9, pace: float = 0.05) -> None:
        self._thinking = thinking
        self._pace = pace

    @property
    def model_name(self) -> str:
        return "script"

    @property
    def supports_streaming(self) -> bool:
        return True

    @property
    def supports_structured_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        message = context.messages[-1]
        result = _result_in(message)
        if result is not None:
            return AIResponse(content=_put_into_words(result))
        order = _ORDER.search(message.text)
        if order is not None and any(tool.name == "look_up_order" for tool in context.tools):
            call = AIToolCall(id=uuid4().hex, name="look_up_order", arguments={"number": order[0]})
            thought = f"They ask about order {order[0]}. I had better look it up."
            return AIResponse(content="", thinking=thought, tool_calls=[call])
        said = (line for line in SCRIPT if re.search(line.words, message.text, re.IGNORECASE))
        line = next(said, OTHERWISE)
        return AIResponse(content=line.answer, thinking=line.thought)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        response = await self.generate(context)
        if response.thinking and context.thinking_budget:
            thoughts = _WORDS.findall(response.thinking)
            for word in thoughts:
                yield StreamThinkingDelta(text=word)
                await asyncio.sleep(self._thinking / len(thoughts))
        for word in _WORDS.findall(response.content):
            yield StreamTextDelta(text=word)
            await asyncio.sleep(self._pace)
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)


def _result_in(message: AIMessage) -> AIToolResult | None:
    """What a tool has found out, if that is what there is to be answered."""
    if isinstance(message.content, str):
        return None
    return next((part for part in message.content if isinstance(part, AIToolResult)), None)


def _put_into_words(result: AIToolResult) -> str:
    order = json.loads(str(result.content))
    if result.is_error:
        return f"I am sorry: {order['error']}. Is the number right?"
    return (
        f"Order {order['number']} ({order['item']}) is {order['state']} and arrives "
        f"{order['arrives']}."
    )
