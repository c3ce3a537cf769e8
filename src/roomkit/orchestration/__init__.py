"""Several agents in one room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.orchestration.base import Orchestration

if TYPE_CHECKING:
    from roomkit.orchestration.handoff import HandoffMemoryProvider
    from roomkit.orchestration.state import (
        STATE_KEY,
        ConversationPhase,
        ConversationState,
        PhaseTransition,
        get_conversation_state,
        set_conversation_state,
    )

__all__ = [
    "STATE_KEY",
    "ConversationPhase",
    "ConversationState",
    "HandoffMemoryProvider",
    "Orchestration",
    "PhaseTransition",
    "get_conversation_state",
    "set_conversation_state",
]

if not TYPE_CHECKING:
    _STATE = "roomkit.orchestration.state"
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "STATE_KEY": _STATE,
            "ConversationPhase": _STATE,
            "ConversationState": _STATE,
            "HandoffMemoryProvider": "roomkit.orchestration.handoff",
            "PhaseTransition": _STATE,
            "get_conversation_state": _STATE,
            "set_conversation_state": _STATE,
        },
    )
