"""Microsoft Teams: the interface to vendors, its mock, and the Bot Framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.teams.activity import TeamsActivity
    from roomkit.providers.teams.base import TeamsProvider
    from roomkit.providers.teams.bot_framework import BotFrameworkTeamsProvider
    from roomkit.providers.teams.config import TeamsConfig
    from roomkit.providers.teams.mock import MockTeamsProvider
    from roomkit.providers.teams.references import (
        ConversationReference,
        ConversationReferenceStore,
        InMemoryConversationReferenceStore,
    )
    from roomkit.providers.teams.trust import BOT_CONNECTOR, EMULATOR, TrustedIssuer
    from roomkit.providers.teams.webhook import (
        TeamsMessages,
        is_bot_added,
        parse_teams_activity,
        parse_teams_webhook,
        read_teams_webhook,
    )
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "BOT_CONNECTOR": "roomkit.providers.teams.trust",
            "BotFrameworkTeamsProvider": "roomkit.providers.teams.bot_framework",
            "ConversationReference": "roomkit.providers.teams.references",
            "ConversationReferenceStore": "roomkit.providers.teams.references",
            "EMULATOR": "roomkit.providers.teams.trust",
            "InMemoryConversationReferenceStore": "roomkit.providers.teams.references",
            "MockTeamsProvider": "roomkit.providers.teams.mock",
            "TeamsActivity": "roomkit.providers.teams.activity",
            "TeamsConfig": "roomkit.providers.teams.config",
            "TeamsMessages": "roomkit.providers.teams.webhook",
            "TeamsProvider": "roomkit.providers.teams.base",
            "TrustedIssuer": "roomkit.providers.teams.trust",
            "is_bot_added": "roomkit.providers.teams.webhook",
            "parse_teams_activity": "roomkit.providers.teams.webhook",
            "parse_teams_webhook": "roomkit.providers.teams.webhook",
            "read_teams_webhook": "roomkit.providers.teams.webhook",
        },
    )

__all__ = [
    "BOT_CONNECTOR",
    "EMULATOR",
    "BotFrameworkTeamsProvider",
    "ConversationReference",
    "ConversationReferenceStore",
    "InMemoryConversationReferenceStore",
    "MockTeamsProvider",
    "TeamsActivity",
    "TeamsConfig",
    "TeamsMessages",
    "TeamsProvider",
    "TrustedIssuer",
    "is_bot_added",
    "parse_teams_activity",
    "parse_teams_webhook",
    "read_teams_webhook",
]
