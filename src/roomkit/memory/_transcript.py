"""What was said, as a block inside a message: marked off, and unable to break out."""

from __future__ import annotations

import html
from collections.abc import Iterable

from roomkit.channels.base import text_of
from roomkit.models.content import DeleteContent, EditContent
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage

__all__ = ["Transcript", "as_block", "block_message", "revised_id", "was_deleted"]

_MAX_NAME = 64


class Transcript:
    """Writes down events as one reader knows them.

    Args:
        context: the room, for people's names.
        channel_id: the reader, whose own words get a mark that no name can imitate.
        max_chars: where a long text is cut.
    """

    def __init__(self, context: RoomContext, channel_id: str | None, *, max_chars: int) -> None:
        people = context.participants
        self._names = {one.id: one.display_name for one in people if one.display_name}
        self._channel_id = channel_id
        self._max_chars = max_chars

    def name_of(self, event: RoomEvent) -> str | None:
        """Who said it; None for the reader."""
        source = event.source
        if self._channel_id is not None and source.channel_id == self._channel_id:
            return None
        speaker = source.participant_id or source.channel_id
        return " ".join(self._names.get(speaker, speaker).split())[:_MAX_NAME]

    def line(self, name: str | None, text: str) -> str:
        """Somebody's words as one element."""
        if len(text) > self._max_chars:
            text = text[: self._max_chars] + "…"
        text = html.escape(text, quote=False)
        if name is None:
            return f"<own_message>{text}</own_message>"
        return f'<message from="{html.escape(name)}">{text}</message>'

    def lines(self, events: Iterable[RoomEvent]) -> list[str]:
        """The events as elements, without those that were withdrawn."""
        return [
            self.line(self.name_of(event), _words(event))
            for event in events
            if not was_deleted(event)
        ]


def as_block(tag: str, text: str, *, is_markup: bool = False) -> str:
    """A text between tags that it cannot close by itself, unless it is markup of our own."""
    return f"<{tag}>\n{text if is_markup else html.escape(text, quote=False)}\n</{tag}>"


def block_message(introduction: str, block: str) -> AIMessage:
    """A block as a message for the model.

    It is a user's: what people said must not gain the weight of the system prompt by being
    repeated.
    """
    return AIMessage(role="user", content=f"{introduction}\n{block}")


def was_deleted(event: RoomEvent) -> bool:
    """Whether the message was withdrawn."""
    return "deleted" in event.metadata


def revised_id(revision: RoomEvent) -> str | None:
    """The message that an edit or delete is about; None if a hook has replaced what would say."""
    content = revision.content
    return content.target_event_id if isinstance(content, EditContent | DeleteContent) else None


def _words(event: RoomEvent) -> str:
    return text_of(event.content).strip() or f"[{event.content.type}]"
