"""An OpenAI model answers, and a model on a server of one's own steps in where it fails.

Two servers on this machine play OpenAI and vLLM or Ollama, from a script. The first answers once
and is overloaded then; the second shows its reasoning in tags, which are no part of the answer.
Needs `pip install "roomkit[openai,vllm]"`.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import AIChannel, Channel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.fallback import FallbackAIProvider
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider
from roomkit.testing import Reply, ScriptedServer


def streamed(*pieces: str) -> Reply:
    """An answer as such servers send it."""
    said = [{"delta": {"content": piece}, "finish_reason": None} for piece in pieces]
    chunks = [{"choices": [one]} for one in [*said, {"delta": {}, "finish_reason": "stop"}]]
    return Reply.of_events([*chunks, "[DONE]"])


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # that a model failed is logged otherwise
    async with ScriptedServer() as vendor, ScriptedServer() as own, RoomKit() as kit:
        vendor.reply(streamed("A tube ", "costs 7 €."))
        vendor.reply(status=503)
        own.reply(streamed("<thi", "nk>They ask for the hours.</th", "ink>\n", "At ", "nine."))
        # Without base_url it is OpenAI itself.
        openai = OpenAIConfig(
            api_key="sk-example", model="gpt-4o", base_url=f"{vendor.url}/v1", max_retries=0
        )
        # Ollama, for example, is at http://localhost:11434/v1.
        vllm = VLLMConfig(model="qwen3", base_url=f"{own.url}/v1", temperature=0.2)
        model = FallbackAIProvider([OpenAIAIProvider(openai), create_vllm_provider(vllm)])
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(
            AIChannel("assistant", model, system_prompt="You sell bicycles.", temperature=None)
        )
        await kit.create_room("shop")
        await kit.attach_channel("shop", "web")
        await kit.attach_channel("shop", "assistant")

        for question in ("What is a tube?", "When do you open?"):
            result = await kit.process_inbound(
                InboundMessage(
                    channel_id="web", sender_id="ada", content=TextContent(body=question)
                )
            )
            print("ada:", question)
            for answer in result.response_events:
                print("assistant:", Channel.extract_text(answer))

        # The second question went to OpenAI first, in vain.
        print("requests:", len(vendor.requests), len(own.requests))
        asked = own.requests[-1].json()
        print(asked["model"], asked["temperature"], asked["stream"])
        for message in asked["messages"]:
            print(f"  {message['role']}: {message['content']}")


if __name__ == "__main__":
    asyncio.run(main())
