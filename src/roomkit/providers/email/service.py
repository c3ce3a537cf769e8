"""Mail services with an API over HTTP: what their accounts have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.providers._config import Secret
from roomkit.providers._http import HTTPVendor
from roomkit.providers.email.config import EmailConfig
from roomkit.providers.email.sending import MailSender

if TYPE_CHECKING:
    import httpx


class MailServiceConfig(EmailConfig):
    """An account of a mail service.

    Attributes:
        api_key: signs in.
        base_url: the API's address; another region, or a stand-in for tests.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
    """

    api_key: Secret
    base_url: str
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


class MailService[Config: MailServiceConfig](HTTPVendor, MailSender):
    """Base of the services' providers.

    Services have no idempotency key: a mail whose answer got lost (``timeout``,
    ``connection_lost``) may have gone out; sent again, it has the same ``Message-ID``.
    """

    _config: Config

    def __init__(
        self,
        config: Config,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._config = config
