"""A conversation as Anthropic's Messages API takes it.

The vendor refuses a request as a whole, so that one message that it does not take would silence a
room for as long as it is remembered. What it insists on besides an orderly conversation, from
https://platform.claude.com/docs/en/api/messages/create and
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls:

- no text is empty;
- tools' results go back as the user's, right after the calls and before any other words;
- the ids of calls are unlike each other and of ASCII letters, digits, ``_`` and ``-``;
- reasoning goes back just as it came; it begins a turn, and does not end a message.

The same messages always become the same, and messages added at the end change none before them:
newer models check that before they take their reasoning back
(https://platform.claude.com/docs/en/build-with-claude/preserved-thinking).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._ai_history import GO_ON, in_order, parts_in
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.anthropic._blocks import (
    KEPT,
    THINKING,
    Block,
    image_block,
    kept_block,
    result_block,
    text_block,
    thinking_block,
)

_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def write_messages(
    messages: Sequence[AIMessage], names: ToolNames, *, vision: bool
) -> list[Block]:
    """The messages of the users, the assistant and the tools, whatever they are like.

    Pictures that the model cannot be shown leave a mark.
    """
    writer = _Writer(names, vision=vision)
    written: list[Block] = []
    for turn in in_order(map(_sendable, messages), seal=KEPT):
        role, content = writer.write(turn)
        if not content:
            continue
        last = written[-1] if written else None
        if last is None or last["role"] != role:
            written.append({"role": role, "content": content})
        elif content[0]["type"] in THINKING:
            # Reasoning cannot follow on other words in one turn.
            written.append({"role": "user", "content": text_block(GO_ON)})
            written.append({"role": role, "content": content})
        else:
            last["content"] += content
    for message in written:
        _space_out(message["content"])
    return written


def resumes_without_thinking(messages: Sequence[Block]) -> bool:
    """Whether the last word is tools' results, in a turn that began without reasoning.

    A model that reasons with a budget refuses to begin in the middle of a turn.
    """
    first: Block | None = None
    for message in reversed(messages):
        if message["role"] == "assistant":
            first = message
        elif message["content"][0]["type"] != "tool_result":
            break
    return first is not None and first["content"][0]["type"] not in THINKING


def _space_out(content: list[Block]) -> None:
    """Keep apart what was said in two messages, since the model reads neighbouring texts as one.

    Blocks with reasoning between them have to stay as they came.
    """
    kinds = [block["type"] for block in content]
    if any(kind in THINKING for kind in kinds):
        return
    for place, kind in enumerate(kinds):
        if place > 0 and kind == kinds[place - 1] == "text":
            content[place]["text"] = "\n\n" + content[place]["text"]


def _sendable(message: AIMessage) -> AIMessage:
    """The message without reasoning that cannot be sent: another vendor's, or at the end."""
    if isinstance(message.content, str):
        return message
    parts = [part for part in message.content if _says_something(part, message.role)]
    # Results leave the message for a turn of their own.
    said = [not isinstance(part, AIThinkingPart | AIToolResult) for part in parts]
    end = len(said) - said[::-1].index(True) if any(said) else 0
    rest = [part for part in parts[end:] if not isinstance(part, AIThinkingPart)]
    return message.evolve(content=[*parts[:end], *rest])


def _says_something(part: AIPart, role: str) -> bool:
    if isinstance(part, AITextPart):
        return bool(part.text.strip()) or KEPT in part.provider_data
    return not isinstance(part, AIThinkingPart) or (
        role == "assistant" and bool(thinking_block(part))
    )


class _Writer:
    """Writes the turns of one conversation."""

    def __init__(self, names: ToolNames, *, vision: bool) -> None:
        self._names = names
        self._vision = vision
        self._ids: dict[str, str] = {}
        self._taken: set[str] = set()

    def write(self, turn: AIMessage) -> tuple[str, list[Block]]:
        """The role and the content of the message for a turn."""
        if turn.role != "assistant":
            return "user", [block for part in parts_in(turn) for block in self._blocks(part)]
        blocks: list[Block] = []
        for part in parts_in(turn):
            kept = isinstance(part, AITextPart | AIThinkingPart) and kept_block(part)
            blocks += kept or self._blocks(part)
        # Between a call and its result there is room for other calls only.
        calls = [block for block in blocks if block["type"] == "tool_use"]
        said = [block for block in blocks if block["type"] != "tool_use"]
        while not calls and said and said[-1]["type"] in THINKING:
            said.pop()
        return "assistant", [*said, *calls]

    def _blocks(self, part: AIPart) -> list[Block]:
        match part:
            case AITextPart():
                return text_block(part.text)
            case AIImagePart():
                return [image_block(part, vision=self._vision)]
            case AIThinkingPart():
                return thinking_block(part)
            case AIToolCall():
                return [
                    {
                        "type": "tool_use",
                        "id": self._id(part.id),
                        "name": self._names.sent(part.name),
                        "input": dict(part.arguments),
                    }
                ]
            case AIToolResult():
                call_id = self._id(part.tool_call_id)
                return [result_block(call_id, part, vision=self._vision)]

    def _id(self, call_id: str) -> str:
        """The id of a call as the vendor takes it; no two become the same."""
        known = self._ids.get(call_id)
        if known is not None:
            return known
        fitting = new = _NOT_IN_IDS.sub("_", call_id)
        number = 1
        while new in self._taken:
            number += 1
            new = f"{fitting}-{number}"
        self._taken.add(new)
        self._ids[call_id] = new
        return new
