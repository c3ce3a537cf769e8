"""The demonstration, used by a person with a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from examples.support_desk.app import create_app
from examples.support_desk.desk import Desk
from roomkit.channels.base import text_of
from roomkit.models.enums import EventStatus, EventType
from roomkit.models.event import RoomEvent
from tests.architecture.source import ROOT
from tests.groups import chromium_path
from tests.integrations.serving import loopback_socket, port_of, serving

pytestmark = pytest.mark.browser

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Visit:
    """A page on the support desk, and the desk behind it."""

    page: Page
    desk: Desk
    errors: list[str] = field(default_factory=list)

    async def write(self, text: str) -> None:
        """Type into the chat and press Enter."""
        await self.page.locator("#chat-input").fill(text)
        await self.page.keyboard.press("Enter")

    async def text(self, text: str) -> None:
        """Type on the telephone and press Enter."""
        await self.page.locator("#phone-input").fill(text)
        await self.page.keyboard.press("Enter")

    async def sees(self, where: str, text: str) -> None:
        await expect(self.page.locator(where, has_text=text).first).to_be_visible(timeout=15_000)

    async def texts(self, where: str) -> list[str]:
        return await self.page.locator(f"{where} .text").all_text_contents()

    async def stored(self) -> list[RoomEvent]:
        """The newest room's timeline."""
        rooms = await self.desk.kit.store.list_rooms()
        return await self.desk.kit.store.list_events(rooms[-1].id, limit=500)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM)
        yield browser
        await browser.close()


@asynccontextmanager
async def desk_on(port: int = 0) -> AsyncIterator[tuple[int, Desk]]:
    """The demonstration, served for real."""
    listener = loopback_socket(port)
    app = create_app(f"http://127.0.0.1:{port_of(listener)}")
    async with serving(app, listener=listener):
        yield port_of(listener), app.state.desk


@asynccontextmanager
async def visiting(browser: Browser, port: int, desk: Desk) -> AsyncIterator[Visit]:
    async with await browser.new_context(viewport={"width": 1360, "height": 800}) as context:
        visit = Visit(await context.new_page(), desk)

        def note(message: ConsoleMessage) -> None:
            if message.type == "error":
                visit.errors.append(message.text)

        visit.page.on("console", note)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        await visit.page.goto(f"http://127.0.0.1:{port}")
        await expect(visit.page.locator("#status")).to_have_text("connected")
        yield visit


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    async with desk_on() as (port, desk), visiting(browser, port, desk) as visit:
        yield visit
        assert visit.errors == []


async def test_a_message_from_the_chat_reaches_the_telephone(visit: Visit) -> None:
    await visit.write("Hello from my desk")
    await visit.sees("#phone-log .bubble", "Hello from my desk")
    await visit.sees("#timeline-log .row", "Hello from my desk")
    await visit.sees("#chat-typing", "Robin is writing")
    # The answer grows on the page before it is there as a whole, and arrives by telephone too.
    await visit.sees("#chat-log .bubble.streaming .text", "Hello! I am Robin")
    await visit.sees("#timeline-log .row.streaming .text", "Hello! I am Robin")
    await visit.sees("#phone-log .bubble", "Hello! I am Robin")
    await expect(visit.page.locator(".streaming")).to_have_count(0)
    row = visit.page.locator("#timeline-log .row", has_text="Hello! I am Robin")
    await expect(row.locator(".chip", has_text="sms: delivered")).to_be_visible(timeout=15_000)
    await expect(row.locator(".chip", has_text="read by Ada")).to_be_visible()
    await screen_equals_store(visit)


async def test_a_text_message_appears_in_chat_and_timeline(visit: Visit) -> None:
    await visit.text("Where is my order?")
    bubble = visit.page.locator("#chat-log .bubble", has_text="Where is my order?")
    await expect(bubble.locator(".who")).to_contain_text("Ben, by text message")
    row = visit.page.locator("#timeline-log .row", has_text="Where is my order?")
    await expect(row.locator(".badge")).to_have_text("sms")
    await expect(visit.page.locator("#phone-log .mine .state")).to_have_text("sent")
    await visit.sees("#phone-log .bubble", "Order 4711")
    await visit.sees("#chat-log .bubble", "Order 4711")
    await screen_equals_store(visit)


async def test_a_blocked_message_shows_why(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="My password is hunter2").click()
    reason = "passwords do not belong in a chat"
    await visit.sees("#chat-log .bubble.refused", f"Not sent: {reason}")
    await visit.sees("#timeline-log .row[data-status=blocked]", f"Blocked by moderation: {reason}")
    await visit.text("the password is swordfish")
    row = visit.page.locator("#timeline-log .row[data-status=blocked]", has_text="swordfish")
    await expect(row).to_be_visible()
    await visit.write("something else")
    await visit.sees("#phone-log .bubble", "something else")
    assert "My password is hunter2" not in await visit.texts("#phone-log")
    assert "the password is swordfish" not in await visit.texts("#chat-log")
    await visit.sees("#phone-log .bubble", "I am only a small script")
    await screen_equals_store(visit)


async def test_what_people_write_is_text(visit: Visit) -> None:
    markup = '<img src=x onerror="document.title=1"><b>bold</b>\n😀 & more'
    await visit.page.locator("#chat-input").fill(markup)
    await visit.page.keyboard.press("Enter")
    await visit.sees("#phone-log .bubble", "bold</b>")
    for log in ("#chat-log", "#timeline-log", "#phone-log"):
        assert markup in await visit.texts(log)
        await expect(visit.page.locator(f"{log} :is(img, b)")).to_have_count(0)


async def test_reloading_shows_the_same_conversation(visit: Visit) -> None:
    await visit.write("When are you open?")
    await visit.sees("#phone-log .bubble", "nine to six")
    before = [await visit.texts(log) for log in ("#chat-log", "#timeline-log", "#phone-log")]
    await visit.page.reload()
    await visit.sees("#chat-log .bubble", "nine to six")
    await visit.sees("#phone-log .bubble", "nine to six")
    after = [await visit.texts(log) for log in ("#chat-log", "#timeline-log", "#phone-log")]
    assert after == before
    await screen_equals_store(visit)


async def test_two_visitors_do_not_meet(visit: Visit, browser: Browser) -> None:
    port = int(visit.page.url.rstrip("/").rpartition(":")[2])
    async with visiting(browser, port, visit.desk) as other:
        await visit.write("for my own eyes")
        await visit.sees("#phone-log .bubble", "for my own eyes")
        await other.text("hello from the other one")
        await other.sees("#chat-log .bubble", "hello from the other one")
        assert "for my own eyes" not in await other.texts("#chat-log")
        assert "for my own eyes" not in await other.texts("#phone-log")
        assert "hello from the other one" not in await visit.texts("#chat-log")
        assert other.errors == []


async def test_the_page_reconnects_after_a_restart(browser: Browser) -> None:
    async with AsyncExitStack() as stack:
        async with desk_on() as (port, desk):
            visit = await stack.enter_async_context(visiting(browser, port, desk))
            await visit.write("Hello")
            await visit.sees("#chat-log .bubble", "Hello! I am Robin")
        await expect(visit.page.locator("#status")).to_have_text("reconnecting")
        await visit.write("typed while the desk was away")
        async with desk_on(port) as (_, visit.desk):
            await expect(visit.page.locator("#status")).to_have_text("connected", timeout=15_000)
            await visit.sees("#chat-log .note", "started anew")
            await visit.sees("#phone-log .bubble", "typed while the desk was away")
            await visit.text("Thank you")
            await visit.sees("#chat-log .bubble", "You are welcome")
            assert "Hello" not in await visit.texts("#chat-log")
            await visit.sees("#phone-log .bubble", "You are welcome")
            await screen_equals_store(visit)
        # What a browser itself reports of the connections that failed meanwhile.
        assert [error for error in visit.errors if "WebSocket connection to" not in error] == []


async def test_a_narrow_page_has_one_view_at_a_time(visit: Visit) -> None:
    page = visit.page
    await page.set_viewport_size({"width": 390, "height": 780})
    for name, panel in (("Timeline", "timeline"), ("Telephone", "phone"), ("Chat", "chat")):
        await page.get_by_role("tab", name=name).click()
        await expect(page.locator(f"#{panel}")).to_be_visible()
        await expect(page.locator(".panel:visible")).to_have_count(1)
    await page.get_by_role("tab", name="Chat").press("ArrowRight")
    await expect(page.locator("#timeline")).to_be_visible()
    widths = await page.evaluate("[document.body.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


async def test_the_theme_can_be_switched(visit: Visit) -> None:
    async def ground() -> str:
        color: str = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return color

    await visit.page.emulate_media(color_scheme="light")
    light = await ground()
    await visit.page.emulate_media(color_scheme="dark")
    dark = await ground()
    assert light != dark
    await visit.page.locator("#theme").press("Enter")
    assert await ground() == light


async def screen_equals_store(visit: Visit) -> None:
    """Every view shows what the room holds, in its order."""
    events = await visit.stored()
    messages = [event for event in events if event.type is EventType.MESSAGE]
    words = {event.id: text_of(event.content) for event in events}
    rows = visit.page.locator("#timeline-log .row")
    ids = [await row.get_attribute("data-id") for row in await rows.all()]
    assert ids == [event.id for event in events]
    indices = await visit.page.locator("#timeline-log .index").all_text_contents()
    assert indices == [str(event.index) for event in events]
    shown = await visit.page.locator("#timeline-log .row:not(.notice) .text").all_text_contents()
    assert shown == [words[event.id] for event in messages]
    blocked = visit.page.locator("#timeline-log .row[data-status=blocked]")
    withheld = [event for event in messages if event.status is EventStatus.BLOCKED]
    assert await blocked.count() == len(withheld)
    passed = [words[event.id] for event in messages if event not in withheld]
    chat = await visit.page.locator("#chat-log .bubble:not(.refused) .text").all_text_contents()
    assert chat == passed
    phone = await visit.page.locator("#phone-log .bubble .text").all_text_contents()
    from_phone = [words[event.id] for event in withheld if event.source.channel_id == "sms"]
    assert sorted(phone) == sorted(passed + from_phone)


async def test_the_command_serves_the_page_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "examples.support_desk", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url is not None, line
        async with httpx.AsyncClient() as client:
            page = await client.get(url[0])
            assert page.status_code == 200
            assert "Support desk" in page.text
            assert (await client.post(f"{url[0]}/webhooks/sms", content="a=b")).status_code == 403
            assert (await client.post(f"{url[0]}/telephone", json={})).status_code == 422
            assert (await client.get(f"{url[0]}/static/../app.py")).status_code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)
        assert process.stdout.read() == ""
