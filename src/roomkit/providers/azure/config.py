"""A deployment of a model at Azure, and how it is asked."""

from __future__ import annotations

from pydantic import AliasChoices, Field, field_validator

from roomkit.providers._config import Secret
from roomkit.providers.openai.config import ChatConfig


class AzureAIConfig(ChatConfig):
    """Which deployment answers, and how.

    Beside these there are the settings of `ChatConfig`. Deployments of models that reason need
    ``reasoning=True``, as at OpenAI.

    Attributes:
        api_key: one of the resource's two keys. For Entra ID, give the provider a client that
            signs in so.
        endpoint: the resource's address, ``https://<name>.openai.azure.com``; may also be given as
            ``azure_endpoint``.
        deployment: the name that the deployment was given, which need not be the model's; may also
            be given as ``azure_deployment``.
        api_version: of https://learn.microsoft.com/azure/ai-services/openai/reference.
    """

    api_key: Secret
    endpoint: str = Field(
        min_length=1, validation_alias=AliasChoices("endpoint", "azure_endpoint")
    )
    deployment: str = Field(
        min_length=1, validation_alias=AliasChoices("deployment", "azure_deployment")
    )
    api_version: str = Field(default="2024-10-21", min_length=1)

    @field_validator("endpoint")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")
