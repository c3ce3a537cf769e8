"""The people of a room, found by id and by what they write from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from roomkit.models.enums import IdentificationStatus, ParticipantStatus
from roomkit.models.participant import Participant

__all__ = ["Members", "addresses_at", "takes_part", "writes_from"]


def takes_part(participant: Participant) -> bool:
    """Whether somebody still belongs to a room."""
    return participant.status in (ParticipantStatus.ACTIVE, ParticipantStatus.INACTIVE)


def addresses_at(participant: Participant, channel_id: str) -> Iterator[str]:
    """Everything somebody is known to write from on a channel.

    An id is an address only of those who have no other: the id of a person in a directory may well
    be the name of somebody else on a channel.
    """
    if participant.channel_id == channel_id:
        yield participant.id if participant.address is None else participant.address
    yield from participant.addresses.get(channel_id, ())


def writes_from(participant: Participant, channel_id: str, address: str) -> bool:
    """Whether somebody is known to write from this address; see `addresses_at`."""
    own = participant.id if participant.address is None else participant.address
    if own == address and participant.channel_id == channel_id:
        return True
    return address in participant.addresses.get(channel_id, ())


class Members(dict[str, Participant]):
    """The participants of a room by their ids, in the order in which they came.

    Not to be changed once somebody was looked up by address.
    """

    __slots__ = ("_writers",)

    _writers: dict[tuple[str, str], list[Participant]]

    @classmethod
    def of(cls, participants: Iterable[Participant]) -> Self:
        """Those of a list."""
        return cls((one.id, one) for one in participants)

    def writing_from(self, channel_id: str, address: str) -> Participant | None:
        """Who wrote from this address before. As fast among many, but for the first time.

        Somebody who was a stranger first is in the room twice, under the address and as who they
        are: that counts.
        """
        writers = self._all_writers().get((channel_id, address))
        if not writers:
            return None
        identified = (
            one for one in writers if one.identification is IdentificationStatus.IDENTIFIED
        )
        known = next(identified, writers[0])
        return known if known.identity_id is None else self.get(known.identity_id, known)

    def _all_writers(self) -> dict[tuple[str, str], list[Participant]]:
        try:
            return self._writers
        except AttributeError:
            writers: dict[tuple[str, str], list[Participant]] = {}
        for one in self.values():
            for channel_id in {one.channel_id, *one.addresses}:
                for address in addresses_at(one, channel_id):
                    writers.setdefault((channel_id, address), []).append(one)
        self._writers = writers
        return writers
