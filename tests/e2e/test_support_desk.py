"""The demonstration, used by a person with a browser: the customers' side."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
from playwright.async_api import Browser, expect

from roomkit.channels.base import text_of
from roomkit.providers.ai.base import StreamTextDelta, StreamThinkingDelta
from tests.architecture.source import ROOT
from tests.e2e.page import Album, Robin, Visit, agree, screen_equals_store, visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_support_desk(visit: Visit) -> None:
    """What the README shows: ``ROOMKIT_SCREENSHOTS=docs/img`` and this test's name renew the
    picture there."""
    await visit.write("Where is order 4711?")
    await visit.sees("#chat-log .bubble", "arrives tomorrow by noon")
    await visit.write("My password is hunter2")
    await visit.sees("#chat-log .bubble.refused", "Not sent")
    await visit.take_telephone("Grace")
    await visit.text("Hello, can you help me?")
    await visit.sees("#phone-log .bubble", "What is your customer number?")
    await visit.text("C-1906")
    await visit.sees("#phone-log .bubble", "now I know who you are")
    await visit.take_telephone("Ben")
    await visit.text("Please call me when it is there")
    await visit.sees("#chat-log .bubble", "I have told the desk")
    row = visit.page.locator("#timeline-log .row[data-id]").last
    await expect(row).to_contain_text("sms: delivered")
    await screen_equals_store(visit)
    await visit.page.mouse.move(0, 0)


async def test_a_message_from_the_chat_reaches_the_telephone(visit: Visit) -> None:
    await visit.write("Hello from my desk")
    await visit.sees("#phone-log .bubble", "Hello from my desk")
    await visit.sees("#timeline-log .row", "Hello from my desk")
    await visit.sees("#phone-log .bubble", "Hello! I am Robin")
    row = visit.page.locator("#timeline-log .row", has_text="Hello! I am Robin")
    await expect(row.locator(".chip", has_text="sms: delivered")).to_be_visible()
    await expect(row.locator(".chip", has_text="read on web")).to_be_visible()
    await screen_equals_store(visit)


async def test_an_answer_grows_before_it_is_there_as_a_whole(
    visit: Visit, robin: Robin, album: Album
) -> None:
    with robin.held_at(StreamTextDelta):
        await visit.write("Hi")
        for log in ("#chat-log", "#timeline-log"):
            growing = await visit.sees(f"{log} .streaming .text", "Hello!")
            await expect(growing).to_have_text(re.compile(r"^Hello!\s*$"))
        await visit.misses("#phone-log .bubble", "Hello!")
        assert not any("Hello!" in text_of(event.content) for event in await visit.stored())
        await album.keep(visit, "growing")
    await visit.sees("#phone-log .bubble", "Hello! I am Robin")
    await expect(visit.page.locator(".streaming")).to_have_count(0)
    await screen_equals_store(visit)


async def test_the_assistant_thinks_and_calls_a_tool(
    visit: Visit, robin: Robin, album: Album
) -> None:
    with robin.held_at(StreamThinkingDelta):
        await visit.write("Where is order 4711?")
        await visit.sees("#chat-doing", "Robin is thinking")
        await visit.sees("#timeline-log .trace.running", "Robin is thinking")
        await album.keep(visit, "thinking")
    await visit.sees("#chat-log .bubble", "Order 4711 (city bicycle, green) is on its way")
    assert "Robin is looking something up" in await visit.doings()
    await visit.sees(".trace[data-kind=thinking] .text", "I had better look it up")
    tool = await visit.sees(".trace[data-kind=tool]", "called look_up_order(number='4711')")
    await expect(tool.locator(".text")).to_contain_text('"state":"on its way"')
    await expect(visit.page.locator(".trace.running, .streaming")).to_have_count(0)
    await expect(visit.page.locator("#chat-doing")).to_have_text("")
    # They stand between the question and the answer, and are nowhere in the store.
    rows = await visit.page.locator("#timeline-log .row").all_text_contents()
    kinds = [next((k for k in ("thought", "called", "4711") if k in row), "") for row in rows]
    assert kinds[-4:] == ["4711", "thought", "called", "4711"]
    await screen_equals_store(visit)


async def test_an_order_that_does_not_exist_is_no_order(visit: Visit) -> None:
    await visit.write("And where is 9999?")
    await visit.sees("#chat-log .bubble", "there is no order 9999")
    await visit.sees(".trace[data-kind=tool] .text", '"error": "there is no order 9999"')
    await screen_equals_store(visit)


async def test_a_text_message_appears_in_chat_and_timeline(visit: Visit) -> None:
    await visit.text("Where is my order?")
    bubble = visit.page.locator("#chat-log .bubble", has_text="Where is my order?")
    await expect(bubble.locator(".who")).to_contain_text("Ben")
    await expect(bubble.locator(".who")).to_contain_text("by text message")
    row = visit.page.locator("#timeline-log .row", has_text="Where is my order?")
    await expect(row.locator(".badge")).to_have_text("sms")
    await expect(visit.page.locator("#phone-log .mine .state")).to_have_text("sent")
    await visit.sees("#phone-log .bubble", "Which order is it?")
    await visit.sees("#chat-log .bubble", "Which order is it?")
    await screen_equals_store(visit)


async def test_what_did_not_arrive_is_seen_not_to_have_arrived(visit: Visit) -> None:
    off = visit.page.get_by_label("Switched off")
    async with visit.page.expect_response("**/telephone/switch"):
        await off.check()
    await visit.page.reload()
    await expect(off).to_be_checked()
    await visit.write("Are you there, Ben?")
    row = visit.page.locator("#timeline-log .row", has_text="Are you there, Ben?")
    failed = row.locator(".chip[data-success=false]")
    await expect(failed).to_have_text("sms: the phone is out of reach or switched off")
    await expect(row.locator(".chip[data-success=true]")).to_have_count(2)
    async with visit.page.expect_response("**/telephone/switch"):
        await off.uncheck()
    await visit.write("Thanks")
    await visit.sees("#phone-log .bubble", "Thanks")
    await visit.misses("#phone-log .bubble", "Are you there, Ben?")
    await screen_equals_store(visit)


async def test_a_blocked_message_shows_why(visit: Visit) -> None:
    await visit.press("My password is hunter2")
    reason = "passwords do not belong in a chat"
    await visit.sees("#chat-log .bubble.refused", f"Not sent: {reason}")
    await visit.sees("#timeline-log .row[data-status=blocked]", f"Blocked by moderation: {reason}")
    await visit.sees(".fact", "somebody tried to send a password")
    await visit.text("the password is swordfish")
    row = visit.page.locator("#timeline-log .row[data-status=blocked]", has_text="swordfish")
    await expect(row).to_be_visible()
    await visit.write("something else")
    await visit.sees("#phone-log .bubble", "I am only a small script")
    assert "My password is hunter2" not in await visit.texts("#phone-log")
    assert "the password is swordfish" not in await visit.texts("#chat-log")
    await screen_equals_store(visit)


async def test_a_wish_to_be_called_becomes_a_task(visit: Visit) -> None:
    await visit.press("Please call me")
    task = await visit.sees(".task", "Call Ada")
    await expect(task).to_contain_text("pending")
    await visit.press("Done: Call Ada")
    await expect(task).to_contain_text("completed")
    (room,) = await visit.rooms()
    (stored,) = await visit.desk.kit.list_tasks(room.id)
    assert (stored.title, stored.status) == ("Call Ada", "completed")
    await visit.sees("#chat-log .bubble", "I have told the desk")
    await screen_equals_store(visit)


async def test_messages_are_edited_and_deleted(visit: Visit) -> None:
    await visit.write("We are open on Sundays, are we?")
    await visit.sees("#chat-log .bubble", "On Sundays you only have me")
    bubble = visit.page.locator("#chat-log .mine").first
    await bubble.get_by_role("button", name="Edit").click()
    await visit.write("Are you open on Mondays?")
    await visit.sees("#chat-log .mine.edited .text", "Are you open on Mondays?")
    row = visit.page.locator("#timeline-log .row[data-channel=web]").first
    await expect(row).to_contain_text("Are you open on Mondays?")
    await expect(row.locator(".kind")).to_have_text("edited")
    await visit.sees("#timeline-log .row .kind", "changed #9")
    await bubble.get_by_role("button", name="Delete").click()
    await visit.sees("#chat-log .mine.deleted .text", "[Message deleted]")
    await expect(row.locator(".kind", has_text="deleted")).to_be_visible()
    await visit.sees("#timeline-log .row .kind", "deleted #9")
    await screen_equals_store(visit)


async def test_what_people_write_is_text(visit: Visit) -> None:
    markup = '<img src=x onerror="document.title=1"><b>bold</b>\n😀 & more'
    await visit.write(markup)
    await visit.sees("#phone-log .bubble", "bold</b>")
    for log in ("#chat-log", "#timeline-log", "#phone-log"):
        assert markup in await visit.texts(log)
        await expect(visit.page.locator(f"{log} :is(img, b)")).to_have_count(0)
    await expect(visit.page.locator("#room-list :is(img, b)")).to_have_count(0)


async def test_reloading_shows_the_same_conversation(visit: Visit) -> None:
    await visit.write("When are you open?")
    await visit.sees("#phone-log .bubble", "nine to six")
    logs = ("#chat-log", "#timeline-log", "#phone-log")

    async def texts() -> list[list[str]]:
        return [await visit.texts(log) for log in logs]

    before = await texts()

    async def unchanged() -> list[list[str]]:
        return before

    await visit.page.reload()
    await agree(texts, unchanged)
    await screen_equals_store(visit)


async def test_two_visitors_do_not_meet(visit: Visit, browser: Browser) -> None:
    port = int(visit.page.url.rstrip("/").rpartition(":")[2])
    async with visiting(browser, port, visit.desk) as other:
        await visit.write("for my own eyes")
        await visit.sees("#phone-log .bubble", "for my own eyes")
        await other.text("hello from the other one")
        await other.sees("#chat-log .bubble", "hello from the other one")
        for log in ("#chat-log", "#phone-log", "#timeline-log"):
            assert "for my own eyes" not in await other.texts(log)
            assert "hello from the other one" not in await visit.texts(log)
        await expect(other.page.locator(".room")).to_have_count(1)
        assert other.errors == []


async def test_the_command_serves_the_page_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "examples.support_desk", "--port", "0"]
    environment = {**os.environ, "SUPPORT_DESK_AI": "script"}
    with subprocess.Popen(  # noqa: ASYNC220
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url is not None, line
        assert process.stdout.readline() == "The assistant is script.\n"
        async with httpx.AsyncClient() as client:
            page = await client.get(url[0])
            assert page.status_code == 200
            assert "Support desk" in page.text
            assert (await client.post(f"{url[0]}/webhooks/sms", content="a=b")).status_code == 403
            assert (await client.get(f"{url[0]}/static/../app.py")).status_code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)
        assert process.stdout.read() == ""
