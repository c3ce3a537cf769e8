"""What becomes of the speech that is being played when somebody speaks over it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from roomkit.models._base import Settings

__all__ = ["InterruptionConfig", "InterruptionStrategy"]


class InterruptionStrategy(StrEnum):
    """When speech over a playing answer stops it.

    Attributes:
        IMMEDIATE: as soon as there is any. Fast, and a cough will do.
        CONFIRMED: once it has gone on for a while.
        SEMANTIC: unless a backchannel detector takes it for a mere "uh-huh".
        DISABLED: never, as for an announcement.
    """

    IMMEDIATE = "immediate"
    CONFIRMED = "confirmed"
    SEMANTIC = "semantic"
    DISABLED = "disabled"


class InterruptionConfig(Settings):
    """How a voice channel deals with speech over a playing answer.

    Attributes:
        strategy: when it stops the answer.
        min_speech_ms: with `InterruptionStrategy.CONFIRMED`, how long the speech has to go on
            first.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be, or there is
            no such setting.
    """

    strategy: InterruptionStrategy = InterruptionStrategy.CONFIRMED
    min_speech_ms: int = Field(default=300, ge=0)
