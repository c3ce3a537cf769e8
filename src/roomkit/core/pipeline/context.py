"""The room as hooks and channels get to see it."""

from __future__ import annotations

from collections.abc import Container

from roomkit.core.visibility import is_visible
from roomkit.models.channel import ChannelBinding
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.store.records import RECENT_EVENTS, RoomSnapshot


def is_open(snapshot: RoomSnapshot, event: RoomEvent) -> bool:
    """Whether all may share the context: nothing in it is hidden from anybody or newer."""
    history = snapshot.recent_events
    if history and history[-1].index >= event.index:
        return False
    return snapshot.open or all(earlier.visibility == "all" for earlier in history)


def for_reader(
    context: RoomContext, binding: ChannelBinding, event: RoomEvent, channels: Container[str]
) -> RoomContext:
    """The context as one channel may see it while it looks at `event`.

    Left out are events whose visibility does not include the channel, and what others said after
    `event`: the channel will get those in their turn. Its own words are always part of its
    history.
    """
    index = event.index
    history = context.recent_events
    for earlier in history:
        if earlier.visibility != "all" or earlier.index >= index:
            break
    else:
        return context
    return context.evolve(
        recent_events=tuple(one for one in history if seen_by(one, binding, event, channels)),
        narrowed=len(history) >= RECENT_EVENTS,
    )


def seen_by(
    earlier: RoomEvent, binding: ChannelBinding, event: RoomEvent, channels: Container[str]
) -> bool:
    """Whether a channel that looks at `event` may see a message as its past.

    Args:
        channels: as in `is_visible`, like that of `for_reader`.
    """
    if earlier.id == event.id:
        return False
    if earlier.source.channel_id == binding.channel_id:
        return True
    return earlier.index < event.index and is_visible(earlier.visibility, binding, channels)
