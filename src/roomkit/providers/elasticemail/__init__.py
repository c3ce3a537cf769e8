"""Elastic Email: mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.elasticemail.config import ElasticEmailConfig
    from roomkit.providers.elasticemail.email import ElasticEmailProvider
    from roomkit.providers.elasticemail.webhook import parse_elasticemail_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "ElasticEmailConfig": "roomkit.providers.elasticemail.config",
            "ElasticEmailProvider": "roomkit.providers.elasticemail.email",
            "parse_elasticemail_webhook": "roomkit.providers.elasticemail.webhook",
        },
    )

__all__ = [
    "ElasticEmailConfig",
    "ElasticEmailProvider",
    "parse_elasticemail_webhook",
]
