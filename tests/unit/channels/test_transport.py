"""Messaging channels: to whom they send, with what, and what they hand to their provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from roomkit import (
    EmailChannel,
    HTTPChannel,
    MessengerChannel,
    RCSChannel,
    RoomKit,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    TransportChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
)
from roomkit.errors import DeliveryError, WebhookError
from roomkit.models.channel import ChannelCapabilities, RetryPolicy
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage, ProviderResult, WebhookMeta
from roomkit.models.enums import ChannelMediaType, ChannelType
from roomkit.models.event import (
    AudioContent,
    CompositeContent,
    EventContent,
    MediaContent,
    RichContent,
    RoomEvent,
    TextContent,
    VideoContent,
)
from roomkit.models.framework_event import FrameworkEvent
from roomkit.models.room import Room
from roomkit.providers.email.mock import MockEmailProvider
from roomkit.providers.http.mock import MockHTTPProvider
from roomkit.providers.messenger.mock import MockMessengerProvider
from roomkit.providers.rcs.mock import MockRCSProvider
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.providers.teams.mock import MockTeamsProvider
from roomkit.providers.telegram.mock import MockTelegramProvider
from roomkit.providers.whatsapp.mock import MockWhatsAppProvider
from tests.helpers import join_room, make_binding, make_event, message, say

HERE = RoomContext(room=Room(id="r"))
ADA, BOB = "+15551234567", "+15557654321"
PICTURE = MediaContent(url="https://example.com/a.png", mime_type="image/png", caption="Sunset")

KINDS: list[tuple[Callable[..., TransportChannel], Callable[[], Any], str]] = [
    (SMSChannel, MockSMSProvider, "phone_number"),
    (RCSChannel, MockRCSProvider, "phone_number"),
    (EmailChannel, MockEmailProvider, "email_address"),
    (MessengerChannel, MockMessengerProvider, "facebook_user_id"),
    (WhatsAppChannel, MockWhatsAppProvider, "phone_number"),
    (WhatsAppPersonalChannel, MockWhatsAppProvider, "phone_number"),
    (TelegramChannel, MockTelegramProvider, "telegram_chat_id"),
    (TeamsChannel, MockTeamsProvider, "teams_conversation_id"),
    (HTTPChannel, MockHTTPProvider, "recipient_id"),
]


async def with_channel(
    kit: RoomKit, channel: TransportChannel, room_id: str = "r", **metadata: object
) -> None:
    """A room with a WebSocket channel, ``web``, and the given one."""
    await join_room(kit, room_id, "web")
    if kit.get_channel(channel.channel_id) is None:
        kit.register_channel(channel)
    await kit.attach_channel(room_id, channel.channel_id, metadata=metadata)


@pytest.mark.parametrize(
    ("factory", "provider_class", "key"), KINDS, ids=[kind[0].__name__ for kind in KINDS]
)
async def test_it_sends_to_the_address_in_the_binding(
    kit: RoomKit,
    factory: Callable[..., TransportChannel],
    provider_class: Callable[[], Any],
    key: str,
) -> None:
    provider = provider_class()
    channel = factory("out", provider=provider)
    assert isinstance(channel, TransportChannel)
    await with_channel(kit, channel, **{key: "the address"})
    result = await say(kit, "web", "hello")
    assert [(sent.to, sent.body) for sent in provider.sent] == [("the address", "hello")]
    assert result.delivery_results["out"].success
    assert result.delivery_results["out"].provider_message_id == "mock-1"


async def test_one_channel_sends_to_another_number_in_each_room(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    sms = SMSChannel("sms", provider=provider)
    await with_channel(kit, sms, "ada", phone_number=ADA)
    await with_channel(kit, sms, "bob", phone_number=BOB)
    await say(kit, "web", "to Bob", room_id="bob")
    await say(kit, "web", "to Ada", room_id="ada")
    assert [(sent.to, sent.body) for sent in provider.sent] == [(BOB, "to Bob"), (ADA, "to Ada")]


async def test_who_writes_first_is_who_gets_the_answers(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    await with_channel(kit, SMSChannel("sms", provider=provider))
    await say(kit, "sms", "hello", sender="+1 (555) 123-4567")
    await say(kit, "web", "hello yourself", room_id="r")
    assert [sent.to for sent in provider.sent] == [ADA]
    assert (await kit.get_binding("r", "sms")).recipient == ADA


async def test_without_a_recipient_nothing_goes_out(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    failures: list[FrameworkEvent] = []
    kit.on("delivery_failed")(failures.append)
    await with_channel(kit, SMSChannel("sms", provider=provider))
    result = await say(kit, "web", "anybody there?")
    outcome = result.delivery_results["sms"]
    assert (outcome.success, outcome.error_code) == (False, "no_recipient")
    assert result.delivery_errors == {"sms": "missing recipient phone_number"}
    assert not result.blocked
    assert [event.data["code"] for event in failures] == ["no_recipient"]
    assert provider.sent == []


async def test_without_a_provider_a_channel_only_receives(kit: RoomKit) -> None:
    await with_channel(kit, SMSChannel("sms"), phone_number=ADA)
    assert not (await say(kit, "sms", "hello", sender=ADA)).blocked
    result = await say(kit, "web", "hello yourself")
    assert result.delivery_results["sms"].error_code == "no_provider"


async def test_defaults_go_with_every_message(kit: RoomKit) -> None:
    provider = MockSMSProvider(from_number="+15550000000")
    await with_channel(
        kit, SMSChannel("sms", provider=provider, from_number="+15559999999"), phone_number=ADA
    )
    await say(kit, "web")
    assert provider.sent[0].from_ == "+15559999999"


async def test_a_default_that_is_open_is_taken_from_the_binding(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    await with_channel(
        kit, SMSChannel("sms", provider=provider), phone_number=ADA, from_="+15559999999"
    )
    await say(kit, "web")
    assert provider.sent[0].from_ == "+15559999999"


async def test_one_that_is_nowhere_is_left_to_the_provider(kit: RoomKit) -> None:
    provider = MockSMSProvider(from_number="+15550000000")
    await with_channel(kit, SMSChannel("sms", provider=provider), phone_number=ADA)
    await say(kit, "web")
    assert provider.sent[0].from_ == "+15550000000"


async def test_mail_stays_in_its_thread(kit: RoomKit) -> None:
    provider = MockEmailProvider()
    await with_channel(
        kit,
        EmailChannel("mail", provider=provider, from_email="desk@example.com"),
        email_address="ada@example.com",
        subject="Re: your parcel",
        in_reply_to="<1@example.com>",
        references=["<0@example.com>", "<1@example.com>"],
        thread_id="t-1",
    )
    await say(kit, "web", "It is on its way.")
    (sent,) = provider.sent
    assert sent.to == "ada@example.com"
    assert (sent.from_, sent.subject) == ("desk@example.com", "Re: your parcel")
    assert (sent.in_reply_to, sent.thread_id) == ("<1@example.com>", "t-1")
    assert sent.references == ("<0@example.com>", "<1@example.com>")


async def test_what_the_channel_adds_for_a_custom_provider() -> None:
    class Provider(MockHTTPProvider):
        options: Mapping[str, Any] = {}

        async def send(self, event: RoomEvent, to: str, **options: Any) -> ProviderResult:
            self.options = options
            return ProviderResult(success=True)

    provider = Provider()
    channel = TransportChannel(
        "custom",
        ChannelType.PUSH,
        provider=provider,
        recipient_key="device",
        defaults={"sound": "ping", "badge": None, "topic": None},
    )
    binding = make_binding(
        channel_id="custom", recipient_key="device", metadata={"device": "d1", "badge": 3}
    )
    output = await channel.deliver(make_event(), binding, HERE)
    assert output.result == ProviderResult(success=True)
    assert provider.options == {"sound": "ping", "badge": 3}


async def test_a_direct_delivery_says_what_is_missing() -> None:
    sms = SMSChannel("sms")
    with pytest.raises(DeliveryError) as failed:
        await sms.deliver(make_event(), make_binding(), HERE)
    assert failed.value.code == "no_provider"
    sms = SMSChannel("sms", provider=MockSMSProvider())
    with pytest.raises(DeliveryError, match="missing recipient phone_number"):
        await sms.deliver(make_event(), make_binding(recipient_key="phone_number"), HERE)


async def test_a_refusal_is_a_failure_and_final(kit: RoomKit) -> None:
    refusal = ProviderResult(success=False, error="no such number", error_code="invalid")
    provider = MockSMSProvider(results=[refusal])
    await with_channel(kit, SMSChannel("sms", provider=provider), phone_number=ADA)
    await kit.attach_channel(
        "r", "sms", metadata={"phone_number": ADA}, retry_policy=RetryPolicy(max_retries=3)
    )
    result = await say(kit, "web")
    assert result.delivery_errors == {"sms": "no such number"}
    assert len(provider.sent) == 1


@pytest.mark.parametrize(
    ("answer", "code"), [(False, "bad_output"), ("queued", "bad_output"), (None, None)]
)
async def test_what_is_no_result_is_no_success(
    kit: RoomKit, answer: object, code: str | None
) -> None:
    """But a provider of one's own that says nothing has raised nothing either."""

    class Own(MockSMSProvider):
        async def send(self, event: RoomEvent, to: str, from_: str | None = None) -> Any:
            return answer

    await with_channel(kit, SMSChannel("sms", provider=Own()), phone_number=ADA)
    assert (await say(kit, "web")).delivery_results["sms"].error_code == code


async def test_closing_the_kit_closes_the_provider(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    kit.register_channel(SMSChannel("sms", provider=provider))
    kit.register_channel(SMSChannel("without"))
    await kit.close()
    assert provider.closed


def test_the_provider_names_itself() -> None:
    assert SMSChannel("sms", provider=MockSMSProvider()).provider_name == "mock"
    assert SMSChannel("sms").provider_name is None
    provider = MockSMSProvider()
    assert SMSChannel("sms", provider=provider).provider is provider


@pytest.mark.parametrize(
    "content",
    [
        PICTURE,
        AudioContent(url="https://example.com/a.ogg", mime_type="audio/ogg"),
        VideoContent(url="https://example.com/a.mp4", mime_type="video/mp4"),
        CompositeContent(parts=[TextContent(body="look"), CompositeContent(parts=[PICTURE])]),
    ],
    ids=["picture", "audio", "video", "nested"],
)
async def test_a_text_message_with_a_file_is_an_mms(content: EventContent) -> None:
    event = await SMSChannel("sms").handle_inbound(message("sms", content), HERE)
    assert event.source.channel_type is ChannelType.MMS


async def test_a_message_of_words_is_not() -> None:
    event = await SMSChannel("sms").handle_inbound(message("sms", "hello"), HERE)
    assert event.source.channel_type is ChannelType.SMS
    event = await WhatsAppChannel("wa").handle_inbound(message("wa", PICTURE), HERE)
    assert event.source.channel_type is ChannelType.WHATSAPP


async def test_pictures_go_out_where_the_provider_can(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    await with_channel(kit, SMSChannel("sms", provider=provider), phone_number=ADA)
    await say(kit, "web", PICTURE)
    assert provider.sent[0].media_urls == (PICTURE.url,)


async def test_and_become_words_where_it_cannot(kit: RoomKit) -> None:
    provider = MockSMSProvider(supports_mms=False)
    sms = SMSChannel("sms", provider=provider)
    assert not sms.capabilities().supports_media
    assert sms.capabilities().media_types == [ChannelMediaType.TEXT]
    await with_channel(kit, sms, phone_number=ADA)
    await say(kit, "web", PICTURE)
    assert provider.sent[0].body == "[Media: Sunset]"
    assert provider.sent[0].media_urls == ()


async def test_three_buttons_are_buttons_and_the_fourth_a_line(kit: RoomKit) -> None:
    provider = MockMessengerProvider()
    await with_channel(
        kit, MessengerChannel("messenger", provider=provider), facebook_user_id="ada"
    )
    buttons = [{"text": name, "payload": name} for name in ("one", "two", "three", "four")]
    await say(kit, "web", RichContent(body="Choose", buttons=buttons))
    content = provider.sent[0].event.content
    assert isinstance(content, RichContent)
    assert [button["text"] for button in content.buttons] == ["one", "two", "three"]
    assert content.body == "Choose\n- four"


async def test_a_long_text_goes_out_in_parts(kit: RoomKit) -> None:
    provider = MockSMSProvider()
    await with_channel(kit, SMSChannel("sms", provider=provider), phone_number=ADA)
    text = "word " * 500
    result = await say(kit, "web", text)
    assert [len(sent.body) <= 1600 for sent in provider.sent] == [True, True]
    assert " ".join(sent.body for sent in provider.sent).split() == text.split()
    assert result.delivery_results["sms"].parts == 2
    timeline = await kit.get_timeline("r")
    assert timeline[-1].content == TextContent(body=text)


async def test_a_binding_may_narrow_what_the_channel_can(kit: RoomKit) -> None:
    provider = MockEmailProvider()
    mail = EmailChannel("mail", provider=provider)
    await with_channel(kit, mail, email_address="ada@example.com")
    rich = RichContent(body="<b>hello</b>", format="html", plain_text="hello")
    await say(kit, "web", rich)
    await kit.attach_channel(
        "r",
        "mail",
        metadata={"email_address": "ada@example.com"},
        capabilities=ChannelCapabilities(media_types=[ChannelMediaType.TEXT], max_length=4),
    )
    result = await say(kit, "web", rich)
    assert [sent.event.content for sent in provider.sent] == [rich, TextContent(body="hel…")]
    assert result.delivery_results["mail"].truncated


def test_a_webhook_is_read_by_the_provider() -> None:
    class Provider(MockSMSProvider):
        def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
            return [WebhookMeta(provider="mock", body=str(payload["body"]))]

    (meta,) = SMSChannel("sms", provider=Provider()).parse_webhook({"body": "hello"})
    assert meta.body == "hello"


def test_and_by_nobody_without_one() -> None:
    with pytest.raises(WebhookError, match="'sms' has no provider"):
        SMSChannel("sms").parse_webhook({})


class Diary(MockSMSProvider):
    """Notes what comes in, and cannot always."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    async def note_inbound(self, message: InboundMessage) -> None:
        self.noted.append(message.sender_id)
        if message.sender_id == BOB:
            raise ConnectionError("password=s3cret")


class TestNotes:
    async def test_a_provider_hears_of_every_message(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        diary = Diary()
        async with RoomKit() as kit:
            kit.register_channel(SMSChannel("sms", provider=diary))
            for sender in (ADA, BOB):
                result = await kit.process_inbound(message("sms", "Hello", sender=sender))
                assert result.event is not None
        assert diary.noted == [ADA, BOB]
        assert "note_inbound of channel sms failed: ConnectionError" in caplog.text
