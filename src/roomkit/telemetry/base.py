"""Spans and metrics: the interface between RoomKit and whatever collects them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType

__all__ = [
    "Attribute",
    "Attributes",
    "Span",
    "SpanKind",
    "SpanScope",
    "SpanStatus",
    "TelemetryProvider",
    "current_span_id",
]

type Attribute = str | bool | int | float
"""A value that every tracing system can carry."""

type Attributes = Mapping[str, Attribute]
"""What is known about a span or a measurement: ids, names, counts and codes.

Never what people said or models wrote.
"""


class SpanKind(StrEnum):
    """What a span measures."""

    INBOUND_PIPELINE = "inbound_pipeline"
    HOOK_SYNC = "hook_sync"
    HOOK_ASYNC = "hook_async"
    BROADCAST = "broadcast"
    DELIVERY = "delivery"
    LLM_GENERATE = "llm_generate"
    LLM_TOOL_CALL = "llm_tool_call"
    VOICE_SESSION = "voice_session"
    AUDIO_PIPELINE = "audio_pipeline"
    STT_TRANSCRIBE = "stt_transcribe"
    TTS_SYNTHESIZE = "tts_synthesize"
    REALTIME_SESSION = "realtime_session"
    REALTIME_TURN = "realtime_turn"
    REALTIME_TOOL_CALL = "realtime_tool_call"


class SpanStatus(StrEnum):
    """How the work ended."""

    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class Span:
    """One piece of work as a provider may keep it; times are seconds of a monotonic clock."""

    id: str
    kind: SpanKind
    name: str
    started_at: float
    parent_id: str | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)
    ended_at: float | None = None
    status: SpanStatus | None = None
    error: str | None = None

    @property
    def duration_ms(self) -> float | None:
        """None while the work goes on."""
        return None if self.ended_at is None else (self.ended_at - self.started_at) * 1000


_current: ContextVar[str | None] = ContextVar("roomkit_span", default=None)


def current_span_id() -> str | None:
    """The innermost `TelemetryProvider.span` around the caller, also across tasks it started."""
    return _current.get()


def resume_span(span_id: str | None) -> None:
    """Make what this task does from now on part of a span that was begun elsewhere."""
    _current.set(span_id)


class TelemetryProvider(ABC):
    """Receives spans and measurements.

    The methods are called in the middle of message handling: they must return at once and leave
    sending to the background. Whatever they raise is logged once and goes no further, and `close`
    is cut short after a few seconds; `roomkit.telemetry.guarded` sees to both.
    """

    enabled: bool = True
    """Whether anybody listens: without, callers make no span and measure nothing. Does not
    change."""

    @abstractmethod
    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        """Begin a piece of work and return an id for it.

        Args:
            kind: what is measured.
            name: which one: a hook's name, a model, a provider.
            parent: the id of the enclosing span; None makes it the root of a trace.
            attributes: ids, names, counts and codes.
        """

    @abstractmethod
    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        """End it. An unknown id, or one that ended already, does nothing.

        Args:
            span_id: what `start_span` returned.
            status: how it ended.
            error: a stable word for what went wrong, such as the exception's class.
            attributes: what became known meanwhile, added to those of the start.
        """

    @abstractmethod
    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        """Note one measurement, such as a latency (``unit="ms"``) or a count of tokens."""

    def activate(self, span_id: str) -> object:
        """Make a span the current one in the collector's own bookkeeping, if it has any.

        Only `span` calls this, around its body; `deactivate` gets what this returns.
        """
        return None

    def deactivate(self, token: object) -> None:  # noqa: B027 - an optional callback
        """Undo `activate`. May be called in another context than that."""

    def span(self, kind: SpanKind, name: str, attributes: Attributes | None = None) -> SpanScope:
        """``with provider.span(...) as span:`` measures the body.

        It is a child of the span around it and the parent of those inside. An exception that
        leaves the body makes the status `ERROR`, cancellation makes it `CANCELLED`.
        """
        return SpanScope(self, kind, name, attributes)

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Send what is left. Called once; nothing is recorded afterwards."""


class SpanScope:
    """The span around the body of a ``with``; good for one use."""

    __slots__ = ("_attributes", "_found", "_kind", "_name", "_parent", "_provider", "_token", "id")

    def __init__(
        self,
        provider: TelemetryProvider,
        kind: SpanKind,
        name: str,
        attributes: Attributes | None,
    ) -> None:
        self._provider = provider
        self._kind = kind
        self._name = name
        self._attributes = attributes
        self._found: dict[str, Attribute] | None = None
        self._parent: str | None = None
        self._token: object = None
        self.id = ""

    def set(self, **attributes: Attribute) -> None:
        """Add what became known inside the body."""
        if self._found is None:
            self._found = {}
        self._found.update(attributes)

    def __enter__(self) -> SpanScope:
        self._parent = _current.get()
        self.id = self._provider.start_span(
            self._kind, self._name, parent=self._parent, attributes=self._attributes
        )
        _current.set(self.id or self._parent)
        self._token = self._provider.activate(self.id)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not ContextVar.reset: a generator may be closed in another context than it was opened in.
        _current.set(self._parent)
        self._provider.deactivate(self._token)
        if exc_type is None:
            status, error = SpanStatus.OK, None
        elif issubclass(exc_type, CancelledError | GeneratorExit):
            status, error = SpanStatus.CANCELLED, None
        else:
            status, error = SpanStatus.ERROR, exc_type.__name__
        self._provider.end_span(self.id, status=status, error=error, attributes=self._found)
