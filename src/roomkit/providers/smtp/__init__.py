"""SMTP: mail through any server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.smtp.config import SMTPConfig
    from roomkit.providers.smtp.email import SMTPEmailProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "SMTPConfig": "roomkit.providers.smtp.config",
            "SMTPEmailProvider": "roomkit.providers.smtp.email",
        },
    )

__all__ = [
    "SMTPConfig",
    "SMTPEmailProvider",
]
