"""What a client says, on its way into the room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from roomkit._tasks import TaskScope
from roomkit.core.framework import RoomKit
from roomkit.errors import KitClosedError, RoomKitError, locate_error
from roomkit.integrations._websocket.frames import BadFrameError, ack_frame, error_frame
from roomkit.integrations._websocket.settings import Client
from roomkit.models._base import new_id
from roomkit.models.content import EventContent
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import EventStatus
from roomkit.models.event import RoomEvent

logger = logging.getLogger("roomkit.websocket")

_NOT_STORED = frozenset({"rate_limited", "process_timeout"})


@dataclass(slots=True, eq=False)
class _Turn:
    """One message between its frame and its acknowledgement."""

    frame_id: str | None
    client_id: str
    settled: asyncio.Future[None]
    acknowledged: bool = False


class ClientPoster:
    """Puts a client's messages into its room, one after the other, and acknowledges each.

    The next message is handed in once the one before is stored, not when all that follows from it
    is done: people write on while an AI answers. That a message is stored is learned from its
    echo.
    """

    def __init__(
        self,
        kit: RoomKit,
        *,
        channel_id: str,
        room_id: str,
        client: Client,
        participant_id: str,
        connection_id: str,
        scope: TaskScope,
        max_pending: int,
        reply: Callable[[str], None],
        end: Callable[[int, str], None],
    ) -> None:
        self.participant_id = participant_id
        self._kit = kit
        self._channel_id = channel_id
        self._room_id = room_id
        self._client = client
        self._connection_id = connection_id
        self._scope = scope
        self._max_pending = max_pending
        self._reply = reply
        self._end = end
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: asyncio.Future[None] | None = None
        self._current: _Turn | None = None

    def check_capacity(self, frame_id: str | None) -> None:
        """Raises `BadFrameError` while too much is under way."""
        if len(self._scope) >= self._max_pending:
            raise BadFrameError(
                "busy", "too many messages are being processed; send it again later", frame_id
            )

    def post(
        self, frame_id: str | None, content: EventContent, *, reply_to: str | None = None
    ) -> None:
        """Hand a message in when its turn has come.

        Raises:
            BadFrameError: too many messages are under way.
        """
        self.check_capacity(frame_id)
        client_id = frame_id or new_id()
        metadata = {"connection_id": self._connection_id, "client_id": client_id}
        if reply_to is not None:
            metadata["reply_to"] = reply_to
        message = InboundMessage(
            channel_id=self._channel_id,
            sender_id=self._client.sender_id,
            content=content,
            # Somebody else's message may have the same id without being taken for this one.
            idempotency_key=f"{self._client.sender_id}:{client_id}",
            metadata=metadata,
        )
        previous = self._last
        settled = self._last = asyncio.get_running_loop().create_future()
        turn = _Turn(frame_id, client_id, settled)
        task = self._scope.spawn(self._process(turn, message, previous), name="message")
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _process(
        self, turn: _Turn, message: InboundMessage, previous: asyncio.Future[None] | None
    ) -> None:
        try:
            if previous is not None and not previous.done():
                await asyncio.wait((previous,))
            self._current = turn
            result = await self._kit.process_inbound(message, self._room_id)
            if not turn.acknowledged:
                self._acknowledge(turn, result)
        except KitClosedError as error:
            self._fail(turn, "closed", str(error))
            self._end(1012, "the service is shutting down")
        except RoomKitError as error:
            self._fail(turn, "refused", str(error))
        except Exception as error:  # a channel's or a store's; the connection goes on
            logger.error(
                "a message of connection %s failed: %s",
                self._connection_id,
                locate_error(error),
            )
            self._fail(turn, "internal", "the message could not be processed")
        finally:
            self._settle(turn)

    def is_echo(self, event: RoomEvent) -> bool:
        """Whether an event is the message that is being stored, which is acknowledged then."""
        turn, metadata = self._current, event.metadata
        if (
            turn is None
            or turn.acknowledged
            or metadata.get("client_id") != turn.client_id
            or metadata.get("connection_id") != self._connection_id
        ):
            return False
        self._confirm(turn, event)
        return True

    def _acknowledge(self, turn: _Turn, result: InboundResult) -> None:
        """Say what became of a message that did not come back as an echo."""
        event, reason = result.event, result.reason
        if event is None and reason in _NOT_STORED:
            self._fail(turn, reason, "the message was not stored; send it again later")
        elif reason == "duplicate" and event is not None:
            blocked = event.status is EventStatus.BLOCKED
            why = str(event.metadata.get("block_reason")) if blocked else None
            self._confirm(turn, event, blocked=blocked, reason=why, duplicate=True)
        else:
            self._confirm(turn, event, blocked=result.blocked, reason=reason)

    def _confirm(
        self,
        turn: _Turn,
        event: RoomEvent | None,
        *,
        blocked: bool = False,
        reason: str | None = None,
        duplicate: bool = False,
    ) -> None:
        turn.acknowledged = True
        if event is not None and event.source.participant_id is not None:
            self.participant_id = event.source.participant_id
        self._reply(
            ack_frame(turn.frame_id, event, blocked=blocked, reason=reason, duplicate=duplicate)
        )
        self._settle(turn)

    def _fail(self, turn: _Turn, code: str, reason: str) -> None:
        if not turn.acknowledged:
            turn.acknowledged = True
            self._reply(error_frame(code, reason, turn.frame_id))

    async def finish(self, seconds: float) -> None:
        """Wait until the messages that were read are stored, for a while, and for no more.

        What follows from a stored message is the kit's own business.
        """
        if self._last is not None and not self._last.done():
            try:
                async with self._kit.clock.timeout(seconds):
                    await asyncio.wait((self._last,))
            except TimeoutError:
                logger.info("connection %s: messages were given up", self._connection_id)
        for task in tuple(self._tasks):
            task.cancel()

    def _settle(self, turn: _Turn) -> None:
        if not turn.settled.done():
            turn.settled.set_result(None)
