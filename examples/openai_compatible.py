"""A model behind a server of one's own, and another one that steps in where it fails.

Two servers on this machine play vLLM or Ollama, from a script. The first is overloaded; the second
answers in pieces and shows its reasoning in tags. Needs `pip install "roomkit[vllm]"`.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import AIChannel, Channel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.base import AIProvider
from roomkit.providers.ai.fallback import FallbackAIProvider
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider
from roomkit.testing import Reply, ScriptedServer

PIECES = ["<thi", "nk>They ask for the price.</th", "ink>\n", "A tube ", "costs 7 €."]


def model_at(server: ScriptedServer, name: str) -> AIProvider:
    # A real one: VLLMConfig(model="qwen3", base_url="http://localhost:11434/v1")
    return create_vllm_provider(
        VLLMConfig(model=name, base_url=f"{server.url}/v1", temperature=0.2, max_retries=0)
    )


def streamed(pieces: list[str]) -> Reply:
    """An answer as such servers send it."""
    said = [{"delta": {"content": piece}, "finish_reason": None} for piece in pieces]
    chunks = [{"choices": [one]} for one in [*said, {"delta": {}, "finish_reason": "stop"}]]
    return Reply.of_events([*chunks, "[DONE]"])


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # that a model failed is logged otherwise
    async with ScriptedServer() as large, ScriptedServer() as small, RoomKit() as kit:
        large.reply(status=503)
        small.reply(streamed(PIECES))
        small.reply(streamed(["At ", "nine."]))
        model = FallbackAIProvider([model_at(large, "large"), model_at(small, "small")])
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

        # The second question did not go to the overloaded server any more.
        print("requests:", len(large.requests), len(small.requests))
        asked = small.requests[-1].json()
        print(asked["model"], asked["temperature"], asked["stream"])
        for message in asked["messages"]:
            print(f"  {message['role']}: {message['content']}")


if __name__ == "__main__":
    asyncio.run(main())
