"""What hooks are told about a session of a speech-to-speech model.

Its tool calls are a `roomkit.models.ai_event.ToolCallEvent`, and what is said is a `RoomEvent`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, field
from datetime import datetime
from typing import Literal

from pydantic.dataclasses import dataclass

from roomkit.models._base import Text, utc_now
from roomkit.models.enums import ChannelDirection
from roomkit.models.event import EventSource
from roomkit.voice.audio_frame import VOICE_DATA
from roomkit.voice.events import SessionEvent
from roomkit.voice.realtime.base import RealtimeSession

__all__ = ["RealtimeTextInjectedEvent"]


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class RealtimeTextInjectedEvent(SessionEvent):
    """ON_REALTIME_TEXT_INJECTED: text was put into the model's conversation.

    Attributes:
        session: where.
        text: the words.
        role: as whose words the model takes them: its own (``assistant``) or somebody else's
            (``user``).
        timestamp: when.
    """

    session: RealtimeSession
    _: KW_ONLY
    text: Text = field(repr=False)
    role: Literal["assistant", "user"] = "assistant"
    timestamp: datetime = field(default_factory=utc_now)

    @property
    def source(self) -> EventSource:
        inbound = self.role == "user"
        return self.session.source(
            ChannelDirection.INBOUND if inbound else ChannelDirection.OUTBOUND
        )
