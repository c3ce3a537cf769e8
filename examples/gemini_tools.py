"""The real Gemini provider calls a tool, against a server on this machine that plays Gemini.

The model asks for two cities at once; both calls run side by side and their results go back
together, with the signature that Gemini put on its first call. Needs `pip install
"roomkit[gemini]"`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from roomkit import AIChannel, Channel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.gemini import GeminiAIProvider, GeminiConfig
from roomkit.testing import Reply, ScriptedServer
from roomkit.tools import tool


@tool
async def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return {"Oslo": "4 °C, rain", "Rome": "19 °C, sunny"}[city]


def streamed(*parts: dict[str, Any]) -> Reply:
    """An answer as Gemini sends it."""
    chunks = [{"candidates": [{"content": {"role": "model", "parts": [one]}}]} for one in parts]
    usage = {"promptTokenCount": 40, "candidatesTokenCount": 12, "thoughtsTokenCount": 30}
    end = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage}
    return Reply.of_events([*chunks, end])


def call(city: str, **seal: str) -> dict[str, Any]:
    return {"functionCall": {"name": "get_weather", "args": {"city": city}}, **seal}


async def main() -> None:
    async with ScriptedServer() as server, RoomKit() as kit:
        server.reply(streamed(call("Oslo", thoughtSignature="c2VhbA=="), call("Rome")))
        server.reply(streamed({"text": "Rome: "}, {"text": "19 degrees and sun."}))
        # The real one needs no base_url, and a key from https://aistudio.google.com.
        config = GeminiConfig(api_key="key", model="gemini-3-flash-preview", base_url=server.url)
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("assistant", GeminiAIProvider(config), tools=[get_weather]))
        await kit.create_room("trip")
        await kit.attach_channel("trip", "web")
        await kit.attach_channel("trip", "assistant")

        question = TextContent(body="Oslo or Rome?")
        result = await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
        (answer,) = result.response_events
        print("assistant:", Channel.extract_text(answer))
        print("tokens:", dict(answer.metadata["usage"]))

        print("the second request:")
        for content in server.requests[-1].json()["contents"]:
            for part in content["parts"]:
                # Gemini gave the calls no ids; these were made here.
                for one in ("functionCall", "functionResponse"):
                    part.get(one, {}).pop("id", None)
                print(f"  {content['role']}: {part}")


if __name__ == "__main__":
    asyncio.run(main())
