"""Identity: a stranger is asked who they are before their messages are let in.

The resolver looks senders up. For one it does not know, the identity hook asks for a customer
number; the message waits outside, stored as blocked. The right number opens the door, and from
then on the sender is the known participant.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Channel,
    HookTrigger,
    Identity,
    IdentityHookResult,
    InboundMessage,
    InjectedEvent,
    MockIdentityResolver,
    MockSMSProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
)

CUSTOMERS = {"4711": Identity(id="ada", display_name="Ada Lovelace")}
QUESTION = InjectedEvent(content=TextContent(body="What is your customer number?"))


async def main() -> None:
    sms = MockSMSProvider()
    known = {"+15550001111": Identity(id="bob", display_name="Bob")}
    async with RoomKit(identity_resolver=MockIdentityResolver(known)) as kit:
        kit.register_channel(SMSChannel("sms", provider=sms))

        @kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN)
        async def ask(event: RoomEvent, context: RoomContext) -> IdentityHookResult:
            customer = CUSTOMERS.get(Channel.extract_text(event))
            if customer is None:
                return IdentityHookResult.challenge(QUESTION)
            return IdentityHookResult.resolved(customer)

        @kit.hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED)
        async def welcome(event: RoomEvent, context: RoomContext) -> None:
            print(f"  hook: {event.source.participant_id} is identified")

        async def receive(number: str, text: str) -> str:
            print(f"{number}: {text}")
            result = await kit.process_inbound(
                InboundMessage(channel_id="sms", sender_id=number, content=TextContent(body=text))
            )
            print(f"  {'blocked: ' + str(result.reason) if result.blocked else 'accepted'}")
            assert result.room_id is not None
            return result.room_id

        await receive("+15550001111", "I am known.")
        await receive("+15559998888", "Where is my parcel?")
        print(f"  to {sms.sent[-1].to}: {sms.sent[-1].body}")
        await receive("+15559998888", "4711")
        room_id = await receive("+15559998888", "So, where is it?")

        for one in await kit.store.list_participants(room_id):
            print(f"{one.address or one.id}: {one.display_name} ({one.identification})")


if __name__ == "__main__":
    asyncio.run(main())
