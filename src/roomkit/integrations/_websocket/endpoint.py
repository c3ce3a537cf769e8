"""All connections of a kit's WebSocket channels."""

from __future__ import annotations

import logging
from collections import Counter
from weakref import WeakValueDictionary

from roomkit._tasks import bounded
from roomkit.channels.connections import AcceptsConnections
from roomkit.core.framework import RoomKit
from roomkit.errors import KitClosedError, locate_error
from roomkit.integrations._websocket.entry import Entry, Seat
from roomkit.integrations._websocket.rights import Rights
from roomkit.integrations._websocket.session import Session
from roomkit.integrations._websocket.settings import (
    Client,
    SessionEndedError,
    Socket,
    WebSocketLimits,
)

logger = logging.getLogger("roomkit.websocket")

_ENTRY_SECONDS = 15.0
_PRESENCE_SECONDS = 5.0
_SHUTTING_DOWN = "the service is shutting down"


class WebSocketEndpoint:
    """Serves the connections, and knows who is there."""

    def __init__(self, kit: RoomKit, limits: WebSocketLimits) -> None:
        self._kit = kit
        self._limits = limits
        self._entry = Entry(kit)
        self._sessions: set[Session] = set()
        self._entering = 0
        self._rights: WeakValueDictionary[tuple[str, str], Rights] = WeakValueDictionary()
        self._present: Counter[tuple[str, str]] = Counter()
        self._closed = False

    @property
    def connection_count(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    async def serve(
        self,
        channel_id: str,
        client: Client,
        socket: Socket,
        *,
        after: int | None = None,
        room_id: str | None = None,
    ) -> None:
        """Serve an accepted WebSocket to its end.

        Args:
            after: the index of the newest event that the client has, if it was here before.
            room_id: the room that the client took that index from.
        """
        try:
            seat = await self._admit(channel_id, client)
        except SessionEndedError as refusal:
            await socket.close(refusal.code, refusal.reason.encode()[:120].decode(errors="ignore"))
            return
        if room_id is not None and room_id != seat.room.id:
            after = None
        rights = self._rights_in(channel_id, seat)
        session = Session(self._kit, channel_id, client, seat, rights, socket, self._limits)
        self._sessions.add(session)
        try:
            await self._appear(seat)
            await session.run(after)
        finally:
            self._sessions.discard(session)
            await self._vanish(seat)

    async def _admit(self, channel_id: str, client: Client) -> Seat:
        if self._closed or self._kit.closed:
            raise SessionEndedError(1012, _SHUTTING_DOWN)
        if len(self._sessions) + self._entering >= self._limits.max_connections:
            raise SessionEndedError(1013, "too many connections")
        channel = self._kit.get_channel(channel_id)
        if channel is None:
            raise SessionEndedError(4404, f"there is no channel {channel_id!r}")
        if not isinstance(channel, AcceptsConnections):
            raise SessionEndedError(4404, f"channel {channel_id!r} takes no connections")
        self._entering += 1
        try:
            return await bounded(
                self._kit.clock, _ENTRY_SECONDS, self._entry.admit(channel_id, client)
            )
        except SessionEndedError:
            raise
        except KitClosedError:
            raise SessionEndedError(1012, _SHUTTING_DOWN) from None
        except Exception as error:  # a store's or a hook's; there is only the client to tell
            logger.error(
                "a connection to channel %s failed: %s",
                channel_id,
                locate_error(error),
            )
            raise SessionEndedError(1011, "internal error") from error
        finally:
            self._entering -= 1

    def _rights_in(self, channel_id: str, seat: Seat) -> Rights:
        key = (channel_id, seat.room.id)
        rights = self._rights.get(key)
        if rights is None:
            rights = self._rights[key] = Rights(self._kit, channel_id, seat)
        rights.let_in(seat.participant_id)
        return rights

    async def _appear(self, seat: Seat) -> None:
        key = (seat.room.id, seat.participant_id)
        self._present[key] += 1
        if self._present[key] == 1:
            await self._tell(key, "online")

    async def _vanish(self, seat: Seat) -> None:
        key = (seat.room.id, seat.participant_id)
        self._present[key] -= 1
        if self._present[key] <= 0:
            del self._present[key]
            await self._tell(key, "offline")

    async def _tell(self, key: tuple[str, str], status: str) -> None:
        try:
            telling = self._kit.publish_presence(*key, status)
            await bounded(self._kit.clock, _PRESENCE_SECONDS, telling)
        except Exception as error:  # a backend's; nobody depends on presence
            logger.info("presence was not published: %s", type(error).__name__)

    async def close(self) -> None:
        """Send everybody away. `serve` ends for each a moment later."""
        self._closed = True
        for session in tuple(self._sessions):
            session.end(1012, _SHUTTING_DOWN)
