"""A bot in Microsoft Teams: a signed webhook, an answer to it, and a thread of the bot's own.

The real provider, with a stand-in for Microsoft's servers. Needs `pip install "roomkit[teams]"`.
"""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from roomkit import RoomKit, TeamsChannel, TextContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig, parse_teams_webhook

SERVICE = "https://smba.trafficmanager.net/emea/"
CHAT = "a:17I0kl9EkpE1O9PH5TWrzrLNwnWW"
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def microsoft(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("/token"):
        return httpx.Response(200, json={"access_token": "t0ken", "expires_in": 3600})
    if request.method == "GET":
        published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        keys = [{**published, "kid": "key-1", "use": "sig", "endorsements": ["msteams"]}]
        return httpx.Response(200, json={"jwks_uri": str(request.url), "keys": keys})
    told = json.loads(request.content)
    begun = path.endswith("/conversations")
    print("new thread:" if begun else "sent:", (told["activity"] if begun else told)["text"])
    conversation = {"id": "19:aebd@thread.tacv2;messageid=14", "activityId": "14"}
    return httpx.Response(201, json=conversation if begun else {"id": "1485983408512"})


def token(app: str) -> str:
    claims = {"iss": "https://api.botframework.com", "aud": app, "serviceurl": SERVICE}
    signed = {**claims, "exp": int(time.time()) + 3600}
    return "Bearer " + jwt.encode(signed, key, algorithm="RS256", headers={"kid": "key-1"})


async def main() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(microsoft))
    config = TeamsConfig(app_id="app", app_password="s3cret")
    bot = BotFrameworkTeamsProvider(config, http_client=client)
    activity = {
        "type": "message", "id": "1485983408511", "channelId": "msteams", "serviceUrl": SERVICE,
        "from": {"id": "29:ada", "name": "Ada"}, "recipient": {"id": "28:app", "name": "Shop"},
        "conversation": {"id": CHAT, "conversationType": "personal"}, "text": "Is it ready?",
    }  # fmt: skip

    async with client, RoomKit() as kit:
        kit.register_channel(TeamsChannel("teams", provider=bot))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "teams", metadata={"teams_conversation_id": CHAT})
        await kit.attach_channel("ada", "desk")

        for authorization in (token("another-bot"), token("app")):
            try:
                await bot.authenticate(authorization, activity)
            except PermissionError as refusal:
                print("refused:", refusal)
        await bot.on_webhook(activity)
        (message,) = parse_teams_webhook(activity)
        await kit.process_inbound(message, room_id="ada")
        print(f"{message.metadata['display_name']}: {text_of(message.content)}")

        await kit.send_event("ada", "desk", TextContent(body="It is."))
        reference = await bot.create_channel_conversation("19:aebd", TextContent(body="Bicycle"))
        print("go on at", reference.conversation_id)


if __name__ == "__main__":
    asyncio.run(main())
