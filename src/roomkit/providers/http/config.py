"""Where and how `WebhookHTTPProvider` posts."""

from __future__ import annotations

import re
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    field_serializer,
    field_validator,
    model_validator,
)

from roomkit.providers._config import NOT_SET, OptionalSecret, ProviderConfig, SecretHeaders
from roomkit.providers._guard import NotPublicError, check_url, split_url

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOP_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


def _no_headers() -> Any:
    return {}


class HTTPProviderConfig(ProviderConfig):
    """The other system's address and what to send along.

    Attributes:
        url: where events are posted; ``webhook_url`` is the same. Only the part up to the path is
            shown by ``repr()`` and in JSON, since a query often holds a token.
        headers: sent with every request. The values count as secrets.
        secret: signs what is sent and verifies what comes in; the other system has the same one.
        timeout: seconds for one request as a whole.
        max_concurrency: how many requests may be under way at once.
        allow_private_hosts: whether the URL may lead into a private network or to this machine.
            Leave it False wherever tenants choose the URL: the request is made from inside of your
            network.
    """

    url: str = Field(validation_alias=AliasChoices("url", "webhook_url"))
    headers: SecretHeaders = Field(default_factory=_no_headers)
    secret: OptionalSecret = NOT_SET
    timeout: float = Field(default=10.0, gt=0)
    max_concurrency: int = Field(default=20, ge=1)
    allow_private_hosts: bool = False

    @property
    def webhook_url(self) -> str:
        """Another name for `url`."""
        return self.url

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name) or name.lower() in _HOP_HEADERS:
                raise ValueError(f"{name!r} is not a header that can be set")
            if not all(char == "\t" or " " <= char <= "~" for char in value.get_secret_value()):
                raise ValueError(
                    f"the value of {name!r} holds characters that a header cannot hold"
                )
        return headers

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        if self.allow_private_hosts:
            split_url(self.url)
            return self
        try:
            check_url(self.url)
        except NotPublicError as error:
            raise ValueError(f"{error}; allow_private_hosts=True takes it all the same") from error
        return self

    @field_serializer("url", when_used="json")
    def _cut_url(self, url: str) -> str:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, self._cut_url(value) if name == "url" else value
