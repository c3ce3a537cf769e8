"""A Mistral model and how to reach it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig, Secret

Thinking = Literal["none", "effort", "always"]
"""Whether a model reasons: it cannot, it does if it is told with how much effort, or always."""

_TAKES_EFFORT = re.compile(r"mistral-(small|medium|large)")


class MistralConfig(ProviderConfig):
    """A key of Mistral's API, and which model to ask and how.

    Attributes:
        api_key: from https://console.mistral.ai.
        max_tokens: the longest answer. What a request allows for reasoning is added.
        temperature: 0 to 1.5; None leaves it to the model.
        vision: whether the model sees pictures, as Pixtral and the newer general models do. If
            not, it is told that there was one.
        thinking: whether the model reasons. None goes by the name: Magistral always does; the
            small, medium and large models do if a request has a ``thinking_budget``; others
            cannot. Older versions of those three refuse such a request: say ``"none"`` for them.
        thinking_effort: what a ``thinking_budget`` of any size asks of a model that is told an
            effort. Not every model takes every effort; all of them take ``"high"``.
        base_url: another address of the API, such as a gateway's or a stand-in's for tests.
        timeout: seconds to wait for the next piece of an answer; connecting may take five of them
            at most.
        max_retries: how often to ask again after a failure that may pass.
    """

    api_key: Secret
    model: str = Field(default="mistral-large-latest", min_length=1)
    max_tokens: int = Field(default=1024, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=1.5)
    vision: bool = True
    thinking: Thinking | None = None
    thinking_effort: Literal["minimal", "low", "medium", "high", "xhigh", "max"] = "high"
    base_url: str = "https://api.mistral.ai"
    timeout: float = Field(default=120.0, gt=0)
    max_retries: int = Field(default=2, ge=0)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


def thinking_of(config: MistralConfig) -> Thinking:
    """Whether the configured model reasons.

    https://docs.mistral.ai/capabilities/reasoning/
    """
    if config.thinking is not None:
        return config.thinking
    if "magistral" in config.model:
        return "always"
    return "effort" if _TAKES_EFFORT.search(config.model) else "none"
