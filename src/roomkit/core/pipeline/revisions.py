"""Edits and deletes: who may make them and what they do to the message they are about."""

from __future__ import annotations

from datetime import datetime

from roomkit.models._frozen import EMPTY_DICT, freeze
from roomkit.models.content import DeleteContent, EditContent, SystemContent
from roomkit.models.enums import EventStatus, EventType, ParticipantRole
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.store.base import ConversationStore

_MODERATORS = (ParticipantRole.OWNER, ParticipantRole.AGENT)
_GONE = SystemContent.constant(body="[Message deleted]", code="deleted")


class RevisionRefusedError(Exception):
    """The edit or delete is not allowed; `reason` goes onto the blocked event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def find_target(
    store: ConversationStore, event: RoomEvent, participants: tuple[Participant, ...]
) -> RoomEvent:
    """The message that an edit or delete is about.

    Its author may change it, and the room's owners and agents may.

    Raises:
        RevisionRefusedError: there is no such message in the room, or the sender may not
            change it.
    """
    content = event.content
    if not isinstance(content, EditContent | DeleteContent):
        raise RevisionRefusedError("not_a_revision")
    target = await _sought(store, event, content.target_event_id)
    if (
        target is None
        or target.room_id != event.room_id
        or target.type is not EventType.MESSAGE
        or target.status is EventStatus.BLOCKED
        or "deleted" in target.metadata
    ):
        raise RevisionRefusedError("target_not_found")
    if not _may_change(event, target, participants):
        raise RevisionRefusedError("not_the_author")
    return target


async def _sought(store: ConversationStore, event: RoomEvent, target_id: str) -> RoomEvent | None:
    """A message by its own id, or by what its vendor calls it: a vendor's edit knows no other."""
    target = await store.get_event(target_id)
    if target is not None:
        return target
    channel_id = event.source.channel_id
    for key in (target_id, f"{channel_id}:{target_id}"):
        found = await store.find_duplicate(event.room_id, channel_id, key)
        if found is not None:
            return found
    return None


def _may_change(
    event: RoomEvent, target: RoomEvent, participants: tuple[Participant, ...]
) -> bool:
    author, sender = target.source, event.source
    if sender.channel_id == author.channel_id and sender.participant_id == author.participant_id:
        return True
    if sender.participant_id is None:
        return False
    if author.participant_id is not None and (
        _who(sender.participant_id, participants) == _who(author.participant_id, participants)
    ):
        return True
    return any(
        participant.id == sender.participant_id and participant.role in _MODERATORS
        for participant in participants
    )


def _who(participant_id: str, participants: tuple[Participant, ...]) -> str:
    """The person behind a participant, who may have written as a stranger first."""
    for participant in participants:
        if participant.id == participant_id:
            return participant.identity_id or participant_id
    return participant_id


async def rewrites_for(
    store: ConversationStore, event: RoomEvent, target: RoomEvent, now: datetime
) -> tuple[RoomEvent, ...]:
    """The earlier events as they shall read once `event` is committed.

    An edit replaces the message's content: by its new content, or by whatever a hook has put in
    the place of the edit. A delete withdraws it, together with the wording that earlier edits put
    into the timeline.
    """
    if event.type is EventType.EDIT:
        content = event.content
        edits = [*target.metadata.get("edit_event_ids", []), event.id]
        marks = {"edited": True, "edited_at": now.isoformat(), "edit_event_ids": edits}
        return (
            target.model_copy(
                update={
                    "content": (
                        content.new_content if isinstance(content, EditContent) else content
                    ),
                    "metadata": freeze({**target.metadata, **marks}),
                }
            ),
        )
    if event.type is not EventType.DELETE:
        return ()
    rewritten = [_withdrawn(target, event.id, now)]
    for edit_id in target.metadata.get("edit_event_ids", []):
        edit = await store.get_event(edit_id)
        if edit is not None:
            rewritten.append(_withdrawn(edit, event.id, now))
    return tuple(rewritten)


def _withdrawn(event: RoomEvent, by: str, now: datetime) -> RoomEvent:
    marks = {"deleted": True, "deleted_at": now.isoformat(), "deleted_by_event": by}
    return event.model_copy(
        update={
            "content": _GONE,
            "metadata": freeze({**event.metadata, **marks}),
            "channel_data": event.channel_data.evolve(raw=EMPTY_DICT),
        }
    )
