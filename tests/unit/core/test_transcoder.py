"""Every kind of content reaches every channel in a form that the channel can show."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given

from roomkit.core.router import ContentTranscoder, DefaultContentTranscoder
from roomkit.core.transcoder import representable
from roomkit.models.channel import ChannelBinding, ChannelCapabilities
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.enums import ChannelMediaType
from tests.unit.core.contents import CAPABILITIES, CONTENTS, binding

TEXT_ONLY = ChannelCapabilities()
EVERYTHING = ChannelCapabilities(
    media_types=list(ChannelMediaType),
    supports_buttons=True,
    supports_cards=True,
    supports_quick_replies=True,
    supports_edit=True,
    supports_delete=True,
)
RICH = ChannelCapabilities(media_types=[ChannelMediaType.TEXT, ChannelMediaType.RICH])

PHOTO = MediaContent(url="https://example.com/photo.jpg", mime_type="image/jpeg", caption="Sunset")
CHECK_THIS = RichContent(body="**Check this out!**", plain_text="Check this out!")
OFFICE = LocationContent(latitude=40.7128, longitude=-74.0060, label="NYC Office")
CHOICE = RichContent(
    body="**Choose**",
    plain_text="Choose",
    buttons=[{"text": "A", "payload": "a"}, {"text": "B"}, {"text": "C"}, {"text": "D"}],
)


async def seen(
    content: EventContent,
    capabilities: ChannelCapabilities,
    transcoder: ContentTranscoder | None = None,
) -> EventContent | None:
    """What a channel with these capabilities gets."""
    transcoder = transcoder or DefaultContentTranscoder()
    return await transcoder.transcode(content, binding(EVERYTHING), binding(capabilities))


async def words(content: EventContent, capabilities: ChannelCapabilities = TEXT_ONLY) -> str:
    """The text that a channel gets instead."""
    result = await seen(content, capabilities)
    assert isinstance(result, TextContent)
    return result.body


@pytest.mark.parametrize(
    "content",
    [
        TextContent(body="Hello"),
        SystemContent(body="Ada joined"),
        CHOICE,
        PHOTO,
        AudioContent(url="https://example.com/v.ogg", mime_type="audio/ogg"),
        VideoContent(url="https://example.com/v.mp4", mime_type="video/mp4"),
        OFFICE,
        TemplateContent(template_id="welcome"),
        CompositeContent(parts=[CHECK_THIS, PHOTO]),
        EditContent(target_event_id="e", new_content=CHOICE),
        DeleteContent(target_event_id="e"),
    ],
    ids=lambda content: content.type,
)
async def test_what_a_channel_supports_arrives_as_the_same_object(content: EventContent) -> None:
    assert await seen(content, EVERYTHING) is content
    assert DefaultContentTranscoder().passes(content, binding(EVERYTHING))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TextContent(body="Hello"), "Hello"),
        (CHECK_THIS, "Check this out!"),
        (RichContent(body="**Hello**"), "**Hello**"),
        (PHOTO, "[Media: Sunset]"),
        (MediaContent(url="u", mime_type="text/csv", filename="a.csv"), "[Media: a.csv]"),
        (MediaContent(url="https://x.org/f", mime_type="x/y"), "[Media: https://x.org/f]"),
        (AudioContent(url="u", mime_type="audio/ogg", transcript="Hi there"), "Hi there"),
        (AudioContent(url="https://x.org/v", mime_type="a/b"), "[Voice message: https://x.org/v]"),
        (VideoContent(url="https://x.org/v", mime_type="video/mp4"), "[Video: https://x.org/v]"),
        (OFFICE, "[Location: NYC Office (40.7128, -74.006)]"),
        (LocationContent(latitude=1, longitude=-2.5), "[Location: (1.0, -2.5)]"),
        (TemplateContent(template_id="t", body="On its way"), "On its way"),
        (TemplateContent(template_id="order"), "[Template: order]"),
        (DeleteContent(target_event_id="e"), "[Message deleted]"),
        (CompositeContent(parts=[CHECK_THIS, PHOTO]), "Check this out!\n[Media: Sunset]"),
        (
            EditContent(target_event_id="e", new_content=TextContent(body="Noon")),
            "Correction: Noon",
        ),
        (EditContent(target_event_id="e", new_content=PHOTO), "Correction: [Media: Sunset]"),
    ],
)
async def test_a_text_channel_gets_words_instead(content: EventContent, expected: str) -> None:
    assert await words(content) == expected


async def test_text_alone_is_one_message_everywhere() -> None:
    parts = CompositeContent(parts=[TextContent(body="one"), SystemContent(body="two")])
    assert await words(parts, EVERYTHING) == "one\ntwo"


async def test_nested_parts_become_lines() -> None:
    inner = CompositeContent(parts=[PHOTO, OFFICE])
    assert await words(CompositeContent(parts=[CHECK_THIS, inner])) == (
        "Check this out!\n[Media: Sunset]\n[Location: NYC Office (40.7128, -74.006)]"
    )


async def test_only_the_parts_that_need_it_are_converted() -> None:
    mms = ChannelCapabilities(media_types=[ChannelMediaType.TEXT, ChannelMediaType.MEDIA])
    result = await seen(CompositeContent(parts=[CHECK_THIS, PHOTO]), mms)
    assert isinstance(result, CompositeContent)
    assert list(result.parts) == [TextContent(body="Check this out!"), PHOTO]


async def test_nothing_cannot_be_shown() -> None:
    assert await seen(CompositeContent(parts=[]), EVERYTHING) is None
    empty_edit = EditContent(target_event_id="e", new_content=CompositeContent(parts=[]))
    assert await seen(empty_edit, EVERYTHING) is None


async def test_buttons_are_listed_where_there_are_none() -> None:
    assert await words(CHOICE) == "Choose\n- A\n- B\n- C\n- D"


async def test_buttons_beyond_the_limit_are_listed_below_the_text() -> None:
    result = await seen(CHOICE, RICH.evolve(supports_buttons=True, max_buttons=3))
    assert isinstance(result, RichContent)
    assert [button["text"] for button in result.buttons] == ["A", "B", "C"]
    assert (result.body, result.plain_text) == ("**Choose**\n- D", "Choose\n- D")


async def test_in_html_the_list_is_html() -> None:
    content = RichContent(body="<b>Pick</b>", format="html", quick_replies=[{"text": "1 < 2"}])
    result = await seen(content, RICH)
    assert isinstance(result, RichContent)
    assert result.body == "<b>Pick</b><br>- 1 &lt; 2"
    assert not result.quick_replies


async def test_cards_and_links_keep_what_matters() -> None:
    content = RichContent(
        body="Offers",
        cards=[{"title": "Boots"}, {"image": "x"}],
        buttons=[{"text": "Shop", "url": "https://shop.example"}],
    )
    assert await words(content) == "Offers\n- Boots\n- Shop: https://shop.example"


async def test_controls_without_a_text_stand_alone() -> None:
    assert await words(RichContent(body="", buttons=[{"text": "Yes"}])) == "- Yes"


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        ({"max_media_size_bytes": 999}, False),
        ({"max_media_size_bytes": 1000}, True),
        ({"supported_media_types": ["image/png", "application/pdf"]}, False),
        ({"supported_media_types": ["image/*"]}, True),
        ({"supported_media_types": ["IMAGE/JPEG"]}, True),
        ({"supported_media_types": ["*/*"]}, True),
        ({"supported_media_types": ["imag/*", "jpeg"]}, False),
    ],
)
async def test_media_that_is_too_large_or_of_another_type_becomes_text(
    limits: dict[str, object], passes: bool
) -> None:
    photo = PHOTO.evolve(size_bytes=1000, mime_type="image/jpeg; charset=binary")
    capabilities = ChannelCapabilities(media_types=[ChannelMediaType.MEDIA]).evolve(**limits)
    result = await seen(photo, capabilities)
    assert result is photo if passes else result == TextContent(body="[Media: Sunset]")


async def test_the_new_content_of_an_edit_is_converted_too() -> None:
    edit = EditContent(target_event_id="e", new_content=CHECK_THIS)
    result = await seen(edit, ChannelCapabilities(supports_edit=True))
    assert isinstance(result, EditContent)
    assert result.new_content == TextContent(body="Check this out!")


async def test_a_correction_is_marked_whatever_it_consists_of() -> None:
    capabilities = EVERYTHING.evolve(supports_edit=False)

    async def corrected(new: EventContent) -> EventContent | None:
        return await seen(EditContent(target_event_id="e", new_content=new), capabilities)

    rich = await corrected(CHECK_THIS)
    assert isinstance(rich, RichContent)
    assert rich.body == "Correction: **Check this out!**"
    assert rich.plain_text == "Correction: Check this out!"
    mark = TextContent(body="Correction:")
    assert await corrected(PHOTO) == CompositeContent(parts=[mark, PHOTO])
    both = CompositeContent(parts=[PHOTO, OFFICE])
    assert await corrected(both) == CompositeContent(parts=[mark, PHOTO, OFFICE])
    captioned = await corrected(CompositeContent(parts=[TextContent(body="Look"), PHOTO]))
    assert captioned == CompositeContent(parts=[TextContent(body="Correction: Look"), PHOTO])


class DescribingTranscoder(DefaultContentTranscoder):
    """Describes images in its own words."""

    async def transcode(
        self,
        content: EventContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        if isinstance(content, MediaContent):
            return TextContent(body="a picture")
        return await super().transcode(content, source_binding, target_binding)


async def test_a_subclass_also_decides_about_parts() -> None:
    content = CompositeContent(parts=[CHECK_THIS, PHOTO])
    result = await seen(content, TEXT_ONLY, DescribingTranscoder())
    assert result == TextContent(body="Check this out!\na picture")


def test_a_transcoder_with_an_opinion_is_always_asked() -> None:
    assert not DescribingTranscoder().passes(TextContent(body="x"), binding(EVERYTHING))


@given(CONTENTS, CAPABILITIES)
def test_whatever_comes_in_can_be_shown_as_it_comes_out(
    content: EventContent, capabilities: ChannelCapabilities
) -> None:
    transcoder = DefaultContentTranscoder()
    target = binding(capabilities)
    result = asyncio.run(transcoder.transcode(content, target, target))
    if transcoder.passes(content, target):
        assert result is content
    if result is not None:
        assert representable(result, capabilities)
        assert transcoder.passes(result, target)
