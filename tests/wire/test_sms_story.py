"""A conversation over SMS, from Twilio's API and back through its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from roomkit import DeliveryStatus, RoomKit, SMSChannel, TextContent, WebSocketChannel
from roomkit.models.enums import ChannelType
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider, parse_twilio_webhook
from roomkit.testing.twilio_standin import TwilioStandin, create_twilio_standin
from tests.wire.carried import carried

ADA, DESK = "+15551234567", "+15550000000"
HOOK = "https://example.com/webhooks/twilio"


@pytest.fixture
def standin() -> TwilioStandin:
    return create_twilio_standin()


@pytest.fixture
async def twilio(standin: TwilioStandin) -> AsyncIterator[TwilioSMSProvider]:
    config = TwilioConfig(
        account_sid=standin.account_sid, auth_token=standin.auth_token, from_number=DESK
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=standin)) as client:
        yield TwilioSMSProvider(config, http_client=client)


@pytest.fixture
async def kit(twilio: TwilioSMSProvider) -> AsyncIterator[RoomKit]:
    async with RoomKit() as running:
        running.register_channel(SMSChannel("sms", provider=twilio))
        running.register_channel(WebSocketChannel("desk"))
        await running.create_room("ada")
        await running.attach_channel("ada", "sms", metadata={"phone_number": "1 555 123-4567"})
        await running.attach_channel("ada", "desk")
        yield running


async def test_a_question_and_its_answer(kit: RoomKit, standin: TwilioStandin) -> None:
    params = standin.inbound_params(
        from_=ADA, to=DESK, body="This one?", media=[("https://x.example/a.jpg", "image/jpeg")]
    )
    result = await kit.process_inbound(carried(parse_twilio_webhook(params, channel_id="sms")))
    assert result.event is not None
    assert result.event.room_id == "ada"
    assert result.event.source.channel_type is ChannelType.MMS
    again = await kit.process_inbound(carried(parse_twilio_webhook(params, channel_id="sms")))
    assert (again.blocked, again.reason) == (True, "duplicate")

    await kit.send_event("ada", "desk", TextContent(body="Yes, that one."))
    (message,) = standin.messages
    assert (message.to, message.from_, message.body) == (ADA, DESK, "Yes, that one.")


async def test_a_signed_webhook_goes_all_the_way(
    kit: RoomKit, twilio: TwilioSMSProvider, standin: TwilioStandin
) -> None:
    params = standin.inbound_params(from_=ADA, to=DESK, body="Grüße & more")
    headers, body = standin.signed_webhook(HOOK, params)
    request = WebhookRequest(
        url=HOOK, headers={name.lower(): value for name, value in headers.items()}, body=body
    )
    assert twilio.verify_webhook(request)
    message = await kit.process_webhook(twilio.decode_webhook(request), channel_id="sms")
    assert message is not None
    assert message.content == TextContent(body="Grüße & more")


async def test_what_became_of_a_message(kit: RoomKit, standin: TwilioStandin) -> None:
    reports: list[DeliveryStatus] = []

    @kit.on_delivery_status
    async def watch(status: DeliveryStatus) -> None:
        reports.append(status)

    await kit.send_event("ada", "desk", TextContent(body="Hello"))
    (message,) = standin.messages
    params = standin.status_params(message, "undelivered", error_code=30003)
    assert await kit.process_webhook(meta=params, channel_id="sms") is None
    (report,) = reports
    assert (report.status, report.message_id) == ("failed", message.sid)


async def test_who_opted_out_is_left_alone(kit: RoomKit, standin: TwilioStandin) -> None:
    standin.opted_out.add(ADA)
    event = await kit.send_event("ada", "desk", TextContent(body="Hello"))
    outcome = event.delivery_results["sms"]
    assert (outcome.success, outcome.error_code) == (False, "opted_out")
    assert not standin.messages
