"""A bot in Microsoft Teams."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from roomkit.models._frozen import FrozenList
from roomkit.providers._config import ProviderConfig, Secret
from roomkit.providers.teams.trust import BOT_CONNECTOR, TrustedIssuer, origin_of

_LOGIN_TENANT = "botframework.com"


class TeamsConfig(ProviderConfig):
    """What the registration of an Azure Bot says, and how to speak to Microsoft.

    Attributes:
        app_id: the *Microsoft App ID*.
        app_password: the client secret.
        tenant_id: the directory of a bot of the type *Single Tenant*; None for *Multi Tenant*.
        service_url: where to send to in conversations of which nothing is known yet; the default
            is Microsoft's for all regions, government clouds have others.
        allowed_service_urls: further services that may see the bot's token, as scheme and host:
            a government cloud of your own, or a stand-in for tests. Microsoft's are known.
        trusted_issuers: who may sign webhooks. The Bot Connector alone, unless the Emulator or a
            directory of your own is added.
        login_url: who issues the bot's tokens.
        timeout: seconds for one request as a whole, be it for a message or for a file.
        max_concurrency: how many requests may be under way at once.
    """

    app_id: str = Field(min_length=1)
    app_password: Secret
    tenant_id: str | None = Field(default=None, min_length=1)
    service_url: str = "https://smba.trafficmanager.net/teams/"
    allowed_service_urls: Annotated[list[str], AfterValidator(FrozenList)] = FrozenList()
    trusted_issuers: Annotated[list[TrustedIssuer], AfterValidator(FrozenList)] = FrozenList(
        [BOT_CONNECTOR]
    )
    login_url: str = "https://login.microsoftonline.com"
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("allowed_service_urls")
    @classmethod
    def _are_origins(cls, urls: list[str]) -> list[str]:
        for url in urls:
            if origin_of(url) is None:
                raise ValueError("an allowed service URL has a scheme and a host")
        return urls

    @field_validator("login_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not urlsplit(url).hostname:
            raise ValueError("login_url is not a URL")
        return url.rstrip("/")

    @property
    def token_url(self) -> str:
        """Where the bot signs in."""
        return f"{self.login_url}/{self.tenant_id or _LOGIN_TENANT}/oauth2/v2.0/token"
