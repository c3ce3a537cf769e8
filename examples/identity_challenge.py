"""Identity: a stranger is asked who they are before their messages are let in.

The resolver looks senders up in a directory. For one it does not know, the identity hook asks for
a customer number; the message waits outside, stored as blocked. The right number opens the door,
and the directory learns the address.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Channel,
    HookTrigger,
    Identity,
    IdentityHookResult,
    IdentityResolver,
    IdentityResult,
    InboundMessage,
    InjectedEvent,
    MockSMSProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
)
from roomkit.models.enums import IdentificationStatus

CUSTOMERS = {"4711": Identity(id="ada", display_name="Ada Lovelace")}
QUESTION = InjectedEvent(content=TextContent(body="What is your customer number?"))


class Directory(IdentityResolver):
    def __init__(self) -> None:
        self.people = {"+15550001111": Identity(id="bob", display_name="Bob")}

    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        person = self.people.get(message.sender_id)
        if person is None:
            return IdentityResult(status=IdentificationStatus.UNKNOWN)
        return IdentityResult(status=IdentificationStatus.IDENTIFIED, identity=person)


async def main() -> None:
    sms, directory = MockSMSProvider(), Directory()
    async with RoomKit(identity_resolver=directory) as kit:
        kit.register_channel(SMSChannel("sms", provider=sms))

        @kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN)
        async def ask(event: RoomEvent, context: RoomContext) -> IdentityHookResult:
            customer = CUSTOMERS.get(Channel.extract_text(event))
            if customer is None:
                return IdentityHookResult.challenge(QUESTION)
            directory.people[str(event.source.participant_id)] = customer
            return IdentityHookResult.resolved(customer)

        async def receive(number: str, text: str) -> None:
            print(f"{number}: {text}")
            message = InboundMessage(
                channel_id="sms", sender_id=number, content=TextContent(body=text)
            )
            result = await kit.process_inbound(message)
            if result.blocked or result.event is None:
                print(f"  blocked: {result.reason}; asked: {sms.sent[-1].body}")
            else:
                print(f"  accepted from {result.event.source.participant_id}")

        await receive("+15550001111", "I am known.")
        await receive("+15559998888", "Where is my parcel?")
        await receive("+15559998888", "4711")
        await receive("+15559998888", "So, where is it?")


if __name__ == "__main__":
    asyncio.run(main())
