"""A voice message that can be read, and an answer that can be heard.

`RoomKit(stt=..., tts=...)` takes what turns speech into text and text into speech.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    Channel,
    ChannelCapabilities,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    WebSocketChannel,
)
from roomkit.models.enums import ChannelMediaType
from roomkit.models.event import AudioContent
from roomkit.providers.ai.mock import MockAIProvider

QUESTION, ANSWER = "When do you open?", "At nine."
URL = "https://example.com/voice/{}.ogg"


class Ears:
    async def transcribe(self, audio: AudioContent) -> str:
        return QUESTION if audio.url == URL.format("question") else "?"


class Mouth:
    async def synthesize(self, text: str, *, voice: str | None = None) -> AudioContent:
        name = f"{voice}-{len(text)}"
        return AudioContent(url=URL.format(name), mime_type="audio/ogg", transcript=text)


async def main() -> None:
    model = MockAIProvider([ANSWER])
    plays = ChannelCapabilities(media_types=list(ChannelMediaType), supports_audio=True)
    async with RoomKit(stt=Ears(), tts=Mouth()) as kit:
        kit.register_channel(WebSocketChannel("phone", capabilities=plays))
        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(AIChannel("ai", model))
        await kit.create_room("ada")

        async def show(connection_id: str, event: RoomEvent) -> None:
            sound = event.content.url if isinstance(event.content, AudioContent) else "no sound"
            print(f"{connection_id}: {Channel.extract_text(event)!r}, {sound}")

        for name in ("phone", "desk", "ai"):
            await kit.attach_channel("ada", name)
            if name != "ai":
                await kit.connect_websocket(name, name, show)

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def speech(event: RoomEvent, context: RoomContext) -> HookResult:
            content = event.content
            if isinstance(content, AudioContent) and not content.transcript:
                words = await kit.transcribe(content)
                heard = content.model_copy(update={"transcript": words})
                return HookResult.modify(event.model_copy(update={"content": heard}))
            if event.chain_depth > 0:
                spoken = await kit.synthesize(Channel.extract_text(event), voice="grace")
                return HookResult.modify(event.model_copy(update={"content": spoken}))
            return HookResult.allow()

        audio = AudioContent(url=URL.format("question"), mime_type="audio/ogg")
        await kit.process_inbound(
            InboundMessage(channel_id="phone", sender_id="ada", content=audio)
        )
        print("the model read:", model.calls[0].messages[-1].content)


if __name__ == "__main__":
    asyncio.run(main())
