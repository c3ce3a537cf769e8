"""How a console keeps up: what it missed, what it is shown in between, and when it is too slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import WebSocket

from examples.support_desk import session as session_module
from examples.support_desk.app import create_app
from examples.support_desk.feed import KEPT_CHANGES, Feed
from examples.support_desk.session import ConsoleSession
from examples.support_desk.telephone import TextMessage
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamStart
from roomkit.models.enums import EphemeralEventType
from roomkit.realtime import EphemeralEvent


class Audience:
    """A console that writes down what it hears."""

    def __init__(self) -> None:
        self.looks = 0
        self.frames: list[dict[str, Any]] = []

    def look(self, feed: Feed) -> None:
        self.looks += 1

    def hear(self, feed: Feed, frame: dict[str, Any]) -> None:
        self.frames.append(frame)


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def feed(audience: Audience) -> Feed:
    return Feed("room", {audience})


def _live(kind: EphemeralEventType, **data: object) -> EphemeralEvent:
    return EphemeralEvent(type=kind, room_id="room", user_id="assistant", data=data)


def test_who_comes_back_learns_which_rows_have_changed(feed: Feed, audience: Audience) -> None:
    feed.touch("one")
    feed.touch("two", None)
    seen = feed.revision
    assert feed.changed_since(seen) == []
    feed.touch("one", "three")
    feed.touch()
    assert feed.changed_since(seen) == ["one", "three"]
    assert feed.changed_since(0) == ["two", "one", "three"]
    assert audience.looks == 4


def test_who_was_away_for_too_long_starts_anew(feed: Feed) -> None:
    for number in range(KEPT_CHANGES + 1):
        feed.touch(f"event-{number}")
    assert feed.changed_since(0) is None
    changed = feed.changed_since(1)
    assert changed is not None
    assert len(changed) == KEPT_CHANGES
    assert feed.changed_since(feed.revision + 1) is None
    assert feed.changed_since(-1) is None


def test_an_answer_that_is_being_written_is_shown_to_those_who_come_late(feed: Feed) -> None:
    feed.take_stream(StreamStart(stream_id="s", room_id="room", source_channel_id="assistant"))
    feed.take_stream(StreamChunk(stream_id="s", delta="Hel"))
    feed.take_stream(StreamChunk(stream_id="s", delta="lo"))
    assert feed.live()["streams"] == [{"id": "s", "channel": "assistant", "text": "Hello"}]
    feed.take_stream(StreamEnd(stream_id="s"))
    feed.take_stream(StreamChunk(stream_id="s", delta="!"))
    assert feed.live()["streams"] == []


@pytest.mark.parametrize("thought_comes", ["before the start", "in between", "after the end"])
def test_a_thought_is_shown_once_whenever_it_is_told(feed: Feed, thought_comes: str) -> None:
    steps: list[Callable[[], None]] = [
        lambda: feed.take_live(_live(EphemeralEventType.THINKING_START, round=1), 7),
        lambda: feed.take_live(_live(EphemeralEventType.THINKING_END, round=1), 7),
    ]
    place = ["before the start", "in between", "after the end"].index(thought_comes)
    steps.insert(place, lambda: feed.add_thought("assistant", 1, "Let me see.", 7))
    for step in steps:
        step()
    (trace,) = feed.live()["traces"]
    assert (trace["kind"], trace["text"], trace["running"]) == ("thinking", "Let me see.", False)


def test_a_tool_call_has_its_arguments_and_its_result(feed: Feed) -> None:
    call = {"id": "1", "name": "look_up", "arguments": {"number": 7, "all": True}}
    feed.take_live(_live(EphemeralEventType.TOOL_CALL_START, round=1, tool_calls=[call]), 3)
    (running,) = feed.live()["traces"]
    assert (running["title"], running["running"]) == ("look_up(number=7, all=True)", True)
    done = {"id": "1", "name": "look_up", "result": "seven"}
    feed.take_live(_live(EphemeralEventType.TOOL_CALL_END, round=1, tool_calls=[done]), 3)
    (trace,) = feed.live()["traces"]
    assert (trace["id"], trace["text"], trace["running"]) == (running["id"], "seven", False)


class StuckSocket(WebSocket):
    """A client that takes the first frame and then nothing more."""

    def __init__(self) -> None:
        super().__init__({"type": "websocket"}, receive=self._never, send=self._never)
        self.closed_with: int | None = None
        self._sent = 0

    async def _never(self, *_message: Any) -> Any:
        await asyncio.Event().wait()

    async def send_json(self, data: Any, mode: str = "text") -> None:
        self._sent += 1
        if self._sent > 1:
            await self._never()

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        self.closed_with = code


async def test_a_page_that_does_not_keep_up_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_FRAMES", 20)
    state = create_app("http://127.0.0.1:1").state
    socket = StuckSocket()
    async with state.desk.kit:
        visitor = await state.desk.visitor("somebody")
        session = ConsoleSession("epoch", state.desk, state.feeds, visitor, socket)
        running = asyncio.create_task(session.run(state.phones))
        message = TextMessage(id="1", direction="in", body="Hello", state="received")
        for _ in range(100):
            session.show_text_message(visitor.numbers[0], message)
            await asyncio.sleep(0)
        await asyncio.wait_for(running, 10)
    await state.phones.close()
    assert socket.closed_with == 1013
    assert session not in state.feeds.audience(visitor.id)
