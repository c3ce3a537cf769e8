"""Any conversation, put in the order that the strict vendors insist on.

An application may hand over whatever its memory kept: calls whose results were lost, results whose
calls were, an assistant that spoke first or last. Vendors refuse such a request as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from roomkit.providers._ai_codec import image_mark, parts_of, words_of
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    AIToolResult,
)

Role = Literal["user", "assistant", "tool"]

GO_ON = "(Go on.)"
"""What a user says where the vendor wants a word of theirs and there is none."""

NO_RESULT = "No result: the call was not completed."
"""What a model reads where the result of a call is missing."""


def system_text(context: AIContext) -> str:
    """The instructions and all that was said in the role ``system``."""
    said = [context.instructions or ""]
    said += [message.text for message in context.messages if message.role == "system"]
    return "\n\n".join(text for text in said if text.strip())


def in_order(messages: Iterable[AIMessage], *, seal: str | None = None) -> list[AIMessage]:
    """The conversation without the system's words, as turns of users, the assistant and tools.

    - A user's turn holds words and pictures, an assistant's words, reasoning and calls. None is
      empty, and no words in them are.
    - An assistant's turn with calls is followed by a turn of tools with one result for each call,
      in the order of the calls, whose ids are unique. A missing result says so. A result that no
      call asked for becomes words of a user.
    - The first turn is a user's, and the last one is not the assistant's.

    Users and the assistant may speak several times in a row.

    Args:
        seal: a key in ``provider_data`` that makes a piece of the assistant's worth keeping even
            if it holds no words.
    """
    spoken = [turn for message in messages for turn in _by_role(message, seal)]
    turns = _Results(spoken).at_their_calls()
    if turns and turns[0].role == "assistant":
        turns.insert(0, _go_on())
    if not turns or turns[-1].role == "assistant":
        turns.append(_go_on())
    return turns


def parts_in(turn: AIMessage) -> Sequence[AIPart]:
    """The pieces of a turn that `in_order` gave."""
    return [AITextPart(text=turn.content)] if isinstance(turn.content, str) else turn.content


def _by_role(message: AIMessage, seal: str | None) -> Iterator[AIMessage]:
    """A message as turns whose parts belong to their role; several only where it mixes them."""
    if message.role == "system":
        return
    speaker: Role = "assistant" if message.role == "assistant" else "user"
    for role, parts in groupby(parts_of(message), key=lambda part: _role_of(part, speaker)):
        sayable = [_sayable(part, role) for part in parts if not _is_blank(part, role, seal)]
        if sayable:
            yield AIMessage(role=role, content=sayable)


def _is_blank(part: AIPart, role: Role, seal: str | None) -> bool:
    if not isinstance(part, AITextPart) or part.text.strip():
        return False
    return role != "assistant" or seal not in part.provider_data


def _role_of(part: AIPart, speaker: Role) -> Role:
    if isinstance(part, AIToolResult):
        return "tool"
    return "assistant" if isinstance(part, AIToolCall | AIThinkingPart) else speaker


def _sayable(part: AIPart, role: Role) -> AIPart:
    if role == "assistant" and isinstance(part, AIImagePart):
        return AITextPart(text=image_mark(part))
    return part


class _Results:
    """Brings each call together with the first later result of its id."""

    def __init__(self, turns: Sequence[AIMessage]) -> None:
        self._turns = turns
        # By the number of the turn: what no call has asked for yet.
        self._waiting: dict[int, list[AIToolResult]] = {
            number: [part for part in parts_in(turn) if isinstance(part, AIToolResult)]
            for number, turn in enumerate(turns)
            if turn.role == "tool"
        }
        self._ids: set[str] = set()

    def at_their_calls(self) -> list[AIMessage]:
        """The turns, with a turn of tools after each that calls and nowhere else."""
        answered = [
            self._answered(number, turn) if turn.role == "assistant" else [turn]
            for number, turn in enumerate(self._turns)
        ]
        # Only now is it known which results are left over.
        for number, results in self._waiting.items():
            words = [AITextPart(text=_told(result)) for result in results]
            answered[number] = [AIMessage(role="user", content=[*words])] if words else []
        return [turn for turns in answered for turn in turns]

    def _answered(self, number: int, turn: AIMessage) -> list[AIMessage]:
        said: list[AIPart] = []
        results: list[AIPart] = []
        for part in parts_in(turn):
            if isinstance(part, AIToolCall):
                call = part.evolve(id=self._unique(part.id))
                result = self._take(part.id, after=number) or _no_result()
                results.append(result.evolve(tool_call_id=call.id, name=call.name))
                said.append(call)
            else:
                said.append(part)
        called = [AIMessage(role="tool", content=results)] if results else []
        return [AIMessage(role="assistant", content=said), *called]

    def _take(self, call_id: str, *, after: int) -> AIToolResult | None:
        for number, results in self._waiting.items():
            for place, result in enumerate(results):
                if number > after and result.tool_call_id == call_id:
                    return results.pop(place)
        return None

    def _unique(self, call_id: str) -> str:
        base = unique = call_id or "call"
        number = 1
        while unique in self._ids:
            number += 1
            unique = f"{base}-{number}"
        self._ids.add(unique)
        return unique


def _go_on() -> AIMessage:
    return AIMessage(role="user", content=[AITextPart(text=GO_ON)])


def _no_result() -> AIToolResult:
    return AIToolResult(tool_call_id="", name="", content=NO_RESULT, is_error=True)


def _told(result: AIToolResult) -> str:
    return f"[Result of {result.name}: {words_of(result.content)}]"
