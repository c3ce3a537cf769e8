"""Whom a bot believes, and whom it shows its token to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

from roomkit.providers._config import ProviderConfig

# Exact, since anybody can have a name under trafficmanager.net.
# https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
_SERVICE_HOSTS = frozenset(
    {
        "smba.trafficmanager.net",
        "smba.infra.gcc.teams.microsoft.com",
        "smba.infra.gov.teams.microsoft.us",
        "smba.infra.dod.teams.microsoft.us",
    }
)
_SERVICE_DOMAINS = (".botframework.com", ".botframework.azure.us")


class TrustedIssuer(ProviderConfig):
    """Who may sign webhooks.

    Attributes:
        issuer: the exact ``iss`` of its tokens.
        openid_metadata_url: where it says which keys it signs with.
        is_connector: whether it speaks for channels such as Teams: its tokens then name the
            service that the webhook comes from, and its keys the channels that they may sign for.
            Those of others name the bot itself instead, as ``appid`` or ``azp``.
    """

    issuer: str = Field(min_length=1)
    openid_metadata_url: str = Field(min_length=1)
    is_connector: bool = False

    @classmethod
    def for_tenant(cls, tenant_id: str) -> list[Self]:
        """Microsoft Entra as the issuer for one directory, in both of the names that it uses."""
        metadata = (
            f"https://login.microsoftonline.com/{tenant_id}/v2.0/.well-known/openid-configuration"
        )
        return [
            cls(issuer=issuer, openid_metadata_url=metadata)
            for issuer in (
                f"https://sts.windows.net/{tenant_id}/",
                f"https://login.microsoftonline.com/{tenant_id}/v2.0",
            )
        ]


# https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
BOT_CONNECTOR = TrustedIssuer.constant(
    issuer="https://api.botframework.com",
    openid_metadata_url="https://login.botframework.com/v1/.well-known/openidconfiguration",
    is_connector=True,
)
"""The service through which Teams reaches bots."""

_EMULATOR_METADATA = (
    "https://login.microsoftonline.com/botframework.com/v2.0/.well-known/openid-configuration"
)
EMULATOR: tuple[TrustedIssuer, ...] = tuple(
    TrustedIssuer.constant(issuer=issuer, openid_metadata_url=_EMULATOR_METADATA)
    for issuer in (
        "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
        "https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/",
    )
)
"""The Bot Framework Emulator, which signs with the bot's own credentials."""


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a URL of the web; None if it is not one."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    # Two readers could disagree about the host of such a URL.
    odd = any(char <= " " or char in "\\\x7f" for char in url)
    if odd or parts.username is not None or parts.password is not None:
        return None
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def is_trusted_service(url: str, allowed: Iterable[str]) -> bool:
    """Whether a service may see the bot's token: one of Microsoft's over TLS, or one of those that
    are `allowed`."""
    origin = origin_of(url)
    if origin is None:
        return False
    if origin in {origin_of(one) for one in allowed}:
        return True
    scheme, host, port = origin
    known = host in _SERVICE_HOSTS or host.endswith(_SERVICE_DOMAINS)
    return scheme == "https" and port == 443 and known
