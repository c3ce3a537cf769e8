"""RCS: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.rcs.base import RCSProvider
    from roomkit.providers.rcs.mock import MockRCSProvider
    from roomkit.providers.rcs.vendor import OutgoingRCS, VendorRCSProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockRCSProvider": "roomkit.providers.rcs.mock",
            "OutgoingRCS": "roomkit.providers.rcs.vendor",
            "RCSProvider": "roomkit.providers.rcs.base",
            "VendorRCSProvider": "roomkit.providers.rcs.vendor",
        },
    )

__all__ = [
    "MockRCSProvider",
    "OutgoingRCS",
    "RCSProvider",
    "VendorRCSProvider",
]
