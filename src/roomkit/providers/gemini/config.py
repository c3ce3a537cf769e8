"""A Gemini model and how to reach it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig, Secret

Thinking = Literal["none", "budget", "level"]
"""How a model is told how much to reason: not at all, in tokens, or as a level."""


class GeminiConfig(ProviderConfig):
    """A key of the Gemini API, and which model to ask and how.

    The last two fields are facts about the model. Left at None, they follow from its name, and a
    name that says nothing is taken for one of the newest models.

    Attributes:
        api_key: from https://aistudio.google.com.
        max_tokens: the longest answer, reasoning not counted.
        temperature: 0 to 2; None leaves it to the model. Newer models ignore it.
        base_url: another address of the API, such as a gateway's or a stand-in's for tests.
        timeout: seconds to wait for the next piece of an answer; connecting may take five of them
            at most.
        max_retries: how often to ask again after a failure that may pass.
        thinking: how the model is told how much to reason. ``"none"``: it cannot, and a
            ``thinking_budget`` has no effect.
        fetches_urls: whether the model gets pictures from ``https:`` URLs by itself. If not, it is
            told the URL instead. ``data:`` URLs always work.
    """

    api_key: Secret
    model: str = Field(default="gemini-2.0-flash", min_length=1)
    max_tokens: int = Field(default=1024, ge=1)
    temperature: float | None = Field(default=1.0, ge=0, le=2)
    base_url: str = "https://generativelanguage.googleapis.com"
    timeout: float = Field(default=120.0, gt=0)
    max_retries: int = Field(default=2, ge=0)
    thinking: Thinking | None = None
    fetches_urls: bool | None = None

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")
