"""A picture message comes in two webhooks and becomes one message."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import InboundMessage
from roomkit.providers.voicemeup import (
    VoiceMeUpConfig,
    VoiceMeUpSMSProvider,
    configure_voicemeup_mms,
    parse_voicemeup_webhook,
)
from roomkit.providers.voicemeup.mms import MMSAssembler
from roomkit.providers.voicemeup.webhook import read_voicemeup_webhook
from roomkit.testing.clock import VirtualClock

ADA, BOB, SHOP = "+15551234567", "+15557654321", "+15550000000"
CONFIG = VoiceMeUpConfig(username="ada", auth_token="s3cret", from_number=SHOP)
_numbers = itertools.count()


def part(sender: str = ADA, **more: Any) -> dict[str, Any]:
    return {
        "sms_hash": f"h-{next(_numbers)}",
        "source_number": sender,
        "destination_number": SHOP,
        **more,
    }


def first_part(words: str = "Look", **more: Any) -> dict[str, Any]:
    described = {"file": "https://voicemeup.example/1.html", "file_mime_type": "text/html"}
    return part(message=words, **described, **more)


def picture(name: str = "1.jpg", **more: Any) -> dict[str, Any]:
    return part(message="", file=f"https://voicemeup.example/{name}", **more)


def whole(words: str, name: str = "1.jpg") -> CompositeContent:
    url = f"https://voicemeup.example/{name}"
    return CompositeContent(
        parts=[TextContent(body=words), MediaContent(url=url, mime_type="image/jpeg")]
    )


class Orphans:
    """Takes messages that stayed without their picture."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.taken = asyncio.Event()

    async def __call__(self, message: InboundMessage) -> None:
        self.messages.append(message)
        self.taken.set()


@pytest.fixture
def orphans() -> Orphans:
    return Orphans()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def voicemeup(clock: VirtualClock, orphans: Orphans) -> AsyncIterator[VoiceMeUpSMSProvider]:
    provider = VoiceMeUpSMSProvider(CONFIG, channel_id="sms", on_mms_timeout=orphans, clock=clock)
    yield provider
    await provider.close()


def contents(provider: VoiceMeUpSMSProvider, payload: dict[str, Any]) -> list[Any]:
    return [item.to_inbound("sms").content for item in provider.parse_webhook(payload)]


class TestMerging:
    async def test_two_webhooks_are_one_message(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        first = first_part("Look")
        assert voicemeup.parse_webhook(first) == []
        (meta,) = voicemeup.parse_webhook(picture())
        message = meta.to_inbound("sms")
        assert message.content == whole("Look")
        assert message.provider_message_id == first["sms_hash"]
        assert (message.sender_id, message.metadata["recipient"]) == (ADA, SHOP)
        assert [file["mime_type"] for file in meta.media_urls] == ["image/jpeg"]

    async def test_a_picture_without_words(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        voicemeup.parse_webhook(first_part(""))
        assert contents(voicemeup, picture()) == [
            MediaContent(url="https://voicemeup.example/1.jpg", mime_type="image/jpeg")
        ]

    async def test_texts_pass_at_once(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        voicemeup.parse_webhook(first_part("Look"))
        assert contents(voicemeup, part(message="Hi")) == [TextContent(body="Hi")]
        assert contents(voicemeup, picture()) == [whole("Look")]

    async def test_people_do_not_get_each_others_pictures(
        self, voicemeup: VoiceMeUpSMSProvider
    ) -> None:
        voicemeup.parse_webhook(first_part("Ada's"))
        voicemeup.parse_webhook(first_part("Bob's", sender=BOB))
        assert contents(voicemeup, picture(sender=BOB)) == [whole("Bob's")]
        assert contents(voicemeup, picture()) == [whole("Ada's")]

    async def test_two_of_one_person_come_in_order(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        for words in ("one", "two"):
            voicemeup.parse_webhook(first_part(words))
        assert contents(voicemeup, picture("1.jpg")) == [whole("one", "1.jpg")]
        assert contents(voicemeup, picture("2.jpg")) == [whole("two", "2.jpg")]

    async def test_what_they_have_in_common_tells_them_apart(
        self, voicemeup: VoiceMeUpSMSProvider
    ) -> None:
        for minute in (1, 2):
            voicemeup.parse_webhook(first_part(f"at {minute}", time=f"12:0{minute}"))
        assert contents(voicemeup, picture(time="12:02")) == [whole("at 2")]
        assert contents(voicemeup, picture(time="12:01")) == [whole("at 1")]

    async def test_everything_in_one_webhook(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        assert contents(voicemeup, picture() | {"message": "Look"}) == [whole("Look")]

    async def test_a_picture_that_nobody_waits_for(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        assert contents(voicemeup, picture()) == [
            MediaContent(url="https://voicemeup.example/1.jpg", mime_type="image/jpeg")
        ]

    async def test_a_webhook_that_comes_twice(
        self, voicemeup: VoiceMeUpSMSProvider, clock: VirtualClock, orphans: Orphans
    ) -> None:
        first, second = first_part("Look"), picture()
        assert voicemeup.parse_webhook(first) == []
        assert voicemeup.parse_webhook(first) == []
        (meta,) = voicemeup.parse_webhook(second)
        assert voicemeup.parse_webhook(second) == voicemeup.parse_webhook(first) == [meta]
        await clock.advance(60)
        assert not orphans.messages

    @given(st.permutations([(who, half) for who in "abc" for half in (1, 2)]))
    def test_in_any_order_nothing_is_lost(self, order: list[tuple[str, int]]) -> None:
        mms = MMSAssembler()
        seen = []
        for who, half in order:
            payload = first_part(who, sender=who) if half == 1 else picture(sender=who)
            meta = mms.add(read_voicemeup_webhook(payload))
            seen += [] if meta is None else [(meta.sender, meta.body, len(meta.media_urls))]
        late = {who for who in "abc" if order.index((who, 2)) < order.index((who, 1))}
        assert len(mms) == len(late)
        assert sorted(seen) == [(who, "" if who in late else who, 1) for who in "abc"]


class TestOrphans:
    async def test_words_alone_after_five_seconds(
        self, voicemeup: VoiceMeUpSMSProvider, clock: VirtualClock, orphans: Orphans
    ) -> None:
        voicemeup.parse_webhook(first_part("Look"))
        await clock.advance(4.9)
        assert not orphans.messages
        await clock.advance(0.2)
        (message,) = orphans.messages
        assert (message.channel_id, message.sender_id) == ("sms", ADA)
        assert message.content == TextContent(body="Look")
        assert clock.pending == 0

    async def test_a_late_picture_goes_alone(
        self, voicemeup: VoiceMeUpSMSProvider, clock: VirtualClock, orphans: Orphans
    ) -> None:
        voicemeup.parse_webhook(first_part("Look"))
        await clock.advance(6)
        assert isinstance(contents(voicemeup, picture())[0], MediaContent)
        assert len(orphans.messages) == 1

    async def test_no_timer_is_left_after_a_merge(
        self, voicemeup: VoiceMeUpSMSProvider, clock: VirtualClock, orphans: Orphans
    ) -> None:
        voicemeup.parse_webhook(first_part())
        voicemeup.parse_webhook(picture())
        await clock.settle()
        assert clock.pending == 0
        await clock.advance(60)
        assert not orphans.messages

    async def test_closing_hands_over_what_waits(
        self, voicemeup: VoiceMeUpSMSProvider, clock: VirtualClock, orphans: Orphans
    ) -> None:
        for words in ("one", "two"):
            voicemeup.parse_webhook(first_part(words))
        await voicemeup.close()
        bodies = [message.content for message in orphans.messages]
        assert bodies == [TextContent(body="one"), TextContent(body="two")]
        assert clock.pending == 0

    async def test_dropped_with_a_warning_where_nobody_takes_them(
        self, clock: VirtualClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        provider = VoiceMeUpSMSProvider(CONFIG, clock=clock)
        provider.parse_webhook(first_part("the words"))
        await clock.advance(6)
        assert "stayed without its picture" in caplog.text
        assert "the words" not in caplog.text
        await provider.close()

    async def test_whoever_takes_them_may_fail(
        self, clock: VirtualClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail(message: InboundMessage) -> None:
            raise ValueError("out of order")

        mms = MMSAssembler(on_orphan=fail, clock=clock)
        mms.add(read_voicemeup_webhook(first_part()))
        mms.add(read_voicemeup_webhook(first_part()))
        await clock.advance(6)
        assert caplog.text.count("taking a message without its picture failed: ValueError") == 2
        await mms.close()

    async def test_what_waits_is_bounded(self, clock: VirtualClock, orphans: Orphans) -> None:
        mms = MMSAssembler(on_orphan=orphans, clock=clock)
        for number in range(1001):
            mms.add(read_voicemeup_webhook(first_part(str(number))))
        await clock.settle()
        assert len(mms) == 1000
        assert [message.content for message in orphans.messages] == [TextContent(body="0")]
        await mms.close()
        assert len(orphans.messages) == 1001


class TestSharedParser:
    """`parse_voicemeup_webhook`, which all of a process share."""

    @pytest.fixture(autouse=True)
    def as_before(self) -> Iterator[None]:
        yield
        configure_voicemeup_mms()

    def test_without_an_event_loop(self) -> None:
        assert parse_voicemeup_webhook(first_part("Look"), channel_id="sms") is None
        message = parse_voicemeup_webhook(picture(), channel_id="sms")
        assert message is not None
        assert (message.channel_id, message.content) == ("sms", whole("Look"))

    def test_channels_are_kept_apart(self) -> None:
        assert parse_voicemeup_webhook(first_part("Look"), channel_id="one") is None
        other = parse_voicemeup_webhook(picture(), channel_id="other")
        assert other is not None
        assert isinstance(other.content, MediaContent)
        mine = parse_voicemeup_webhook(picture(), channel_id="one")
        assert mine is not None
        assert mine.content == whole("Look")

    async def test_an_orphan_is_handed_over_once(self, orphans: Orphans) -> None:
        configure_voicemeup_mms(timeout_seconds=0.05, on_timeout=orphans)
        assert parse_voicemeup_webhook(first_part("Look"), channel_id="sms") is None
        async with asyncio.timeout(5):
            await orphans.taken.wait()
        assert [message.channel_id for message in orphans.messages] == ["sms"]

    def test_what_is_too_old_without_a_loop_is_dropped(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        configure_voicemeup_mms(timeout_seconds=0)
        assert parse_voicemeup_webhook(first_part("Look"), channel_id="sms") is None
        assert parse_voicemeup_webhook(part(message="Hi"), channel_id="sms") is not None
        assert "stayed without its picture" in caplog.text

    def test_a_report_is_no_message(self) -> None:
        assert parse_voicemeup_webhook(part(status="delivered"), channel_id="sms") is None
