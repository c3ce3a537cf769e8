"""Who may see an event."""

from __future__ import annotations

from collections.abc import Container

from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import Access, ChannelCategory

_WRITERS = frozenset({Access.READ_WRITE, Access.WRITE_ONLY})
_READERS = frozenset({Access.READ_WRITE, Access.READ_ONLY})


def may_write(binding: ChannelBinding) -> bool:
    """Whether the channel may send to the room."""
    return binding.access in _WRITERS


def may_read(binding: ChannelBinding) -> bool:
    """Whether the channel may receive from the room."""
    return binding.access in _READERS


def is_visible(visibility: str, binding: ChannelBinding, channels: Container[str]) -> bool:
    """Whether an event of this visibility is meant for the channel.

    ``"all"`` and ``"none"`` are what they say. Anything else is a comma-separated list, of which
    one entry must fit: ``transport`` or ``intelligence`` (the binding's category), a channel's id,
    or a channel type.

    Args:
        channels: the ids of the kit's channels. A name that is one of them means that channel
            alone: what was whispered to the channel ``sms`` is not for all that send SMS.
    """
    if visibility == "all":
        return True
    if visibility == "none":
        return False
    for token in visibility.split(","):
        token = token.strip()
        if token in ("transport", "intelligence"):
            if binding.category == ChannelCategory(token):
                return True
        elif token in (binding.channel_id, "all") or (
            token == binding.channel_type.value and token not in channels
        ):
            return True
    return False


def narrower(one: str, other: str) -> str:
    """The visibility for something that belongs to an event of visibility `other`.

    An edit must not show a hidden message to those who could not see it; its own scope counts only
    where the message was open to all.
    """
    return one if other == "all" else other
