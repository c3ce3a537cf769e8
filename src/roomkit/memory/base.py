"""`MemoryProvider`: what of a room's past a model gets to see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from roomkit.models._base import EMPTY_LIST, FrozenModel
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage, AITool

__all__ = ["MemoryProvider", "MemoryResult", "RequestFrame"]


class MemoryResult(FrozenModel):
    """What to show the model: ``messages`` first, then ``events`` turned into messages, both
    oldest first."""

    messages: Sequence[AIMessage] = EMPTY_LIST
    events: Sequence[RoomEvent] = EMPTY_LIST


class RequestFrame(FrozenModel):
    """The rest of the request that the past has to fit in with: it takes up room too.

    Attributes:
        system_prompt: what the model is told about its part.
        tools: the functions it is offered.
        max_tokens: what is kept free for the answer.
        messages: what is said besides the past and the event to be answered, such as the tool
            calls of a turn that was cut short.
        room: the room as the channel may see it, for the names that stand before people's words;
            without it their ids are taken.
    """

    system_prompt: str | None = None
    tools: Sequence[AITool] = ()
    max_tokens: int | None = None
    messages: Sequence[AIMessage] = ()
    room: RoomContext | None = None


class MemoryProvider(ABC):
    """Chooses what of the past goes into a request.

    One object serves all rooms and is called concurrently, but once at a time for a room and
    channel. `roomkit.testing.MemoryProviderContract` tests an implementation.
    """

    max_events: int = 50
    """How many of a room's newest events `retrieve` wants to find in ``context.recent_events``."""

    @abstractmethod
    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        """The past as it matters for answering `current_event`, which is not part of it.

        Args:
            room_id: the room.
            current_event: what is to be answered.
            context: the room as the channel may see it, with its newest events.
            channel_id: the channel that answers.

        An exception fails the turn like a provider's. Whatever is returned must have come from
        this room, or from something its members may know.
        """

    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        """Cut what `retrieve` returned so that it fits in with the rest of the request.

        ``shrink`` says that the vendor refused the request as too long: return clearly less than
        the last time. `result` may be what an earlier call of this method returned.

        This version cuts nothing. Told to shrink, it keeps the newer half of the events, and drops
        the messages once there are hardly any events to drop.
        """
        if not shrink:
            return result
        events = result.events
        kept = events[(len(events) + 1) // 2 :]
        if len(events) > 1:
            return result.evolve(events=kept)
        return result.evolve(events=kept, messages=EMPTY_LIST)

    async def on_revision(  # noqa: B027 - an optional callback
        self, revision: RoomEvent, context: RoomContext, *, channel_id: str | None = None
    ) -> None:
        """Drop what was made of the old wording of a message that was edited or deleted.

        Called in the order of the timeline, and never while `retrieve` runs for the same room and
        channel. What the events in ``context.recent_events`` say now is seen by `retrieve` anyway;
        only what is kept about older ones has to be looked after here.

        Args:
            revision: the event of type ``edit`` or ``delete``.
            context: the room as the channel may see it, the message as it reads now included.
            channel_id: the channel that is told.
        """

    async def forget(self, room_id: str) -> None:  # noqa: B027 - an optional callback
        """Drop what is kept about a room."""

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release what it holds. Called once, by the channel that owns it."""
