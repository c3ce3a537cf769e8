"""Working out who wrote a message, and what to do if that is not known."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from roomkit._tasks import as_coroutine, bounded
from roomkit.core._filters import one_or_more
from roomkit.core.hooks import Hook, positional_arguments
from roomkit.core.runtime import KitRuntime
from roomkit.errors import describe_error, locate_error
from roomkit.models.channel import ChannelBinding
from roomkit.models.content import TextContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import HookFailure, InboundMessage
from roomkit.models.enums import (
    ChannelDirection,
    ChannelType,
    HookTrigger,
    IdentificationStatus,
)
from roomkit.models.event import RoomEvent
from roomkit.models.hook import InjectedEvent
from roomkit.models.identity import Identity, IdentityHookResult, IdentityResult

logger = logging.getLogger("roomkit.identity")

type IdentityHookFn = Callable[..., Any | Awaitable[Any]]

_UNKNOWN = IdentityResult.constant(status=IdentificationStatus.UNKNOWN)
_TRIGGERS = {
    IdentificationStatus.AMBIGUOUS: HookTrigger.ON_IDENTITY_AMBIGUOUS,
    IdentificationStatus.PENDING: HookTrigger.ON_IDENTITY_AMBIGUOUS,
    IdentificationStatus.UNKNOWN: HookTrigger.ON_IDENTITY_UNKNOWN,
    IdentificationStatus.REJECTED: HookTrigger.ON_IDENTITY_UNKNOWN,
}


@dataclass(slots=True, eq=False, repr=False)
class Verdict:
    """What is known about a sender, and whether their message may go on.

    `participant_id` is the identity's id once that is known, otherwise the sender's address.
    `trigger` is that of the hooks that were asked, if the resolver could not place the sender.
    """

    participant_id: str
    status: IdentificationStatus = IdentificationStatus.UNKNOWN
    identity: Identity | None = None
    candidates: list[Identity] = field(default_factory=list)
    resolved_by: str | None = None
    trigger: HookTrigger | None = None
    blocked_by: str | None = None
    reason: str | None = None
    injected: list[InjectedEvent] = field(default_factory=list)
    failures: list[HookFailure] = field(default_factory=list)

    def identify(self, identity: Identity, by: str) -> None:
        self.identity = identity
        self.participant_id = identity.id
        self.status = IdentificationStatus.IDENTIFIED
        self.resolved_by = by


class IdentityService:
    """Asks the resolver, then the identity hooks, before a message comes near its room's lock."""

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime
        self._hooks: list[Hook] = []

    def add_hook(
        self,
        trigger: HookTrigger,
        fn: IdentityHookFn,
        *,
        channel_types: Iterable[ChannelType] | None = None,
        channel_ids: Iterable[str] | None = None,
        directions: Iterable[ChannelDirection] | None = None,
        timeout: float | None = 30.0,
    ) -> None:
        """Register a deciding identity hook. The first that answers wins.

        Raises:
            ValueError: the trigger is not one of the two identity triggers.
        """
        trigger = HookTrigger(trigger)
        if trigger not in _TRIGGERS.values():
            raise ValueError(
                "identity_hook() takes ON_IDENTITY_AMBIGUOUS or ON_IDENTITY_UNKNOWN, "
                f"not {trigger}"
            )
        self._hooks.append(
            Hook(
                trigger=trigger,
                fn=fn,
                name=getattr(fn, "__name__", type(fn).__name__),
                timeout=timeout,
                channel_types=one_or_more(channel_types, ChannelType),
                channel_ids=one_or_more(channel_ids, str),
                directions=one_or_more(directions, ChannelDirection),
            )
        )

    def applies_to(self, channel_type: ChannelType) -> bool:
        """Whether senders on such a channel are to be resolved at all."""
        rt = self._rt
        if rt.identity_resolver is None:
            return False
        return rt.identity_channel_types is None or channel_type in rt.identity_channel_types

    async def resolve(
        self, message: InboundMessage, context: RoomContext
    ) -> tuple[IdentityResult, bool]:
        """The resolver's answer, and whether it came at all; a failure counts as UNKNOWN."""
        resolver = self._rt.identity_resolver
        if resolver is None:
            return _UNKNOWN, True
        try:
            result: object = await bounded(
                self._rt.clock,
                self._rt.limits.identity_timeout,
                resolver.resolve(message, context),
            )
        except Exception as error:  # a resolver that is down must not lose messages
            logger.warning("identity resolver failed: %s", type(error).__name__)
            return _UNKNOWN, False
        if not isinstance(result, IdentityResult):
            logger.warning("identity resolver returned %s", type(result).__name__)
            return _UNKNOWN, False
        return result, True

    async def decide(
        self, result: IdentityResult, sender_id: str, event: RoomEvent, context: RoomContext
    ) -> Verdict:
        """What the resolver's answer and the hooks together mean for the message."""
        if result.status is IdentificationStatus.IDENTIFIED and result.identity is None:
            logger.warning("identity resolver named nobody as identified")
            result = _UNKNOWN
        verdict = Verdict(sender_id, result.status, candidates=list(result.candidates))
        if result.status is IdentificationStatus.IDENTIFIED and result.identity is not None:
            verdict.identify(result.identity, "resolver")
            return verdict
        if result.status is IdentificationStatus.CHALLENGE_SENT:
            verdict.blocked_by = "identity"
            verdict.reason = "identity_challenge"
            if result.message:
                verdict.injected.append(InjectedEvent(content=TextContent(body=result.message)))
            return verdict
        trigger = _TRIGGERS.get(result.status, HookTrigger.ON_IDENTITY_UNKNOWN)
        verdict.trigger = trigger
        await self._ask_hooks(trigger, result, event, context, verdict)
        rejected = IdentificationStatus.REJECTED
        if verdict.status is rejected and verdict.blocked_by is None:
            verdict.blocked_by = "identity"
            verdict.reason = "identity_rejected"
        return verdict

    async def _ask_hooks(
        self,
        trigger: HookTrigger,
        result: IdentityResult,
        event: RoomEvent,
        context: RoomContext,
        verdict: Verdict,
    ) -> None:
        for hook in self._hooks:
            if hook.trigger is not trigger or not hook.matches(event.source):
                continue
            try:
                answer = await self._call(hook, event, context, result)
                if answer is None:
                    continue
                if not isinstance(answer, IdentityHookResult):
                    raise TypeError(
                        f"returned {type(answer).__name__}, expected IdentityHookResult or None"
                    )
                if answer.status is IdentificationStatus.IDENTIFIED and answer.identity is None:
                    raise ValueError("called the sender identified, but named nobody")
            except (
                Exception
            ) as error:  # these hooks keep strangers out, so a failing one withholds
                logger.error("identity hook %s failed: %s", hook.name, locate_error(error))
                verdict.failures.append(
                    HookFailure(hook=hook.name, trigger=trigger.value, error=describe_error(error))
                )
                verdict.blocked_by = hook.name
                verdict.reason = "identity_hook_failed"
                return
            _apply(answer, hook.name, verdict)
            return

    async def _call(
        self, hook: Hook, event: RoomEvent, context: RoomContext, result: IdentityResult
    ) -> Any:
        wanted = positional_arguments(hook.fn)
        arguments: tuple[Any, ...] = (event, context, result)
        if wanted is not None and wanted < len(arguments):
            arguments = arguments[: max(wanted, 1)]
        answer = hook.fn(*arguments)
        if inspect.isawaitable(answer):
            answer = await bounded(self._rt.clock, hook.timeout, as_coroutine(answer))
        return answer


def _apply(answer: IdentityHookResult, name: str, verdict: Verdict) -> None:
    verdict.status = answer.status
    verdict.injected.extend(answer.injected_events)
    if answer.status is IdentificationStatus.IDENTIFIED:
        if answer.identity is not None:
            verdict.identify(answer.identity, name)
    elif answer.status is IdentificationStatus.PENDING:
        if answer.candidates:
            verdict.candidates = list(answer.candidates)
    else:
        verdict.blocked_by = name
        verdict.reason = answer.reason or "identity_rejected"


def recipient_missing(binding: ChannelBinding) -> bool:
    """Whether a transport binding has yet to learn whom it talks to."""
    return binding.recipient_key is not None and binding.recipient is None
