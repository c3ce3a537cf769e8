"""How much of a model's window a request takes up, as an estimate."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roomkit.channels.base import text_of
from roomkit.memory.base import RequestFrame
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    VideoContent,
)
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
)

__all__ = ["IMAGE_TOKENS", "TokenCounter", "TokenMeter", "estimate_tokens"]

TokenCounter = Callable[[str], int]
"""How many tokens a text is, such as ``lambda text: len(encoding.encode(text))``."""

IMAGE_TOKENS = 3000
"""What a picture is counted as. Vendors scale pictures down first; a large one then costs 1100
(Gemini), 1700 to 4000 (Claude) or 3000 (GPT, high detail) tokens."""

_MESSAGE_TOKENS = 6
_PART_TOKENS = 8
_TOOL_TOKENS = 16
_MARK_TOKENS = 8
_DEFAULT_ANSWER_TOKENS = 1024
_MAX_NAME = 64

_LETTERS = string.ascii_letters.encode() + b" \n\t\r"
_ASCII = bytes(range(128))


def estimate_tokens(text: str) -> int:
    """An upper estimate that needs no vocabulary: of the UTF-8 bytes, three ASCII letters or
    blanks make one token, every ASCII digit and sign is one, and three other bytes make two.

    English text comes out half above what the tokenizers of today's models make of it, and
    Chinese, where a character has three bytes, at about twice that. It is not a bound: random
    letters, as in Base64, and a few scripts that an older tokenizer does not know can be more.
    """
    data = text.encode("utf-8", "replace")
    rest = len(data.translate(None, _LETTERS))
    if rest == 0:
        return (len(data) + 2) // 3
    other = len(data.translate(None, _ASCII))
    letters, signs = len(data) - rest, rest - other
    return (letters + 2 * other + 2) // 3 + signs


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenMeter:
    """Counts what requests are made of.

    Attributes:
        count: counts text.
        image_tokens: what a picture is counted as; 0 for a model that does not see, which reads a
            mark in its place.
    """

    count: TokenCounter = estimate_tokens
    image_tokens: int = IMAGE_TOKENS

    def frame(self, frame: RequestFrame) -> int:
        """All of a request but the past and the event to be answered; the room for the answer is
        included."""
        answer = _DEFAULT_ANSWER_TOKENS if frame.max_tokens is None else frame.max_tokens
        prompt = self.count(frame.system_prompt) + _MESSAGE_TOKENS if frame.system_prompt else 0
        tools = sum(map(self.tool, frame.tools))
        return answer + prompt + tools + sum(map(self.message, frame.messages))

    def tool(self, tool: AITool) -> int:
        """A function as the model is told about it."""
        words = f"{tool.name} {tool.description} {_as_json(tool.parameters)}"
        return _TOOL_TOKENS + self.count(words)

    def message(self, message: AIMessage) -> int:
        """A message, whatever it is made of."""
        content = message.content
        if isinstance(content, str):
            return _MESSAGE_TOKENS + self.count(content)
        return _MESSAGE_TOKENS + sum(map(self._part, content))

    def event(self, event: RoomEvent, name: str | None = None) -> int:
        """An event as it will stand in the request, with the speaker's name before it if there is
        one."""
        prefix = self.count(f"{name}: ") if name else 0
        return _MESSAGE_TOKENS + prefix + self._content(event.content)

    def events(self, events: Sequence[RoomEvent], room: RoomContext | None) -> list[int]:
        """The size of each event. As soon as two people speak, their names count."""
        names = _names(events, room)
        return [self.event(event, names.get(_speaker(event))) for event in events]

    def _part(self, part: AIPart) -> int:
        match part:
            case AITextPart():
                return self.count(part.text)
            case AIImagePart():
                return _PART_TOKENS + self.image_tokens
            case AIThinkingPart():
                return _PART_TOKENS + self.count(part.text) + self.count(part.signature or "")
            case AIToolCall():
                arguments = part.malformed or _as_json(part.arguments)
                return _PART_TOKENS + self.count(f"{part.id} {part.name} {arguments}")
        size = _PART_TOKENS + self.count(f"{part.tool_call_id} {part.name}")
        if isinstance(part.content, str):
            return size + self.count(part.content)
        return size + sum(map(self._part, part.content))

    def _content(self, content: EventContent) -> int:
        match content:
            case CompositeContent():
                return sum(map(self._content, content.parts))
            case MediaContent():
                words = content.caption or content.filename or content.url
                if self.image_tokens and content.mime_type.startswith("image/"):
                    caption = self.count(content.caption) if content.caption else 0
                    return _PART_TOKENS + self.image_tokens + caption
                return _MARK_TOKENS + self.count(words)
            case AudioContent():
                return _MARK_TOKENS + self.count(content.transcript or content.url)
            case VideoContent():
                return _MARK_TOKENS + self.count(content.url)
            case LocationContent():
                place = f"{content.label or ''} ({content.latitude}, {content.longitude})"
                return _MARK_TOKENS + self.count(place)
        return self.count(text_of(content))


def _speaker(event: RoomEvent) -> str:
    return event.source.participant_id or event.source.channel_id


def _names(events: Sequence[RoomEvent], room: RoomContext | None) -> dict[str, str]:
    """The names that stand before words once the model hears two others: an AI is not told its
    own name, but which of several it is cannot be seen here."""
    speakers = {_speaker(event): event.source.channel_type for event in events}
    models = list(speakers.values()).count(ChannelType.AI)
    if len(speakers) - min(models, 1) < 2:
        return {}
    people = () if room is None else room.participants
    known = {one.id: one.display_name for one in people if one.display_name}
    return {speaker: known.get(speaker, speaker)[:_MAX_NAME] for speaker in speakers}


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if value else ""
