"""The room itself and the clocks that wind it down."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata, Settings, new_id, utc_now
from roomkit.models.enums import RoomStatus


class RoomTimers(Settings):
    """After how many seconds without a message a room is paused and closed; None means never.

    Both count from ``last_activity_at``, the last message (system events do not count), and the
    closing time runs on while the room is paused.
    """

    inactive_after_seconds: float | None = Field(default=None, ge=0)
    closed_after_seconds: float | None = Field(default=None, ge=0)
    last_activity_at: datetime | None = None


NO_TIMERS = RoomTimers.constant()


class Room(FrozenModel):
    """A conversation. ``event_count`` and ``latest_index`` are kept by the store with every
    event."""

    id: str = Field(default_factory=new_id, min_length=1)
    organization_id: str | None = None
    status: RoomStatus = RoomStatus.ACTIVE
    paused_by: Literal["timer", "request"] | None = None
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
    closed_at: datetime | None = None
    timers: RoomTimers = NO_TIMERS
    metadata: Metadata = EMPTY_DICT
    event_count: int = 0
    latest_index: int = 0
