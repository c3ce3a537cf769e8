"""The demonstration, used by a person with a browser: the expert's side."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from roomkit import ProviderError, TextContent
from roomkit.models.enums import Access, EventStatus, EventType
from roomkit.providers.ai.base import StreamTextDelta
from roomkit.providers.ai.mock import MockAIProvider
from tests.e2e.page import Robin, Visit, desk_on, screen_equals_store, visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_muted_channel_is_not_heard(visit: Visit) -> None:
    await visit.press("Mute web")
    await visit.sees(".channel .mark", "muted")
    await visit.sees("#timeline-log .notice", "Channel web was muted")
    await visit.write("Can you hear me?")
    await visit.sees("#chat-log .bubble.refused", "Not sent: muted")
    await visit.sees("#timeline-log .row[data-status=blocked]", "Blocked by muted: muted")
    await visit.text("But I am heard")
    await visit.sees("#chat-log .bubble", "But I am heard")
    await visit.press("Unmute web")
    await visit.sees("#timeline-log .notice", "Channel web was unmuted")
    await visit.write("And now?")
    await visit.sees("#phone-log .bubble", "And now?")
    await visit.misses("#phone-log .bubble", "Can you hear me?")
    await visit.misses("#chat-log .bubble.streaming", "")
    await screen_equals_store(visit)


async def test_who_is_muted_cannot_withdraw_anything_and_is_told_so(visit: Visit) -> None:
    await visit.write("Hello")
    await visit.sees("#chat-log .bubble", "as text messages.")
    await visit.press("Mute web")
    await visit.sees(".channel .mark", "muted")
    await visit.press("Delete")
    await visit.sees("#chat-log .note", "Not changed: muted")
    await visit.misses("#chat-log .bubble", "[Message deleted]")


async def test_access_decides_who_reads_and_who_writes(visit: Visit) -> None:
    access = visit.page.get_by_label("Access of sms")
    await access.select_option("read_only")
    await visit.sees("#timeline-log .notice", "Channel sms was updated")
    await visit.text("May I?")
    await visit.sees("#timeline-log .row[data-status=blocked]", "access_control")
    await access.select_option("write_only")
    await expect(visit.page.locator("#timeline-log .notice", has_text="updated")).to_have_count(2)
    await visit.text("Hello, from one who does not hear you")
    await visit.sees("#chat-log .bubble", "Hello! I am Robin")
    await expect(visit.page.locator(".streaming")).to_have_count(0)
    assert await visit.texts("#phone-log .bubble:not(.mine)") == []
    (room,) = await visit.rooms()
    assert (await visit.desk.kit.get_binding(room.id, "sms")).access is Access.WRITE_ONLY
    await screen_equals_store(visit)


async def test_the_expert_takes_over_and_hands_back(visit: Visit) -> None:
    await expect(visit.page.locator("#console-input")).to_be_disabled()
    await visit.press("Take over")
    await visit.sees("#room-answers", "Maya answers")
    await visit.sees(".room .mark", "taken over")
    for log in ("#chat-log .bubble", "#phone-log .bubble"):
        await visit.sees(log, "This is Maya, from the workshop")
    await visit.write("Hello, is that a person?")
    await visit.sees("#timeline-log .row", "Hello, is that a person?")
    await visit.reply("Yes, and I have your bicycle here.")
    # It goes to all of the customer's channels, and the assistant says nothing.
    for log in ("#chat-log .bubble", "#phone-log .bubble"):
        await visit.sees(log, "Yes, and I have your bicycle here.")
    await visit.text("Wonderful")
    await visit.sees("#chat-log .bubble", "Wonderful")
    await visit.press("Hand back")
    await visit.sees("#room-answers", "Robin answers")
    await visit.sees("#phone-log .bubble", "I leave you with Robin again")
    said = [one for one in await visit.stored() if one.type is EventType.MESSAGE]
    assert [one for one in said if one.source.channel_id == "assistant"] == []
    assert await visit.page.locator(".trace").count() == 0
    await visit.write("Thank you both")
    await visit.sees("#phone-log .bubble", "You are welcome!")
    await screen_equals_store(visit)


async def test_taking_over_withdraws_an_answer_that_is_being_written(
    visit: Visit, robin: Robin
) -> None:
    with robin.held_at(StreamTextDelta):
        await visit.write("Hi")
        await visit.sees("#chat-log .bubble.streaming", "Hello!")
        await visit.press("Take over")
        await visit.sees("#chat-log .bubble", "This is Maya")
    await expect(visit.page.locator(".streaming")).to_have_count(0)
    await visit.misses("#chat-log .bubble", "Hello!")
    await screen_equals_store(visit)


async def test_a_note_stays_on_the_desk(visit: Visit) -> None:
    await visit.page.get_by_label("A note that only the desk sees").check()
    await visit.reply("Ada has called before")
    row = await visit.sees("#timeline-log .row[data-visibility=desk]", "Ada has called before")
    await expect(row.locator(".kind")).to_have_text("note for the desk")
    await visit.write("When are you open?")
    await visit.sees("#phone-log .bubble", "nine to six")
    for log in ("#chat-log .bubble", "#phone-log .bubble"):
        await visit.misses(log, "Ada has called before")
    await screen_equals_store(visit)


async def test_the_expert_withdraws_what_somebody_wrote(visit: Visit) -> None:
    await visit.text("My neighbour's number is 5551234")
    row = await visit.sees("#timeline-log .row[data-channel=sms]", "My neighbour's number")
    await row.hover()
    await row.get_by_role("button", name="Delete").click()
    await visit.sees("#chat-log .bubble.deleted", "[Message deleted]")
    await visit.misses("#chat-log .bubble", "5551234")
    await visit.misses("#timeline-log .row", "5551234")
    await visit.sees("#phone-log .bubble:not(.mine)", "")
    await screen_equals_store(visit)


async def test_an_unknown_telephone_is_asked_who_it_is(visit: Visit) -> None:
    await visit.take_telephone("Grace")
    await visit.text("Where is order 4712?")
    await visit.sees("#phone-log .bubble", "What is your customer number?")
    room = await visit.sees(".room .mark.unknown", "unknown")
    await room.click()
    await visit.sees("#timeline-log .row[data-status=blocked]", "Blocked by challenge")
    await visit.sees(".person", "challenge sent")
    await visit.text("It is C-0000")
    await expect(
        visit.page.locator("#phone-log .bubble", has_text="What is your customer number?")
    ).to_have_count(2)
    await visit.text("It is C-1906")
    await visit.sees(".trace[data-kind=identity]", "Grace Hopper was identified by challenge")
    await expect(visit.page.locator("#room-title")).to_have_text("Grace Hopper")
    person = visit.page.locator(".person", has_text="Grace Hopper")
    await expect(person).to_contain_text("identified by challenge")
    await expect(visit.page.locator(".room .mark.unknown")).to_have_count(0)
    await visit.sees("#phone-log .bubble", "now I know who you are")
    await visit.text("Where is order 4712?")
    await visit.sees("#phone-log .bubble", "Order 4712 (helmet, size M) is being packed")
    withheld = [one for one in await visit.stored() if one.status is EventStatus.BLOCKED]
    assert len(withheld) == 2
    await screen_equals_store(visit)


async def test_who_guesses_is_turned_away(visit: Visit) -> None:
    await visit.take_telephone("Alan")
    question = visit.page.locator("#phone-log .bubble", has_text="What is your customer number?")
    for number in range(3):
        await visit.text(f"C-000{number}")
        await expect(question).to_have_count(number + 1)
    await visit.text("C-1912")
    await visit.page.locator(".room", has_text="+1555").click()
    await visit.sees("#timeline-log .row[data-status=blocked]", "too many wrong customer numbers")
    await expect(question).to_have_count(3)
    await visit.sees(".person", "rejected")
    await screen_equals_store(visit)


async def test_several_rooms_are_listed_and_searched(visit: Visit) -> None:
    await visit.write("Do you have green bicycles?")
    await visit.sees("#chat-log .bubble", "I am only a small script")
    for name, number in (("Grace", "C-1906"), ("Alan", "C-1912")):
        await visit.take_telephone(name)
        await visit.text(number)
        await visit.sees("#phone-log .bubble", "now I know who you are")
    titles = visit.page.locator(".room strong")
    await expect(titles).to_have_text(["Alan Turing", "Grace Hopper", "Ada and Ben"])
    unread = visit.page.locator(".room", has_text="Alan").locator(".mark.unread")
    await expect(unread).to_have_text("2 unread")
    await visit.open_room("Alan Turing")
    await expect(unread).to_have_count(0)
    await screen_equals_store(visit)

    search = visit.page.get_by_label("Search in the rooms")
    await search.fill("GREEN bicycles")
    await expect(titles).to_have_text(["Ada and Ben"])
    await expect(visit.page.locator(".room .last span")).to_have_text(
        "Do you have green bicycles?"
    )
    await expect(visit.page.locator("#room-status")).to_have_text("1 room found")
    await search.fill("hopper")
    await expect(titles).to_have_text(["Grace Hopper"])
    await search.fill("nothing of the kind")
    await expect(titles).to_have_count(0)
    await visit.sees("#room-status:not(.hidden)", "no rooms found")
    await search.fill("")
    await expect(titles).to_have_count(3)
    await visit.open_room("Ada and Ben")
    await screen_equals_store(visit)


async def test_who_is_there_who_writes_and_who_has_read(visit: Visit, browser: Browser) -> None:
    page = visit.page
    ada = page.locator(".person", has_text="Ada")
    await expect(ada.locator(".presence")).to_have_text("online")
    await page.locator("#chat-input").press_sequentially("Hel")
    await visit.sees("#timeline-log .live", "Ada is writing")
    await page.locator("#chat-input").fill("")
    await expect(page.locator("#timeline-log .live")).to_have_count(0)
    await visit.press("Take over")
    await visit.sees("#chat-log .bubble", "This is Maya")
    await page.locator("#console-input").press_sequentially("I am")
    await visit.sees("#chat-doing", "Maya is writing")
    await visit.reply("I am looking into it")
    await visit.sees("#chat-log .bubble", "I am looking into it")
    await expect(page.locator("#chat-doing")).to_have_text("")
    row = page.locator("#timeline-log .row", has_text="I am looking into it")
    await expect(row.locator(".read")).to_have_text("read on web")
    await visit.write("Thanks")
    await visit.sees("#chat-log .mine .seen", "Read by the desk")
    # Somebody who leaves is offline for those who stay.
    port = int(page.url.rstrip("/").rpartition(":")[2])
    cookies = await page.context.cookies()
    context = await browser.new_context()
    await context.add_cookies([{**cookies[0]}])  # type: ignore[typeddict-item]
    colleague = await context.new_page()
    await colleague.goto(f"http://127.0.0.1:{port}")
    await expect(colleague.locator("#room-answers")).to_have_text("Maya answers")
    await page.goto("about:blank")
    await expect(colleague.locator("#timeline-log .row[data-id]").last).to_contain_text("Thanks")
    await context.close()
    await page.goto(f"http://127.0.0.1:{port}")
    await visit.is_connected()
    await screen_equals_store(visit)


async def test_an_assistant_that_fails_is_seen_to_fail(browser: Browser) -> None:
    failing = MockAIProvider([ProviderError("no such model", code="not_found")])
    async with (
        desk_on(failing) as (port, desk),
        visiting(browser, port, desk) as visit,
    ):
        await visit.write("Hello?")
        await visit.sees(".trace[data-kind=failure]", "assistant failed: no such model")
        await visit.sees("#phone-log .bubble", "Hello?")
        await screen_equals_store(visit)
        assert visit.errors == []


async def test_a_long_timeline_is_shown_from_its_end(visit: Visit) -> None:
    (room,) = await visit.rooms()
    for number in range(105):
        line = TextContent(body=f"line {number}")
        await visit.desk.kit.send_event(room.id, "desk", line, visibility="desk")
    await visit.sees("#timeline-log .row", "line 104")
    await visit.page.reload()
    await visit.sees("#timeline-log .row", "line 104")
    await visit.misses("#timeline-log .row", "Channel web was attached")
    await visit.press("Show what was before")
    await visit.sees("#timeline-log .row", "Channel web was attached")
    await expect(visit.page.locator("#earlier")).to_be_hidden()
    ids = await visit.page.locator("#timeline-log .row[data-id]").evaluate_all(
        "rows => rows.map(row => row.dataset.id)"
    )
    assert ids == [event.id for event in await visit.stored()]
