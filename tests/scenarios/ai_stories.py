"""What the stories about an AI against the odds are told with."""

from __future__ import annotations

from typing import Any

from roomkit import RoomKit
from roomkit.channels.streaming import StreamChunk, StreamMessage
from roomkit.channels.websocket import WebSocketChannel
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIContext, AIMessage, AIResponse, AIToolCall, AIToolResult

WORK = {"name": "work", "parameters": {"type": "object"}}


async def work(_name: str, _arguments: dict[str, Any]) -> str:
    """Runs the tool above."""
    return "done"


def calling(*names: str, text: str = "", **more: Any) -> AIResponse:
    """An answer that asks for tools."""
    wanted = [AIToolCall(id=f"c{number}", name=name) for number, name in enumerate(names)]
    return AIResponse(content=text, tool_calls=wanted, **more)


def results_in(messages: list[AIMessage]) -> list[AIToolResult]:
    """What the model is told of its tools."""
    return [
        part
        for message in messages
        if message.role == "tool"
        for part in message.content
        if isinstance(part, AIToolResult)
    ]


def calls_in(messages: list[AIMessage]) -> list[AIToolCall]:
    """What the model is told to have asked for."""
    return [
        part
        for message in messages
        if message.role == "assistant"
        for part in message.content
        if isinstance(part, AIToolCall)
    ]


def pair_problems(context: AIContext) -> list[str]:
    """Why a vendor would refuse a conversation: a call without its result right behind it, or two
    calls of one id."""
    problems: list[str] = []
    seen: set[str] = set()
    messages = context.messages
    for message, following in zip(messages, [*messages[1:], None], strict=True):
        called = [call.id for call in calls_in([message])]
        answered = [] if following is None else results_in([following])
        if called and [one.tool_call_id for one in answered] != called:
            problems.append(f"{called} were answered by {answered}")
        if seen & set(called) or len(called) != len(set(called)):
            problems.append(f"{called} are not unique")
        seen |= set(called)
    return problems


def words(context: AIContext) -> str:
    """All that is said in a request."""
    return str([message.content for message in context.messages])


def watch(kit: RoomKit) -> list[StreamMessage]:
    """What a client of ``web`` sees of the answers while they grow."""
    seen: list[StreamMessage] = []

    async def show(_connection_id: str, message: StreamMessage) -> None:
        seen.append(message)

    async def receive(_connection_id: str, _event: RoomEvent) -> None: ...

    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    web.register_connection("watching", receive, show)
    return seen


def shown(seen: list[StreamMessage]) -> str:
    """The text that came in pieces."""
    return "".join(message.delta for message in seen if isinstance(message, StreamChunk))
