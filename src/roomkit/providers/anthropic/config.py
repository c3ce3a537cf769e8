"""An Anthropic account, a model, and how it is asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig, Secret


class AnthropicConfig(ProviderConfig):
    """Which model answers, and how.

    Attributes:
        api_key: begins with ``sk-ant-``.
        model: a model's name. Models are retired about a year after their successor appears, and
            the default is an old one: name one of
            https://platform.claude.com/docs/en/about-claude/models/overview.
        max_tokens: how long an answer may get, reasoning not counted, where neither the channel
            nor the room says so. A model that reasons unasked takes that from it.
        temperature: the same for the temperature, from 0 to 1. Models from Claude 4.7 on take none
            and get none, and neither does a model that reasons.
        base_url: another address of the API, such as a gateway's or a stand-in's for tests.
        timeout: seconds without a sign of life after which a request has failed; connecting may
            take five of them at most.
        max_retries: how often the SDK asks again after a failure that may pass.
        thinking_display: whether reasoning is shown, in summary, or only its signature comes. It
            costs the same; text begins sooner if it is omitted.
        effort: how much effort a model puts into an answer, reasoning included, for models that
            can be told. None leaves it to the model.
        prompt_cache: how long the vendor keeps what a request had in common with the one before
            it. Reading from the cache costs a tenth, writing a quarter more (with ``"1h"``, twice
            as much), so it pays where requests follow each other within that time. None is off.
        vision: whether the model sees pictures. All of Anthropic's do.
        treat_as: the name of the Claude model behind `model`, if that is a gateway's name for it.
            What a request may hold depends on the model.
    """

    api_key: Secret
    model: str = Field(default="claude-sonnet-4-20250514", min_length=1)
    max_tokens: int = Field(default=1024, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=1)
    base_url: str = "https://api.anthropic.com"
    timeout: float = Field(default=600.0, gt=0)
    max_retries: int = Field(default=2, ge=0)
    thinking_display: Literal["summarized", "omitted"] = "summarized"
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    prompt_cache: Literal["5m", "1h"] | None = None
    vision: bool = True
    treat_as: str | None = None

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")
