"""People in rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from roomkit.models._base import (
    EMPTY_DICT,
    EMPTY_LIST,
    READ_ONLY,
    FrozenModel,
    Metadata,
    Text,
    utc_now,
)
from roomkit.models.enums import IdentificationStatus, ParticipantRole, ParticipantStatus
from roomkit.models.identity import Identity


class Participant(FrozenModel):
    """Somebody in a room, on the channel where they were first seen.

    The same person in two rooms is two participants; ``identity_id`` ties them together.
    ``address`` is where they wrote from, as far as it is not their id; ``addresses`` has what else
    they turned out to write from, by channel id.
    """

    id: Text
    room_id: str
    channel_id: str
    address: Text | None = None
    addresses: Annotated[dict[str, list[str]], READ_ONLY] = EMPTY_DICT
    display_name: Text | None = None
    role: ParticipantRole = ParticipantRole.MEMBER
    status: ParticipantStatus = ParticipantStatus.ACTIVE
    identification: IdentificationStatus = IdentificationStatus.PENDING
    identity_id: str | None = None
    candidates: Annotated[list[Identity], READ_ONLY] = EMPTY_LIST
    resolved_by: str | None = None
    joined_at: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT
