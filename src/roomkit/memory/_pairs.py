"""Cutting a conversation without tearing a tool's result from the call that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from roomkit.providers.ai.base import AIMessage, AIToolCall

__all__ = ["MessageCounter", "fit_messages", "newest_messages", "units_of"]

MessageCounter = Callable[[AIMessage], int]
"""How many tokens a message takes up."""


def units_of(messages: Sequence[AIMessage]) -> list[list[AIMessage]]:
    """The messages in groups that stay or go as a whole, in their order.

    An assistant's message with tool calls and the tools' messages right after it are one unit:
    vendors refuse a call without its result and a result without its call. Every other message is
    a unit of its own.
    """
    units: list[list[AIMessage]] = []
    open_calls = False
    for message in messages:
        if message.role == "tool" and open_calls:
            units[-1].append(message)
        else:
            units.append([message])
            open_calls = _calls_tools(message)
    return units


def newest_messages(
    messages: Sequence[AIMessage], budget: int, count: MessageCounter
) -> list[AIMessage]:
    """The longest end of the conversation that takes up at most `budget` tokens; perhaps none."""
    kept: list[list[AIMessage]] = []
    for unit in reversed(units_of(messages)):
        budget -= sum(map(count, unit))
        if budget < 0:
            break
        kept.append(unit)
    return [message for unit in reversed(kept) for message in unit]


def fit_messages(
    messages: Sequence[AIMessage], budget: int, count: MessageCounter
) -> list[AIMessage]:
    """Leave out the oldest messages until the rest takes up at most `budget` tokens.

    What is kept is in its order. The newest message of a user and the last unit (the newest
    message, or the newest calls with their results) always stay, whatever they take up, so that a
    request is never empty and never without the question that it is about. Messages in the role
    ``system`` are the last to go.
    """
    units = units_of(messages)
    sizes = [sum(map(count, unit)) for unit in units]
    excess = sum(sizes) - budget
    left_out: set[int] = set()
    for number in _in_order_of_leaving(units):
        if excess <= 0:
            break
        left_out.add(number)
        excess -= sizes[number]
    return [
        message for number, unit in enumerate(units) if number not in left_out for message in unit
    ]


def _in_order_of_leaving(units: Sequence[Sequence[AIMessage]]) -> list[int]:
    asked = (number for number in reversed(range(len(units))) if units[number][0].role == "user")
    protected = {len(units) - 1, next(asked, -1)}
    numbers = [number for number in range(len(units)) if number not in protected]
    return sorted(numbers, key=lambda number: units[number][0].role == "system")


def _calls_tools(message: AIMessage) -> bool:
    if message.role != "assistant" or isinstance(message.content, str):
        return False
    return any(isinstance(part, AIToolCall) for part in message.content)
