"""Registering functions that the kit calls: hooks, and handlers of events and reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, Literal, Never, overload

from roomkit.core.framework_events import FrameworkEventHandler
from roomkit.core.hooks import HookFn, OnError
from roomkit.core.mixins._shared import KitMixin
from roomkit.core.services.delivery_status import DeliveryStatusHandler
from roomkit.core.services.identity import IdentityHookFn
from roomkit.models.ai_event import AIThinkingEvent, ToolCallEvent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryStatus
from roomkit.models.enums import ChannelDirection, ChannelType, HookExecution, HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.models.framework_event import FrameworkEventType
from roomkit.models.hook import HookResult
from roomkit.models.session import SessionStartedEvent
from roomkit.models.task import Observation

type MaybeAwaitable[T] = T | Awaitable[T]

type GateHook = Callable[[RoomEvent, RoomContext], MaybeAwaitable[HookResult | None]]
"""A hook that decides about an event."""

type EventHook = Callable[[RoomEvent, RoomContext], MaybeAwaitable[Any]]
"""A hook that is told about an event."""

type _GateTrigger = Literal[
    HookTrigger.BEFORE_BROADCAST, HookTrigger.BEFORE_TTS, HookTrigger.ON_TRANSCRIPTION
]


class Immediate:
    """The answer of a method that is done when it returns, for those who await it all the same."""

    __slots__ = ()

    def __await__(self) -> Generator[Never, None, None]:
        yield from ()

    def __bool__(self) -> bool:
        return False


class ImmediateBool(int):
    """A truth value that may also be awaited."""

    def __repr__(self) -> str:
        return repr(bool(self))

    def __await__(self) -> Generator[Never, None, bool]:
        yield from ()
        return bool(self)


class HooksMixin(KitMixin):
    """Decorators and their plain counterparts."""

    @overload
    def hook[F: GateHook](
        self,
        trigger: _GateTrigger,
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
        channel_types: Iterable[ChannelType] | None = ...,
        channel_ids: Iterable[str] | None = ...,
        directions: Iterable[ChannelDirection] | None = ...,
        *,
        on_error: OnError | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[[DeliveryStatus], MaybeAwaitable[Any]]](
        self,
        trigger: Literal[HookTrigger.ON_DELIVERY_STATUS],
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[[Observation, RoomContext], MaybeAwaitable[Any]]](
        self,
        trigger: Literal[HookTrigger.ON_FEEDBACK],
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[[ToolCallEvent, RoomContext], MaybeAwaitable[Any]]](
        self,
        trigger: Literal[HookTrigger.ON_TOOL_CALL],
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
        channel_types: Iterable[ChannelType] | None = ...,
        channel_ids: Iterable[str] | None = ...,
        *,
        on_error: OnError | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[[AIThinkingEvent, RoomContext], MaybeAwaitable[Any]]](
        self,
        trigger: Literal[HookTrigger.ON_AI_THINKING],
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
        channel_types: Iterable[ChannelType] | None = ...,
        channel_ids: Iterable[str] | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[[SessionStartedEvent, RoomContext], MaybeAwaitable[Any]]](
        self,
        trigger: Literal[HookTrigger.ON_SESSION_STARTED],
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
    ) -> Callable[[F], F]: ...

    @overload
    def hook[F: Callable[..., Any]](
        self,
        trigger: HookTrigger,
        execution: HookExecution = ...,
        priority: int = ...,
        name: str = ...,
        timeout: float | None = ...,
        channel_types: Iterable[ChannelType] | None = ...,
        channel_ids: Iterable[str] | None = ...,
        directions: Iterable[ChannelDirection] | None = ...,
        *,
        on_error: OnError | None = ...,
    ) -> Callable[[F], F]: ...

    def hook(
        self,
        trigger: HookTrigger,
        execution: HookExecution = HookExecution.SYNC,
        priority: int = 0,
        name: str = "",
        timeout: float | None = 30.0,
        channel_types: Iterable[ChannelType] | None = None,
        channel_ids: Iterable[str] | None = None,
        directions: Iterable[ChannelDirection] | None = None,
        *,
        on_error: OnError | None = None,
    ) -> Callable[[Any], Any]:
        """A decorator that registers a hook for all rooms and returns the function unchanged.

        Args:
            trigger: when to call it.
            execution: sync hooks run one after the other, and at the triggers that decide their
                `HookResult` counts; async hooks run together and only observe.
            priority: lower runs first; equal ones run in order of registration.
            name: appears in ``blocked_by`` and in logs; the function's name by default.
            timeout: in seconds; a hook that takes longer has failed.
            channel_types: only for events that come from such channels.
            channel_ids: only for events that come from these channels.
            directions: only for events that flow this way.
            on_error: what a failing hook of a deciding trigger means: ``"allow"`` lets the event
                pass, ``"block"`` withholds it. By default BEFORE_TTS, ON_TRANSCRIPTION and
                ON_TOOL_CALL withhold.

        Raises:
            TypeError: ``@kit.hook`` was written without a trigger.
        """
        _refuse_bare(trigger, "hook(HookTrigger.…)")

        def register(fn: HookFn) -> HookFn:
            self._rt.runtime.hooks.register(
                trigger,
                fn,
                name=name,
                execution=execution,
                priority=priority,
                timeout=timeout,
                on_error=on_error,
                channel_types=channel_types,
                channel_ids=channel_ids,
                directions=directions,
            )
            return fn

        return register

    def add_room_hook(
        self,
        room_id: str,
        trigger: HookTrigger,
        execution: HookExecution,
        fn: HookFn,
        priority: int = 0,
        name: str = "",
        *,
        timeout: float | None = 30.0,
        on_error: OnError | None = None,
    ) -> Immediate:
        """Register a hook for one room. It is in force when this returns; awaiting it is
        allowed."""
        self._rt.runtime.hooks.register(
            trigger,
            fn,
            room_id=room_id,
            name=name,
            execution=execution,
            priority=priority,
            timeout=timeout,
            on_error=on_error,
        )
        return Immediate()

    def remove_room_hook(self, room_id: str, name: str) -> ImmediateBool:
        """Remove all of a room's hooks of this name; False if there were none. Awaiting is
        allowed."""
        return ImmediateBool(self._rt.runtime.hooks.remove_room_hooks(room_id, name))

    def on[F: FrameworkEventHandler](self, event_type: FrameworkEventType) -> Callable[[F], F]:
        """A decorator that registers a handler of framework events of one type.

        Raises:
            ValueError: there is no such type.
            TypeError: ``@kit.on`` was written without a type.
        """
        _refuse_bare(event_type, 'on("room_created")')

        def register(fn: F) -> F:
            self._rt.runtime.events.on(event_type, fn)
            return fn

        return register

    def identity_hook[F: IdentityHookFn](
        self,
        trigger: HookTrigger,
        channel_types: Iterable[ChannelType] | None = None,
        channel_ids: Iterable[str] | None = None,
        directions: Iterable[ChannelDirection] | None = None,
    ) -> Callable[[F], F]:
        """A decorator that registers a function which decides about senders nobody could place.

        It takes the event, the room's context and, if it wants, the resolver's result, and returns
        an `IdentityHookResult` or None for "no opinion"; the first opinion counts. One that fails
        withholds the message.

        Raises:
            ValueError: `trigger` is neither ON_IDENTITY_AMBIGUOUS nor ON_IDENTITY_UNKNOWN.
            TypeError: ``@kit.identity_hook`` was written without a trigger.
        """
        _refuse_bare(trigger, "identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN)")

        def register(fn: F) -> F:
            self._rt.identity.add_hook(
                trigger,
                fn,
                channel_types=channel_types,
                channel_ids=channel_ids,
                directions=directions,
            )
            return fn

        return register

    def on_delivery_status[F: DeliveryStatusHandler](self, fn: F) -> F:
        """A decorator that registers a function to be called with every delivery report."""
        self._rt.statuses.add_handler(fn)
        return fn


def _refuse_bare(given: object, example: str) -> None:
    """A decorator without its arguments would take the function's place, and register nothing."""
    if callable(given):
        raise TypeError(f"the argument of the decorator is missing: write @kit.{example}")
