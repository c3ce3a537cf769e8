"""What an agent says first."""

from __future__ import annotations

from typing import Any

from roomkit.core.runtime import KitRuntime
from roomkit.core.services.outbound import OutboundService
from roomkit.errors import (
    ChannelNotFoundError,
    RoomNotFoundError,
    VoiceBackendNotConfiguredError,
)
from roomkit.models.content import TextContent
from roomkit.models.event import RoomEvent


class GreetingService:
    """Lets agents greet."""

    def __init__(self, runtime: KitRuntime, outbound: OutboundService) -> None:
        self._rt = runtime
        self._outbound = outbound

    async def greet(
        self, room_id: str, channel_id: str | None, greeting: str | None, session: Any
    ) -> RoomEvent:
        """See `RoomKit.send_greeting`."""
        snapshot = await self._rt.store.snapshot(room_id)
        if snapshot is None:
            raise RoomNotFoundError(room_id)
        attached = [binding.channel_id for binding in snapshot.bindings]
        if channel_id is None:
            channel_id = self._only_greeter(room_id, attached)
        elif channel_id not in attached:
            raise ChannelNotFoundError(room_id, channel_id)
        if session is not None:
            raise VoiceBackendNotConfiguredError(channel_id)
        text = greeting or self._rt.channel(channel_id).greeting
        if not text:
            raise ValueError(
                f"channel {channel_id!r} has no greeting; pass greeting= or give the agent one"
            )
        return await self._outbound.send(
            room_id, channel_id, TextContent(body=text), metadata={"greeting": True}
        )

    def _only_greeter(self, room_id: str, attached: list[str]) -> str:
        channels = self._rt.channels
        greeters = [one for one in attached if one in channels and channels[one].greeting]
        if len(greeters) != 1:
            found = ", ".join(map(repr, greeters)) or "none"
            raise ValueError(
                f"room {room_id!r} has no single agent that greets (found: {found}); "
                "pass channel_id="
            )
        return greeters[0]
