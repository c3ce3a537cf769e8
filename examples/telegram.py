"""A Telegram bot: a question with buttons, the tap on one, a voice note, an edit.

The real provider, with a stand-in for Telegram's server. Needs `pip install "roomkit[telegram]"`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from roomkit import RichContent, RoomKit, TelegramChannel, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.base import WebhookRequest
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig

SECRET = "a-long-secret"
ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
CHAT = {"id": 42, "type": "private", "first_name": "Ada"}


def telegram_server(request: httpx.Request) -> httpx.Response:
    method, params = request.url.path.rpartition("/")[2], json.loads(request.content)
    if method != "sendMessage":
        print("asked for:", method)
        return httpx.Response(200, json={"ok": True, "result": True})
    keyboard = params.get("reply_markup", {}).get("inline_keyboard", [])
    print("sent:", params["text"], [button["text"] for (button,) in keyboard])
    return httpx.Response(200, json={"ok": True, "result": {"message_id": 8, "chat": CHAT}})


def said(number: int, **details: Any) -> dict[str, Any]:
    return {"message_id": number, "date": 1767268800, "chat": CHAT, "from": ADA, **details}


async def main() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(telegram_server))
    config = TelegramConfig(bot_token="123:ABC", secret_token=SECRET)
    bot = TelegramBotProvider(config, http_client=client)

    async with client, RoomKit() as kit:
        kit.register_channel(TelegramChannel("telegram", provider=bot))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "telegram", metadata={"telegram_chat_id": "42"})
        await kit.attach_channel("ada", "desk")

        async def webhook(update: dict[str, Any], secret: str = SECRET) -> None:
            """What a handler of the application's web framework does."""
            headers = {"x-telegram-bot-api-secret-token": secret}
            request = WebhookRequest(url="", headers=headers, body=json.dumps(update).encode())
            if not await bot.authenticate_webhook(request):
                print("refused: answer 403")
                return
            await kit.process_webhook(bot.decode_webhook(request), channel_id="telegram")

        buttons = [{"text": "Yes", "payload": "y"}, {"text": "No", "payload": "n"}]
        await kit.send_event("ada", "desk", RichContent(body="**Ready** today?", buttons=buttons))

        shown = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
        tap = {"id": "99", "from": ADA, "data": "y", "message": said(8, reply_markup=shown)}
        await webhook({"update_id": 1, "callback_query": tap})
        await webhook({"update_id": 2, "message": said(9, voice={"file_id": "AwAC"})})
        await webhook({"update_id": 3, "message": said(10, text="forged")}, secret="guessed")

        for event in await kit.get_timeline("ada"):
            if event.type == "message" and event.source.channel_id == "telegram":
                facts = event.metadata.get("postback_data") or event.metadata["files"][0]["kind"]
                print(f"came in: {event.content.type} {text_of(event.content)!r} ({facts})")


if __name__ == "__main__":
    asyncio.run(main())
