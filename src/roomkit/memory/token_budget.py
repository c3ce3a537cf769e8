"""`TokenBudgetMemory`: as much of the past as the model's window has room for."""

from __future__ import annotations

from collections.abc import Sequence

from roomkit.memory._pairs import newest_messages
from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.memory.sliding_window import SlidingWindowMemory
from roomkit.memory.tokens import IMAGE_TOKENS, TokenCounter, TokenMeter, estimate_tokens
from roomkit.memory.wrapper import MemoryWrapper
from roomkit.models.event import RoomEvent

__all__ = ["TokenBudgetMemory"]


class TokenBudgetMemory(MemoryWrapper):
    """Cuts what another memory returns, so that the whole request fits into the model's window.

    Counted are the system prompt, the tools, the event to be answered, the room kept for the
    answer (1024 tokens if that is not set), pictures, and the names before people's words. What is
    left goes to the past: the newest events without a gap, and at most half of it to the messages
    that come before them, unless the events leave more. The event to be answered is always sent,
    even if it does not fit by itself.

    Args:
        max_tokens: the size of the window, or how much of it to use.
        inner: what chooses the past; the newest fifty events by default.
        count: counts the tokens of a text. The default is an estimate on the safe side; a model's
            own tokenizer makes better use of the window.
        image_tokens: what a picture is counted as; 0 for a model that does not see.
    """

    def __init__(
        self,
        max_tokens: int,
        inner: MemoryProvider | None = None,
        *,
        count: TokenCounter = estimate_tokens,
        image_tokens: int = IMAGE_TOKENS,
    ) -> None:
        if max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")
        super().__init__(SlidingWindowMemory() if inner is None else inner)
        self._max_tokens = max_tokens
        self._meter = TokenMeter(count=count, image_tokens=image_tokens)

    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        result = await self.inner.fit(result, frame, current_event)
        *sizes, current = self._meter.events([*result.events, current_event], frame.room)
        room = self._max_tokens - self._meter.frame(frame) - current
        fitted = self._cut(result, sizes, room)
        if not shrink:
            return fitted
        # The vendor counts more than the meter does: what was thought to fit has to be halved.
        sizes = sizes[len(sizes) - len(fitted.events) :]
        taken = sum(sizes) + sum(map(self._meter.message, fitted.messages))
        return self._cut(fitted, sizes, taken // 2)

    def _cut(self, result: MemoryResult, sizes: Sequence[int], room: int) -> MemoryResult:
        """What fits into `room`; `sizes` are those of the events."""
        allowance = max(room // 2, room - sum(sizes))
        messages = newest_messages(result.messages, allowance, self._meter.message)
        room -= sum(map(self._meter.message, messages))
        first = len(sizes)
        while first > 0 and sizes[first - 1] <= room:
            first -= 1
            room -= sizes[first]
        return result.evolve(messages=messages, events=result.events[first:])
