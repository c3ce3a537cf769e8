"""People whom a resolver may or may not know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from roomkit import (
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityResult,
    InboundMessage,
    InjectedEvent,
    Participant,
    RoomContext,
    RoomKit,
    TextContent,
)
from roomkit.identity.base import IdentityResolver
from tests.scenarios.actors import Transport

UNKNOWN = HookTrigger.ON_IDENTITY_UNKNOWN
AMBIGUOUS = HookTrigger.ON_IDENTITY_AMBIGUOUS
ALICE = Identity(id="alice", display_name="Alice")
QUESTION = InjectedEvent(content=TextContent(body="When were you born?"))


class Script(IdentityResolver):
    """Gives its answers in order, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[InboundMessage] = []

    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        self.calls.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        result: IdentityResult = answer
        return result


def found(status: IdentificationStatus, **values: Any) -> IdentityResult:
    return IdentityResult(status=status, **values)


class Cast:
    """A kit with a resolver, and a room with the channels `a` and `b`."""

    def __init__(self, kit: RoomKit) -> None:
        self.kit = kit
        self.a, self.b = Transport("a"), Transport("b")

    async def person(self, participant_id: str = "u") -> Participant:
        person = await self.kit.store.get_participant("r", participant_id)
        assert person is not None
        return person


type Casting = Callable[..., Awaitable[Cast]]
