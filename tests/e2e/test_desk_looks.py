"""The demonstration on a small screen, in the dark, and without a mouse or without eyes."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from roomkit.providers.ai.base import StreamTextDelta
from tests.e2e.page import Robin, Visit, screen_equals_store

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

# WCAG 2.2, 1.4.3: the contrast of every text that is shown with what is behind it.
CONTRASTS = """() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const blend = ([r, g, b, a = 1], under) =>
        [r, g, b].map((value, i) => value * a + under[i] * (1 - a));
    const light = (color) => {
        const [r, g, b] = color.map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (node) => {
        const own = channels(getComputedStyle(node).backgroundColor);
        if ((own[3] ?? 1) === 1) return own.slice(0, 3);
        const under = node.parentElement ? ground(node.parentElement) : [255, 255, 255];
        return blend(own, under);
    };
    const poor = [];
    for (const node of document.body.querySelectorAll('*')) {
        const words = [...node.childNodes].filter((one) => one.nodeType === 3);
        if (!words.some((one) => one.data.trim()) || !node.checkVisibility()) continue;
        if (node.closest(':disabled, .hidden, .skip, noscript, select, .actions')) continue;
        const back = ground(node);
        const front = blend(channels(getComputedStyle(node).color), back);
        const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) poor.push(`${node.className || node.tagName}: ${ratio.toFixed(2)}`);
    }
    return poor;
}"""

UNNAMED = """() => [...document.querySelectorAll('button, input, select, textarea')]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()
        || [...(one.labels ?? [])].some((label) => label.textContent.trim())))
    .map((one) => one.outerHTML)"""


async def _fill(visit: Visit) -> None:
    """Something of everything that can be on the screen."""
    await visit.write("Where is order 4711?")
    await visit.sees("#chat-log .bubble", "arrives tomorrow by noon")
    await visit.write("My password is hunter2")
    await visit.sees("#chat-log .bubble.refused", "Not sent")
    await visit.write("Please call me")
    await visit.sees("#phone-log .bubble", "I have told the desk")
    await visit.take_telephone("Grace")
    await visit.text("Hello")
    await visit.sees("#phone-log .bubble", "What is your customer number?")
    await visit.press("Take over")
    await visit.sees("#chat-log .bubble", "This is Maya")


async def _height(visit: Visit, where: str) -> float:
    box = await visit.page.locator(where).bounding_box()
    return box["height"] if box else 0


async def test_a_narrow_page_has_one_view_at_a_time(visit: Visit) -> None:
    page = visit.page
    await page.set_viewport_size({"width": 390, "height": 780})
    for name, panel in (("Console", "console"), ("Telephone", "phone"), ("Chat", "chat")):
        await page.get_by_role("tab", name=name).click()
        await expect(page.locator(f"#{panel}")).to_be_visible()
        await expect(page.locator(".panel:visible")).to_have_count(1)
        widths = await page.evaluate("[document.body.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1]
    await page.get_by_role("tab", name="Chat").press("ArrowRight")
    await expect(page.locator("#console")).to_be_visible()
    await expect(page.get_by_role("tab", name="Console")).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.get_by_role("tab", name="Telephone")).to_be_focused()


async def test_a_long_title_leaves_room_for_the_controls(visit: Visit) -> None:
    page = visit.page
    for width in (360, 700, 1000, 1440):
        await page.set_viewport_size({"width": width, "height": 780})
        if width < 800:
            await page.get_by_role("tab", name="Console").click()
        before = await _height(visit, ".room-head")
        await page.locator("#room-title").evaluate("one => one.textContent = 'long '.repeat(40)")
        assert await _height(visit, ".room-head") == before
        await expect(page.locator("#take-over")).to_be_in_viewport(ratio=1)
        await page.locator("#room-title").evaluate("one => one.textContent = 'short'")


async def test_everything_can_be_done_on_a_telephone(visit: Visit) -> None:
    page = visit.page
    await page.set_viewport_size({"width": 360, "height": 640})
    await visit.write("Please call me")
    await visit.sees("#chat-log .bubble", "I have told the desk")
    await page.get_by_role("tab", name="Console").click()
    await visit.press("Take over")
    await visit.reply("When is it convenient?")
    await visit.sees("#timeline-log .row", "When is it convenient?")
    await visit.press("Details")
    await expect(page.locator("#timeline-log")).to_be_hidden()
    assert await _height(visit, "#facts") > 250
    await visit.press("Done: Call Ada")
    await visit.sees(".task", "completed")
    await visit.press("Mute web")
    await visit.sees(".channel", "muted")
    await visit.press("Details")
    await page.get_by_role("tab", name="Telephone").click()
    await visit.sees("#phone-log .bubble", "When is it convenient?")
    await visit.text("At nine")
    await page.get_by_role("tab", name="Chat").click()
    await visit.sees("#chat-log .bubble", "At nine")
    await screen_equals_store(visit)


async def test_a_page_of_middling_width_shows_all_three(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 1000, "height": 720})
    await expect(visit.page.locator(".panel:visible")).to_have_count(3)
    await visit.text("Hello")
    await visit.sees("#chat-log .bubble", "Hello! I am Robin")
    assert await _height(visit, "#chat-log") > 100
    for field in ("#chat-input", "#phone-input", "#console-input"):
        await expect(visit.page.locator(field)).to_be_in_viewport(ratio=1)
    widths = await visit.page.evaluate("[document.body.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


async def test_the_theme_can_be_switched_and_is_remembered(visit: Visit) -> None:
    async def ground() -> str:
        color: str = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return color

    light = await ground()
    await visit.page.emulate_media(color_scheme="dark")
    dark = await ground()
    assert light != dark
    await visit.page.locator("#theme").press("Enter")
    assert await ground() == light
    await visit.page.reload()
    await visit.is_connected()
    assert await ground() == light


async def test_every_text_can_be_read_and_every_control_has_a_name(visit: Visit) -> None:
    await _fill(visit)
    await visit.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert await visit.page.evaluate(CONTRASTS) == []
    await visit.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert await visit.page.evaluate(CONTRASTS) == []
    assert await visit.page.evaluate(UNNAMED) == []
    for role, name in (
        ("banner", None),
        ("main", None),
        ("region", "Web chat"),
        ("region", "Console"),
        ("region", "Telephone"),
        ("navigation", "Rooms"),
        ("complementary", "About the room"),
        ("log", "Messages in the chat"),
    ):
        landmark = visit.page.get_by_role(role, name=name)  # type: ignore[arg-type]
        await expect(landmark).to_have_count(1)
    await screen_equals_store(visit)


async def test_the_desk_can_be_used_without_a_mouse(visit: Visit) -> None:
    keys = visit.page.keyboard
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(visit.page.locator("#chat-input")).to_be_focused()
    await keys.type("When are you open?")
    await keys.press("Enter")
    await visit.sees("#chat-log .bubble", "nine to six")
    mute = visit.page.get_by_role("button", name="Mute web")
    await mute.focus()
    await keys.press("Space")
    await visit.sees(".channel .mark", "muted")
    await expect(visit.page.get_by_role("button", name="Unmute web")).to_be_focused()
    await keys.press("Space")
    await expect(mute).to_be_focused()
    access = visit.page.get_by_label("Access of sms")
    await access.focus()
    await keys.press("ArrowDown")
    await visit.sees("#timeline-log .notice", "Channel sms was updated")
    await expect(access).to_be_focused()
    outline = await access.evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    # What was said is withdrawn, and the button with it: one goes on at the log.
    log = visit.page.locator("#chat-log")
    await log.get_by_role("button", name="Delete").focus()
    await keys.press("Enter")
    await visit.sees("#chat-log .bubble.mine", "[Message deleted]")
    await expect(log).to_be_focused()
    await screen_equals_store(visit)


async def test_screen_readers_hear_what_is_new(visit: Visit, robin: Robin) -> None:
    await expect(visit.page.locator("#timeline-announcer")).to_have_text("")
    await visit.write("My password is hunter2")
    await expect(visit.page.locator("#timeline-announcer")).to_have_text(
        "Ada: My password is hunter2, blocked: passwords do not belong in a chat"
    )
    with robin.held_at(StreamTextDelta):
        await visit.write("Hello")
        growing = await visit.sees("#chat-log .bubble.streaming", "Hello!")
        # What is said is read out when it is complete, not word by word.
        await expect(growing).to_have_attribute("aria-live", "off")
    await visit.sees("#chat-log .bubble:not(.streaming)", "as text messages.")
