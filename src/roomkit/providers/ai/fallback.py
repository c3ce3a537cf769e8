"""`FallbackAIProvider`: several models, of which the next steps in where one fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import DeliveryError, RoomKitError
from roomkit.providers.ai.base import AIContext, AIProvider, AIResponse, AIStreamEvent
from roomkit.providers.ai.streams import closable

logger = logging.getLogger("roomkit.providers")

# These say something about the request. The next one may be answered by the same model.
_ABOUT_THE_REQUEST = frozenset({"rejected", "context_too_long"})


def may_pass(error: Exception) -> bool:
    """Whether a failure may pass by itself, so that somebody else should be asked meanwhile."""
    return isinstance(error, RoomKitError) and error.retryable


@dataclass(slots=True)
class _Member:
    provider: AIProvider
    rests_until: float = 0.0


class FallbackAIProvider(AIProvider):
    """Asks the first model, and the next one where that fails.

    A model that has failed is left alone for a while; if all of them rest, all are asked. An
    answer of which a piece has been yielded is never begun again by another model: it fails, with
    what its model raised. The error that is raised when all have failed is the last one's; the
    others are in its notes, as codes without content.

    It can do what all of its models can do: a picture that one of them could not see is shown to
    none. Each model tries again by itself first, as its configuration says: a small
    ``max_retries`` there makes the next one step in sooner. One that hangs is given up after its
    own ``timeout``, which has to leave the next one some of the channel's ``generation_timeout``.

    Args:
        providers: the models, in the order in which they are asked.
        falls_back: whether the next model is to be asked after this failure. By default after
            those that may pass, not after one that says that a request or a key is wrong.
        cooldown: how long a model that has failed is left alone, in seconds; longer if its vendor
            asked for a longer pause. A failure that is the request's fault does not count.
        clock: where time comes from.

    Raises:
        ValueError: there are no models.
    """

    def __init__(
        self,
        providers: Sequence[AIProvider],
        *,
        falls_back: Callable[[Exception], bool] = may_pass,
        cooldown: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not providers:
            raise ValueError("FallbackAIProvider needs at least one provider")
        self._members = [_Member(provider, clock.monotonic()) for provider in providers]
        self._falls_back = falls_back
        self._cooldown = cooldown
        self._clock = clock

    @property
    def model_name(self) -> str:
        """The first model's."""
        return self._members[0].provider.model_name

    @property
    def supports_vision(self) -> bool:
        return all(member.provider.supports_vision for member in self._members)

    @property
    def supports_streaming(self) -> bool:
        return all(member.provider.supports_streaming for member in self._members)

    @property
    def supports_structured_streaming(self) -> bool:
        return all(member.provider.supports_structured_streaming for member in self._members)

    async def generate(self, context: AIContext) -> AIResponse:
        attempt = _Attempt(self._in_order())
        for member in attempt:
            try:
                return await member.provider.generate(context)
            except Exception as error:
                self._take(attempt, member, error)
        raise attempt.failure()

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        attempt = _Attempt(self._in_order())
        for member in attempt:
            begun = False
            try:
                async with aclosing(closable(member.provider.generate_stream(context))) as events:
                    async for event in events:
                        begun = True
                        yield event
                return
            except Exception as error:
                self._take(attempt, member, error, begun=begun)
        raise attempt.failure()

    async def close(self) -> None:
        """Close all of them, also if closing one raises."""
        errors: list[Exception] = []
        for member in self._members:
            try:
                await member.provider.close()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("closing models failed", errors)

    def _in_order(self) -> list[_Member]:
        now = self._clock.monotonic()
        rested = [member for member in self._members if member.rests_until <= now]
        return rested or list(self._members)

    def _take(
        self, attempt: _Attempt, member: _Member, error: Exception, *, begun: bool = False
    ) -> None:
        """Note a failure; raise it if that is the end of it."""
        falls_back = self._falls_back(error)
        if falls_back and _code(error) not in _ABOUT_THE_REQUEST:
            pause = error.retry_after if isinstance(error, DeliveryError) else None
            member.rests_until = self._clock.monotonic() + max(self._cooldown, pause or 0.0)
        attempt.failed(member.provider, error)
        if begun or not falls_back:
            raise attempt.failure()


class _Attempt:
    """One request's way through the models."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self._members = members
        self._errors: list[tuple[str, Exception]] = []

    def __iter__(self) -> Iterator[_Member]:
        return iter(self._members)

    def failed(self, provider: AIProvider, error: Exception) -> None:
        logger.warning("model %s failed: %s", provider.model_name, _code(error))
        self._errors.append((provider.model_name, error))

    def failure(self) -> Exception:
        """The last error, with the others in its notes."""
        *earlier, (_, last) = self._errors
        for name, error in earlier:
            last.add_note(f"before that, {name} failed: {_code(error)}")
        return last


def _code(error: Exception) -> str:
    """A failure in a word without content."""
    return error.code if isinstance(error, DeliveryError) else type(error).__name__
