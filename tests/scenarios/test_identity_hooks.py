"""Strangers: held, asked, let in or turned away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    ChannelDirection,
    ChannelType,
    EventStatus,
    HookExecution,
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityHookResult,
    IdentityResult,
    InboundMessage,
    RoomContext,
    RoomEvent,
)
from roomkit.channels.base import text_of
from roomkit.identity.base import IdentityResolver
from roomkit.testing import VirtualClock
from tests.helpers import event_of, say
from tests.scenarios.actors import Transport, Witness, said, seat
from tests.scenarios.conftest import KitFactory
from tests.scenarios.strangers import (
    ALICE,
    AMBIGUOUS,
    QUESTION,
    UNKNOWN,
    Casting,
    found,
)


@pytest.mark.parametrize(
    ("status", "trigger"),
    [
        (IdentificationStatus.AMBIGUOUS, AMBIGUOUS),
        (IdentificationStatus.PENDING, AMBIGUOUS),
        (IdentificationStatus.UNKNOWN, UNKNOWN),
        (IdentificationStatus.REJECTED, UNKNOWN),
    ],
)
async def test_strangers_are_the_business_of_hooks(
    cast: Casting, status: IdentificationStatus, trigger: HookTrigger
) -> None:
    """And a hook may know better than the resolver."""
    stage = await cast(found(status))
    asked: list[HookTrigger] = []

    def listen(at: HookTrigger) -> None:
        @stage.kit.identity_hook(at)
        async def decide(_event: RoomEvent, _context: RoomContext) -> IdentityHookResult:
            asked.append(at)
            return IdentityHookResult.resolved(ALICE)

    listen(AMBIGUOUS)
    listen(UNKNOWN)
    result = await say(stage.kit, "a", "hello")
    assert asked == [trigger]
    assert event_of(result).source.participant_id == "alice"
    assert stage.b.texts == ["hello"]


async def test_unproven_sender_is_held_and_asked(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))

    @stage.kit.identity_hook(UNKNOWN)
    async def verify(_event: RoomEvent, _context: RoomContext) -> IdentityHookResult:
        return IdentityHookResult.challenge(QUESTION)

    result = await say(stage.kit, "a", "transfer everything")
    assert (result.blocked, result.reason) == (True, "identity_challenge")
    assert (event_of(result).status, event_of(result).blocked_by) == (
        EventStatus.BLOCKED,
        "verify",
    )
    assert stage.a.texts == ["When were you born?"]
    assert stage.b.texts == []
    assert (await stage.person()).identification is IdentificationStatus.CHALLENGE_SENT


def test_challenges_can_be_written_in_several_ways() -> None:
    forms = [
        IdentityHookResult.challenge(QUESTION),
        IdentityHookResult.challenge([QUESTION]),
        IdentityHookResult.challenge(injected_events=[QUESTION]),
        IdentityHookResult.challenge(inject=QUESTION, reason="identity_challenge"),
    ]
    assert all(form == forms[0] for form in forms)
    both = IdentityHookResult.challenge(QUESTION, injected_events=[QUESTION])
    assert len(both.injected_events) == 2


async def test_resolver_may_have_sent_the_challenge_itself(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.CHALLENGE_SENT, message="Check your mail"))
    result = await say(stage.kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "identity_challenge")
    assert stage.a.texts == ["Check your mail"]
    assert stage.b.texts == []


async def test_verification_ends_with_the_right_answer(cast: Casting) -> None:
    unknown = found(IdentificationStatus.UNKNOWN)
    stage = await cast(unknown, found(IdentificationStatus.IDENTIFIED, identity=ALICE))
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.challenge(QUESTION))
    await say(stage.kit, "a", "hello")
    result = await say(stage.kit, "a", "1990-01-15")
    assert not result.blocked
    assert event_of(result).source.participant_id == "alice"
    assert stage.b.texts == ["1990-01-15"]
    assert stage.a.texts == ["When were you born?"]


async def test_rejected_sender_is_blocked_with_the_reason(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.reject("not on the list"))
    result = await say(stage.kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "not on the list")
    assert (await stage.person()).identification is IdentificationStatus.REJECTED
    assert stage.b.texts == await said(stage.kit) == []


async def test_rejection_by_the_resolver_stands_unless_a_hook_objects(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.REJECTED))
    result = await say(stage.kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "identity_rejected")
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.pending())
    assert not (await say(stage.kit, "a", "please")).blocked
    assert stage.b.texts == ["please"]


async def test_pending_sender_goes_on_with_candidates(cast: Casting) -> None:
    bob = Identity(id="bob")
    stage = await cast(found(IdentificationStatus.AMBIGUOUS, candidates=[ALICE]))
    stage.kit.identity_hook(AMBIGUOUS)(lambda *_: IdentityHookResult.pending([ALICE, bob]))
    result = await say(stage.kit, "a", "hello")
    assert not result.blocked
    person = await stage.person()
    assert person.identification is IdentificationStatus.PENDING
    assert [one.id for one in person.candidates] == ["alice", "bob"]


@pytest.mark.parametrize(
    "status",
    [
        IdentificationStatus.UNKNOWN,
        IdentificationStatus.AMBIGUOUS,
        IdentificationStatus.PENDING,
    ],
)
async def test_without_an_opinion_the_message_goes_on(
    cast: Casting, status: IdentificationStatus
) -> None:
    stage = await cast(found(status, candidates=[ALICE]))
    stage.kit.identity_hook(UNKNOWN)(lambda *_: None)
    result = await say(stage.kit, "a", "hello")
    assert not result.blocked
    person = await stage.person()
    assert (person.identification, person.candidates) == (status, [ALICE])


async def test_first_opinion_counts(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    stage.kit.identity_hook(UNKNOWN)(lambda *_: None)
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.resolved(ALICE))
    stage.kit.identity_hook(UNKNOWN)(lambda *_: IdentityHookResult.reject())
    result = await say(stage.kit, "a", "hello")
    assert event_of(result).source.participant_id == "alice"


async def test_hooks_get_as_much_as_they_ask_for(cast: Casting) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    seen: list[Any] = []

    def one(event: RoomEvent) -> None:
        seen.append([event])

    def two(event: RoomEvent, context: RoomContext) -> None:
        seen.append([event, context])

    async def three(event: RoomEvent, context: RoomContext, result: IdentityResult) -> None:
        seen.append([event, context, result])

    def any_number(*arguments: Any) -> None:
        seen.append(list(arguments))

    for hook in (one, two, three, any_number):
        stage.kit.identity_hook(UNKNOWN)(hook)
    await say(stage.kit, "a", "hello")
    assert [len(arguments) for arguments in seen] == [1, 2, 3, 3]
    assert text_of(seen[0][0].content) == "hello"
    assert seen[1][1].room.id == "r"
    assert seen[2][2].status is IdentificationStatus.UNKNOWN


@pytest.mark.parametrize(
    "filters",
    [
        {"channel_types": [ChannelType.SMS]},
        {"channel_ids": ["b"]},
        {"directions": [ChannelDirection.OUTBOUND]},
    ],
    ids=str,
)
async def test_identity_hooks_have_filters_too(cast: Casting, filters: dict[str, Any]) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    stage.kit.identity_hook(UNKNOWN, **filters)(lambda *_: IdentityHookResult.reject())
    assert not (await say(stage.kit, "a", "hello")).blocked


@pytest.mark.parametrize("execution", list(HookExecution))
async def test_ordinary_hooks_observe_and_do_not_decide(cast: Casting, execution: Any) -> None:
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    heard: list[str] = []

    def hook(event: RoomEvent, context: RoomContext) -> IdentityHookResult:
        heard.append(event.room_id)
        return IdentityHookResult.reject()

    stage.kit.hook_engine.register(UNKNOWN, hook, execution=execution)
    assert not (await say(stage.kit, "a", "hello")).blocked
    assert heard == ["r"]


@pytest.mark.parametrize(
    "answer",
    [
        "yes",
        IdentityHookResult(status=IdentificationStatus.IDENTIFIED),
        LookupError("no"),
        asyncio.CancelledError(),
    ],
    ids=["junk", "nobody", "raises", "cancelled"],
)
async def test_failing_identity_hook_keeps_the_stranger_out(cast: Casting, answer: Any) -> None:
    """These hooks exist to withhold: they fail closed."""
    stage = await cast(found(IdentificationStatus.UNKNOWN))
    witness = Witness(stage.kit).on("hook_error")

    @stage.kit.identity_hook(UNKNOWN)
    async def broken(_event: RoomEvent, _context: RoomContext) -> IdentityHookResult:
        if isinstance(answer, BaseException):
            raise answer
        result: IdentityHookResult = answer
        return result

    result = await say(stage.kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "identity_hook_failed")
    assert event_of(result).blocked_by == "broken"
    assert [error.hook for error in result.hook_errors] == ["broken"]
    assert len(witness.heard) == 1
    assert stage.b.texts == []


@pytest.mark.parametrize(
    "answer",
    [
        ConnectionError("the directory is down"),
        None,
        "alice",
        found(IdentificationStatus.IDENTIFIED),
    ],
    ids=["raises", "none", "junk", "nobody"],
)
async def test_failing_resolver_makes_a_stranger_and_loses_nothing(
    cast: Casting, answer: Any
) -> None:
    stage = await cast(answer)
    result = await say(stage.kit, "a", "hello")
    assert not result.blocked
    assert stage.b.texts == ["hello"]
    assert (await stage.person()).identification is IdentificationStatus.UNKNOWN


async def test_hung_resolver_is_given_up(make_kit: KitFactory, clock: VirtualClock) -> None:
    """Then the hooks for strangers run."""

    class Hung(IdentityResolver):
        async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
            await clock.sleep(60)
            raise AssertionError("was not given up")

    kit = make_kit(identity_resolver=Hung(), identity_timeout=0.05)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    witness = Witness(kit).on("identity_timeout")
    asked: list[RoomEvent] = []
    kit.identity_hook(UNKNOWN)(lambda event, _context: asked.append(event))
    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert clock.monotonic() == pytest.approx(0.05)
    assert not result.blocked
    assert len(asked) == len(witness.heard) == 1
    assert b.texts == ["hello"]
