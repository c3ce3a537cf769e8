"""What goes over the wire: frames from clients, which are checked, and frames to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Never, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import to_json

from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage, StreamStart
from roomkit.models._base import FrozenModel, Text
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TextContent,
    VideoContent,
)
from roomkit.models.enums import EphemeralEventType
from roomkit.models.event import RoomEvent
from roomkit.realtime.base import EphemeralEvent

PROTOCOL_VERSION = 1


def _without_controls(name: str) -> str:
    """Ids get into stores, not all of which take every character."""
    if any(character < " " or character == "\x7f" for character in name):
        raise ValueError("control characters are not allowed")
    return name


type FrameId = Annotated[
    str, Field(min_length=1, max_length=128), AfterValidator(_without_controls)
]
type EventId = FrameId

_LINK_NAMES = ("url", "uri", "href", "link", "src")
_WEB_ADDRESS = re.compile(r"https?://[^/?#\\\s]", re.IGNORECASE)
_LINK = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_MARKS = ("client_id", "reply_to", "edited", "deleted")
_THINKING = {EphemeralEventType.THINKING_START: True, EphemeralEventType.THINKING_END: False}
_TOOLS = {EphemeralEventType.TOOL_CALL_START: True, EphemeralEventType.TOOL_CALL_END: False}
_TYPING = {EphemeralEventType.TYPING_START: True, EphemeralEventType.TYPING_STOP: False}
_PRESENCE = {
    EphemeralEventType.PRESENCE_ONLINE: "online",
    EphemeralEventType.PRESENCE_AWAY: "away",
    EphemeralEventType.PRESENCE_OFFLINE: "offline",
}


class BadFrameError(Exception):
    """A client's frame makes no sense. The connection goes on."""

    def __init__(self, code: str, reason: str, frame_id: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.frame_id = frame_id


class _Frame(FrozenModel):
    id: FrameId | None = None


class _Spoken(_Frame):
    """A frame with something to say, as ``text`` or as ``content``."""

    text: Text | None = None
    content: EventContent | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.text is None) == (self.content is None):
            raise ValueError("either text or content is required")
        if self.text is not None and not self.text.strip():
            raise ValueError("the text is empty")
        if self.content is not None:
            _check_content(self.content)
        return self

    @property
    def said(self) -> EventContent:
        return self.content if self.content is not None else TextContent(body=self.text or "")


class MessageFrame(_Spoken):
    """Says something."""

    type: Literal["message"]
    reply_to: EventId | None = None


class EditFrame(_Spoken):
    """Says an earlier message anew."""

    type: Literal["edit"]
    event_id: EventId


class DeleteFrame(_Frame):
    """Withdraws an earlier message."""

    type: Literal["delete"]
    event_id: EventId
    reason: Text | None = None


class TypingFrame(_Frame):
    """The person types, or no longer does."""

    type: Literal["typing"]
    is_typing: bool = True


class ReadFrame(_Frame):
    """The person has read up to an event."""

    type: Literal["read"]
    event_id: EventId


class PingFrame(_Frame):
    """Asks for a sign of life."""

    type: Literal["ping"]


ClientFrame = MessageFrame | EditFrame | DeleteFrame | TypingFrame | ReadFrame | PingFrame

_FRAMES: TypeAdapter[ClientFrame] = TypeAdapter(
    Annotated[ClientFrame, Field(discriminator="type")]
)
_IDS: TypeAdapter[str | None] = TypeAdapter(FrameId | None)
_TYPES = ("message", "edit", "delete", "typing", "read", "ping")


def read_frame(text: str) -> ClientFrame:
    """What a client's frame says.

    Raises:
        BadFrameError: it is not JSON, of no known type, or lacks something.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadFrameError("invalid_json", "the frame is not JSON") from None
    if not isinstance(data, dict):
        raise BadFrameError("invalid_json", "the frame is not a JSON object")
    frame_id = _usable_id(data.get("id"))
    if data.get("type") not in _TYPES:
        raise BadFrameError("unknown_type", f"type must be one of {', '.join(_TYPES)}", frame_id)
    try:
        return _FRAMES.validate_python(data)
    except ValidationError as error:
        raise BadFrameError("invalid_frame", _reason(error), frame_id) from None
    except RecursionError:
        raise BadFrameError("invalid_frame", "nested too deeply", frame_id) from None


def _usable_id(given: object) -> str | None:
    """An id to answer with, as far as it is one."""
    try:
        return _IDS.validate_python(given)
    except ValidationError:
        return None


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _reason(error: ValidationError) -> str:
    """The first thing that is wrong, without quoting what was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}"[:200] if where else what[:200]


def _check_content(content: EventContent) -> None:
    """Refuse what a person cannot say, and links that would run in somebody's page."""
    match content:
        case TextContent():
            if not content.body.strip():
                raise ValueError("the text is empty")
        case RichContent():
            if not content.body.strip():
                raise ValueError("the text is empty")
            for controls in (content.buttons, content.cards, content.quick_replies):
                _check_links(controls)
        case MediaContent() | AudioContent() | VideoContent():
            if not _WEB_ADDRESS.match(content.url):
                raise ValueError("a file's url must begin with http:// or https://")
        case LocationContent():
            pass
        case CompositeContent():
            if not content.parts:
                raise ValueError("there are no parts")
            for part in content.parts:
                _check_content(part)
        case _:
            raise ValueError(f"{content.type} content cannot be sent")


def _check_links(value: object, name: str = "") -> None:
    """Refuse links to anything but pages, mail and telephones, however deep in a control."""
    match value:
        case Mapping():
            for key, inner in value.items():
                _check_links(inner, str(key))
        case str():
            if name.lower().endswith(_LINK_NAMES) and not _LINK.match(value):
                raise ValueError(f"{name[:40]} must begin with http:, https:, mailto: or tel:")
        case Sequence():
            for inner in value:
                _check_links(inner, name)


def encode(frame: dict[str, Any]) -> str:
    """A frame as it is sent."""
    return to_json(frame, inf_nan_mode="null").decode()


def event_view(event: RoomEvent) -> dict[str, Any]:
    """An event as clients see it. Its metadata stays inside, save for a few marks."""
    source = event.source
    view = {
        "id": event.id,
        "room_id": event.room_id,
        "index": event.index,
        "type": event.type,
        "created_at": event.created_at,
        "sender": source.participant_id,
        "channel_id": source.channel_id,
        "channel_type": source.channel_type,
        "parent_event_id": event.parent_event_id,
        "content": event.content,
    }
    for mark in _MARKS:
        if mark in event.metadata:
            view[mark] = event.metadata[mark]
    return view


class _Latest[Event, Frame]:
    """The latest event and its frame: one event usually goes to many connections in a row."""

    def __init__(self, make: Callable[[Event], Frame]) -> None:
        self._make = make
        self._made: tuple[Event, Frame] | None = None

    def __call__(self, event: Event) -> Frame:
        if self._made is None or self._made[0] is not event:
            self._made = (event, self._make(event))
        return self._made[1]


@_Latest
def event_frame(event: RoomEvent) -> str:
    return encode({"type": "event", "event": event_view(event)})


def ack_frame(
    frame_id: str | None,
    event: RoomEvent | None,
    *,
    blocked: bool = False,
    reason: str | None = None,
    duplicate: bool = False,
) -> str:
    """What became of a message, an edit or a delete."""
    return encode(
        {
            "type": "ack",
            "id": frame_id,
            "event_id": None if event is None else event.id,
            "index": None if event is None else event.index,
            "status": None if event is None else event.status,
            "blocked": blocked,
            "reason": reason,
            "duplicate": duplicate,
            "event": None if event is None or blocked else event_view(event),
        }
    )


def error_frame(code: str, reason: str, frame_id: str | None = None) -> str:
    return encode({"type": "error", "id": frame_id, "code": code, "reason": reason})


def stream_frame(message: StreamMessage) -> str:
    """A piece of an answer that is being written."""
    match message:
        case StreamStart():
            frame: dict[str, Any] = {
                "room_id": message.room_id,
                "channel_id": message.source_channel_id,
                "parent_event_id": message.parent_event_id,
            }
        case StreamChunk():
            frame = {"delta": message.delta}
        case StreamEnd():
            event = message.event
            frame = {
                "reason": message.reason,
                "event": None if event is None else event_view(event),
            }
    return encode({"type": message.type, "stream_id": message.stream_id, **frame})


@_Latest
def live_frame(event: EphemeralEvent) -> str | None:
    """An ephemeral event, or None for those that clients are not told about."""
    frame: dict[str, Any] = {"participant_id": event.user_id}
    kind = event.type
    if kind in _TYPING:
        frame |= {"type": "typing", "is_typing": _TYPING[kind]}
    elif kind in _PRESENCE:
        frame |= {"type": "presence", "status": _PRESENCE[kind]}
    elif kind is EphemeralEventType.READ_RECEIPT:
        frame |= {"type": "read", "event_id": event.data.get("event_id")}
    elif kind is EphemeralEventType.REACTION:
        data = event.data
        frame |= {"type": "reaction", "emoji": data.get("emoji")}
        frame["event_id"] = data.get("target_event_id")
    elif kind in _THINKING:
        frame |= {"type": "thinking", "is_thinking": _THINKING[kind]}
    elif kind in _TOOLS:
        # By name only: arguments and results are between the model and the application.
        names = [call.get("name") for call in event.data.get("tool_calls", ())]
        frame |= {"type": "tools", "is_running": _TOOLS[kind], "names": names}
    else:
        return None
    return encode(frame)
