"""The demonstration, used by a person whose server restarts or whose network fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from roomkit import InMemoryStore
from roomkit.providers.ai.base import StreamTextDelta
from tests.e2e.line import Line
from tests.e2e.page import Album, Robin, Visit, desk_on, screen_equals_store, visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest_asyncio.fixture(loop_scope="package")
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Holds the visit while desks come and go."""
    async with AsyncExitStack() as stack:
        yield stack


async def _text_from_elsewhere(visit: Visit, body: str) -> None:
    """Ben writes on his real telephone, which has a network of its own."""
    port = int(visit.page.url.rstrip("/").rpartition(":")[2])
    number = await visit.page.locator("#phone-choice input").first.get_attribute("value")
    await visit.page.context.request.post(
        f"http://127.0.0.1:{port}/telephone", data={"number": number, "body": body}
    )


async def test_the_page_reconnects_after_a_restart(
    browser: Browser, stack: AsyncExitStack, album: Album
) -> None:
    async with desk_on() as (port, desk):
        visit = await stack.enter_async_context(visiting(browser, port, desk))
        await visit.write("Hello")
        await visit.sees("#phone-log .bubble", "Hello! I am Robin")
    await expect(visit.page.locator("#status")).to_have_text("reconnecting")
    await visit.sees("#banner", "The connection is lost")
    await visit.write("typed while the desk was away")
    await album.keep(visit, "away")
    async with desk_on(port=port) as (_, visit.desk):
        await visit.press("Try now")
        await visit.is_connected()
        await expect(visit.page.locator("#banner")).to_be_hidden()
        await visit.sees("#chat-log .note", "started anew")
        await visit.sees("#phone-log .bubble", "typed while the desk was away")
        await visit.text("Thank you")
        await visit.sees("#chat-log .bubble", "You are welcome")
        assert "Hello" not in await visit.texts("#chat-log")
        await visit.sees("#phone-log .bubble", "You are welcome")
        await screen_equals_store(visit)
        await album.keep(visit, "back")
    assert visit.complaints() == []


async def test_a_store_that_remembers_carries_the_conversation_over_a_restart(
    browser: Browser, stack: AsyncExitStack
) -> None:
    store = InMemoryStore()  # stands for a database: it outlives the server
    async with desk_on(store=store) as (port, desk):
        visit = await stack.enter_async_context(visiting(browser, port, desk))
        await visit.take_telephone("Grace")
        await visit.text("C-1906")
        await visit.sees("#phone-log .bubble", "now I know who you are")
        await visit.open_room("Grace Hopper")
        await visit.press("Take over")
        await visit.sees("#phone-log .bubble", "This is Maya")
    await visit.sees("#banner", "The connection is lost")
    await visit.reply("written while the desk was away")
    # What another process does meanwhile is there when the page comes back.
    async with desk_on(store=store) as (_, other):
        room = (await store.list_rooms())[-1]
        await other.kit.mute(room.id, "sms")
    async with desk_on(port=port, store=store) as (_, visit.desk):
        await visit.is_connected()
        await visit.sees("#timeline-log .notice", "Channel sms was muted")
        await visit.sees("#timeline-log .row", "written while the desk was away")
        await visit.sees("#phone-log .bubble", "written while the desk was away")
        await expect(visit.page.locator("#room-title")).to_have_text("Grace Hopper")
        await visit.sees("#room-answers", "Maya answers")
        await visit.sees("#phone-log .bubble", "now I know who you are")
        await expect(visit.page.locator(".room")).to_have_count(2)
        await screen_equals_store(visit)
    assert visit.complaints() == []


async def test_what_was_missed_offline_is_shown_afterwards(visit: Visit) -> None:
    await visit.write("Hello")
    await visit.sees("#phone-log .bubble", "Hello! I am Robin")
    await visit.page.context.set_offline(True)
    await visit.sees("#banner", "The connection is lost")
    await expect(visit.page.locator("#status")).to_have_text("reconnecting")
    await visit.write("typed without a network")
    await _text_from_elsewhere(visit, "When are you open?")
    first = (await visit.stored())[0].room_id
    await visit.desk.kit.mute(first, "web")
    await visit.desk.kit.unmute(first, "web")
    await visit.misses("#chat-log .bubble", "When are you open?")
    await visit.page.context.set_offline(False)
    await visit.is_connected()
    await expect(visit.page.locator("#banner")).to_be_hidden()
    await visit.sees("#chat-log .bubble", "When are you open?")
    await visit.sees("#chat-log .bubble", "nine to six")
    await visit.sees("#timeline-log .notice", "Channel web was unmuted")
    await visit.sees("#phone-log .bubble", "typed without a network")
    # Sent again, and stored once.
    said = [one for one in await visit.texts("#chat-log") if one == "typed without a network"]
    assert len(said) == 1
    await screen_equals_store(visit)
    visit.errors[:] = visit.complaints()


async def test_a_page_that_comes_back_in_the_middle_of_an_answer(
    visit: Visit, robin: Robin
) -> None:
    with robin.held_at(StreamTextDelta):
        await visit.write("Hi")
        await visit.sees("#chat-log .bubble.streaming", "Hello!")
        await visit.page.context.set_offline(True)
        await visit.sees("#banner", "The connection is lost")
        await visit.page.context.set_offline(False)
        await visit.is_connected()
        # What is half-written comes again on the console; the chat waits for the whole.
        await visit.sees("#timeline-log .row.streaming", "Hello!")
    await visit.sees("#chat-log .bubble:not(.streaming)", "as text messages.")
    await expect(visit.page.locator(".streaming")).to_have_count(0)
    await screen_equals_store(visit)
    visit.errors[:] = visit.complaints()


async def test_a_slow_network_changes_nothing(visit: Visit) -> None:
    session = await visit.page.context.new_cdp_session(visit.page)
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 250,
            "downloadThroughput": 20_000,
            "uploadThroughput": 20_000,
        },
    )
    await visit.page.reload()
    await visit.is_connected()
    for text in ("one", "two", "Where is order 4711?"):
        await visit.write(text)
    await visit.sees("#chat-log .bubble", "arrives tomorrow by noon")
    await visit.press("Take over")
    await visit.sees("#chat-log .bubble", "This is Maya")
    await visit.reply("three")
    await visit.sees("#phone-log .bubble", "three")
    await screen_equals_store(visit)
    await session.detach()


async def test_a_line_that_breaks_costs_nothing(
    browser: Browser, robin: Robin, album: Album
) -> None:
    async with (
        desk_on(robin) as (port, desk),
        Line(port) as line,
        visiting(browser, line.port, desk) as visit,
    ):
        with robin.held_at(StreamTextDelta):
            await visit.write("Hi")
            await visit.sees("#chat-log .bubble.streaming", "Hello!")
            line.cut()
            await visit.sees("#banner", "The connection is lost")
            await visit.write("Are you still there?")
        await visit.write("Thank you")
        line.mend()
        await visit.press("Try now")
        await visit.is_connected()
        await visit.sees("#chat-log .note", "While the connection was lost")
        await visit.sees("#timeline-log .missed", "While the connection was lost")
        await visit.sees("#chat-log .bubble", "You are welcome")
        await visit.sees("#phone-log .bubble", "You are welcome")
        said = await visit.texts("#chat-log .mine")
        assert said == ["Hi", "Are you still there?", "Thank you"]
        await screen_equals_store(visit)
        await album.keep(visit)
        assert visit.complaints() == []


async def test_a_line_that_falls_silent_is_noticed(browser: Browser, robin: Robin) -> None:
    async with (
        desk_on(robin) as (port, desk),
        Line(port) as line,
        visiting(browser, line.port, desk) as visit,
    ):
        clock = visit.page.clock
        await clock.install()
        await visit.page.reload()
        await visit.is_connected()
        line.silence()
        await visit.write("Thank you")
        await clock.fast_forward(20_000)  # a sign of life is sent, and nothing comes back
        await clock.fast_forward(60_000)
        await visit.sees("#banner", "The connection is lost")
        line.mend()
        await visit.press("Try now")
        await visit.is_connected()
        await visit.sees("#chat-log .bubble", "You are welcome")
        assert await visit.texts("#chat-log .mine") == ["Thank you"]
        await screen_equals_store(visit)
        assert visit.complaints() == []
