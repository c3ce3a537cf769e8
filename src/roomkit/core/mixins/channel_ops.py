"""`ChannelOpsMixin`: channels, and what they may do in which room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.channels.base import Channel
from roomkit.core.mixins._shared import KitMixin
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, RateLimit, RetryPolicy
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelType,
    EventType,
)


class ChannelOpsMixin(KitMixin):
    """Registering, attaching, muting. Every change takes effect with the next event of the room.

    Methods that name a room and a channel raise `ChannelNotFoundError` if the channel is not
    attached.
    """

    def register_channel(self, channel: Channel) -> None:
        """Make a channel known. Registering the same object again does nothing.

        Raises:
            ValueError: another channel has the same id.
            TypeError: it is no channel.
            KitClosedError: the kit was closed.
        """
        runtime = self._rt.runtime
        runtime.check_open()
        if not isinstance(channel, Channel):
            raise TypeError(f"a Channel is to be registered, not {type(channel).__name__}")
        known = runtime.channels.get(channel.channel_id)
        if known is channel:
            return
        if known is not None:
            raise ValueError(f"a channel with the id {channel.channel_id!r} is registered already")
        runtime.channels[channel.channel_id] = channel
        channel.clock = runtime.clock
        self._rt.router.channels_changed()
        channel.on_registered(self._rt.host)

    def get_channel(self, channel_id: str) -> Channel | None:
        """The registered channel, or None."""
        return self._rt.runtime.channels.get(channel_id)

    def list_channels(self) -> list[Channel]:
        """All registered channels."""
        return list(self._rt.runtime.channels.values())

    async def attach_channel(
        self,
        room_id: str,
        channel_id: str,
        channel_type: ChannelType | None = None,
        category: ChannelCategory | None = None,
        access: Access = Access.READ_WRITE,
        visibility: str = "all",
        *,
        metadata: Mapping[str, Any] | None = None,
        direction: ChannelDirection | None = None,
        capabilities: ChannelCapabilities | None = None,
        participant_id: str | None = None,
        rate_limit: RateLimit | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> ChannelBinding:
        """Give a registered channel a seat in a room.

        Attaching a channel that is attached already changes the settings that are given, merges
        the metadata, sets access and visibility to what the call says, and leaves its mute and
        read marks; nothing is announced then.

        Args:
            channel_type: instead of the channel's own.
            category: instead of the channel's own: transports get events delivered, intelligence
                channels are asked to react.
            visibility: stamped on events from this channel that say ``"all"``.
            metadata: settings for this room, such as the recipient's address or a system prompt.
            capabilities: instead of the channel's own; content is converted to fit them.
            rate_limit: deliveries wait for their turn.
            retry_policy: failed deliveries are tried again; without one they are not.

        Raises:
            ChannelNotRegisteredError: no such channel.
            RoomNotFoundError: no such room.
            RoomClosedError: the room takes nothing new.
        """
        return await self._rt.bindings.attach(
            room_id,
            channel_id,
            channel_type=channel_type,
            category=category,
            access=access,
            visibility=visibility,
            direction=direction,
            capabilities=capabilities,
            participant_id=participant_id,
            rate_limit=rate_limit,
            retry_policy=retry_policy,
            metadata=metadata,
        )

    async def detach_channel(self, room_id: str, channel_id: str) -> bool:
        """Take a channel out of a room; False if it was not there. What it has yet to receive is
        dropped."""
        return await self._rt.bindings.detach(room_id, channel_id)

    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding:
        """How a channel is attached to a room."""
        return await self._rt.bindings.get(room_id, channel_id)

    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        """All channels of a room, in the order in which they were attached."""
        return await self._rt.runtime.store.list_bindings(room_id)

    async def mute(self, room_id: str, channel_id: str) -> ChannelBinding:
        """Silence a channel: what comes in through it is blocked, what it answers is dropped.

        It still sees everything and may leave tasks and observations.
        """
        return await self._rt.bindings.change(
            room_id, channel_id, lambda _: {"muted": True}, EventType.CHANNEL_MUTED, "muted"
        )

    async def unmute(self, room_id: str, channel_id: str) -> ChannelBinding:
        """Undo `mute`."""
        return await self._rt.bindings.change(
            room_id, channel_id, lambda _: {"muted": False}, EventType.CHANNEL_UNMUTED, "unmuted"
        )

    async def mute_output(self, room_id: str, channel_id: str) -> ChannelBinding:
        """Drop what a channel answers; what comes in through it is not affected."""
        return await self._rt.bindings.change(
            room_id, channel_id, lambda _: {"output_muted": True}, EventType.CHANNEL_MUTED, "muted"
        )

    async def unmute_output(self, room_id: str, channel_id: str) -> ChannelBinding:
        """Undo `mute_output`."""
        return await self._rt.bindings.change(
            room_id,
            channel_id,
            lambda _: {"output_muted": False},
            EventType.CHANNEL_UNMUTED,
            "unmuted",
        )

    async def set_access(self, room_id: str, channel_id: str, access: Access) -> ChannelBinding:
        """Change whether a channel may send to the room, receive from it, both or neither."""
        return await self._rt.bindings.change(
            room_id, channel_id, lambda _: {"access": Access(access)}, EventType.CHANNEL_UPDATED
        )

    async def set_visibility(
        self, room_id: str, channel_id: str, visibility: str
    ) -> ChannelBinding:
        """Change who sees what comes through a channel."""
        return await self._rt.bindings.change(
            room_id, channel_id, lambda _: {"visibility": visibility}, EventType.CHANNEL_UPDATED
        )

    async def update_binding_metadata(
        self, room_id: str, channel_id: str, metadata: Mapping[str, Any]
    ) -> ChannelBinding:
        """Merge keys into a binding's metadata; the others stay."""
        return await self._rt.bindings.change(
            room_id, channel_id, lambda binding: {"metadata": {**binding.metadata, **metadata}}
        )
