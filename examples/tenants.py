"""Several organisations in one application: whose room is it, and who is behind a number?

Rooms and people carry an `organization_id`. The same telephone number may be somebody else's
customer elsewhere, and searching one organisation's rooms finds no other's.
"""

from __future__ import annotations

import asyncio

from roomkit import Identity, InboundMessage, MockSMSProvider, RoomKit, SMSChannel, TextContent

ADA = "+15551234567"


async def main() -> None:
    async with RoomKit() as kit:
        for company in ("acme", "bikes"):
            kit.register_channel(SMSChannel(f"sms of {company}", provider=MockSMSProvider()))
            await kit.create_room(
                f"{company}-1", organization_id=company, metadata={"tier": "gold"}
            )
            await kit.attach_channel(
                f"{company}-1", f"sms of {company}", metadata={"phone_number": ADA}
            )
            await kit.store.create_identity(
                Identity(
                    id=f"customer of {company}", organization_id=company, addresses={"sms": [ADA]}
                )
            )
        await kit.create_room("acme-2", organization_id="acme", metadata={"tier": "silver"})

        # A company's number is a channel of its own, so a message finds its company.
        for company in ("bikes", "acme"):
            result = await kit.process_inbound(
                InboundMessage(
                    channel_id=f"sms of {company}",
                    sender_id=ADA,
                    content=TextContent(body="Hello"),
                )
            )
            print(f"Ada texts {company}: {result.room_id}")

        for company in ("acme", "bikes", "nobody"):
            rooms = await kit.store.find_rooms(organization_id=company)
            person = await kit.store.resolve_identity("sms", ADA, organization_id=company)
            print(
                f"{company}: {[room.id for room in rooms]}, {person.id if person else 'unknown'}"
            )

        gold = await kit.store.find_rooms(organization_id="acme", metadata={"tier": "gold"})
        await kit.update_room_metadata(gold[0].id, {"tier": "platinum"})
        found = await kit.store.find_rooms(metadata={"tier": "gold"})
        print("gold by now:", [room.id for room in found])


if __name__ == "__main__":
    asyncio.run(main())
