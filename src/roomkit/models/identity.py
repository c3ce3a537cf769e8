"""Who somebody is, and what to do when that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from roomkit.models._base import (
    EMPTY_DICT,
    EMPTY_LIST,
    READ_ONLY,
    FrozenModel,
    Metadata,
    Text,
    new_id,
)
from roomkit.models.enums import IdentificationStatus

if TYPE_CHECKING:
    from roomkit.models.hook import InjectedEvent


class Identity(FrozenModel):
    """A person known to the organisation. ``addresses`` maps a channel type to their addresses
    there."""

    id: str = Field(default_factory=new_id)
    organization_id: str | None = None
    display_name: Text | None = None
    email: str | None = None
    phone: str | None = None
    addresses: Annotated[dict[str, list[str]], READ_ONLY] = EMPTY_DICT
    metadata: Metadata = EMPTY_DICT


class IdentityResult(FrozenModel):
    """What an `IdentityResolver` found out about a sender."""

    status: IdentificationStatus
    identity: Identity | None = None
    candidates: Annotated[list[Identity], READ_ONLY] = EMPTY_LIST
    message: Text | None = None


class IdentityHookResult(FrozenModel):
    """An identity hook's verdict on a sender whom the resolver could not place."""

    status: IdentificationStatus
    identity: Identity | None = None
    candidates: Annotated[list[Identity], READ_ONLY] = EMPTY_LIST
    reason: Text | None = None
    injected_events: Annotated[list[InjectedEvent], READ_ONLY] = EMPTY_LIST

    @classmethod
    def resolved(cls, identity: Identity) -> IdentityHookResult:
        """The sender is `identity`; the message goes on."""
        return cls(status=IdentificationStatus.IDENTIFIED, identity=identity)

    @classmethod
    def pending(cls, candidates: Sequence[Identity] = ()) -> IdentityHookResult:
        """Not known yet; the message goes on and the participant stays pending."""
        return cls(status=IdentificationStatus.PENDING, candidates=list(candidates))

    @classmethod
    def challenge(
        cls,
        inject: InjectedEvent | Sequence[InjectedEvent] | None = None,
        *,
        injected_events: Sequence[InjectedEvent] = (),
        reason: str = "identity_challenge",
    ) -> IdentityHookResult:
        """Hold the message and send the sender these events, such as a question only they can
        answer."""
        from_first = (
            [] if inject is None else list(inject) if isinstance(inject, Sequence) else [inject]
        )
        return cls(
            status=IdentificationStatus.CHALLENGE_SENT,
            reason=reason,
            injected_events=[*from_first, *injected_events],
        )

    @classmethod
    def reject(cls, reason: str = "identity_rejected") -> IdentityHookResult:
        """Block the message."""
        return cls(status=IdentificationStatus.REJECTED, reason=reason)
