"""What happens in rooms without being stored, and who is connected to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roomkit.core.pipeline.driver import Driver, Operation
from roomkit.core.runtime import KitRuntime
from roomkit.errors import ChannelNotFoundError
from roomkit.models.enums import EphemeralEventType, HookTrigger, RoomStatus
from roomkit.models.session import SessionStartedEvent
from roomkit.realtime.base import EphemeralEvent

_PRESENCE = {
    "online": EphemeralEventType.PRESENCE_ONLINE,
    "away": EphemeralEventType.PRESENCE_AWAY,
    "offline": EphemeralEventType.PRESENCE_OFFLINE,
}
_TOOL_EVENTS = (EphemeralEventType.TOOL_CALL_START, EphemeralEventType.TOOL_CALL_END)
_MAX_ROOMS_GREETED = 50


class LiveService:
    """Ephemeral events, connections and live sessions."""

    def __init__(self, runtime: KitRuntime, driver: Driver) -> None:
        self._rt = runtime
        self._driver = driver

    async def publish(
        self,
        room_id: str,
        event_type: EphemeralEventType,
        user_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        channel_id: str | None = None,
    ) -> None:
        """Tell a room's subscribers something."""
        await self._rt.realtime.publish(
            room_id,
            EphemeralEvent(
                type=event_type,
                room_id=room_id,
                user_id=user_id,
                data=dict(data or {}),
                channel_id=channel_id,
                timestamp=self._rt.clock.now(),
            ),
        )

    async def publish_presence(self, room_id: str, user_id: str, status: str) -> None:
        """Tell that somebody is online, away or offline.

        Raises:
            ValueError: it is another word.
        """
        event_type = _PRESENCE.get(status)
        if event_type is None:
            raise ValueError(f"unknown presence {status!r}; use online, away or offline")
        await self.publish(room_id, event_type, user_id, {"status": status})

    async def publish_tool_call(
        self,
        room_id: str,
        channel_id: str,
        tool_calls: Sequence[Mapping[str, Any]],
        event_type: EphemeralEventType,
        data: Mapping[str, Any],
    ) -> None:
        """Tell that a channel begins or has ended running tools.

        Raises:
            ValueError: the type is neither TOOL_CALL_START nor TOOL_CALL_END.
        """
        if event_type not in _TOOL_EVENTS:
            raise ValueError(f"{event_type} is not a tool call event")
        calls = [dict(call) for call in tool_calls]
        payload = {"tool_calls": calls, "channel_id": channel_id, **data}
        await self.publish(room_id, event_type, channel_id, payload, channel_id=channel_id)

    async def connected(self, channel_id: str, connection_id: str, room_id: str | None) -> None:
        """A connection of a channel was opened: tell, and greet whoever came."""
        rt = self._rt
        await rt.events.emit(
            "channel_connected",
            room_id=room_id,
            channel_id=channel_id,
            connection_id=connection_id,
        )
        if not rt.hooks.listens(HookTrigger.ON_SESSION_STARTED, room_id) and room_id is not None:
            return
        for joined in await self._rooms_of(channel_id, room_id):
            if rt.hooks.listens(HookTrigger.ON_SESSION_STARTED, joined):
                await self.session_started(
                    SessionStartedEvent(
                        room_id=joined, channel_id=channel_id, connection_id=connection_id
                    )
                )

    async def _rooms_of(self, channel_id: str, room_id: str | None) -> list[str]:
        if room_id is not None:
            return [room_id]
        rooms = await self._rt.store.find_rooms(
            channel_id=channel_id, status=RoomStatus.ACTIVE, limit=_MAX_ROOMS_GREETED
        )
        return [room.id for room in rooms]

    async def disconnected(self, channel_id: str, connection_id: str) -> None:
        """A connection was closed."""
        await self._rt.events.emit(
            "channel_disconnected", channel_id=channel_id, connection_id=connection_id
        )

    async def session_started(self, started: SessionStartedEvent) -> None:
        """Run the ON_SESSION_STARTED hooks."""

        async def tell(operation: Operation) -> None:
            operation.tell(HookTrigger.ON_SESSION_STARTED, started)

        await self._driver.operate(started.room_id, tell)

    async def join(
        self,
        room_id: str,
        channel_id: str,
        participant_id: str,
        metadata: Mapping[str, Any] | None,
    ) -> Any:
        """Let somebody into a channel's live session.

        Raises:
            ChannelNotRegisteredError: the channel is unknown.
            ChannelNotFoundError: it is not attached to the room.
            VoiceBackendNotConfiguredError: it has no live sessions.
        """
        rt = self._rt
        channel = rt.channel(channel_id)
        if await rt.store.get_binding(room_id, channel_id) is None:
            raise ChannelNotFoundError(room_id, channel_id)
        session = await channel.open_session(room_id, participant_id, metadata=metadata)
        session_id = getattr(session, "id", None)
        await rt.events.emit(
            "voice_session_started", room_id=room_id, channel_id=channel_id, session_id=session_id
        )
        await self.session_started(
            SessionStartedEvent(
                room_id=room_id,
                channel_id=channel_id,
                participant_id=participant_id,
                session=session,
            )
        )
        return session

    async def leave(self, session: Any) -> None:
        """End a live session."""
        await self._rt.channel(session.channel_id).close_session(session)
        await self._rt.events.emit(
            "voice_session_ended",
            room_id=session.room_id,
            channel_id=session.channel_id,
            session_id=session.id,
        )
