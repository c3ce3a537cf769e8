"""An OpenAI account, a model, and how it is asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from roomkit.providers._config import ProviderConfig, Secret

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model may reason. Which of them a model takes is in its documentation."""


class ChatConfig(ProviderConfig):
    """How a model is asked, by OpenAI and by all who speak its Chat Completions.

    Attributes:
        max_tokens: the longest answer, reasoning not counted, where the channel does not say.
        temperature: the same for the temperature; None leaves it to the model.
        vision: whether the model sees pictures. If not, it is told that there was one.
        reasoning: whether the model can be told how much to reason. A request's
            ``thinking_budget`` becomes an effort: up to 2048 tokens ``low``, up to 16384
            ``medium``, above that ``high``.
        reasoning_effort: the effort where a request sets no budget; None leaves it to the model.
            ``"none"`` turns reasoning off, where the model takes that.
        timeout: seconds to wait for the next piece of an answer; connecting may take five of them
            at most.
        max_retries: how often the SDK asks again after a failure that may pass.
    """

    max_tokens: int = Field(default=1024, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    vision: bool = True
    reasoning: bool = False
    reasoning_effort: Effort | None = None
    timeout: float = Field(default=120.0, gt=0)
    max_retries: int = Field(default=2, ge=0)


class OpenAIConfig(ChatConfig):
    """Which model answers, and how.

    Beside these there are the settings of `ChatConfig`. Models that reason (``gpt-5`` and others,
    ``o3``) need ``reasoning=True``: they refuse a temperature, which is left out then, and have
    another field for the length of an answer.

    Attributes:
        api_key: begins with ``sk-``.
        model: a model's name, of https://platform.openai.com/docs/models.
        base_url: another address of the API, such as a gateway's or a stand-in's for tests.
        organization: begins with ``org-``; for accounts that belong to several.
        project: begins with ``proj_``.
    """

    api_key: Secret
    model: str = Field(default="gpt-4o", min_length=1)
    base_url: str = "https://api.openai.com/v1"
    organization: str | None = None
    project: str | None = None

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")
