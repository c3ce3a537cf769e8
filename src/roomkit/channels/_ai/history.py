"""From the events of a room to the messages of a model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from roomkit.channels._ai.names import distinct_names, without_labels
from roomkit.channels.base import text_of
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    VideoContent,
)
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIImagePart, AIMessage, AITextPart

_MAX_ROOMS = 256
_MAX_SLIDE = 16
"""How many events may have left a window for it to be recognised."""


class _Window:
    """What was shown of a room the last time: each event, who spoke (None for the channel itself),
    and the message it became."""

    __slots__ = ("events", "messages", "names", "speakers")

    def __init__(self) -> None:
        self.events: list[RoomEvent] = []
        self.speakers: list[str | None] = []
        self.messages: list[AIMessage | None] = []
        self.names: dict[str, str] = {}

    def overlap(self, events: Sequence[RoomEvent]) -> tuple[int, int]:
        """From where on the old window is the beginning of the new one, and for how long."""
        known, first = self.events, events[0]
        for start in range(min(len(known), _MAX_SLIDE)):
            if known[start] is first:
                length = 0
                for old, new in zip(known[start:], events, strict=False):
                    if old is not new:
                        break
                    length += 1
                return start, length
        return 0, 0


class History:
    """Turns events into messages, each once as long as it does not change.

    The channel's own events are the assistant's, everybody else's the user's. Once several people
    have spoken, their names stand before their words, and nobody's words can pass for another's.
    """

    def __init__(self, channel_id: str, *, vision: bool) -> None:
        self._channel_id = channel_id
        self._vision = vision
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def messages(
        self, events: Sequence[RoomEvent], current: RoomEvent, context: RoomContext
    ) -> list[AIMessage]:
        """The messages for the given history and the event to be answered."""
        said = [*events, current]
        old = self._windows.pop(current.room_id, None) or _Window()
        start, same = old.overlap(said)
        new = _Window()
        new.events = said
        fresh = said[same:]
        new.speakers = old.speakers[start : start + same]
        new.speakers += map(self._speaker, fresh)
        new.names = _names(new.speakers, context)
        if new.names == old.names:
            new.messages = old.messages[start : start + same]
        else:
            fresh = said
        speakers = new.speakers[len(new.messages) :]
        new.messages += [
            self._convert(event, speaker, new.names)
            for event, speaker in zip(fresh, speakers, strict=True)
        ]
        self._windows[current.room_id] = new
        if len(self._windows) > _MAX_ROOMS:
            self._windows.popitem(last=False)
        return [message for message in new.messages if message is not None]

    def _speaker(self, event: RoomEvent) -> str | None:
        source = event.source
        if source.channel_id == self._channel_id:
            return None
        return source.participant_id or source.channel_id

    def _convert(
        self, event: RoomEvent, speaker: str | None, names: Mapping[str, str]
    ) -> AIMessage | None:
        if speaker is None:
            text = text_of(event.content)
            return AIMessage(role="assistant", content=text) if text else None
        prefix = f"{names[speaker]}: " if names else ""
        text = "\n".join(_words(event.content, vision=self._vision))
        if names and "\n" in text:
            text = without_labels(text, names.values())
        images = list(_images(event.content)) if self._vision else []
        if images:
            parts: list[AITextPart | AIImagePart] = []
            if prefix or text:
                parts.append(AITextPart(text=prefix + text))
            return AIMessage(role="user", content=[*parts, *images])
        return AIMessage(role="user", content=prefix + text) if text else None


def _names(speakers: Sequence[str | None], context: RoomContext) -> dict[str, str]:
    """The names to show, by speaker; empty as long as there is only one."""
    others = dict.fromkeys(speakers)
    others.pop(None, None)
    if len(others) < 2:
        return {}
    known = {one.id: one.display_name for one in context.participants if one.display_name}
    return distinct_names({speaker: known.get(speaker) for speaker in others if speaker})


def _images(content: EventContent) -> list[AIImagePart]:
    if isinstance(content, CompositeContent):
        return [image for part in content.parts for image in _images(part)]
    if isinstance(content, MediaContent) and content.mime_type.startswith("image/"):
        return [AIImagePart(url=content.url, mime_type=content.mime_type)]
    return []


def _words(content: EventContent, *, vision: bool) -> list[str]:
    """A content in words, with a visible mark for what cannot be put into any."""
    if isinstance(content, CompositeContent):
        return [words for part in content.parts for words in _words(part, vision=vision)]
    if isinstance(content, MediaContent):
        if vision and content.mime_type.startswith("image/"):
            return [content.caption] if content.caption else []
        return [f"[Media: {content.caption or content.filename or content.url}]"]
    if isinstance(content, AudioContent):
        return [content.transcript or f"[Voice message: {content.url}]"]
    if isinstance(content, VideoContent):
        return [f"[Video: {content.url}]"]
    if isinstance(content, LocationContent):
        place = f"({content.latitude}, {content.longitude})"
        return [
            f"[Location: {content.label} {place}]" if content.label else f"[Location: {place}]"
        ]
    text = text_of(content)
    return [text] if text else []
