"""Notices about what the framework does, for dashboards and logs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata, utc_now

FrameworkEventType = Literal[
    "room_created",
    "room_closed",
    "room_paused",
    "room_resumed",
    "room_archived",
    "room_channel_attached",
    "room_channel_detached",
    "event_processed",
    "event_blocked",
    "delivery_succeeded",
    "delivery_failed",
    "broadcast_partial_failure",
    "chain_depth_exceeded",
    "identity_timeout",
    "process_timeout",
    "hook_error",
    "channel_error",
    "channel_connected",
    "channel_disconnected",
    "voice_session_started",
    "voice_session_ended",
    "source_attached",
    "source_detached",
    "source_error",
    "source_exhausted",
]
"""Every type that `RoomKit.on` accepts."""


class FrameworkEvent(FrozenModel):
    """Something the framework did. ``data`` holds ids and codes, never the text of messages."""

    type: str
    room_id: str | None = None
    channel_id: str | None = None
    event_id: str | None = None
    data: Metadata = EMPTY_DICT
    timestamp: datetime = Field(default_factory=utc_now)
