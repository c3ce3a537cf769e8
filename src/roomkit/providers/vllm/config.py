"""A server that speaks OpenAI's Chat Completions, and how its model is asked."""

from __future__ import annotations

from pydantic import Field, field_validator

from roomkit.models._base import EMPTY_DICT, Metadata
from roomkit.providers._config import NOT_SET, OptionalSecret
from roomkit.providers.openai.config import ChatConfig


class VLLMConfig(ChatConfig):
    """Which model answers, and how.

    Beside these there are the settings of `ChatConfig`; ``vision`` is off by default.

    Attributes:
        model: the name that the server gives it, as in ``vllm serve <model>``.
        base_url: the server's address, with ``/v1``. Ollama's is ``http://localhost:11434/v1``.
        api_key: for a server that was started with one.
        vendor: what errors call the server.
        think_tags: whether an answer may begin with reasoning in ``<think>`` tags, as it does
            where the server has no parser for the model's reasoning. It is told from the text.
        thinking_switch: the variable of the model's template that turns reasoning on, such as
            ``enable_thinking`` (Qwen3) or ``thinking`` (DeepSeek-V3.1, Granite). It is on where a
            request sets a ``thinking_budget``.
        extra_body: fields that are added to every request, such as ``top_k``.
    """

    model: str = Field(min_length=1)
    base_url: str = "http://localhost:8000/v1"
    api_key: OptionalSecret = NOT_SET
    vendor: str = Field(default="vllm", pattern=r"^[a-z][a-z0-9_-]*$")
    vision: bool = False
    think_tags: bool = True
    thinking_switch: str | None = None
    extra_body: Metadata = EMPTY_DICT

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")
