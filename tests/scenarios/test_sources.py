"""Sources: messages that the application goes and gets."""

from __future__ import annotations

import asyncio

import pytest

from roomkit import FrameworkEvent, InboundMessage, RoomKit, TextContent
from roomkit.errors import (
    ChannelNotRegisteredError,
    SourceAlreadyAttachedError,
    SourceNotFoundError,
)
from roomkit.sources.base import Emit, SourceProvider
from roomkit.testing import VirtualClock
from tests.helpers import join_room


class Feed(SourceProvider):
    """Delivers some texts, then ends, fails or stays connected."""

    def __init__(self, *texts: str, then: str = "stay", failures: int = 0) -> None:
        self.texts = list(texts)
        self.then = then
        self.failures = failures
        self.starts: list[float] = []
        self.stopped = 0
        self.clock: VirtualClock | None = None

    async def start(self, emit: Emit) -> None:
        if self.clock is not None:
            self.starts.append(self.clock.monotonic())
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("refused")
        while self.texts:
            text = self.texts.pop(0)
            await emit(
                InboundMessage(channel_id="a", sender_id="feed", content=TextContent(body=text))
            )
        if self.then == "fail":
            raise ConnectionError("lost")
        if self.then == "stay":
            await asyncio.Event().wait()

    async def stop(self) -> None:
        self.stopped += 1


def told(kit: RoomKit) -> list[tuple[str, str]]:
    """The framework events about sources, as they come."""
    seen: list[tuple[str, str]] = []

    def note(event: FrameworkEvent) -> None:
        seen.append((event.type, event.data.get("reason") or event.data.get("error") or ""))

    for event_type in ("source_attached", "source_detached", "source_error", "source_exhausted"):
        kit.on(event_type)(note)
    return seen


async def test_messages_of_a_source_reach_the_room() -> None:
    async with RoomKit() as kit:
        inboxes = await join_room(kit, "r", "a", "b")
        await kit.attach_source("a", Feed("one", "two"))
        assert inboxes["b"].texts == ["one", "two"]
        health = kit.source_health("a")
        assert (health.status, health.messages) == ("running", 2)


async def test_channel_has_one_source() -> None:
    async with RoomKit() as kit:
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed())
        with pytest.raises(SourceAlreadyAttachedError, match="'a'"):
            await kit.attach_source("a", Feed())


async def test_detached_source_is_stopped_and_gone() -> None:
    async with RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        feed = Feed()
        await kit.attach_source("a", feed)
        await kit.detach_source("a")
        assert feed.stopped == 1
        assert [name for name, _ in seen] == ["source_attached", "source_detached"]
        with pytest.raises(SourceNotFoundError, match="'a'"):
            await kit.detach_source("a")
        with pytest.raises(SourceNotFoundError, match="'a'"):
            kit.source_health("a")


async def test_unknown_channel_is_refused() -> None:
    async with RoomKit() as kit:
        with pytest.raises(ChannelNotRegisteredError, match="'ghost'"):
            await kit.attach_source("ghost", Feed())


async def test_failing_source_is_started_again_after_growing_delays() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        inboxes = await join_room(kit, "r", "a", "b")
        feed = Feed("at last", failures=3)
        feed.clock = clock
        await kit.attach_source("a", feed)
        assert kit.source_health("a").status == "waiting"
        await clock.advance(10)
        assert feed.starts == [0.0, 1.0, 3.0, 7.0]
        assert inboxes["b"].texts == ["at last"]
        assert [name for name, _ in seen].count("source_error") == 3
        assert kit.source_health("a").restarts == 0


async def test_source_is_given_up_after_the_allowed_restarts() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed(failures=99), max_restarts=2)
        await clock.advance(60)
        assert kit.source_health("a").status == "failed"
        assert seen[-1] == ("source_exhausted", "failed")
        assert [name for name, _ in seen].count("source_error") == 3


async def test_source_that_ends_is_not_started_again() -> None:
    async with RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed("only", then="end"))
        assert kit.source_health("a").status == "ended"
        assert seen[-1] == ("source_exhausted", "ended")


async def test_closing_the_kit_stops_its_sources() -> None:
    kit = RoomKit()
    await join_room(kit, "r", "a")
    feed = Feed()
    await kit.attach_source("a", feed)
    await kit.close()
    assert feed.stopped == 1
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
