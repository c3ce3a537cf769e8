"""From a room to the request that a model gets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from roomkit.channels._ai.history import History
from roomkit.channels._ai.settings import RoomSetup
from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIContext, AIMessage

_MAX_ROOMS = 1024


class Unfinished:
    """What tools have done in turns that came to no answer, by room.

    A turn may be cut short after a tool has booked something. The next request shows the model the
    calls and their results, so that it does not book again; an answer that is complete says so
    itself. It is kept in this process, for the rooms that were cut short last.
    """

    def __init__(self) -> None:
        self._by_room: OrderedDict[str, list[AIMessage]] = OrderedDict()

    def keep(self, room_id: str, exchange: list[AIMessage]) -> None:
        """Remember calls and their results."""
        if exchange:
            self._by_room[room_id] = [*self._by_room.pop(room_id, []), *exchange]
            while len(self._by_room) > _MAX_ROOMS:
                self._by_room.popitem(last=False)

    def of(self, room_id: str) -> list[AIMessage]:
        """What there is to tell, the oldest first."""
        return self._by_room.get(room_id, [])

    def forget(self, room_id: str) -> None:
        """The model has given an answer that covers it."""
        self._by_room.pop(room_id, None)


@dataclass(slots=True, kw_only=True)
class RequestBuilder:
    """Builds the request for one event, and a smaller one if the vendor wants that.

    Attributes:
        unfinished: what tools have done that no answer tells of.
    """

    channel_id: str
    memory: MemoryProvider
    history: History
    setup: RoomSetup
    system_prompt: str | None
    target: ChannelCapabilities | None
    event: RoomEvent
    context: RoomContext
    unfinished: list[AIMessage]
    _memory: MemoryResult | None = field(default=None, init=False)

    async def build(self) -> AIContext:
        """The request, with what the memory finds worth showing."""
        event = self.event
        found = await self.memory.retrieve(
            event.room_id, event, self.context, channel_id=self.channel_id
        )
        return self._request(await self.memory.fit(found, self._frame(), event))

    async def smaller(self) -> AIContext:
        """The same with clearly less of the past."""
        before = self._memory or MemoryResult()
        return self._request(await self.memory.fit(before, self._frame(), self.event, shrink=True))

    def _frame(self) -> RequestFrame:
        return _FRAME.evolve(
            system_prompt=self.system_prompt,
            tools=self.setup.tools.declarations,
            max_tokens=self.setup.settings.max_tokens,
            messages=self.unfinished,
            room=self.context,
        )

    def _request(self, memory: MemoryResult) -> AIContext:
        self._memory = memory
        settings, target = self.setup.settings, self.target
        said = self.history.messages(memory.events, self.event, self.context)
        if self.unfinished:
            said[-1:-1] = self.unfinished
        return _REQUEST.evolve(
            messages=[*memory.messages, *said],
            system_prompt=self.system_prompt,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            tools=self.setup.tools.declarations,
            room=self.context,
            target_capabilities=target,
            target_media_types=[] if target is None else target.media_types,
            thinking_budget=settings.thinking_budget,
        )


_REQUEST = AIContext.constant(messages=[])
_FRAME = RequestFrame.constant()
