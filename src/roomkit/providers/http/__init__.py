"""Webhooks to and from any other system: the interface, its mock, and the JSON provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.http.base import HTTPProvider
    from roomkit.providers.http.config import HTTPProviderConfig
    from roomkit.providers.http.mock import MockHTTPProvider
    from roomkit.providers.http.provider import WebhookHTTPProvider
    from roomkit.providers.http.webhook import parse_http_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "HTTPProvider": "roomkit.providers.http.base",
            "HTTPProviderConfig": "roomkit.providers.http.config",
            "MockHTTPProvider": "roomkit.providers.http.mock",
            "WebhookHTTPProvider": "roomkit.providers.http.provider",
            "parse_http_webhook": "roomkit.providers.http.webhook",
        },
    )

__all__ = [
    "HTTPProvider",
    "HTTPProviderConfig",
    "MockHTTPProvider",
    "WebhookHTTPProvider",
    "parse_http_webhook",
]
