"""Input that nobody should send, and names that do not exist: refused and named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from roomkit import (
    AIChannel,
    AIResponse,
    Channel,
    ChannelNotFoundError,
    ChannelNotRegisteredError,
    DeliveryStatus,
    EventNotFoundError,
    HookTrigger,
    InboundMessage,
    Observation,
    RoomKit,
    RoomKitError,
    SMSChannel,
    Task,
    TextContent,
    WebhookError,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import Inbox, say
from tests.scenarios.actors import Transport, seat, timeline


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


@pytest.mark.parametrize(
    "call",
    [
        lambda kit: kit.get_binding("r", "ghost"),
        lambda kit: kit.mute("r", "ghost"),
        lambda kit: kit.unmute("r", "ghost"),
        lambda kit: kit.mute_output("r", "ghost"),
        lambda kit: kit.unmute_output("r", "ghost"),
        lambda kit: kit.set_access("r", "ghost", "none"),
        lambda kit: kit.set_visibility("r", "ghost", "none"),
        lambda kit: kit.update_binding_metadata("r", "ghost", {}),
        lambda kit: kit.send_event("r", "ghost", TextContent(body="x")),
        lambda kit: kit.mark_all_read("r", "ghost"),
        lambda kit: kit.store.get_unread_count("r", "ghost"),
    ],
)
async def test_channel_that_is_not_in_the_room_is_named(
    kit: RoomKit, b: Transport, call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The error says which and where, and the log does not cry about it."""
    with pytest.raises(ChannelNotFoundError, match="'ghost'.*'r'") as caught:
        await call(kit)
    assert (caught.value.room_id, caught.value.channel_id) == ("r", "ghost")
    assert caplog.records == []


@pytest.mark.parametrize(
    "call",
    [
        lambda kit: kit.attach_channel("r", "ghost"),
        lambda kit: say(kit, "ghost"),
        lambda kit: kit.process_webhook({}, "ghost"),
        lambda kit: kit.connect_websocket("ghost", "c", print),
        lambda kit: kit.join("r", "ghost"),
    ],
)
async def test_channel_that_is_not_registered_is_named(
    kit: RoomKit, b: Transport, call: Any
) -> None:
    with pytest.raises(ChannelNotRegisteredError, match="'ghost'"):
        await call(kit)


async def test_two_channels_cannot_have_one_id(kit: RoomKit, b: Transport) -> None:
    with pytest.raises(ValueError, match="'b'"):
        kit.register_channel(Transport("b"))
    assert kit.get_channel("b") is b


async def test_event_that_does_not_exist_is_named(kit: RoomKit, b: Transport) -> None:
    with pytest.raises(EventNotFoundError, match="'ghost'"):
        await kit.mark_read("r", "b", "ghost")


async def test_wrong_words_are_refused(kit: RoomKit, b: Transport) -> None:
    for call in (
        kit.set_access("r", "a", "sometimes"),  # type: ignore[arg-type]
        kit.list_tasks("r", "someday"),
        kit.publish_presence("r", "u", "asleep"),
    ):
        with pytest.raises(ValueError, match="."):
            await call
    with pytest.raises(ValueError, match="."):
        kit.identity_hook(HookTrigger.ON_ERROR)(print)


NASTY = {
    "nul": "a\x00b",
    "lone surrogate": "a\ud83db",
    "split pair": "\ud83d\ude00",
    "controls": "".join(map(chr, range(32))),
    "bidi": "\u202eevil\u202c",
    "empty": "",
    "long": "x" * 200_000,
}


@pytest.mark.parametrize("nasty", NASTY)
async def test_nasty_text_gives_a_result(kit: RoomKit, b: Transport, nasty: str) -> None:
    """Wherever it stands; what is stored can be encoded."""
    text = NASTY[nasty]
    result = await kit.process_inbound(
        InboundMessage(
            channel_id="a",
            sender_id=text or "u",
            content=TextContent(body=text),
            idempotency_key=f"k{text}",
            provider_message_id=text,
            metadata={"note": text, text: {"deep": [text]}, "display_name": text},
        )
    )
    assert not result.blocked
    for event in await timeline(kit):
        assert "\x00" not in event.model_dump_json().encode().decode()
    (person,) = await kit.store.list_participants("r")
    assert "\x00" not in person.id
    person.id.encode()
    stored = (await timeline(kit))[-1]
    assert stored.idempotency_key is not None
    stored.idempotency_key.encode()
    assert "\x00" not in stored.idempotency_key
    assert len(b.received) == 1


async def test_nasty_key_still_identifies_its_message(kit: RoomKit, b: Transport) -> None:
    first = await say(kit, "a", "hello", key="k\x00\ud83d")
    second = await say(kit, "a", "hello", key="k\x00\ud83d")
    assert (first.blocked, second.reason) == (False, "duplicate")


async def test_nasty_text_may_come_from_the_inside_too(kit: RoomKit, b: Transport) -> None:
    """What a model writes, a task, an observation, a report."""
    text = "a\x00b\ud83d"
    answer = AIResponse(
        content=text,
        tasks=[Task(title=text, metadata={"k": text})],
        observations=[Observation(category="c", content=text)],
        usage={"tokens": 1},
        finish_reason=text,
    )
    await seat(kit, "r", AIChannel("ai", MockAIProvider([answer])))
    result = await say(kit, "a", "hello")
    assert result.error is None
    await kit.submit_feedback("r", 1, text, user_id=text, metadata={"k": text})
    await kit.process_delivery_status(
        DeliveryStatus(provider="p", message_id="m", status="failed", error_message=text)
    )
    dump = [
        *await timeline(kit),
        *await kit.list_tasks("r"),
        *await kit.list_observations("r"),
    ]
    for one in dump:
        assert "\x00" not in one.model_dump_json().encode().decode()


async def test_data_that_is_nested_without_end_is_refused_at_the_door() -> None:
    deep: dict[str, Any] = {}
    for _ in range(1000):
        deep = {"deeper": deep}
    with pytest.raises(ValidationError, match="nested"):
        InboundMessage(channel_id="a", sender_id="u", content=TextContent(body="x"), metadata=deep)


@pytest.mark.parametrize(
    "payload",
    [b"not json", "not json", "[1, 2]", b"\xff\xfe", "[" * 100_000],
    ids=lambda p: str(p)[:9],
)
async def test_webhook_that_is_none_is_refused(kit: RoomKit, payload: Any) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    with pytest.raises(WebhookError):
        await kit.process_webhook(payload, "sms")


async def test_channel_without_connections_says_so(kit: RoomKit, b: Transport) -> None:
    with pytest.raises(TypeError, match="'b'"):
        await kit.connect_websocket("b", "c", Inbox().receive)
    channel: Channel = WebSocketChannel("ws")
    kit.register_channel(channel)
    with pytest.raises(RoomKitError, match="'ws'"):
        await seat(kit, "r", channel)
        await kit.join("r", "ws")
