"""Somebody answers STOP, and is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from roomkit import (
    AIChannel,
    ChannelCategory,
    InboundMessage,
    MockAIProvider,
    MockSMSProvider,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider, parse_twilio_webhook
from roomkit.testing.twilio_standin import TwilioStandin, create_twilio_standin
from tests.wire.carried import carried

ADA, SHOP = "+15551234567", "+15550000000"
HOOK = "https://example.com/webhooks/twilio"


@pytest.fixture
def standin() -> TwilioStandin:
    return create_twilio_standin()


@pytest.fixture
async def twilio(standin: TwilioStandin) -> AsyncIterator[TwilioSMSProvider]:
    config = TwilioConfig(
        account_sid=standin.account_sid, auth_token=standin.auth_token, from_number=SHOP
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=standin)) as client:
        yield TwilioSMSProvider(config, http_client=client)


@pytest.fixture
def model() -> MockAIProvider:
    return MockAIProvider(responses=["How can I help?"])


@pytest.fixture
async def kit(twilio: TwilioSMSProvider, model: MockAIProvider) -> AsyncIterator[RoomKit]:
    async with RoomKit() as running:
        running.register_channel(SMSChannel("sms", provider=twilio))
        running.register_channel(WebSocketChannel("desk"))
        running.register_channel(AIChannel("ai", provider=model))
        await running.create_room("ada")
        await running.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await running.attach_channel("ada", "desk")
        await running.attach_channel("ada", "ai", category=ChannelCategory.INTELLIGENCE)
        yield running


async def says(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin, words: str
) -> None:
    params = standin.inbound_params(from_=ADA, to=SHOP, body=words)
    headers, body = standin.signed_webhook(HOOK, params)
    request = WebhookRequest(
        url=HOOK, headers={name.lower(): value for name, value in headers.items()}, body=body
    )
    assert twilio.verify_webhook(request)
    await kit.process_webhook(twilio.decode_webhook(request), channel_id="sms")


async def test_no_agent_answers_and_nothing_more_is_sent(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin, model: MockAIProvider
) -> None:
    await says(kit, twilio, standin, "Hello")
    assert [message.body for message in standin.messages] == ["How can I help?"]

    await says(kit, twilio, standin, "Stop!")
    assert len(model.calls) == 1
    stored = [event.content for event in await kit.get_timeline("ada")]
    assert TextContent(body="Stop!") in stored

    event = await kit.send_event("ada", "desk", TextContent(body="Special offer!"))
    outcome = event.delivery_results["sms"]
    assert (outcome.success, outcome.error_code) == (False, "opted_out")
    assert len(standin.messages) == 1


async def test_until_they_say_start(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin, model: MockAIProvider
) -> None:
    await says(kit, twilio, standin, "STOP")
    await says(kit, twilio, standin, "start")
    assert not model.calls
    await says(kit, twilio, standin, "Hello again")
    assert [message.body for message in standin.messages] == ["How can I help?"]


async def test_a_question_about_stopping_is_answered(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin
) -> None:
    await says(kit, twilio, standin, "How do I stop this?")
    await says(kit, twilio, standin, "HELP")
    assert len(standin.messages) == 2


async def test_it_does_not_matter_how_the_message_came_in(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin
) -> None:
    for words, outcome in (("STOP", "opted_out"), ("START", None)):
        form = standin.inbound_params(from_=ADA, to=SHOP, body=words)
        await kit.process_inbound(carried(parse_twilio_webhook(form, channel_id="sms")))
        event = await kit.send_event("ada", "desk", TextContent(body="Still there?"))
        assert event.delivery_results["sms"].error_code == outcome


async def test_an_old_stop_that_is_delivered_again_changes_nothing(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin
) -> None:
    stop = carried(
        parse_twilio_webhook(
            standin.inbound_params(from_=ADA, to=SHOP, body="STOP"), channel_id="sms"
        )
    )
    await kit.process_inbound(stop)
    await says(kit, twilio, standin, "START")
    assert (await kit.process_inbound(stop)).reason == "duplicate"
    event = await kit.send_event("ada", "desk", TextContent(body="Welcome back"))
    assert event.delivery_results["sms"].success


async def test_with_a_vendor_of_ones_own_and_a_message_made_by_hand(model: MockAIProvider) -> None:
    vendor = MockSMSProvider()
    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=vendor))
        kit.register_channel(AIChannel("ai", provider=model))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "ai", category=ChannelCategory.INTELLIGENCE)
        for words in ("Hello", "STOP"):
            await kit.process_inbound(
                InboundMessage(channel_id="sms", sender_id=ADA, content=TextContent(body=words))
            )
    assert [message.body for message in vendor.sent] == ["How can I help?"]
    assert len(model.calls) == 1


async def test_a_message_made_by_hand_counts_with_every_vendor(
    kit: RoomKit, standin: TwilioStandin
) -> None:
    await kit.process_inbound(
        InboundMessage(channel_id="sms", sender_id=ADA, content=TextContent(body="stop"))
    )
    event = await kit.send_event("ada", "desk", TextContent(body="Special offer!"))
    assert event.delivery_results["sms"].error_code == "opted_out"
    assert standin.messages == []
