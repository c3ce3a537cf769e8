"""Two people share a telephone: the message is let in, and somebody finds out later who it was.

The resolver names the candidates, a hook lets the message pass as pending, and a person at the
desk decides. Hooks are told once it is known.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    HookTrigger,
    Identity,
    IdentityHookResult,
    IdentityResolver,
    IdentityResult,
    InboundMessage,
    MockSMSProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
)
from roomkit.models.enums import IdentificationStatus

FAMILY = [Identity(id="ada", display_name="Ada"), Identity(id="bob", display_name="Bob")]


class Directory(IdentityResolver):
    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        return IdentityResult(status=IdentificationStatus.AMBIGUOUS, candidates=FAMILY)


async def main() -> None:
    async with RoomKit(identity_resolver=Directory()) as kit:
        for identity in FAMILY:
            await kit.store.create_identity(identity)
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))

        @kit.identity_hook(HookTrigger.ON_IDENTITY_AMBIGUOUS)
        async def let_in(
            event: RoomEvent, context: RoomContext, result: IdentityResult
        ) -> IdentityHookResult:
            return IdentityHookResult.pending(result.candidates)

        @kit.hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
        async def known(event: RoomEvent, context: RoomContext) -> None:
            (person,) = context.participants
            print(f"hook: {person.id} is {person.identity_id}")

        result = await kit.process_inbound(
            InboundMessage(
                channel_id="sms", sender_id="+15551234567", content=TextContent(body="It is me")
            )
        )
        print("blocked:", result.blocked)
        room_id = str(result.room_id)
        (person,) = await kit.store.list_participants(room_id)
        print(person.identification, [one.display_name for one in person.candidates])

        person = await kit.resolve_participant(room_id, person.id, "bob", resolved_by="grace")
        print(person.identification, person.display_name, "as", person.resolved_by, "found out")


if __name__ == "__main__":
    asyncio.run(main())
