"""Microsoft Teams: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.teams.base import TeamsProvider
    from roomkit.providers.teams.mock import MockTeamsProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockTeamsProvider": "roomkit.providers.teams.mock",
            "TeamsProvider": "roomkit.providers.teams.base",
        },
    )

__all__ = [
    "MockTeamsProvider",
    "TeamsProvider",
]
