"""Which mail a message answers."""

from __future__ import annotations

from typing import Any

from roomkit.models.channel import ChannelBinding
from roomkit.models.content import TextContent
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.room import Room
from roomkit.providers.email import email_thread


def event(event_id: str, channel_id: str = "mail", **fields: Any) -> RoomEvent:
    return RoomEvent(
        id=event_id,
        room_id="r-1",
        source=EventSource(channel_id=channel_id),
        content=TextContent(body="words"),
        **fields,
    )


def mail(event_id: str, channel_id: str = "mail", **metadata: Any) -> RoomEvent:
    known = {"message_id": f"<{event_id}@x>", "subject": event_id.title(), "thread_id": "<0@x>"}
    return event(event_id, channel_id, metadata={**known, **metadata})


def thread(answer: RoomEvent, *history: RoomEvent, **metadata: Any) -> dict[str, Any]:
    binding = ChannelBinding(
        channel_id="mail", room_id="r-1", channel_type=ChannelType.EMAIL, metadata=metadata
    )
    context = RoomContext(room=Room(id="r-1"), recent_events=history)
    return email_thread(answer, binding, context)


def test_the_newest_mail_is_answered() -> None:
    history = [mail("one"), mail("two", references=["<one@x>"]), event("chat", "desk")]
    assert thread(event("answer", "desk"), *history) == {
        "in_reply_to": "<two@x>",
        "references": ["<one@x>", "<two@x>"],
        "subject": "Two",
        "thread_id": "<0@x>",
    }


def test_or_the_one_that_the_message_is_the_answer_to() -> None:
    answer = event("answer", "agent", parent_event_id="one")
    assert thread(answer, mail("one"), mail("two"))["in_reply_to"] == "<one@x>"


def test_programs_and_other_channels_are_not_answered() -> None:
    history = [mail("one"), mail("away", no_reply=True), mail("other", "other-mail")]
    assert thread(event("answer", "desk"), *history)["in_reply_to"] == "<one@x>"


def test_the_room_may_have_a_subject_of_its_own() -> None:
    found = thread(event("answer", "desk"), mail("one"), subject="Order 7")
    assert found["subject"] == "Order 7"


def test_nobody_has_written_yet() -> None:
    assert thread(event("answer", "desk"), event("chat", "desk")) == {}
