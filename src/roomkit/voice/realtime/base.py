"""The session of a speech-to-speech model."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from roomkit.models.enums import ChannelType
from roomkit.voice.audio_frame import VOICE_DATA
from roomkit.voice.base import LiveSession

__all__ = ["RealtimeSession", "RealtimeSessionState"]


class RealtimeSessionState(StrEnum):
    """How far a session is. `RECONNECTING` means that the model's end is lost for the moment and
    the participant's is not. No session leaves `ENDED`."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


@dataclass(config=ConfigDict(**VOICE_DATA, validate_assignment=True))
class RealtimeSession(LiveSession):
    """One participant's conversation with a speech-to-speech model, by way of a
    `RealtimeVoiceChannel`. It stays the same session when the connection to the model is made
    anew. See `LiveSession` for the fields.
    """

    state: RealtimeSessionState = RealtimeSessionState.CONNECTING
    channel_type: Annotated[ChannelType, Field(frozen=True)] = field(
        default=ChannelType.REALTIME_VOICE, kw_only=True
    )

    __hash__ = LiveSession.__hash__
