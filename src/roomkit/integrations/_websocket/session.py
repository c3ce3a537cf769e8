"""One connection, from its opening to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from roomkit._tasks import TaskScope, bounded
from roomkit.channels.streaming import StreamMessage
from roomkit.core.framework import RoomKit
from roomkit.core.rate_limiter import TokenBucketRateLimiter
from roomkit.errors import EventNotFoundError, KitClosedError, describe_error, locate_error
from roomkit.integrations._websocket.entry import Seat
from roomkit.integrations._websocket.frames import (
    PROTOCOL_VERSION,
    BadFrameError,
    ClientFrame,
    DeleteFrame,
    EditFrame,
    MessageFrame,
    PingFrame,
    ReadFrame,
    TypingFrame,
    encode,
    error_frame,
    event_frame,
    event_view,
    live_frame,
    read_frame,
    stream_frame,
)
from roomkit.integrations._websocket.history import History, Past
from roomkit.integrations._websocket.outbox import Outbox, SlowClientError
from roomkit.integrations._websocket.posting import ClientPoster
from roomkit.integrations._websocket.rights import Rights
from roomkit.integrations._websocket.settings import (
    Client,
    SessionEndedError,
    Socket,
    WebSocketLimits,
)
from roomkit.models._base import new_id
from roomkit.models.content import DeleteContent, EditContent
from roomkit.models.enums import EphemeralEventType, ParticipantStatus
from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.realtime.base import EphemeralEvent

logger = logging.getLogger("roomkit.websocket")

_CLOSE_SECONDS = 3.0
_DRAIN_SECONDS = 5.0
_REFUSED_SECONDS = 0.05
"""How long a frame beyond the rate holds up the next one, so that a flood costs us little."""
_NOT_TO_ONESELF = frozenset(
    {
        EphemeralEventType.TYPING_START,
        EphemeralEventType.TYPING_STOP,
        EphemeralEventType.PRESENCE_ONLINE,
        EphemeralEventType.PRESENCE_AWAY,
        EphemeralEventType.PRESENCE_OFFLINE,
    }
)


class Session:
    """Speaks the protocol with one client.

    Everything that belongs to the connection is here and goes with it: its registration with the
    channel, its subscription, its queue and its tasks.
    """

    def __init__(
        self,
        kit: RoomKit,
        channel_id: str,
        client: Client,
        seat: Seat,
        rights: Rights,
        socket: Socket,
        limits: WebSocketLimits,
    ) -> None:
        self.id = new_id()
        self._kit = kit
        self._channel_id = channel_id
        self._client = client
        self._room_id = seat.room.id
        self._seat = seat
        self._rights = rights
        self._socket = socket
        self._limits = limits
        self._outbox = Outbox(
            socket.send, max_frames=limits.max_queued_frames, max_bytes=limits.max_queued_bytes
        )
        self._scope = TaskScope(f"connection {self.id}")
        self._limiter = TokenBucketRateLimiter(limits.rate, clock=kit.clock)
        self._poster = ClientPoster(
            kit,
            channel_id=channel_id,
            room_id=seat.room.id,
            client=client,
            participant_id=seat.participant_id,
            connection_id=self.id,
            scope=self._scope,
            max_pending=limits.max_pending,
            reply=self._reply,
            end=self.end,
        )
        self._pumps: list[asyncio.Task[None]] = []
        self._typing = False
        self._ended: asyncio.Future[SessionEndedError | None] = (
            asyncio.get_running_loop().create_future()
        )

    def end(self, code: int, reason: str) -> None:
        """Close the connection from this side. Only the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(SessionEndedError(code, reason))

    async def run(self, after: int | None) -> None:
        """Serve the client until either side ends it; then nothing of it is left."""
        reason: SessionEndedError | None = None
        async with AsyncExitStack() as stack:
            self._on_exit(stack, "tasks", self._scope.close)
            try:
                await self._start(stack, after)
                reason = await self._ended
            except (KitClosedError, asyncio.CancelledError) as error:
                reason = SessionEndedError(1012, "the service is shutting down")
                if isinstance(error, asyncio.CancelledError):
                    raise
            except Exception as error:  # nobody above could do more than close the connection
                reason = SessionEndedError(1011, "internal error")
                logger.error("connection %s failed: %s", self.id, locate_error(error))
            finally:
                self._outbox.close()
                for task in self._pumps:
                    task.cancel()
                await self._hang_up(reason)
                await self._poster.finish(_DRAIN_SECONDS)

    async def _start(self, stack: AsyncExitStack, after: int | None) -> None:
        kit, room_id = self._kit, self._room_id
        # Registered before the past is read, so that nothing falls in between. Whoever is greeted
        # by a hook must not have to wait for the greeting.
        self._on_exit(
            stack, "channel", lambda: kit.disconnect_websocket(self._channel_id, self.id)
        )
        self._scope.spawn(
            kit.connect_websocket(
                self._channel_id,
                self.id,
                self._receive,
                stream_send_fn=self._receive_stream,
                room_id=room_id,
                echo=True,
            ),
            name="connect",
        )
        subscription = await kit.subscribe_room(room_id, self._hear)
        self._on_exit(stack, "subscription", lambda: kit.unsubscribe_room(subscription))
        self._on_exit(stack, "typing", self._stop_typing)
        room = await kit.get_room(room_id)
        past = await History(kit, self._limits).since(room, self._seat.binding, after)
        self._outbox.open(await self._ready(room, past), {event.id for event in past.events})
        self._pumps.append(self._scope.spawn(self._write(), name="write"))
        self._pumps.append(self._scope.spawn(self._read(), name="read"))

    def _on_exit(
        self, stack: AsyncExitStack, name: str, step: Callable[[], Awaitable[object]]
    ) -> None:
        """Have a step taken at the end, whatever becomes of the others."""

        async def take() -> None:
            try:
                await step()
            except Exception as error:  # the other steps must be taken in any case
                logger.info(
                    "connection %s: releasing the %s failed: %s",
                    self.id,
                    name,
                    type(error).__name__,
                )

        stack.push_async_callback(take)

    async def _ready(self, room: Room, past: Past) -> str:
        people = await self._kit.store.list_participants(room.id)
        present = (ParticipantStatus.ACTIVE, ParticipantStatus.INACTIVE)
        own_id = self._poster.participant_id
        return encode(
            {
                "type": "ready",
                "protocol": PROTOCOL_VERSION,
                "connection_id": self.id,
                "channel_id": self._channel_id,
                "room": {"id": room.id, "status": room.status},
                "participant": {"id": own_id, "display_name": self._client.display_name},
                "participants": [
                    {"id": one.id, "display_name": one.display_name, "role": one.role}
                    for one in people
                    if one.status in present
                ],
                "latest_index": room.event_count - 1,
                "resumed": past.resumed,
                "events": [event_view(event) for event in past.events],
            }
        )

    async def _write(self) -> None:
        try:
            await self._outbox.run()
        except Exception as error:  # however a server says that the client has gone
            logger.debug("connection %s is gone: %s", self.id, type(error).__name__)
            self._gone()

    async def _read(self) -> None:
        limit = self._limits.max_frame_bytes
        while (data := await self._next()) is not None:
            if _is_longer(data, limit):
                self.end(1009, f"a frame has at most {limit} bytes")
                return
            await self._take(data)
        self._gone()

    async def _next(self) -> str | bytes | None:
        try:
            return await self._socket.receive()
        except Exception as error:  # as above
            logger.debug("connection %s is gone: %s", self.id, type(error).__name__)
            return None

    def _gone(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    async def _take(self, data: str | bytes) -> None:
        """Do what one frame asks for. What is wrong with it is answered."""
        frame_id: str | None = None
        allowed = self._limiter.try_acquire()
        try:
            if isinstance(data, bytes):
                raise BadFrameError("binary_frame", "binary frames are not understood")
            frame = read_frame(data)
            frame_id = frame.id
            if not allowed:
                raise BadFrameError("rate_limited", "too many frames; send it again later")
            await self._do(frame)
        except BadFrameError as bad:
            self._reply(error_frame(bad.code, bad.reason, bad.frame_id or frame_id))
            if not allowed:
                await self._kit.clock.sleep(_REFUSED_SECONDS)
        except Exception as error:  # one frame's failure must not end the connection
            logger.error(
                "a frame of connection %s failed: %s",
                self.id,
                locate_error(error),
            )
            self._reply(error_frame("internal", "the frame could not be processed", frame_id))

    async def _do(self, frame: ClientFrame) -> None:
        match frame:
            case MessageFrame():
                self._poster.post(frame.id, frame.said, reply_to=frame.reply_to)
            case EditFrame():
                edit = EditContent(
                    target_event_id=frame.event_id, new_content=frame.said, edit_source="sender"
                )
                self._poster.post(frame.id, edit)
            case DeleteFrame():
                delete = DeleteContent(
                    target_event_id=frame.event_id, delete_type="sender", reason=frame.reason
                )
                self._poster.post(frame.id, delete)
            case TypingFrame():
                self._typing = frame.is_typing
                await self._kit.publish_typing(
                    self._room_id, self._poster.participant_id, frame.is_typing
                )
            case ReadFrame():
                self._poster.check_capacity(frame.id)
                self._scope.spawn(self._mark_read(frame), name="read mark")
            case PingFrame():
                self._reply(encode({"type": "pong", "id": frame.id}))

    async def _mark_read(self, frame: ReadFrame) -> None:
        try:
            await self._kit.mark_read(self._room_id, self._channel_id, frame.event_id)
            await self._kit.publish_read_receipt(
                self._room_id, self._poster.participant_id, frame.event_id
            )
        except EventNotFoundError as error:
            self._reply(error_frame("event_not_found", str(error), frame.id))
        except Exception as error:  # a lost read mark is no reason to end the connection
            self._reply(error_frame("failed", describe_error(error), frame.id))

    async def _stop_typing(self) -> None:
        if self._typing:
            await self._kit.publish_typing(
                self._room_id, self._poster.participant_id, is_typing=False
            )

    async def _receive(self, _connection_id: str, event: RoomEvent) -> None:
        """The channel's way to the client: an event."""
        if not await self._is_welcome():
            return
        if not self._poster.is_echo(event):
            self._put(event_frame(event), event.id)

    async def _receive_stream(self, _connection_id: str, message: StreamMessage) -> None:
        """The channel's way to the client: a piece of an answer.

        Waits while the client is behind, so that the channel joins the pieces meanwhile.
        """
        try:
            await self._outbox.put_in_turn(stream_frame(message))
        except (SlowClientError, asyncio.CancelledError):
            self._too_slow()
            raise

    def _put(self, frame: str, event_id: str | None = None) -> None:
        try:
            self._outbox.put(frame, event_id=event_id)
        except SlowClientError:
            self._too_slow()
            raise

    def _reply(self, frame: str) -> None:
        try:
            self._outbox.put(frame)
        except SlowClientError:
            self._too_slow()

    def _too_slow(self) -> None:
        self.end(1013, "the client reads too slowly; connect again")

    def _hear(self, event: EphemeralEvent) -> Awaitable[None] | None:
        """The room's ephemeral events. Called without waiting as long as nothing must be read."""
        own = event.user_id in (self._poster.participant_id, self._client.sender_id)
        if own and event.type in _NOT_TO_ONESELF:
            return None
        frame = live_frame(event)
        if frame is None:
            return None
        if self._rights.out_of_date:
            return self._look_and_tell(event, frame)
        self._tell(event, frame)
        return None

    async def _look_and_tell(self, event: EphemeralEvent, frame: str) -> None:
        if await self._is_welcome():
            self._tell(event, frame)

    def _tell(self, event: EphemeralEvent, frame: str) -> None:
        if self._rights.admit(event):
            self._reply(frame)

    async def _is_welcome(self) -> bool:
        """Whether the client may stay; ends the connection of one that was banned meanwhile."""
        if self._rights.out_of_date:
            await self._rights.refresh()
        if not self._rights.is_banned(self._poster.participant_id):
            return True
        self.end(4403, "banned from the room")
        return False

    async def _hang_up(self, reason: SessionEndedError | None) -> None:
        if reason is None:
            return
        try:
            # A close frame has room for 123 bytes.
            text = reason.reason.encode()[:120].decode(errors="ignore")
            await bounded(self._kit.clock, _CLOSE_SECONDS, self._socket.close(reason.code, text))
        except Exception as error:  # there is nobody left to close it to
            logger.debug("connection %s is gone: %s", self.id, type(error).__name__)


def _is_longer(data: str | bytes, limit: int) -> bool:
    """Whether a frame has more bytes; text is encoded only where that decides."""
    if isinstance(data, bytes) or len(data) > limit:
        return len(data) > limit
    return len(data) * 4 > limit and len(data.encode(errors="surrogatepass")) > limit
