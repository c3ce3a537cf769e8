"""The resolver that answers from tables."""

from __future__ import annotations

import pytest

from roomkit.identity import MockIdentityResolver
from roomkit.models.context import RoomContext
from roomkit.models.enums import IdentificationStatus
from roomkit.models.identity import Identity, IdentityResult
from roomkit.models.room import Room
from roomkit.testing.identity import message_from

ADA, BOB = Identity(id="ada"), Identity(id="bob")
ROOM = RoomContext(room=Room(id="r"))


async def ask(resolver: MockIdentityResolver, sender_id: str) -> IdentityResult:
    return await resolver.resolve(message_from(sender_id), ROOM)


async def test_without_tables_everybody_is_unknown() -> None:
    result = await ask(MockIdentityResolver(), "+1")
    assert result == IdentityResult(status=IdentificationStatus.UNKNOWN)


async def test_it_knows_whom_it_was_told_about() -> None:
    resolver = MockIdentityResolver(mapping={"+1": ADA}, ambiguous={"+2": [ADA, BOB]})
    known, unsure = await ask(resolver, "+1"), await ask(resolver, "+2")
    assert (known.status, known.identity) == (IdentificationStatus.IDENTIFIED, ADA)
    assert (unsure.status, unsure.candidates) == (IdentificationStatus.AMBIGUOUS, [ADA, BOB])
    assert (await ask(resolver, "+3")).status is IdentificationStatus.UNKNOWN


@pytest.mark.parametrize(
    "unknown",
    [
        IdentificationStatus.REJECTED,
        IdentityResult(status=IdentificationStatus.CHALLENGE_SENT, message="Who are you?"),
    ],
    ids=["status", "result"],
)
async def test_the_answer_for_all_others_can_be_chosen(
    unknown: IdentificationStatus | IdentityResult,
) -> None:
    result = await ask(MockIdentityResolver(unknown=unknown), "+3")
    assert unknown in (result, result.status)


async def test_it_remembers_what_it_was_asked() -> None:
    resolver = MockIdentityResolver()
    await ask(resolver, "+1")
    await ask(resolver, "+2")
    await resolver.close()
    assert [message.sender_id for message in resolver.calls] == ["+1", "+2"]
    assert resolver.closed
