"""What must be true of an event before anybody is asked about it."""

from __future__ import annotations

from datetime import timedelta

from roomkit.core.pipeline import revisions
from roomkit.core.pipeline.cascade import enclosing
from roomkit.core.pipeline.posting import Posting
from roomkit.core.runtime import KitRuntime
from roomkit.core.visibility import may_write, narrower
from roomkit.models.content import DeleteContent, EditContent
from roomkit.models.enums import EventType, ParticipantStatus
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation
from roomkit.store.rules import OPEN_STATUSES

_REDELIVERY_WINDOW = timedelta(days=7)
"""For how long vendors repeat a webhook, at most. A key that comes again later, from a client that
counts its messages anew, is a new message, unless it is in the very room of the first."""

REVISIONS = (EventType.EDIT, EventType.DELETE)
_REVISING = {"edit": EventType.EDIT, "delete": EventType.DELETE}
"""What an event is by its content."""


class Admission:
    """The checks that a posting passes under the lock, in the order in which they are listed.

    Each looks only at what is still ``open``, and settles it by blocking, refusing or dropping it.
    """

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime

    def check_idempotency(self, posting: Posting) -> None:
        """A closed room takes nothing; what was stored before is not stored again."""
        snapshot = posting.snapshot
        if posting.status != "open":
            return
        duplicate = snapshot.duplicate
        if duplicate is not None and self._is_redelivered(posting, duplicate):
            posting.status = "duplicate"
            posting.reason = "duplicate"
            posting.event = duplicate
        elif snapshot.room.status not in OPEN_STATUSES and posting.origin != "system":
            posting.status = "closed"
            posting.reason = "room_closed"

    def _is_redelivered(self, posting: Posting, first: RoomEvent) -> bool:
        return first.room_id == posting.event.room_id or self.is_recent(first)

    def is_recent(self, first: RoomEvent) -> bool:
        """Whether a vendor may still repeat what became of this event in another room."""
        return self._rt.clock.now() - first.created_at <= _REDELIVERY_WINDOW

    def check_rights(self, posting: Posting) -> None:
        """Who may not speak is stored as blocked; a muted channel's answers are dropped."""
        binding, origin = posting.binding, posting.origin
        if posting.status != "open" or origin == "system":
            return
        if binding is None:
            if origin == "response":
                posting.status = "suppressed"
            else:
                posting.block("access_control", "channel_not_attached")
            return
        if origin == "response" and (binding.muted or binding.output_muted):
            posting.status = "suppressed"
            return
        event = posting.event
        if binding.visibility != "all" and event.visibility == "all":
            posting.event = event.evolve(visibility=binding.visibility)
        if not may_write(binding):
            posting.block("access_control", "channel_not_writable")
        elif binding.muted:
            posting.block("muted", "muted")
        elif origin == "inbound" and _is_banned(posting):
            posting.block("participant_status", "participant_banned")

    def check_bounds(self, posting: Posting, *, outermost: bool) -> None:
        """Answers to answers, and events sent from inside events, come to an end."""
        if posting.status != "open" or posting.origin == "system":
            return
        cascade, event, limits = posting.cascade, posting.event, self._rt.limits
        if event.chain_depth > limits.max_chain_depth:
            posting.block("event_chain_depth_limit", "chain_depth_exceeded")
            cascade.effects.observations.append(
                Observation(
                    room_id=event.room_id,
                    channel_id=event.source.channel_id,
                    category="chain_depth_exceeded",
                    content=f"an answer at depth {event.chain_depth} was withheld",
                )
            )
            self._rt.notify(
                cascade,
                "chain_depth_exceeded",
                room_id=event.room_id,
                channel_id=event.source.channel_id,
                event_id=event.id,
                chain_depth=event.chain_depth,
            )
        elif not self._within_budget(posting, outermost=outermost):
            posting.block("cascade_budget", "cascade_budget_exceeded")

    def _within_budget(self, posting: Posting, *, outermost: bool) -> bool:
        cascade = posting.cascade
        if outermost:
            return cascade.budget >= 0
        frame = enclosing(cascade.room_id)
        too_deep = frame is not None and frame.depth > self._rt.limits.max_gate_depth
        return not too_deep and cascade.spend()

    async def check_revision(self, posting: Posting) -> None:
        """An edit or delete needs a target and a right to it, and is seen by nobody who did not
        see that."""
        event = posting.event
        if event.type is EventType.MESSAGE and event.content.type in _REVISING:
            # Whoever wrote it left it at the default; channels go by the content.
            posting.event = event = event.evolve(type=_REVISING[event.content.type])
        if posting.status != "open" or event.type not in REVISIONS:
            return
        try:
            posting.target = target = await revisions.find_target(
                self._rt.store, event, posting.snapshot.participants
            )
        except revisions.RevisionRefusedError as refusal:
            posting.block("revision", refusal.reason)
            return
        content = event.content
        if (
            isinstance(content, EditContent | DeleteContent)
            and content.target_event_id != target.id
        ):
            # The vendor's name for it means nothing to the other channels.
            event = event.evolve(content=content.evolve(target_event_id=target.id))
            posting.event = event
        if target.visibility != "all":
            posting.event = event.evolve(visibility=narrower(event.visibility, target.visibility))


def _is_banned(posting: Posting) -> bool:
    sender_id = posting.event.source.participant_id
    sender = None if sender_id is None else posting.snapshot.participant(sender_id)
    return sender is not None and sender.status is ParticipantStatus.BANNED
