"""An identity resolver for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roomkit.identity.base import IdentityResolver
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import IdentificationStatus
from roomkit.models.identity import Identity, IdentityResult

__all__ = ["MockIdentityResolver"]


class MockIdentityResolver(IdentityResolver):
    """Answers from tables.

    Args:
        mapping: sender id → who it is.
        ambiguous: sender id → who it may be.
        unknown: the answer for all others, as a status or as a whole result.

    Attributes:
        calls: the messages it was asked about.
        closed: whether `close` was called.
    """

    def __init__(
        self,
        mapping: Mapping[str, Identity] | None = None,
        ambiguous: Mapping[str, Sequence[Identity]] | None = None,
        unknown: IdentificationStatus | IdentityResult = IdentificationStatus.UNKNOWN,
    ) -> None:
        self._mapping = dict(mapping or {})
        self._ambiguous = dict(ambiguous or {})
        self._unknown = (
            unknown if isinstance(unknown, IdentityResult) else IdentityResult(status=unknown)
        )
        self.calls: list[InboundMessage] = []
        self.closed = False

    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        self.calls.append(message)
        identity = self._mapping.get(message.sender_id)
        if identity is not None:
            return IdentityResult(status=IdentificationStatus.IDENTIFIED, identity=identity)
        candidates = self._ambiguous.get(message.sender_id)
        if candidates is not None:
            return IdentityResult(
                status=IdentificationStatus.AMBIGUOUS, candidates=list(candidates)
            )
        return self._unknown

    async def close(self) -> None:
        self.closed = True
