"""Which mail a message answers."""

from __future__ import annotations

from typing import Any

from roomkit.models.channel import ChannelBinding
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent


def email_thread(
    event: RoomEvent, binding: ChannelBinding, context: RoomContext
) -> dict[str, Any]:
    """The arguments of `EmailProvider.send` that put a message into the thread of the mail that it
    answers: that mail's own if the message is the answer to one, else the newest of the room that
    came in by this channel. Mail that a program wrote is not answered.

    Returns:
        ``in_reply_to``, ``references``, ``subject`` and ``thread_id``, as far as they are known;
        the subject in the binding's metadata comes before that of the mail. Empty if nobody has
        written yet, or longer ago than the context goes back.
    """
    mail: RoomEvent | None = None
    for earlier in reversed(context.recent_events):
        if not _can_be_answered(earlier, binding.channel_id):
            continue
        if earlier.id == event.parent_event_id:
            mail = earlier
            break
        mail = mail or earlier
    if mail is None:
        return {}
    message_id = mail.metadata["message_id"]
    references = [one for one in mail.metadata.get("references", ()) if isinstance(one, str)]
    known = {
        "in_reply_to": message_id,
        "references": [*references, message_id],
        "subject": binding.metadata.get("subject") or mail.metadata.get("subject"),
        "thread_id": mail.metadata.get("thread_id"),
    }
    return {name: value for name, value in known.items() if value}


def _can_be_answered(event: RoomEvent, channel_id: str) -> bool:
    return (
        event.source.channel_id == channel_id
        and isinstance(event.metadata.get("message_id"), str)
        and not event.metadata.get("no_reply")
    )
