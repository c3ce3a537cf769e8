"""The support desk in a browser: serving it, visiting it, and what must be true of the screen."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, expect

from examples.support_desk.app import create_app
from examples.support_desk.assistant import ScriptedAssistant
from examples.support_desk.desk import Desk
from examples.support_desk.models import THINKING_BUDGET, Assistant
from roomkit import AIContext, AIProvider, Room
from roomkit.channels.base import text_of
from roomkit.models.enums import EventStatus, EventType, ParticipantStatus
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIStreamEvent
from roomkit.store.base import ConversationStore
from tests.integrations.serving import loopback_socket, port_of, serving

SCREENSHOTS = "ROOMKIT_SCREENSHOTS"
MILLISECONDS = 15_000
"""How long a busy machine may take until something is on the screen."""

# Keeps what the chat has said that others do, however briefly.
NOTE_DOINGS = """addEventListener("DOMContentLoaded", () => {
    const line = document.getElementById("chat-doing");
    window.doings = [];
    const note = () => window.doings.push(line.textContent);
    if (line) new MutationObserver(note).observe(line, {childList: true});
})"""


class Robin(ScriptedAssistant):
    """Plays the script without its pauses, and stops where a test wants to look."""

    def __init__(self) -> None:
        super().__init__(thinking=0, pace=0)
        self._stop: type[AIStreamEvent] | None = None
        self._goes_on = asyncio.Event()

    @contextmanager
    def held_at(self, piece: type[AIStreamEvent]) -> Iterator[None]:
        """For as long as this lasts, Robin says nothing after the first piece of this kind."""
        self._stop, self._goes_on = piece, asyncio.Event()
        try:
            yield
        finally:
            self._stop = None
            self._goes_on.set()

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        async for event in super().generate_stream(context):
            yield event
            if self._stop is not None and isinstance(event, self._stop):
                await self._goes_on.wait()


@dataclass
class Visit:
    """A page on the support desk, and the desk behind it."""

    page: Page
    desk: Desk
    errors: list[str] = field(default_factory=list)

    async def write(self, text: str) -> None:
        """Type into the chat and press Enter."""
        await self._type("#chat-input", text)

    async def text(self, text: str) -> None:
        """Type on the telephone and press Enter."""
        await self._type("#phone-input", text)

    async def reply(self, text: str) -> None:
        """Type into the console and press Enter."""
        await self._type("#console-input", text)

    async def _type(self, field_id: str, text: str) -> None:
        await self.page.locator(field_id).fill(text)
        await self.page.locator(field_id).press("Enter")

    async def take_telephone(self, name: str) -> None:
        await self.page.locator("#phone-choice label", has_text=name).click()

    async def press(self, name: str) -> None:
        """Press the button of this name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def open_room(self, title: str) -> None:
        await self.page.locator(".room", has_text=title).click()
        await expect(self.page.locator("#room-title")).to_have_text(title)

    async def sees(self, where: str, text: str) -> Locator:
        found = self.page.locator(where, has_text=text).first
        await expect(found).to_be_visible()
        return found

    async def misses(self, where: str, text: str) -> None:
        await expect(self.page.locator(where, has_text=text)).to_have_count(0)

    async def is_connected(self) -> None:
        await expect(self.page.locator("#status")).to_have_text("connected")

    async def doings(self) -> list[str]:
        """What the chat has said so far that others do."""
        doings: list[str] = await self.page.evaluate("window.doings")
        return doings

    async def texts(self, where: str) -> list[str]:
        return await self.page.locator(f"{where} .text").all_text_contents()

    async def rooms(self) -> list[Room]:
        """The rooms on the console, in order of creation."""
        shown = await self.page.locator(".room").evaluate_all("all => all.map(r => r.dataset.id)")
        return [one for one in await self.desk.kit.store.list_rooms() if one.id in shown]

    async def stored(self) -> list[RoomEvent]:
        """The timeline of the room that the console shows."""
        room_id = await self.page.locator(".room[aria-current]").get_attribute("data-id")
        return await self.desk.kit.store.list_events(room_id or "", limit=500)

    def complaints(self) -> list[str]:
        """What went wrong on the page, but for the connections that could not be made."""
        network = ("WebSocket connection to", "net::ERR_", "Failed to load resource")
        return [one for one in self.errors if not any(words in one for words in network)]


@asynccontextmanager
async def desk_on(
    assistant: AIProvider | Assistant | None = None,
    *,
    port: int = 0,
    store: ConversationStore | None = None,
) -> AsyncIterator[tuple[int, Desk]]:
    """The demonstration, served for real."""
    listener = loopback_socket(port)
    url = f"http://127.0.0.1:{port_of(listener)}"
    if not isinstance(assistant, Assistant):
        assistant = Assistant(assistant or Robin(), THINKING_BUDGET)
    app = create_app(url, assistant=assistant, store=store)
    async with serving(app, listener=listener):
        yield port_of(listener), app.state.desk


@asynccontextmanager
async def new_page(browser: Browser) -> AsyncIterator[Page]:
    """A page with cookies of its own."""
    async with await browser.new_context() as context:
        await context.add_init_script(NOTE_DOINGS)
        yield await context.new_page()


@asynccontextmanager
async def visiting(where: Browser | Page, port: int, desk: Desk) -> AsyncIterator[Visit]:
    """Somebody who has never been at the desk, on a new page or, faster, on one that is there."""
    if isinstance(where, Browser):
        async with new_page(where) as page, visiting(page, port, desk) as visit:
            yield visit
        return
    visit = Visit(where, desk)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.errors.append(message.text)

    def fail(error: Error) -> None:
        visit.errors.append(str(error))

    await where.context.clear_cookies()
    await where.set_viewport_size({"width": 1440, "height": 860})
    await where.emulate_media(color_scheme="light", reduced_motion="no-preference")
    where.on("console", note)
    where.on("pageerror", fail)
    try:
        await where.goto(f"http://127.0.0.1:{port}")
        await visit.is_connected()
        await visit.sees("#timeline-log .row", "Ben was identified")
        yield visit
    finally:
        where.remove_listener("console", note)
        where.remove_listener("pageerror", fail)
        await where.goto("about:blank")


@dataclass(frozen=True)
class Album:
    """Keeps pictures of a test's pages, where ``ROOMKIT_SCREENSHOTS`` says or with its files."""

    test: str
    folder: Path

    async def keep(self, visit: Visit, moment: str = "") -> None:
        name = re.sub(r"\W+|_", "-", f"{self.test.removeprefix('test_')} {moment}").strip("-")
        folder = Path(os.environ.get(SCREENSHOTS) or self.folder)
        await visit.page.screenshot(path=folder / f"{name}.png")


async def agree(
    screen: Callable[[], Awaitable[object]], store: Callable[[], Awaitable[object]]
) -> None:
    """Wait until a part of the screen is as the store has it: answers grow and reports come in
    meanwhile."""
    for _ in range(MILLISECONDS // 50):
        if await screen() == await store():
            return
        await asyncio.sleep(0.05)
    assert await screen() == await store()


async def screen_equals_store(visit: Visit) -> None:
    """Everybody's screen shows what the store holds, in its order."""
    await _timeline_equals_store(visit)
    room_id = (await visit.stored())[0].room_id
    rooms = await visit.rooms()
    if room_id == rooms[0].id:
        await _chat_equals_store(visit)
    await _telephone_equals_store(visit, rooms)
    await _state_equals_store(visit, room_id)


async def _timeline_equals_store(visit: Visit) -> None:
    async def screen() -> object:
        return await visit.page.locator("#timeline-log .row[data-id]").evaluate_all(
            """rows => rows.map(row => [
                row.dataset.id,
                row.querySelector('.index').textContent,
                row.matches('.notice') ? '' : row.querySelector('.text').textContent,
                row.querySelector('.reason')?.textContent ?? '',
                [...row.querySelectorAll('.chip:not(.read)')].map(chip => chip.textContent).sort(),
            ])"""
        )

    async def store() -> object:
        return [_row(event) for event in await visit.stored()]

    await agree(screen, store)


def _row(event: RoomEvent) -> list[object]:
    said = event.type in (EventType.MESSAGE, EventType.EDIT, EventType.DELETE)
    blocked = event.status is EventStatus.BLOCKED
    chips = [
        f"{one.channel_id}: "
        + ((one.status or "delivered") if one.success else (one.error or "failed"))
        for one in event.delivery_results.values()
    ]
    return [
        event.id,
        str(event.index),
        text_of(event.content) if said else "",
        f"Blocked by {event.blocked_by}: {event.metadata['block_reason']}" if blocked else "",
        [] if blocked else sorted(chips),
    ]


async def _chat_equals_store(visit: Visit) -> None:
    async def store() -> object:
        return [
            text_of(event.content)
            for event in await visit.stored()
            if event.type is EventType.MESSAGE
            and event.status is not EventStatus.BLOCKED
            and event.visibility == "all"
        ]

    await agree(lambda: visit.texts("#chat-log .bubble:not(.refused)"), store)


async def _telephone_equals_store(visit: Visit, rooms: Sequence[Room]) -> None:
    """What the telephone received is what was delivered to it, and the other way round."""
    kit = visit.desk.kit
    number = await visit.page.locator("#phone-choice :checked").get_attribute("value")
    bindings = [await kit.store.get_binding(room.id, "sms") for room in rooms]
    ids = [one.room_id for one in bindings if one is not None and one.recipient == number]

    async def store() -> list[str]:
        events = [
            one for room_id in ids for one in await kit.store.list_events(room_id, limit=500)
        ]
        return sorted(
            text_of(one.content)
            for one in events
            if _has_arrived(one)
            or (one.source.channel_id == "sms" and one.type is EventType.MESSAGE)
        )

    async def screen() -> list[str]:
        return sorted(await visit.texts("#phone-log .bubble"))

    for room_id in ids:
        for event in await kit.store.list_events(room_id, limit=500):
            if event.type in (EventType.EDIT, EventType.DELETE):
                return  # a correction arrives in words of its own, and what was sent stays
    await agree(screen, store)


def _has_arrived(event: RoomEvent) -> bool:
    text_message = event.delivery_results.get("sms")
    return text_message is not None and text_message.success


async def _state_equals_store(visit: Visit, room_id: str) -> None:
    kit, page = visit.desk.kit, visit.page

    async def facts() -> object:
        return [
            await page.locator(".channel").evaluate_all(
                """all => all.map(one => [
                    one.dataset.channel,
                    one.querySelector('button').textContent,
                    one.querySelector('select').value,
                ])"""
            ),
            await page.locator(".person").evaluate_all("all => all.map(one => one.dataset.id)"),
            await page.locator(".task strong").all_text_contents(),
        ]

    async def store() -> object:
        people = await kit.store.list_participants(room_id)
        return [
            [
                [one.channel_id, "Unmute" if one.muted else "Mute", one.access.value]
                for one in await kit.list_bindings(room_id)
            ],
            [one.id for one in people if one.status is not ParticipantStatus.LEFT],
            [one.title for one in await kit.list_tasks(room_id)],
        ]

    await agree(facts, store)
