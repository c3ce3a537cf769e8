"""The beginning of a live session."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from roomkit.models._base import FrozenModel


class SessionStartedEvent(FrozenModel):
    """Somebody is there, by voice or by text: the moment to greet them.

    ``session`` is the voice or video session, ``connection_id`` the WebSocket connection.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    room_id: str
    channel_id: str
    participant_id: str | None = None
    connection_id: str | None = None
    session: Any = None
