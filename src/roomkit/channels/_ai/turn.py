"""`AITurn`: one answer, in as many generations as the model's tool calls need."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from typing import Any

from roomkit._clock import Clock
from roomkit._tasks import bounded
from roomkit.channels._ai.signals import Signals
from roomkit.channels._ai.tool_round import ToolRunner
from roomkit.channels.host import ChannelHost
from roomkit.errors import ProviderError
from roomkit.models._base import new_id
from roomkit.models.ai_event import AIThinkingEvent
from roomkit.models.channel import ChannelOutput
from roomkit.models.enums import HookTrigger
from roomkit.models.task import Observation, Task
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIPart,
    AIProvider,
    AIResponse,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.telemetry.base import SpanKind

logger = logging.getLogger("roomkit.ai")

_PARAGRAPH = "\n\n"
"""Stands between what a model said before a tool call and what it says after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    """How long an answer may take.

    Attributes:
        generation: seconds for one generation.
        turn: seconds for the whole turn, tools included; None for no limit.
        rounds: how often tools are run.
    """

    generation: float | None
    turn: float | None
    rounds: int


@dataclass(slots=True)
class Reply:
    """What a turn has come to.

    Attributes:
        text: what is said: all that was shown of a streamed answer, else the last words.
        end_reason: why it ended: ``completed``, ``length``, ``refused``, ``max_tool_rounds``,
            ``deadline`` or ``tool_calls`` (left to the application).
        open_calls: the calls that are left to the application.
        exchange: the tool calls and their results, as the model sees them.
    """

    text: str = ""
    end_reason: str = StopReason.COMPLETED.value
    finish_reason: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    open_calls: list[AIToolCall] = field(default_factory=list)
    exchange: list[AIMessage] = field(default_factory=list)


class AITurn:
    """Asks a model until it has nothing left to call.

    Args:
        provider: the model.
        request: the first request.
        shrink: builds a smaller one, for when the vendor says that it is too long; used once.
        tools: runs the calls.
        signals: shows the room what is going on.
        limits: how long all of this may take.
        clock: where time comes from.
        host: the kit, for hooks and telemetry.
        lost: gets what tools have done in a turn that fails.
    """

    def __init__(
        self,
        provider: AIProvider,
        request: AIContext,
        shrink: Callable[[], Awaitable[AIContext]],
        tools: ToolRunner,
        signals: Signals,
        limits: TurnLimits,
        clock: Clock,
        host: ChannelHost | None,
        lost: Callable[[list[AIMessage]], None],
    ) -> None:
        self.reply = Reply()
        self._provider = provider
        self._request = request
        self._shrink: Callable[[], Awaitable[AIContext]] | None = shrink
        self._tools = tools
        self._signals = signals
        self._limits = limits
        self._clock = clock
        self._host = host
        self._lost = lost
        self._response: AIResponse | None = None
        self._ids: set[str] = set()
        self._round = 0
        self._started = clock.monotonic()
        self._thoughts: list[str] | None = None

    async def run(self) -> Reply:
        """The answer of a provider that does not stream.

        Raises whatever the provider raises.
        """
        try:
            going_on = True
            while going_on:
                self._round += 1
                response = await self._generate()
                if response.thinking:
                    await self._think(response.thinking)
                    await self._stop_thinking()
                going_on = await self._advance(response)
        except BaseException:
            self._lost(self.reply.exchange)
            raise
        return self.reply

    async def stream(
        self, conclude: Callable[[Reply], ChannelOutput]
    ) -> AsyncGenerator[str | ChannelOutput]:
        """The text as it is written, and last what `conclude` makes of the reply.

        Closing it early, or cancelling whoever iterates, ends the generation and the tools.
        """
        rounds: list[str] = []
        try:
            going_on = True
            while going_on:
                self._round += 1
                shown: list[str] = []
                async with aclosing(self._generation()) as pieces:
                    async for piece in pieces:
                        if rounds and not shown:
                            yield _PARAGRAPH
                        shown.append(piece)
                        yield piece
                response = self._taken()
                said = response.content if response is not None else ""
                if not said.strip():
                    said = "".join(shown)
                if said:
                    rounds.append(said)
                going_on = response is not None and await self._advance(response)
            self.reply.text = _PARAGRAPH.join(rounds)
            yield conclude(self.reply)
        except BaseException:
            self._lost(self.reply.exchange)
            raise

    async def _generate(self) -> AIResponse:
        """One generation, and a second one if the request has to be made smaller."""
        while True:
            call = self._provider.generate(self._current())
            try:
                with self._span():
                    return await bounded(self._clock, self._seconds(), call)
            except ProviderError as error:
                if not await self._made_smaller(error):
                    raise

    async def _generation(self) -> AsyncGenerator[str]:
        """The pieces of one generation's text. What it came to is in `_response` at the end.

        What was shown cannot be taken back: only a request that failed at once is made again.
        """
        while True:
            begun = False
            events = self._provider.generate_stream(self._current())
            try:
                async with self._clock.timeout(self._seconds()):
                    with self._span():
                        async for item in events:
                            if isinstance(item, StreamThinkingDelta):
                                await self._think(item.text)
                                continue
                            if self._thoughts is not None:
                                await self._stop_thinking()
                            begun = True
                            if isinstance(item, StreamTextDelta):
                                if item.text:
                                    yield item.text
                            elif isinstance(item, StreamDone):
                                self._response = item.response
                                return
                return
            except ProviderError as error:
                if begun or not await self._made_smaller(error):
                    raise
            finally:
                await _close(events)
                if self._thoughts is not None:
                    await self._stop_thinking()

    def _taken(self) -> AIResponse | None:
        """What the last generation came to; None if the provider did not say."""
        response, self._response = self._response, None
        return response

    async def _made_smaller(self, error: ProviderError) -> bool:
        """Whether the request was too long and there is a smaller one now."""
        if error.code != "context_too_long" or self._shrink is None:
            return False
        shrink, self._shrink = self._shrink, None
        self._request = await shrink()
        return True

    async def _advance(self, response: AIResponse) -> bool:
        """Take a generation into account and run its calls; whether to ask the model again."""
        reply = self.reply
        _add_up(reply, response)
        calls = response.tool_calls
        reason = response.stop_reason
        if not calls or reason is StopReason.LENGTH:
            # A call in an answer that was cut off may be cut off itself.
            reply.end_reason = _end_reason(reason)
            return False
        if any(self._tools.tools.leaves_to_host(call) for call in calls):
            reply.open_calls = list(calls)
            reply.end_reason = StopReason.TOOL_CALLS.value
            await self._tools.tell_left(self._round, calls)
            return False
        if self._round > self._limits.rounds:
            return self._stopped("max_tool_rounds")
        await self._run_tools(response)
        return not self._is_late() or self._stopped("deadline")

    def _stopped(self, reason: str) -> bool:
        self.reply.end_reason = reason
        logger.warning(
            "%s: no more tool calls in room %s after round %d (%s)",
            self._tools.source.channel_id,
            self._tools.room.room.id,
            self._round,
            reason,
        )
        return False

    async def _run_tools(self, response: AIResponse) -> None:
        """Run the calls of a generation and add them, with their results, to the request."""
        calls = [self._unique(call) for call in response.tool_calls]
        message = _with_calls(response, calls)
        admissions = await self._tools.admit(self._round, calls)
        started = self._clock.monotonic()
        finished: dict[str, AIToolResult] = {}
        await self._signals.tools_start(self._round, [one.call for one in admissions])
        try:
            await self._tools.run(admissions, self._seconds_left(), finished)
        finally:
            # Also when this is cancelled: what a tool has done is done, and the model must know.
            results = [finished.get(call.id) or _cancelled(call) for call in calls]
            self.reply.exchange += [message, AIMessage(role="tool", content=list(results))]
            took = (self._clock.monotonic() - started) * 1000
            await self._signals.tools_end(self._round, results, took)

    def _unique(self, call: AIToolCall) -> AIToolCall:
        """The call under an id that no other call of the turn has."""
        if not call.id or call.id in self._ids:
            call = call.evolve(id=f"call_{new_id()}")
        self._ids.add(call.id)
        return call

    def _current(self) -> AIContext:
        exchange = self.reply.exchange
        if not exchange:
            return self._request
        return self._request.evolve(messages=[*self._request.messages, *exchange])

    async def _think(self, text: str) -> None:
        if self._thoughts is None:
            self._thoughts = []
            await self._signals.thinking_start(self._round)
        self._thoughts.append(text)

    async def _stop_thinking(self) -> None:
        thoughts, self._thoughts = self._thoughts or [], None
        await self._signals.thinking_end(self._round)
        if self._host is None:
            return
        source, room_id = self._tools.source, self._tools.room.room.id
        event = AIThinkingEvent(
            room_id=room_id,
            channel_id=source.channel_id,
            thinking="".join(thoughts),
            source=source,
            round=self._round,
        )
        await self._host.observe(HookTrigger.ON_AI_THINKING, event, room_id)

    def _is_late(self) -> bool:
        left = self._seconds_left()
        return left is not None and left <= 0

    def _seconds_left(self) -> float | None:
        if self._limits.turn is None:
            return None
        return self._limits.turn - (self._clock.monotonic() - self._started)

    def _seconds(self) -> float | None:
        """How long the next generation may take."""
        left, limit = self._seconds_left(), self._limits.generation
        if left is None or limit is None:
            return limit if left is None else max(left, 0.0)
        return max(min(left, limit), 0.0)

    def _span(self) -> Any:
        host = self._host
        if host is None or not host.telemetry.enabled:
            return nullcontext()
        return host.telemetry.span(SpanKind.LLM_GENERATE, self._provider.model_name)


def _add_up(reply: Reply, response: AIResponse) -> None:
    if response.content.strip():
        reply.text = response.content
    for name, count in response.usage.items():
        reply.usage[name] = reply.usage.get(name, 0) + count
    reply.tasks.extend(response.tasks)
    reply.observations.extend(response.observations)
    reply.finish_reason = response.finish_reason


def _end_reason(reason: StopReason) -> str:
    if reason in (StopReason.LENGTH, StopReason.REFUSED):
        return reason.value
    return StopReason.COMPLETED.value


def _with_calls(response: AIResponse, calls: Sequence[AIToolCall]) -> AIMessage:
    """The answer as the assistant's turn, its calls under their new ids."""
    message = response.as_message()
    renamed = iter(calls)
    content: list[AIPart] = [
        next(renamed, part) if isinstance(part, AIToolCall) else part
        for part in message.content
        if not isinstance(part, str)
    ]
    return AIMessage(role="assistant", content=content)


def _cancelled(call: AIToolCall) -> AIToolResult:
    content = '{"error": "cancelled before it was done; its outcome is not known"}'
    return AIToolResult(tool_call_id=call.id, name=call.name, content=content, is_error=True)


async def _close(events: AsyncIterator[Any]) -> None:
    closer = getattr(events, "aclose", None)
    if closer is not None:
        await closer()
