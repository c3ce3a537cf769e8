"""`HelpersMixin`: sending, reading, what is going on right now, and live sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roomkit.channels.base import Channel
from roomkit.channels.connections import AcceptsConnections, SendFn, StreamSendFn
from roomkit.core.mixins.hooks import HooksMixin
from roomkit.models._base import new_id
from roomkit.models.content import AudioContent, EventContent
from roomkit.models.enums import EphemeralEventType, EventType
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation
from roomkit.realtime.base import EphemeralCallback


class HelpersMixin(HooksMixin):
    """Everything a host application does in a room besides handing in messages."""

    async def send_event(
        self,
        room_id: str,
        channel_id: str,
        content: EventContent,
        event_type: EventType = EventType.MESSAGE,
        chain_depth: int = 0,
        visibility: str = "all",
        response_visibility: str | None = None,
        *,
        participant_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> RoomEvent:
        """Say something in a room as one of its channels.

        The event passes the BEFORE_BROADCAST hooks, is stored, and goes to the room's other
        channels; AIs may answer. The call returns as `process_inbound` does: when all is done, or,
        from inside the same room, once the event is stored.

        Returns:
            The event as stored. A hook may have blocked it: look at its ``status``.

        Raises:
            RoomNotFoundError: no such room.
            ChannelNotFoundError: the channel is not attached to it.
            RoomClosedError: the room takes nothing new.
            ValueError: `chain_depth` is negative, or the event cannot be made of what was given.
        """
        return await self._rt.outbound.send(
            room_id,
            channel_id,
            content,
            event_type=event_type,
            chain_depth=chain_depth,
            visibility=visibility,
            response_visibility=response_visibility,
            participant_id=participant_id,
            metadata=metadata,
            idempotency_key=idempotency_key,
        )

    async def send_greeting(
        self,
        room_id: str,
        channel_id: str | None = None,
        greeting: str | None = None,
        session: Any = None,
    ) -> RoomEvent:
        """Let an agent say its greeting.

        It is a message like any other, marked with ``metadata["greeting"]``.

        Args:
            channel_id: who greets; by default the room's only agent that has a greeting.
            greeting: what to say instead of the agent's own words.
            session: the live session to greet in, for channels that have any.

        Raises:
            RoomNotFoundError: no such room.
            ChannelNotFoundError: the channel is not attached to it.
            VoiceBackendNotConfiguredError: the channel has no live sessions.
            ValueError: there is nothing to say, or no single agent to say it.
        """
        return await self._rt.greetings.greet(room_id, channel_id, greeting, session)

    async def submit_feedback(
        self,
        room_id: str,
        rating: float,
        comment: str = "",
        event_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Observation:
        """Keep somebody's rating of a conversation, or of one event, as an observation.

        Runs the ON_FEEDBACK hooks with the observation.

        Raises:
            RoomNotFoundError: no such room.
        """
        return await self._rt.outbound.feedback(
            room_id,
            rating,
            comment=comment,
            event_id=event_id,
            user_id=user_id,
            metadata=metadata,
        )

    async def mark_read(self, room_id: str, channel_id: str, event_id: str) -> None:
        """A channel has read up to an event; a mark never moves back.

        Raises:
            EventNotFoundError: the room has no such event.
            ChannelNotFoundError: the channel is not attached.
        """

        async def body(_operation: object) -> None:
            await self._rt.runtime.store.mark_read(room_id, channel_id, event_id)

        await self._rt.driver.operate(room_id, body)

    async def mark_all_read(self, room_id: str, channel_id: str) -> None:
        """A channel has read everything so far.

        Raises:
            RoomNotFoundError: no such room.
            ChannelNotFoundError: the channel is not attached.
        """

        async def body(_operation: object) -> None:
            await self._rt.runtime.store.mark_all_read(room_id, channel_id)

        await self._rt.driver.operate(room_id, body)

    async def publish_typing(self, room_id: str, user_id: str, is_typing: bool = True) -> None:
        """Tell the room's subscribers that somebody types, or no longer does."""
        event_type = (
            EphemeralEventType.TYPING_START if is_typing else EphemeralEventType.TYPING_STOP
        )
        await self._rt.live.publish(room_id, event_type, user_id)

    async def publish_presence(self, room_id: str, user_id: str, status: str) -> None:
        """Tell that somebody is ``"online"``, ``"away"`` or ``"offline"``.

        Raises:
            ValueError: it is another word.
        """
        await self._rt.live.publish_presence(room_id, user_id, status)

    async def publish_read_receipt(self, room_id: str, user_id: str, event_id: str) -> None:
        """Tell that somebody has read a message. The channel's read mark is `mark_read`'s
        business."""
        await self._rt.live.publish(
            room_id, EphemeralEventType.READ_RECEIPT, user_id, {"event_id": event_id}
        )

    async def publish_reaction(
        self, room_id: str, user_id: str, target_event_id: str, emoji: str
    ) -> None:
        """Tell that somebody reacted to a message."""
        data = {"target_event_id": target_event_id, "emoji": emoji}
        await self._rt.live.publish(room_id, EphemeralEventType.REACTION, user_id, data)

    async def publish_tool_call(
        self,
        room_id: str,
        channel_id: str,
        tool_calls: Sequence[Mapping[str, Any]],
        event_type: EphemeralEventType,
        **data: Any,
    ) -> None:
        """Tell that a channel begins, or has ended, running tools.

        Raises:
            ValueError: `event_type` is neither TOOL_CALL_START nor TOOL_CALL_END.
        """
        await self._rt.live.publish_tool_call(room_id, channel_id, tool_calls, event_type, data)

    async def subscribe_room(self, room_id: str, callback: EphemeralCallback) -> str:
        """Call a function with every ephemeral event of a room; returns the subscription's id."""
        return await self._rt.runtime.realtime.subscribe(room_id, callback)

    async def unsubscribe_room(self, subscription_id: str) -> bool:
        """End a subscription; False if there was none."""
        return await self._rt.runtime.realtime.unsubscribe(subscription_id)

    async def connect_websocket(
        self,
        channel_id: str,
        connection_id: str,
        send_fn: SendFn,
        *,
        stream_send_fn: StreamSendFn | None = None,
        room_id: str | None = None,
        echo: bool = False,
    ) -> None:
        """Register a connection with a WebSocket channel and run the ON_SESSION_STARTED hooks.

        Args:
            send_fn: gets every event that the channel receives, as ``(connection_id, event)`` or
                just ``(event)``.
            stream_send_fn: gets answers while they are being written.
            room_id: restrict the connection to one room.
            echo: also send the connection its own messages back, once they are stored.

        Raises:
            ChannelNotRegisteredError: no such channel.
            TypeError: the channel does not take connections.
        """
        _accepting(self._rt.runtime.channel(channel_id)).register_connection(
            connection_id, send_fn, stream_send_fn=stream_send_fn, room_id=room_id, echo=echo
        )
        await self._rt.live.connected(channel_id, connection_id, room_id)

    async def disconnect_websocket(self, channel_id: str, connection_id: str) -> None:
        """Forget a connection. Harmless if it is gone already.

        Raises:
            ChannelNotRegisteredError: no such channel.
        """
        if _accepting(self._rt.runtime.channel(channel_id)).unregister_connection(connection_id):
            await self._rt.live.disconnected(channel_id, connection_id)

    async def join(
        self,
        room_id: str,
        channel_id: str,
        participant_id: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """Join a room's voice or video through one of its channels; returns the session.

        Raises:
            ChannelNotRegisteredError: no such channel.
            ChannelNotFoundError: it is not attached to the room.
            VoiceBackendNotConfiguredError: it has no audio or video.
        """
        return await self._rt.live.join(room_id, channel_id, participant_id or new_id(), metadata)

    async def leave(self, session: Any) -> None:
        """End a session that `join` returned."""
        await self._rt.live.leave(session)

    async def connect_voice(
        self,
        room_id: str,
        participant_id: str,
        channel_id: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """The older name of `join`, with its order of arguments."""
        return await self.join(room_id, channel_id, participant_id, metadata=metadata)

    async def disconnect_voice(self, session: Any) -> None:
        """The older name of `leave`."""
        await self.leave(session)

    async def transcribe(self, audio: AudioContent) -> str:
        """The words in a recording.

        Raises:
            VoiceNotConfiguredError: the kit was built without ``stt``.
        """
        return await self._rt.speech.transcribe(audio)

    async def synthesize(self, text: str, voice: str | None = None) -> AudioContent:
        """A recording of the words.

        Raises:
            VoiceNotConfiguredError: the kit was built without ``tts``.
        """
        return await self._rt.speech.synthesize(text, voice)


def _accepting(channel: Channel) -> AcceptsConnections:
    if not isinstance(channel, AcceptsConnections):
        raise TypeError(f"channel {channel.channel_id!r} does not take connections")
    return channel
