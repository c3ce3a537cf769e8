"""Attaching a channel that is attached already."""

from __future__ import annotations

from roomkit import RoomKit, SMSChannel
from roomkit.models.channel import RateLimit
from roomkit.models.enums import EventType
from roomkit.providers.sms.mock import MockSMSProvider

NUMBER = "+15551234567"


async def test_what_is_not_mentioned_stays() -> None:
    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        await kit.create_room("r")
        await kit.attach_channel("r", "sms", metadata={"phone_number": NUMBER})
        await kit.mute("r", "sms")

        limit = RateLimit(max_per_second=1)
        binding = await kit.attach_channel("r", "sms", rate_limit=limit, metadata={"tier": "gold"})

        assert binding.rate_limit == limit
        assert binding.metadata == {"phone_number": NUMBER, "tier": "gold"}
        assert binding.muted
        again = await kit.attach_channel("r", "sms")
        assert again.rate_limit == limit


async def test_it_is_announced_once() -> None:
    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        await kit.create_room("r")
        for _ in range(2):
            await kit.attach_channel("r", "sms")
        timeline = await kit.get_timeline("r")
        assert [event.type for event in timeline] == [EventType.CHANNEL_ATTACHED]
