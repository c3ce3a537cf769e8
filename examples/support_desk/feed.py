"""What goes on in one room: which rows have changed, and what is shown but never stored."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from itertools import count
from typing import Any, Protocol

from examples.support_desk.views import Frame
from roomkit import EphemeralEvent
from roomkit.channels.streaming import StreamChunk, StreamMessage, StreamStart
from roomkit.models.enums import EphemeralEventType

KEPT_CHANGES = 500
KEPT_TRACES = 100

_TYPING = {EphemeralEventType.TYPING_START: True, EphemeralEventType.TYPING_STOP: False}
_PRESENCE = (
    EphemeralEventType.PRESENCE_ONLINE,
    EphemeralEventType.PRESENCE_AWAY,
    EphemeralEventType.PRESENCE_OFFLINE,
)


class Listener(Protocol):
    """An open console. Neither method waits."""

    def look(self, feed: Feed) -> None:
        """Something in the room is not as it was: look it up."""

    def hear(self, feed: Feed, frame: Frame) -> None:
        """This happens right now."""


class Feed:
    """A room as its consoles follow it.

    Rows have no content here, only the number of the change that each was last part of: a console
    that comes back says which change it saw last, and looks up what has changed since. What is
    not stored, such as typing, half-written answers and the traces of the assistant's work, is
    kept for as long as it is of use, for those who come in the middle of it.

    Args:
        room_id: the room.
        audience: the consoles of the visitor whose room it is; shared by all their feeds.
    """

    def __init__(self, room_id: str, audience: set[Listener]) -> None:
        self.room_id = room_id
        self.revision = 0
        self._audience = audience
        self._changes: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0
        self._presence: dict[str, str] = {}
        self._typing: set[str] = set()
        self._streams: dict[str, Frame] = {}
        self._traces: deque[Frame] = deque(maxlen=KEPT_TRACES)
        self._numbers = count()

    def touch(self, *event_ids: str | None) -> None:
        """Rows are new or have changed; without any it is the room's state that has."""
        self.revision += 1
        for event_id in event_ids:
            if event_id is not None:
                self._changes[event_id] = self.revision
                self._changes.move_to_end(event_id)
        while len(self._changes) > KEPT_CHANGES:
            self._forgotten = self._changes.popitem(last=False)[1]
        for listener in tuple(self._audience):
            listener.look(self)

    def changed_since(self, revision: int) -> list[str] | None:
        """The rows that have changed since, or None if that cannot be told any more."""
        if not self._forgotten <= revision <= self.revision:
            return None
        return [event_id for event_id, number in self._changes.items() if number > revision]

    def live(self) -> Frame:
        """What is going on at this moment."""
        return {
            "typing": sorted(self._typing),
            "presence": dict(self._presence),
            "streams": [dict(stream) for stream in self._streams.values()],
            "traces": [dict(trace) for trace in self._traces],
        }

    def tell(self, frame: Frame) -> None:
        """Pass something on to the consoles."""
        for listener in tuple(self._audience):
            listener.hear(self, frame)

    def take_stream(self, message: StreamMessage) -> None:
        """A piece of an answer that is being written."""
        stream_id = message.stream_id
        frame: Frame = {"type": message.type, "id": stream_id}
        if isinstance(message, StreamStart):
            channel = frame["channel"] = message.source_channel_id
            self._streams[stream_id] = {"id": stream_id, "channel": channel, "text": ""}
        elif isinstance(message, StreamChunk):
            frame["delta"] = message.delta
            if stream_id in self._streams:
                self._streams[stream_id]["text"] += message.delta
        else:
            self._streams.pop(stream_id, None)
        self.tell(frame)

    def take_live(self, event: EphemeralEvent, position: int) -> None:
        """An ephemeral event. `position` is the index that the room's next row will have."""
        kind, who = event.type, event.user_id
        if kind in _TYPING:
            (self._typing.add if _TYPING[kind] else self._typing.discard)(who)
            self.tell({"type": "typing", "who": who, "is_typing": _TYPING[kind]})
        elif kind in _PRESENCE:
            self._presence[who] = str(event.data.get("status"))
            if kind is EphemeralEventType.PRESENCE_OFFLINE:
                self._typing.discard(who)
            self.tell({"type": "presence", "who": who, "status": self._presence[who]})
        elif kind is EphemeralEventType.READ_RECEIPT:
            self.touch()
        else:
            self._take_work(event, position)

    def _take_work(self, event: EphemeralEvent, position: int) -> None:
        """A model begins or ends to think, or to run tools."""
        data, who = event.data, event.user_id
        thought = _thinking(who, data.get("round"))
        match event.type:
            case EphemeralEventType.THINKING_START:
                self.trace("thinking", thought, position, who=who)
            case EphemeralEventType.THINKING_END:
                self.end_trace(thought)
            case EphemeralEventType.TOOL_CALL_START:
                for call in data.get("tool_calls", ()):
                    self.trace("tool", call["id"], position, who=who, title=_call(call))
            case EphemeralEventType.TOOL_CALL_END:
                for call in data.get("tool_calls", ()):
                    self.end_trace(call["id"], text=call.get("result", ""))

    def trace(
        self, kind: str, key: str, position: int, *, running: bool = True, **told: str
    ) -> None:
        """Something that the assistant or the desk does, to be shown between the rows.

        Args:
            kind: ``"thinking"``, ``"tool"``, ``"identity"`` or ``"failure"``.
            key: names it while it runs; it is only added to if it is running already.
            position: the index of the row that it stands before.
        """
        trace = self._running(key)
        if trace is None:
            trace = {"id": next(self._numbers), "kind": kind, "key": key, "position": position}
            self._traces.append(trace)
        trace |= {"running": running, **told}
        self.tell({"type": "trace", "trace": dict(trace)})

    def end_trace(self, key: str, **told: str) -> None:
        """It is done."""
        trace = self._running(key)
        if trace is not None:
            trace |= {"running": False, **told}
            self.tell({"type": "trace", "trace": dict(trace)})

    def add_thought(self, who: str, number: int, text: str, position: int) -> None:
        """What was thought in a round. It may be told before or after the thinking has ended."""
        key = _thinking(who, number)
        untold = (one for one in reversed(self._traces) if one["key"] == key and "text" not in one)
        trace = next(untold, None)
        if trace is None:
            self.trace("thinking", key, position, who=who, text=text)
        else:
            trace["text"] = text
            self.tell({"type": "trace", "trace": dict(trace)})

    def _running(self, key: str) -> Frame | None:
        running = (one for one in self._traces if one["key"] == key and one["running"])
        return next(running, None)


def _thinking(who: str, number: object) -> str:
    return f"{who} thinks in round {number}"


def _call(call: Mapping[str, Any]) -> str:
    """A tool call as one would write it."""
    arguments = (f"{name}={value!r}" for name, value in call.get("arguments", {}).items())
    return f"{call['name']}({', '.join(arguments)})"
