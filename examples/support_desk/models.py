"""Who plays the assistant: the script, or a real model if the environment has a key for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examples.support_desk.assistant import ScriptedAssistant
from roomkit import AIProvider
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig
from roomkit.providers.azure import AzureAIConfig, AzureAIProvider
from roomkit.providers.gemini import GeminiAIProvider, GeminiConfig
from roomkit.providers.mistral import MistralAIProvider, MistralConfig
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider

CHOICE = "SUPPORT_DESK_AI"
MODEL = "SUPPORT_DESK_MODEL"
BASE_URL = "SUPPORT_DESK_BASE_URL"
API_KEY = "SUPPORT_DESK_API_KEY"
THINKING = "SUPPORT_DESK_THINKING"

THINKING_BUDGET = 1024


@dataclass(frozen=True)
class Assistant:
    """A model, and how many tokens it may think before it answers."""

    provider: AIProvider
    thinking_budget: int | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says about a model. What it leaves open is empty."""

    key: str
    model: str
    url: str
    thinking: int

    @property
    def address(self) -> dict[str, Any]:
        """Where the API is, if not at the vendor's."""
        return {"base_url": self.url} if self.url else {}


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor of models, or a server of one's own.

    Attributes:
        needs: the variables that must be set. Where the first of them is, this vendor is meant.
        key, url: the variables with the key and with the address.
        model, thinking: a model that fits the task, and the tokens that it may think.
    """

    create: Callable[[Settings], AIProvider]
    needs: tuple[str, ...]
    key: str
    url: str = BASE_URL
    model: str = ""
    thinking: int = 0


def _local(given: Settings) -> AIProvider:
    """vLLM, Ollama, or whatever else speaks OpenAI's Chat Completions."""
    config = VLLMConfig(model=given.model, base_url=given.url, api_key=given.key or None)
    return create_vllm_provider(config)


def _anthropic(given: Settings) -> AIProvider:
    return AnthropicAIProvider(
        AnthropicConfig(api_key=given.key, model=given.model, **given.address)
    )


def _openai(given: Settings) -> AIProvider:
    reasons = given.thinking > 0
    return OpenAIAIProvider(
        OpenAIConfig(api_key=given.key, model=given.model, reasoning=reasons, **given.address)
    )


def _azure(given: Settings) -> AIProvider:
    return AzureAIProvider(
        AzureAIConfig(
            api_key=given.key,
            endpoint=given.url,
            deployment=given.model,
            reasoning=given.thinking > 0,
        )
    )


def _gemini(given: Settings) -> AIProvider:
    return GeminiAIProvider(GeminiConfig(api_key=given.key, model=given.model, **given.address))


def _mistral(given: Settings) -> AIProvider:
    return MistralAIProvider(MistralConfig(api_key=given.key, model=given.model, **given.address))


VENDORS = {
    "local": Vendor(create=_local, needs=(BASE_URL, MODEL), key=API_KEY),
    "anthropic": Vendor(
        create=_anthropic,
        needs=("ANTHROPIC_API_KEY",),
        key="ANTHROPIC_API_KEY",
        model="claude-haiku-4-5",
        thinking=THINKING_BUDGET,
    ),
    "openai": Vendor(
        create=_openai, needs=("OPENAI_API_KEY",), key="OPENAI_API_KEY", model="gpt-4o"
    ),
    "azure": Vendor(
        create=_azure,
        needs=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", MODEL),
        key="AZURE_OPENAI_API_KEY",
        url="AZURE_OPENAI_ENDPOINT",
    ),
    "gemini": Vendor(
        create=_gemini,
        needs=("GEMINI_API_KEY",),
        key="GEMINI_API_KEY",
        model="gemini-flash-latest",
        thinking=THINKING_BUDGET,
    ),
    "mistral": Vendor(
        create=_mistral,
        needs=("MISTRAL_API_KEY",),
        key="MISTRAL_API_KEY",
        model="mistral-large-latest",
    ),
}


def choose_assistant(environment: Mapping[str, str]) -> Assistant:
    """The assistant that the environment asks for.

    ``SUPPORT_DESK_AI`` names it: one of `VENDORS`, or ``script``. Without that it is the first of
    them that is configured, and the script if none is.

    Raises:
        ValueError: the choice is none of them, or something that it needs is not set.
        roomkit.errors.MissingDependencyError: the vendor's package is not installed.
    """
    choice = environment.get(CHOICE) or _first_configured(environment)
    if choice == "script":
        return Assistant(ScriptedAssistant(), THINKING_BUDGET)
    vendor = VENDORS.get(choice)
    if vendor is None:
        raise ValueError(f"{CHOICE} must be one of {', '.join([*VENDORS, 'script'])}")
    for name in vendor.needs:
        if not environment.get(name):
            raise ValueError(f"{name} is not set")
    thinking = environment.get(THINKING) or str(vendor.thinking)
    if not thinking.isdecimal():
        raise ValueError(f"{THINKING} must be a number of tokens")
    settings = Settings(
        key=environment.get(vendor.key, ""),
        model=environment.get(MODEL) or vendor.model,
        url=environment.get(vendor.url, ""),
        thinking=int(thinking),
    )
    return Assistant(vendor.create(settings), settings.thinking or None)


def _first_configured(environment: Mapping[str, str]) -> str:
    configured = (name for name, vendor in VENDORS.items() if environment.get(vendor.needs[0]))
    return next(configured, "script")
