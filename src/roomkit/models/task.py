"""What a conversation leaves behind besides messages: work to do and things noticed."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata, Text, new_id, utc_now
from roomkit.models.enums import TaskStatus


class Task(FrozenModel):
    """A piece of work that came up. ``room_id`` may be left empty: the framework fills it in."""

    id: str = Field(default_factory=new_id)
    room_id: str = ""
    title: Text
    description: Text = ""
    status: TaskStatus = TaskStatus.PENDING
    assigned_to: str | None = None
    created_at: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT


class Observation(FrozenModel):
    """Something noticed, such as a mood or a breach of policy, with a confidence from 0 to 1."""

    id: str = Field(default_factory=new_id)
    room_id: str = ""
    channel_id: str | None = None
    category: str
    content: Text = ""
    confidence: float = Field(default=1.0, ge=0, le=1)
    created_at: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT
