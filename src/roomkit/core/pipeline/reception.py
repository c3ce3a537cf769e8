"""Who wrote a message becomes, and stays, one participant of the room."""

from __future__ import annotations

from roomkit.channels.base import Channel
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.identity import Verdict, recipient_missing
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import ChannelCategory, IdentificationStatus, ParticipantStatus
from roomkit.models.participant import Participant
from roomkit.store.members import writes_from
from roomkit.store.records import RoomSnapshot

_MAX_ADDRESSES = 20
"""How many addresses of one person on one channel are remembered; the oldest goes first."""


class Arrival:
    """A sender who comes in through a channel, as far as is known who they are.

    Args:
        verdict: what was found out about them; None if nobody has asked.

    Attributes:
        participant_id: as whom they are in the room. Final once `is_at_home` or after `receive`.
    """

    __slots__ = ("channel", "message", "participant_id", "verdict")

    def __init__(self, channel: Channel, message: InboundMessage, verdict: Verdict | None) -> None:
        self.channel = channel
        self.message = message
        self.verdict = verdict
        self.participant_id = message.sender_id if verdict is None else verdict.participant_id

    def is_at_home(self, snapshot: RoomSnapshot, binding: ChannelBinding) -> bool:
        """Whether the room knows all there is to know of the sender, as it nearly always does."""
        if self.channel.category is ChannelCategory.INTELLIGENCE:
            return True
        if recipient_missing(binding):
            return False
        known = snapshot.participant(self.participant_id)
        if known is None or not self._is_current(known):
            return False
        return self.verdict is None or self._placeholder(snapshot) is None

    async def receive(
        self, runtime: KitRuntime, snapshot: RoomSnapshot, binding: ChannelBinding
    ) -> None:
        """Make the sender a participant and the binding's recipient, if they are not yet.

        Somebody who was in the room as a stranger first leaves it in that guise: the person takes
        over, and the stranger's entry says who it was. The room's lock must be held.
        """
        store = runtime.store
        if recipient_missing(binding):
            recipient = {str(binding.recipient_key): self.channel.reply_address(self.message)}
            await store.update_binding(binding.evolve(metadata={**binding.metadata, **recipient}))
        stranger = self._placeholder(snapshot)
        known = snapshot.participant(self.participant_id)
        if known is not None and self._is_namesake(known):
            self.participant_id = name_beside_namesake(self.channel.channel_id, known.id)
            known = snapshot.participant(self.participant_id)
        if known is None:
            known = await store.add_participant(self._newcomer(runtime, binding, stranger))
        elif not self._is_current(known):
            known = await store.update_participant(self._updated(known))
        if stranger is not None:
            await store.update_participant(
                stranger.evolve(
                    status=ParticipantStatus.LEFT,
                    identification=IdentificationStatus.IDENTIFIED,
                    identity_id=known.identity_id,
                    display_name=stranger.display_name or known.display_name,
                    candidates=[],
                    resolved_by=known.resolved_by,
                )
            )

    def _placeholder(self, snapshot: RoomSnapshot) -> Participant | None:
        """The entry under which a person who is known by now was in the room before.

        Who is banned stays banned, whatever their name.
        """
        verdict, sender_id = self.verdict, self.message.sender_id
        if verdict is None or verdict.status is not IdentificationStatus.IDENTIFIED:
            return None
        if verdict.participant_id == sender_id:
            return None
        entry = snapshot.participant(sender_id)
        if (
            entry is None
            or entry.channel_id != self.channel.channel_id
            or entry.identification is IdentificationStatus.IDENTIFIED
            or entry.status is ParticipantStatus.BANNED
        ):
            return None
        return entry

    def _is_namesake(self, known: Participant) -> bool:
        verdict = self.verdict
        if verdict is not None and verdict.status is IdentificationStatus.IDENTIFIED:
            return False
        return is_namesake(known, self.channel.channel_id, self.message.sender_id)

    def _is_current(self, known: Participant) -> bool:
        """Whether there is nothing new to note of somebody who is still there."""
        verdict = self.verdict
        return (
            known.status is not ParticipantStatus.LEFT
            and (verdict is None or verdict.status is known.identification)
            and writes_from(known, self.channel.channel_id, self.message.sender_id)
        )

    def _newcomer(
        self, runtime: KitRuntime, binding: ChannelBinding, stranger: Participant | None
    ) -> Participant:
        message = self.message
        name = message.metadata.get("display_name")  # from a client: anything that JSON can hold
        newcomer = Participant(
            id=self.participant_id,
            room_id=binding.room_id,
            channel_id=self.channel.channel_id,
            address=message.sender_id if self.participant_id != message.sender_id else None,
            display_name=name if isinstance(name, str) else None,
            identification=IdentificationStatus.PENDING,
            joined_at=runtime.clock.now(),
        )
        if stranger is not None:
            newcomer = newcomer.evolve(
                display_name=newcomer.display_name or stranger.display_name,
                role=stranger.role,
                joined_at=stranger.joined_at,
                metadata=stranger.metadata,
            )
        return self._updated(newcomer)

    def _updated(self, participant: Participant) -> Participant:
        """The participant as this message leaves them. Who had left is back."""
        verdict, channel_id = self.verdict, self.channel.channel_id
        if participant.status is ParticipantStatus.LEFT:
            participant = participant.evolve(status=ParticipantStatus.ACTIVE)
        if not writes_from(participant, channel_id, self.message.sender_id):
            known = [*participant.addresses.get(channel_id, ()), self.message.sender_id]
            addresses = {**participant.addresses, channel_id: known[-_MAX_ADDRESSES:]}
            participant = participant.evolve(addresses=addresses)
        if verdict is None:
            return participant
        identity = verdict.identity
        return participant.evolve(
            identification=verdict.status,
            identity_id=participant.identity_id if identity is None else identity.id,
            display_name=participant.display_name
            or (None if identity is None else identity.display_name),
            candidates=verdict.candidates,
            resolved_by=verdict.resolved_by or participant.resolved_by,
        )


def is_regular(snapshot: RoomSnapshot, binding: ChannelBinding, sender_id: str) -> bool:
    """Whether somebody writes as always: a short cut to `Arrival.is_at_home` that nearly every
    message takes."""
    participant = snapshot.participant(sender_id)
    return (
        participant is not None
        and participant.channel_id == binding.channel_id
        and participant.status is not ParticipantStatus.LEFT
        and not recipient_missing(binding)
    )


def is_namesake(known: Participant, channel_id: str, sender_id: str) -> bool:
    """Whether a sender is called on a channel what somebody else is called in the directory that
    people are identified by.

    By chance or on purpose: they do not become that person by it.
    """
    return (
        known.id == known.identity_id == sender_id
        and known.identification is IdentificationStatus.IDENTIFIED
        and not writes_from(known, channel_id, sender_id)
    )


def name_beside_namesake(channel_id: str, sender_id: str) -> str:
    """As whom such a sender takes part."""
    return f"{channel_id}:{sender_id}"
