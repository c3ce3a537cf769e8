"""Running the tools that a model asked for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from roomkit._clock import Clock
from roomkit._tasks import DeadlineExceededError, bounded, is_failure
from roomkit.channels._ai.signals import result_text
from roomkit.channels._ai.toolbox import OfferedTool, ToolSet
from roomkit.channels.host import ChannelHost, ToolVerdict
from roomkit.models._frozen import clean_text
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.context import RoomContext
from roomkit.models.enums import HookTrigger
from roomkit.models.event import EventSource, RoomEvent
from roomkit.providers.ai.base import AIToolCall, AIToolResult
from roomkit.telemetry.base import SpanKind
from roomkit.tools.base import ToolCallContext, ToolError, calling
from roomkit.tools.handlers import is_unhandled
from roomkit.tools.output import as_tool_output

logger = logging.getLogger("roomkit.ai")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """How much a model may ask for.

    Attributes:
        timeout: how long a call may take, in seconds, if the tool does not say.
        max_calls: how many calls of one round are run; the rest is refused.
        max_result_chars: how much of a result the model is shown.
    """

    timeout: float | None
    max_calls: int
    max_result_chars: int


@dataclass(slots=True, kw_only=True)
class ToolRunner:
    """Runs the calls of a turn: checks, asks the hooks, runs, and words the outcome.

    Whatever goes wrong with a call becomes a result that the model can read. Exceptions other
    than `ToolError` tell it no more than their class.
    """

    source: EventSource
    trigger: RoomEvent
    room: RoomContext
    tools: ToolSet
    limits: ToolLimits
    clock: Clock
    host: ChannelHost | None

    async def admit(self, number: int, calls: Sequence[AIToolCall]) -> list[Admission]:
        """Check the calls of a round and ask the sync hooks about those that could be run, here
        or by the application."""
        return [await self._admit(number, place, call) for place, call in enumerate(calls)]

    async def run(
        self,
        admissions: Sequence[Admission],
        seconds: float | None,
        finished: dict[str, AIToolResult],
    ) -> None:
        """Run the admitted calls side by side.

        Args:
            admissions: what `admit` returned.
            seconds: what is left of the turn's time; None for no limit.
            finished: where each result goes as soon as it is there, by the call's id: whoever
                cancels this finds those that were done by then.
        """
        if len(admissions) == 1:
            await self._run(admissions[0], seconds, finished)
            return
        async with asyncio.TaskGroup() as group:
            for admission in admissions:
                group.create_task(self._run(admission, seconds, finished))

    async def tell_left(self, admissions: Sequence[Admission]) -> None:
        """Tell the hooks of calls that are left to the application."""
        for admission in admissions:
            if admission.event is not None:
                await self._tell(admission.event)

    async def _admit(self, number: int, place: int, call: AIToolCall) -> Admission:
        problem = self._problem(place, call)
        host = self.host
        if host is None or not host.asks_about_tools(self.room.room.id):
            return Admission(call, None, problem)
        event = self._event(number, call)
        if problem is not None:
            return Admission(call, event, problem)
        verdict = await host.admit_tool_call(event, self.trigger)
        if verdict.refused is not None:
            return Admission(call, event, _error(f"refused: {verdict.refused}"), verdict)
        if verdict.call is event:
            return Admission(call, event, None, verdict)
        changed = call.evolve(arguments=verdict.call.arguments)
        # A hook that rewrites the arguments is not above the schema.
        return Admission(changed, verdict.call, self._problem(place, changed), verdict)

    def _problem(self, place: int, call: AIToolCall) -> str | None:
        """Why a call cannot be run, as the model is told; None if it can."""
        if place >= self.limits.max_calls:
            return _error(f"too many calls at once; the limit is {self.limits.max_calls}")
        if not self.tools.knows(call.name):
            return _error(f"Unknown tool {call.name!r}", available=self.tools.names)
        if call.malformed is not None:
            return _error("the arguments are not a complete JSON object; nothing was run")
        offered = self.tools.find(call.name)
        if offered is not None:
            problems = offered.validator.validate(call.arguments)
            if problems:
                return _error("the arguments do not fit; nothing was run", problems=problems)
        return None

    async def _run(
        self, admission: Admission, seconds: float | None, finished: dict[str, AIToolResult]
    ) -> None:
        call, problem = admission.call, admission.problem
        started = self.clock.monotonic()
        if problem is None and seconds is not None and seconds <= 0:
            problem = _error("there is no time left; nothing was run")
        if problem is None:
            result = await self._outcome(call, self.tools.find(call.name), seconds)
        else:
            result = _result(call, problem, is_error=True)
        finished[call.id] = result
        if admission.event is None:
            return
        told = admission.event.evolve(
            result=result_text(result),
            is_error=result.is_error,
            duration_ms=(self.clock.monotonic() - started) * 1000,
        )
        await self._tell(told)

    async def _tell(self, event: ToolCallEvent) -> None:
        """Tell the async hooks; the sync ones were asked before."""
        host = self.host
        if host is None or not host.asks_about_tools(event.room_id):
            return
        try:
            await host.observe(HookTrigger.ON_TOOL_CALL, event, event.room_id, only_async=True)
        except Exception as error:  # a store that is down must not undo what a tool has done
            logger.warning("ON_TOOL_CALL hooks could not be run: %s", type(error).__name__)

    async def _outcome(
        self, call: AIToolCall, offered: OfferedTool | None, seconds: float | None
    ) -> AIToolResult:
        tool = None if offered is None else offered.tool
        own = None if tool is None else tool.timeout
        bounds = [one for one in (own or self.limits.timeout, seconds) if one is not None]
        limit = min(bounds, default=None)
        try:
            with self._span(call), calling(self._context(call)):
                output = await bounded(self.clock, limit, self._execute(call, tool))
            return self._worded(call, output)
        except ToolError as error:
            return _result(call, _error(str(error)), is_error=True)
        except DeadlineExceededError:
            waited = "in time" if limit is None else f"within {limit:g} s"
            return _result(call, _error(f"no result {waited}"), is_error=True)
        except BaseException as error:
            if not is_failure(error):
                raise
            logger.error(
                "tool %s failed in room %s: %s",
                call.name,
                self.room.room.id,
                type(error).__name__,
                exc_info=error,
            )
            return _result(call, _error(type(error).__name__), is_error=True)

    async def _execute(self, call: AIToolCall, tool: Any) -> Any:
        arguments = _plain(call.arguments)
        if tool is not None:
            return await tool.execute(arguments)
        handler = self.tools.handler
        if handler is None:
            raise ToolError(f"Unknown tool {call.name!r}")
        try:
            output = await handler(call.name, arguments)
        except (NotImplementedError, KeyError) as error:
            if is_unhandled(error):
                raise ToolError(f"Unknown tool {call.name!r}") from None
            raise
        if output is None:
            raise ToolError(f"Unknown tool {call.name!r}")
        return output

    def _worded(self, call: AIToolCall, output: Any) -> AIToolResult:
        limit = self.limits.max_result_chars
        told = as_tool_output(output)
        if isinstance(told, str):
            return _result(call, _clipped(clean_text(told), limit))
        parts = [
            part.evolve(text=_clipped(clean_text(part.text), limit))
            if part.type == "text"
            else part
            for part in told
        ]
        return AIToolResult(tool_call_id=call.id, name=call.name, content=parts)

    def _event(self, number: int, call: AIToolCall) -> ToolCallEvent:
        return ToolCallEvent(
            id=call.id,
            room_id=self.room.room.id,
            channel_id=self.source.channel_id,
            name=call.name,
            arguments=call.arguments,
            source=self.source,
            round=number,
        )

    def _context(self, call: AIToolCall) -> ToolCallContext:
        return ToolCallContext(call=call, channel_id=self.source.channel_id, room=self.room)

    def _span(self, call: AIToolCall) -> Any:
        if self.host is None or not self.host.telemetry.enabled:
            return nullcontext()
        return self.host.telemetry.span(SpanKind.LLM_TOOL_CALL, call.name)


@dataclass(frozen=True, slots=True)
class Admission:
    """A call after the checks.

    Attributes:
        event: what hooks are told of it, if there are any.
        problem: why it is not run, as the model is told.
        verdict: what the sync hooks said, if they were asked.
    """

    call: AIToolCall
    event: ToolCallEvent | None
    problem: str | None = None
    verdict: ToolVerdict | None = None


def _result(call: AIToolCall, content: str, *, is_error: bool = False) -> AIToolResult:
    return AIToolResult(tool_call_id=call.id, name=call.name, content=content, is_error=is_error)


def _error(text: str, **more: Any) -> str:
    return json.dumps({"error": text, **more}, ensure_ascii=False)


def _clipped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut off: {len(text) - limit} more characters]"


def _plain(value: Any) -> Any:
    """A copy that the tool may change."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
