"""E-mail: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.email.base import EmailProvider
    from roomkit.providers.email.mock import MockEmailProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "EmailProvider": "roomkit.providers.email.base",
            "MockEmailProvider": "roomkit.providers.email.mock",
        },
    )

__all__ = [
    "EmailProvider",
    "MockEmailProvider",
]
