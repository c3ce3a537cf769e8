"""The configurations of OpenAI, Azure, and servers of the same dialect."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pydantic import ValidationError

from roomkit.errors import MissingDependencyError
from roomkit.providers.azure import AzureAIConfig, AzureAIProvider
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.providers.openai.config import ChatConfig
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider

AZURE: dict[str, Any] = {"api_key": "s3cret", "endpoint": "https://r.openai.azure.com/"}


def test_a_key_is_enough() -> None:
    config = OpenAIConfig(api_key="sk-1")
    assert (config.model, config.max_tokens) == ("gpt-4o", 1024)
    assert config.vision


def test_a_model_is_enough_for_a_server_of_ones_own() -> None:
    config = VLLMConfig(model="qwen3")
    assert config.base_url == "http://localhost:8000/v1"
    assert config.api_key is None
    assert not config.vision


def test_azures_own_words_are_understood() -> None:
    config = AzureAIConfig.model_validate(
        {"api_key": "1", "azure_endpoint": "https://r.example/", "azure_deployment": "d"}
    )
    assert (config.endpoint, config.deployment) == ("https://r.example", "d")
    assert config == AzureAIConfig(api_key="1", endpoint="https://r.example", deployment="d")


@pytest.mark.parametrize(
    "config",
    [
        OpenAIConfig(api_key="s3cret"),
        AzureAIConfig(**AZURE, deployment="d"),
        VLLMConfig(model="m", api_key="s3cret"),
    ],
    ids=lambda config: type(config).__name__,
)
def test_keys_stay_secret(config: ChatConfig) -> None:
    assert "s3cret" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (OpenAIConfig, {"api_key": ""}),
        (OpenAIConfig, {"api_key": "s3cret", "model": ""}),
        (OpenAIConfig, {"api_key": "s3cret", "max_tokens": 0}),
        (OpenAIConfig, {"api_key": "s3cret", "temperature": 3}),
        (OpenAIConfig, {"api_key": "s3cret", "timeout": 0}),
        (OpenAIConfig, {"api_key": "s3cret", "max_retrys": 1}),
        (AzureAIConfig, {"api_key": "s3cret", "endpoint": "", "deployment": "d"}),
        (AzureAIConfig, AZURE),
        (VLLMConfig, {"api_key": "s3cret"}),
        (VLLMConfig, {"model": "m", "vendor": "My Server"}),
    ],
)
def test_what_cannot_work_is_noticed_at_once(kind: type[Any], values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        kind(**values)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "extra"),
    [
        (lambda: OpenAIAIProvider(OpenAIConfig(api_key="1")), "openai"),
        (lambda: AzureAIProvider(AzureAIConfig(**AZURE, deployment="d")), "azure"),
        (lambda: create_vllm_provider(VLLMConfig(model="m")), "vllm"),
    ],
    ids=["openai", "azure", "vllm"],
)
def test_without_the_sdk_the_error_says_what_to_install(
    make: Any, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingDependencyError, match=rf"roomkit\[{extra}\]"):
        make()
