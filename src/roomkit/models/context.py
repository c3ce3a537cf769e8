"""What a hook or a channel gets to see of the room around an event."""

from __future__ import annotations

from roomkit.models._base import FrozenModel
from roomkit.models.channel import ChannelBinding
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room


class RoomContext(FrozenModel):
    """The room, its channels, its people and its latest messages (oldest first, about fifty).

    ``narrowed`` says that some of those messages were left out because the reader may not see
    them, so that there may be older ones to fill their places.
    """

    room: Room
    bindings: tuple[ChannelBinding, ...] = ()
    participants: tuple[Participant, ...] = ()
    recent_events: tuple[RoomEvent, ...] = ()
    narrowed: bool = False
