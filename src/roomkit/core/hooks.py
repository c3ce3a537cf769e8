"""`HookEngine`: the host application's functions at fixed moments of the pipeline."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import CoroutineType
from typing import Any, Literal

from pydantic import ValidationError

from roomkit._clock import Clock
from roomkit._tasks import as_coroutine, bounded, finish_within, first_step
from roomkit.core._filters import one_or_more
from roomkit.errors import describe_error, locate_error
from roomkit.models._base import FrozenModel
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import HookFailure
from roomkit.models.enums import ChannelDirection, ChannelType, HookExecution, HookTrigger
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.hook import HOOK_ALLOWS, HookResult, InjectedEvent
from roomkit.models.task import Observation, Task
from roomkit.telemetry.base import SpanKind, TelemetryProvider

logger = logging.getLogger("roomkit.hooks")

type HookFn = Callable[..., Any | Awaitable[Any]]
"""A hook: a function, async or not, that takes what happened and (unless it takes only one
argument) the room's context. Those of `DECIDING_TRIGGERS` answer with a `HookResult`."""

type OnError = Literal["allow", "block"]

DECIDING_TRIGGERS = frozenset(
    {
        HookTrigger.BEFORE_BROADCAST,
        HookTrigger.BEFORE_TTS,
        HookTrigger.ON_TOOL_CALL,
        HookTrigger.ON_TRANSCRIPTION,
    }
)
"""The triggers whose sync hooks may block or change what they see. Elsewhere answers are
ignored."""

FAIL_CLOSED_TRIGGERS = DECIDING_TRIGGERS - {HookTrigger.BEFORE_BROADCAST}
"""The deciding triggers at which a failing hook withholds unless its registration says
otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hook:
    """One registration. A filter of None matches everything."""

    trigger: HookTrigger
    fn: HookFn
    name: str
    execution: HookExecution = HookExecution.SYNC
    priority: int = 0
    timeout: float | None = 30.0
    on_error: OnError = "allow"
    channel_types: frozenset[ChannelType] | None = None
    channel_ids: frozenset[str] | None = None
    directions: frozenset[ChannelDirection] | None = None
    takes_context: bool = True
    order: int = 0
    filtered: bool = field(init=False)

    def __post_init__(self) -> None:
        filters = (self.channel_types, self.channel_ids, self.directions)
        object.__setattr__(self, "filtered", any(one is not None for one in filters))

    def matches(self, source: EventSource | None) -> bool:
        """Whether the filters let this source pass; without a source only hooks without filters
        run."""
        if source is None:
            return not self.filtered
        return (
            (self.channel_types is None or source.channel_type in self.channel_types)
            and (self.channel_ids is None or source.channel_id in self.channel_ids)
            and (self.directions is None or source.direction in self.directions)
        )


@dataclass(slots=True, eq=False, repr=False)
class GateOutcome[Subject: (RoomEvent, ToolCallEvent)]:
    """What the sync hooks of a deciding trigger made of an event, or of a tool call."""

    event: Subject
    blocked_by: str | None = None
    reason: str | None = None
    injected: list[InjectedEvent] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    failures: list[HookFailure] = field(default_factory=list)

    @property
    def allowed(self) -> bool:
        return self.blocked_by is None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Listeners:
    """The hooks of one trigger, in the order in which they run."""

    sync: tuple[Hook, ...] = ()
    observing: tuple[Hook, ...] = ()


_NOBODY = _Listeners()


class HookEngine:
    """Keeps the registrations and runs them.

    Sync hooks run one after the other by ascending priority (ties: in order of registration) and
    stop at the first block. Async hooks run together. Each has a time limit, and what one raises
    touches neither the others nor the pipeline. Nothing is done, and nothing allocated, where
    nobody listens.
    """

    def __init__(self, clock: Clock, telemetry: TelemetryProvider) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._hooks: list[Hook] = []
        self._room_hooks: dict[str, list[Hook]] = {}
        self._cache: dict[tuple[HookTrigger, str | None], _Listeners] = {}
        self._count = 0

    def register(
        self,
        trigger: HookTrigger,
        fn: HookFn,
        *,
        room_id: str | None = None,
        name: str = "",
        execution: HookExecution = HookExecution.SYNC,
        priority: int = 0,
        timeout: float | None = 30.0,
        on_error: OnError | None = None,
        channel_types: Iterable[ChannelType] | None = None,
        channel_ids: Iterable[str] | None = None,
        directions: Iterable[ChannelDirection] | None = None,
    ) -> Hook:
        """Add a hook, for one room or for all.

        Args:
            timeout: in seconds; None waits for ever.
            on_error: what a failing hook of a deciding trigger means. By default a failure
                withholds at `FAIL_CLOSED_TRIGGERS` and lets pass elsewhere.
        """
        trigger = HookTrigger(trigger)
        if not callable(fn):
            raise TypeError(f"a hook must be a function, not {type(fn).__name__}")
        if on_error not in (None, "allow", "block"):
            raise ValueError(f"on_error must be 'allow' or 'block', not {on_error!r}")
        default: OnError = "block" if trigger in FAIL_CLOSED_TRIGGERS else "allow"
        hook = Hook(
            trigger=trigger,
            fn=fn,
            name=name or getattr(fn, "__name__", type(fn).__name__),
            execution=HookExecution(execution),
            priority=priority,
            timeout=timeout,
            on_error=on_error or default,
            channel_types=one_or_more(channel_types, ChannelType),
            channel_ids=one_or_more(channel_ids, str),
            directions=one_or_more(directions, ChannelDirection),
            takes_context=positional_arguments(fn) != 1,
            order=self._count,
        )
        self._count += 1
        if room_id is None:
            self._hooks.append(hook)
        else:
            self._room_hooks.setdefault(room_id, []).append(hook)
        self._cache.clear()
        return hook

    def remove_room_hooks(self, room_id: str, name: str) -> bool:
        """Remove all hooks of this name from a room; False if there were none."""
        hooks = self._room_hooks.get(room_id, [])
        kept = [hook for hook in hooks if hook.name != name]
        if len(kept) == len(hooks):
            return False
        self._keep(room_id, kept)
        return True

    def forget_room(self, room_id: str) -> None:
        """Drop all hooks of a room that is gone."""
        if room_id in self._room_hooks:
            self._keep(room_id, [])

    def _keep(self, room_id: str, hooks: list[Hook]) -> None:
        if hooks:
            self._room_hooks[room_id] = hooks
        else:
            self._room_hooks.pop(room_id, None)
        self._cache.clear()

    def any_for(self, room_id: str) -> bool:
        """Whether there is any hook at all that may run for a room: in most kits there is none."""
        return bool(self._hooks) or room_id in self._room_hooks

    def listens(self, trigger: HookTrigger, room_id: str | None = None) -> bool:
        """Whether any hook would run: nothing need be prepared for nobody."""
        return self._listeners(trigger, room_id) is not _NOBODY

    def observes(self, trigger: HookTrigger, room_id: str | None = None) -> bool:
        """Whether any async hook would run."""
        return bool(self._listeners(trigger, room_id).observing)

    def withholds(self, trigger: HookTrigger, room_id: str) -> bool:
        """Whether a sync hook is registered that must have seen a text before anybody else
        does."""
        return any(hook.on_error == "block" for hook in self._listeners(trigger, room_id).sync)

    def _listeners(self, trigger: HookTrigger, room_id: str | None) -> _Listeners:
        if room_id not in self._room_hooks:
            if not self._hooks:
                return _NOBODY
            room_id = None
        listeners = self._cache.get((trigger, room_id))
        if listeners is None:
            hooks = [hook for hook in self._hooks if hook.trigger is trigger]
            if room_id is not None:
                hooks += [hook for hook in self._room_hooks[room_id] if hook.trigger is trigger]
            hooks.sort(key=lambda hook: (hook.priority, hook.order))
            listeners = _NOBODY
            if hooks:
                listeners = _Listeners(
                    tuple(hook for hook in hooks if hook.execution is HookExecution.SYNC),
                    tuple(hook for hook in hooks if hook.execution is HookExecution.ASYNC),
                )
            self._cache[trigger, room_id] = listeners
        return listeners

    async def run_gate[Subject: (RoomEvent, ToolCallEvent)](
        self, trigger: HookTrigger, event: Subject, context: RoomContext | None
    ) -> GateOutcome[Subject]:
        """Ask the sync hooks of a deciding trigger about an event, or about a tool call.

        A hook sees the event as the one before it left it. One that raises, takes too long or
        answers with anything but a `HookResult` or None has failed: its ``on_error`` decides then.
        """
        outcome = GateOutcome(event)
        traced = self._telemetry.enabled
        for hook in self._listeners(trigger, event.room_id).sync:
            event = outcome.event
            if hook.filtered and not hook.matches(event.source):
                continue
            try:
                result = hook.fn(event, context) if hook.takes_context else hook.fn(event)
                if type(result) is CoroutineType and not traced:
                    done, result = first_step(coro := result)
                    if not done:
                        result = await finish_within(self._clock, hook.timeout, coro, result)
                elif inspect.isawaitable(result):
                    result = await self._awaited(hook, result)
                if result is not HOOK_ALLOWS and not _apply(hook, result, outcome):
                    break
            except Exception as error:  # a hook is foreign code: whatever it raises stays here
                outcome.failures.append(self._failure(hook, error))
                if hook.on_error == "block":
                    outcome.blocked_by = hook.name
                    outcome.reason = "hook_failed"
                    break
        return outcome

    async def observe(
        self,
        trigger: HookTrigger,
        room_id: str | None,
        payload: Any,
        context: RoomContext | None = None,
        *,
        source: EventSource | None = None,
        only_async: bool = False,
    ) -> list[HookFailure]:
        """Tell the hooks of a trigger what happened; their answers are ignored.

        Args:
            source: whose event this is, for the hooks' filters, if the payload does not say.
            only_async: leave out the sync hooks, which were asked as a gate before.

        Returns:
            What went wrong, for the caller to report.
        """
        listeners = self._listeners(trigger, room_id)
        if listeners is _NOBODY:
            return []
        source = source or getattr(payload, "source", None)
        failures: list[HookFailure] = []
        if not only_async:
            for hook in listeners.sync:
                if hook.matches(source):
                    await self._notify(hook, payload, context, failures)
        waiting = [hook for hook in listeners.observing if hook.matches(source)]
        if len(waiting) == 1:
            await self._notify(waiting[0], payload, context, failures)
        elif waiting:
            async with asyncio.TaskGroup() as group:
                for hook in waiting:
                    group.create_task(self._notify(hook, payload, context, failures))
        return failures

    async def _notify(
        self,
        hook: Hook,
        payload: Any,
        context: RoomContext | None,
        failures: list[HookFailure],
    ) -> None:
        try:
            result = hook.fn(payload, context) if hook.takes_context else hook.fn(payload)
            if inspect.isawaitable(result):
                await self._awaited(hook, result)
        except Exception as error:  # as above: observers never disturb what they observe
            failures.append(self._failure(hook, error))

    async def _awaited(self, hook: Hook, result: Awaitable[Any]) -> Any:
        coro = result if inspect.iscoroutine(result) else as_coroutine(result)
        if not self._telemetry.enabled:
            return await bounded(self._clock, hook.timeout, coro)
        kind = SpanKind.HOOK_SYNC if hook.execution is HookExecution.SYNC else SpanKind.HOOK_ASYNC
        with self._telemetry.span(kind, hook.name, {"trigger": hook.trigger.value}):
            return await bounded(self._clock, hook.timeout, coro)

    def _failure(self, hook: Hook, error: Exception) -> HookFailure:
        logger.error(
            "hook %s at %s failed: %s",
            hook.name,
            hook.trigger,
            locate_error(error),
        )
        return HookFailure(hook=hook.name, trigger=hook.trigger.value, error=describe_error(error))


def _apply[Subject: (RoomEvent, ToolCallEvent)](
    hook: Hook, result: object, outcome: GateOutcome[Subject]
) -> bool:
    """Take a hook's answer into account; False ends the gate."""
    if result is None:
        return True
    if not isinstance(result, HookResult):
        raise TypeError(f"returned {type(result).__name__}, expected HookResult or None")
    if result.injected_events:
        outcome.injected.extend(result.injected_events)
    if result.tasks:
        outcome.tasks.extend(result.tasks)
    if result.observations:
        outcome.observations.extend(result.observations)
    if result.action == "block":
        outcome.blocked_by = hook.name
        outcome.reason = result.reason or "blocked"
        return False
    if result.action == "modify":
        outcome.event = _same_identity(outcome.event, result.event or result.tool_call)
    return True


_IDENTITY = ("id", "room_id", "index", "chain_depth", "idempotency_key", "source")
"""What a hook cannot change about an event: it stays the same row of the same timeline."""


def _same_identity[Subject: (RoomEvent, ToolCallEvent)](
    original: Subject, changed: object
) -> Subject:
    """The changed event, validated (model_copy does not), or the call with changed arguments."""
    kind = type(original)
    if not isinstance(changed, kind):
        raise TypeError(f"modified a {kind.__name__} into a {type(changed).__name__}")
    if isinstance(original, ToolCallEvent):
        values = original.__dict__ | {"arguments": changed.__dict__["arguments"]}
    else:
        values = changed.__dict__ | {name: getattr(original, name) for name in _IDENTITY}
    try:
        content = values.get("content")
        if isinstance(content, FrozenModel):  # perhaps another `model_copy`, which pydantic trusts
            values["content"] = content.model_dump(warnings=False)
        return kind.model_validate(values)
    except ValidationError as error:
        fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
        raise ValueError(f"the modified event is not valid in: {', '.join(fields)}") from None


def positional_arguments(fn: Callable[..., Any]) -> int | None:
    """How many positional arguments a function takes; None for any number or an opaque
    callable."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters)
