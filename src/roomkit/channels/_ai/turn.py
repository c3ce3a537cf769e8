"""`AITurn`: one answer, in as many generations as the model's tool calls need."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any

from roomkit._clock import Clock
from roomkit._tasks import DeadlineExceededError, bounded, is_failure
from roomkit.channels._ai.generation import Generation, checked
from roomkit.channels._ai.reply import Reply
from roomkit.channels._ai.signals import Signals
from roomkit.channels._ai.thoughts import Thoughts
from roomkit.channels._ai.tool_round import Admission, ToolRunner
from roomkit.channels.host import ChannelHost
from roomkit.errors import ProviderError
from roomkit.models._base import new_id
from roomkit.models.channel import ChannelOutput
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIProvider,
    AIResponse,
    AIToolCall,
    AIToolResult,
    StopReason,
)
from roomkit.telemetry.base import Attributes, SpanKind, SpanScope

logger = logging.getLogger("roomkit.ai")

_JUST_NOW = 0.001
"""Timers may fire that many seconds early."""
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
        lost: gets what tools have done in a turn that is cancelled.
    """

    def __init__(
        self,
        provider: AIProvider,
        request: AIContext,
        shrink: Callable[[], Coroutine[Any, Any, AIContext]],
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
        self._shrink: Callable[[], Coroutine[Any, Any, AIContext]] | None = shrink
        self._tools = tools
        self._signals = signals
        self._limits = limits
        self._clock = clock
        self._host = host
        self._lost = lost
        self._thoughts = Thoughts(signals, host, tools.source, tools.room.room.id)
        self._ids: set[str] | None = None
        self._started = clock.monotonic()

    async def run(self) -> Reply:
        """The answer of a provider that does not stream, or how far it came before it failed:
        then there is nothing to be said, except what was said before the time was up."""
        try:
            going_on = True
            while going_on:
                response = await self._generate()
                if response.thinking:
                    try:
                        await self._thoughts.add(response.thinking, self._round)
                    finally:
                        await self._thoughts.end(self._round)
                going_on = await self._advance(response)
        except BaseException as error:
            if self._cut_short(error) != "deadline":
                self.reply.text = ""
        return self.reply

    async def stream(
        self, conclude: Callable[[Reply], ChannelOutput]
    ) -> AsyncGenerator[str | ChannelOutput]:
        """The text as it is written, and last what `conclude` makes of the reply, also if that was
        cut short by a failure.

        Closing it early, or cancelling whoever iterates, ends the generation and the tools.
        """
        said: list[str] = []
        try:
            going_on = True
            while going_on:
                generation = self._generation(_PARAGRAPH if said else "")
                try:
                    with self._span() as span:
                        async with aclosing(generation.pieces()) as pieces:
                            async for piece in pieces:
                                yield piece
                        response = generation.response
                        self._measure(span, response)
                except ProviderError as error:
                    # What was shown cannot be taken back: it must have failed at once.
                    if generation.begun or not await self._made_smaller(error):
                        raise
                    continue
                finally:
                    said += generation.shown
                going_on = response is not None and await self._advance(response)
        except BaseException as error:
            self._cut_short(error)
        self.reply.text = "".join(said)
        yield conclude(self.reply)

    def _cut_short(self, error: BaseException) -> str:
        """Note what the turn has failed of, and return the end's name. A cancellation goes on."""
        if not is_failure(error):
            self._lost(self.reply.exchange)
            raise error
        late = isinstance(error, DeadlineExceededError) and self._is_late()
        end_reason = "deadline" if late else "error"
        self.reply.cut_short(error, end_reason)
        return end_reason

    @property
    def _round(self) -> int:
        """How often the model has been asked, this time included."""
        return len(self.reply.exchange) // 2 + 1

    def _generation(self, lead: str) -> Generation:
        return Generation(
            self._provider,
            self._current(),
            self._clock,
            self._seconds(),
            self._thoughts,
            self._round,
            lead,
        )

    async def _generate(self) -> AIResponse:
        """One generation, and a second one if the request has to be made smaller."""
        while True:
            call = self._provider.generate(self._current())
            try:
                with self._span() as span:
                    response = checked(await bounded(self._clock, self._seconds(), call))
                    self._measure(span, response)
                    return response
            except ProviderError as error:
                if not await self._made_smaller(error):
                    raise

    async def _made_smaller(self, error: ProviderError) -> bool:
        """Whether the request was too long and there is a smaller one now."""
        if error.code != "context_too_long" or self._shrink is None:
            return False
        shrink, self._shrink = self._shrink, None
        self._request = await bounded(self._clock, self._seconds(), shrink())
        return True

    async def _advance(self, response: AIResponse) -> bool:
        """Take a generation into account and run its calls; whether to ask the model again."""
        self.reply.add(response)
        if not response.tool_calls or response.stop_reason is StopReason.LENGTH:
            # A call in an answer that was cut off may be cut off itself.
            return False
        tools = self._tools.tools
        left = any(tools.leaves_to_host(call) for call in response.tool_calls)
        if self._round > self._limits.rounds and not left:
            return self._stopped("max_tool_rounds")
        calls = [self._unique(call) for call in response.tool_calls]
        admissions = await self._tools.admit(self._round, calls)
        for verdict in (one.verdict for one in admissions):
            if verdict is not None:
                self.reply.tasks.extend(verdict.tasks)
                self.reply.observations.extend(verdict.observations)
        if left and await self._left_to_host(admissions):
            return False
        if self._round > self._limits.rounds:
            return self._stopped("max_tool_rounds")
        await self._run_tools(response, admissions)
        return not self._is_late() or self._stopped("deadline")

    async def _left_to_host(self, admissions: Sequence[Admission]) -> bool:
        """Leave a round to the application, as far as it may be run; False if none of it may."""
        admitted = [one for one in admissions if one.problem is None]
        if not any(self._tools.tools.leaves_to_host(one.call) for one in admitted):
            return False
        self.reply.open_calls = [one.call for one in admitted]
        self.reply.end_reason = StopReason.TOOL_CALLS.value
        await self._tools.tell_left(admitted)
        return True

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

    async def _run_tools(self, response: AIResponse, admissions: Sequence[Admission]) -> None:
        """Run the calls of a generation and add them, with their results, to the request."""
        number = self._round
        started = self._clock.monotonic()
        finished: dict[str, AIToolResult] = {}
        try:
            await self._signals.tools_start(number, [one.call for one in admissions])
            await self._tools.run(admissions, self._seconds_left(), finished)
        finally:
            # Also when this is cancelled: what a tool has done is done, and the model must know.
            results = self.reply.add_round(response, [one.call for one in admissions], finished)
            took = (self._clock.monotonic() - started) * 1000
            await self._signals.tools_end(number, results, took)

    def _unique(self, call: AIToolCall) -> AIToolCall:
        """The call under an id that no other call of the request has."""
        if self._ids is None:
            self._ids = set(_ids_in(self._request.messages))
        if not call.id or call.id in self._ids:
            call = call.evolve(id=f"call_{new_id()}")
        self._ids.add(call.id)
        return call

    def _current(self) -> AIContext:
        exchange = self.reply.exchange
        if not exchange:
            return self._request
        return self._request.evolve(messages=[*self._request.messages, *exchange])

    def _is_late(self) -> bool:
        left = self._seconds_left()
        return left is not None and left <= _JUST_NOW

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

    def _span(self) -> AbstractContextManager[SpanScope | None]:
        host = self._host
        if host is None or not host.telemetry.enabled:
            return nullcontext()
        about: Attributes = {
            "channel_id": self._tools.source.channel_id,
            "room_id": self._tools.room.room.id,
            "round": self._round,
        }
        return host.telemetry.span(SpanKind.LLM_GENERATE, self._provider.model_name, about)

    def _measure(self, span: SpanScope | None, response: AIResponse | None) -> None:
        """Tell telemetry what a generation has cost."""
        if span is None or response is None or self._host is None:
            return
        span.set(stop_reason=response.stop_reason.value, **response.usage)
        about = {
            "channel_id": self._tools.source.channel_id,
            "model": self._provider.model_name,
        }
        for name, count in response.usage.items():
            telemetry = self._host.telemetry
            telemetry.record_metric(f"llm.{name}", count, unit="tokens", attributes=about)


def _ids_in(messages: Sequence[AIMessage]) -> list[str]:
    return [
        part.id
        for message in messages
        if message.role == "assistant" and not isinstance(message.content, str)
        for part in message.content
        if isinstance(part, AIToolCall)
    ]
