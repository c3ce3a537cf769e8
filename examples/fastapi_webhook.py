"""A FastAPI application with verified webhooks: a text message comes in and is answered.

`mount_roomkit` adds the routes and closes the kit with the application. Twilio is played by a
stand-in in this process, which signs what it posts. Needs `pip install "roomkit[fastapi,twilio]"`.
"""

from __future__ import annotations

import asyncio
import logging

import httpx
from fastapi import FastAPI

from roomkit import AIChannel, Orchestration, RoomKit, SMSChannel
from roomkit.integrations.fastapi import mount_roomkit
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing import create_twilio_standin

URL = "https://shop.example.com"
ADA, SHOP = "+15551234567", "+15550000000"


class Shop(Orchestration):
    """Who sits in every new room."""

    async def install(self, kit: RoomKit, room_id: str) -> None:
        await kit.attach_channel(room_id, "assistant")


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # a forged call is logged otherwise
    company = create_twilio_standin()
    config = TwilioConfig(
        account_sid=company.account_sid, auth_token=company.auth_token, from_number=SHOP
    )
    app = FastAPI()

    async with (
        RoomKit(orchestration=Shop()) as kit,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=company)) as line,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as twilio,
    ):
        kit.register_channel(
            SMSChannel("sms", provider=TwilioSMSProvider(config, http_client=line))
        )
        kit.register_channel(AIChannel("assistant", MockAIProvider(["We open at nine."])))
        mount_roomkit(app, kit, public_url=URL, websocket=False)

        question = company.inbound_params(from_=ADA, to=SHOP, body="When do you open?")
        headers, body = company.signed_webhook(f"{URL}/webhooks/sms", question)
        for what, sent in (("genuine", body), ("the same again", body), ("forged", body + b"!")):
            answer = await twilio.post(f"{URL}/webhooks/sms", headers=headers, content=sent)
            print(f"{what}: {answer.status_code}")
        answer = await twilio.post(f"{URL}/webhooks/fax", headers=headers, content=body)
        print(f"no such channel: {answer.status_code}")

    for message in company.messages:
        print(f"SMS to {message.to}: {message.body}")


if __name__ == "__main__":
    asyncio.run(main())
