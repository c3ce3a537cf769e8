"""From a room to the request that a model gets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from roomkit.channels._ai.history import History
from roomkit.channels._ai.settings import RoomSetup
from roomkit.channels._ai.signals import result_text
from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIContext, AIMessage, AIToolResult

_MAX_ROOMS = 1024
_MAX_CHARS = 20_000
"""How much is told of turns that came to no answer."""
_MAX_RESULT_CHARS = 2_000


class Unfinished:
    """What tools have done in turns that came to no answer, by room.

    A turn may be cut short after a tool has booked something. The next request shows the model the
    calls and their results, so that it does not book again; an answer that is complete says so
    itself. It is kept in this process, for the rooms that were cut short last, and no more of it
    than has room in any request: long results are cut, and the oldest rounds are dropped.
    """

    def __init__(self) -> None:
        self._by_room: OrderedDict[str, list[AIMessage]] = OrderedDict()

    def keep(self, room_id: str, exchange: Sequence[AIMessage]) -> None:
        """Remember calls and their results: pairs of an assistant's message and a tool's."""
        if not exchange:
            return
        kept = [*self._by_room.pop(room_id, []), *map(_shortened, exchange)]
        first, room = len(kept) - 2, _MAX_CHARS - _size(kept[-2:])
        while first > 0 and (room := room - _size(kept[first - 2 : first])) >= 0:
            first -= 2
        self._by_room[room_id] = kept[first:]
        while len(self._by_room) > _MAX_ROOMS:
            self._by_room.popitem(last=False)

    def of(self, room_id: str) -> list[AIMessage]:
        """What there is to tell, the oldest first."""
        return self._by_room.get(room_id, [])

    def forget(self, room_id: str) -> None:
        """The model has given an answer that covers it."""
        self._by_room.pop(room_id, None)


def _shortened(message: AIMessage) -> AIMessage:
    if isinstance(message.content, str):
        return message
    parts = [
        part.evolve(content=result_text(part)[:_MAX_RESULT_CHARS])
        if isinstance(part, AIToolResult)
        else part
        for part in message.content
    ]
    return message.evolve(content=parts)


def _size(messages: Sequence[AIMessage]) -> int:
    return sum(
        len(part.content) if isinstance(part, AIToolResult) else len(str(part))
        for message in messages
        for part in message.content
    )


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
    _memory: MemoryResult = field(default_factory=MemoryResult, init=False)

    async def build(self) -> AIContext:
        """The request, with what the memory finds worth showing."""
        event = self.event
        found = await self.memory.retrieve(
            event.room_id, event, self.context, channel_id=self.channel_id
        )
        return self._request(await self._fitted(found))

    async def smaller(self) -> AIContext:
        """The same with clearly less of the past."""
        self.unfinished = self.unfinished[-2:]
        return self._request(await self._fitted(self._memory, shrink=True))

    async def _fitted(self, found: object, *, shrink: bool = False) -> MemoryResult:
        memory = self.memory
        result = await memory.fit(self._checked(found), self._frame(), self.event, shrink=shrink)
        return self._checked(result)

    def _checked(self, found: object) -> MemoryResult:
        if not isinstance(found, MemoryResult):
            returned = type(found).__name__
            raise TypeError(f"{type(self.memory).__name__} returned {returned}, not MemoryResult")
        return found

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
            thinking_budget=settings.thinking_budget or None,
        )


_REQUEST = AIContext.constant(messages=[])
_FRAME = RequestFrame.constant()
