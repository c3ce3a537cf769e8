"""The WebSocket protocol, spoken by a real client to a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from websockets.exceptions import InvalidStatus

from roomkit import (
    AIChannel,
    ChannelCategory,
    HookResult,
    HookTrigger,
    Identity,
    InboundMessage,
    MockAIProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    SystemContent,
    TextContent,
    WebSocketChannel,
)
from roomkit.errors import RoomKitError
from roomkit.identity.mock import MockIdentityResolver
from roomkit.integrations._websocket.endpoint import WebSocketEndpoint
from roomkit.integrations.fastapi import Client, WebSocketLimits, mount_roomkit, websocket_router
from roomkit.models.channel import ChannelBinding, RateLimit
from roomkit.models.content import LocationContent
from roomkit.models.enums import Access, ChannelType, EphemeralEventType, ParticipantStatus
from roomkit.providers.ai.base import AIResponse, AIToolCall
from roomkit.realtime.base import EphemeralEvent
from roomkit.testing.clock import VirtualClock
from tests.integrations.serving import loopback_socket, port_of, serving
from tests.integrations.wire import Wire, connected


async def by_name(websocket: WebSocket) -> Client | None:
    """Believes what the query says."""
    query = websocket.query_params
    name = query.get("user")
    if name == "crash":
        raise RuntimeError("the session store is down")
    if not name:
        return None
    if name == "nonsense":
        return name  # type: ignore[return-value]
    return Client(name, query.get("in"), query.get("name"))


@pytest.fixture
async def kit() -> AsyncIterator[RoomKit]:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("r")
        await kit.attach_channel("r", "web")
        await kit.attach_channel("r", "desk")
        yield kit


def application(kit: RoomKit, **options: Any) -> FastAPI:
    app = FastAPI()
    options.setdefault("authenticate", by_name)
    mount_roomkit(app, kit, webhooks=False, close_kit=False, **options)
    return app


@pytest.fixture
async def host(kit: RoomKit) -> AsyncIterator[str]:
    async with serving(application(kit)) as host:
        yield host


@asynccontextmanager
async def people(
    host: str, *names: str, room: str = "r", **query: Any
) -> AsyncIterator[list[Wire]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(connected(host, user=name, in_=room, **query))
            for name in names
        ]


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come true")


class MemorySocket:
    """The other end of a connection without a network in between."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.code: int | None = None
        self._inbox: asyncio.Queue[str | None] = asyncio.Queue()

    def says(self, **frame: Any) -> None:
        self._inbox.put_nowait(json.dumps(frame))

    def leaves(self) -> None:
        self._inbox.put_nowait(None)

    @property
    def heard(self) -> list[str]:
        """The texts of all messages, the client's own included, in the order of their coming."""
        events = [frame["event"] for frame in self.frames if frame["type"] in ("event", "ack")]
        return [event["content"]["body"] for event in events]

    async def receive(self) -> str | None:
        return await self._inbox.get()

    async def send(self, frame: str) -> None:
        self.frames.append(json.loads(frame))

    async def close(self, code: int, _reason: str) -> None:
        self.code = code


def bodies(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["content"]["body"] for frame in frames]


async def test_a_conversation(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        assert ada.ready["room"] == {"id": "r", "status": "active"}
        assert ada.ready["participant"] == {"id": "ada", "display_name": None}
        assert ada.ready["events"] == []
        assert [one["id"] for one in ben.ready["participants"]] == ["ada", "ben"]
        await ada.say("hello", id="m1")
        ack = await ada.next("ack")
        event = (await ben.next("event"))["event"]
        assert ack["event"] == event
        assert (ack["id"], ack["blocked"], ack["status"]) == ("m1", False, "delivered")
        assert (event["id"], event["index"]) == (ack["event_id"], ack["index"])
        assert (event["sender"], event["channel_id"], event["client_id"]) == ("ada", "web", "m1")
        assert event["content"] == {"type": "text", "body": "hello", "language": None}
        assert not {"metadata", "channel_data", "delivery_results", "visibility"} & event.keys()
        await ben.say("hello yourself", reply_to=event["id"])
        assert (await ada.next("event"))["event"]["reply_to"] == event["id"]
        assert (await ben.next("ack"))["id"] is None
        await ada.nothing("event")


async def test_a_blocked_message_says_why(kit: RoomKit, host: str) -> None:
    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def moderate(event: RoomEvent, _context: RoomContext) -> HookResult:
        if "rude" in WebSocketChannel.extract_text(event):
            return HookResult.block("be nice")
        return HookResult.allow()

    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("something rude", id="1")
        ack = await ada.next("ack")
        assert (ack["blocked"], ack["reason"], ack["event"]) == (True, "be nice", None)
        stored = await kit.store.get_event(ack["event_id"])
        assert stored is not None
        assert stored.blocked_by is not None
        await ada.say("something rude", id="1")
        again = await ada.next("ack")
        assert (again["duplicate"], again["blocked"], again["reason"]) == (True, True, "be nice")
        await ada.say("sorry")
        assert (await ben.next("event"))["event"]["content"]["body"] == "sorry"
    async with people(host, "ben") as (ben,):
        assert bodies(ben.ready["events"]) == ["sorry"]


async def test_the_same_id_twice_is_one_message(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("once", id="1")
        first = await ada.next("ack")
        await ada.say("once", id="1")
        second = await ada.next("ack")
        assert second["duplicate"]
        assert second["event_id"] == first["event_id"]
        await ben.say("mine", id="1")
        assert not (await ben.next("ack"))["duplicate"]
    async with people(host, "ada") as (ada,):
        await ada.say("once", id="1")
        assert (await ada.next("ack"))["event_id"] == first["event_id"]
        assert bodies(ada.ready["events"]) == ["once", "mine"]


async def test_the_senders_other_devices(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ada", "ben") as (phone, laptop, ben):
        await phone.say("from my phone", id="1")
        await phone.next("ack")
        for other in (laptop, ben):
            assert (await other.next("event"))["event"]["sender"] == "ada"
        await phone.nothing("event")
        await laptop.nothing("ack", 0.01)


async def test_rooms_do_not_mix(kit: RoomKit, host: str) -> None:
    await kit.create_room("r2")
    async with people(host, "ada") as (ada,), people(host, "eve", room="r2") as (eve,):
        await ada.say("in r")
        await ada.say(type="typing")
        await ada.next("ack")
        await eve.say("in r2")
        await eve.next("ack")
        for wire in (ada, eve):
            await wire.nothing("event", 0.05)
            await wire.nothing("typing", 0.01)


async def test_typing_reading_and_presence(kit: RoomKit, host: str) -> None:
    async with people(host, "ada") as (ada,):
        async with people(host, "ben") as (ben,):
            assert await ada.next("presence") == {
                "type": "presence",
                "participant_id": "ben",
                "status": "online",
            }
            await ben.say(type="typing")
            typing = {"type": "typing", "participant_id": "ben", "is_typing": True}
            assert await ada.next("typing") == typing
            await ben.nothing("typing", 0.02)
            await ada.say("read this", id="1")
            event_id = (await ada.next("ack"))["event_id"]
            await ben.say(type="read", event_id=event_id)
            read = {"type": "read", "participant_id": "ben", "event_id": event_id}
            assert await ada.next("read") == read
            await kit.publish_reaction("r", "ben", event_id, "👍")
            assert (await ada.next("reaction"))["emoji"] == "👍"
            await ben.say(type="read", event_id="nothing", id="9")
            error = await ben.next("error")
            assert (error["code"], error["id"]) == ("event_not_found", "9")
        assert not (await ada.next("typing"))["is_typing"]
        assert (await ada.next("presence"))["status"] == "offline"
        assert await kit.store.get_unread_count("r", "desk") == 1
        binding = await kit.get_binding("r", "web")
        assert binding.last_read_index is not None


async def test_a_second_device_is_no_second_arrival(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, _ben):
        await ada.next("presence")
        async with people(host, "ben"):
            pass
        await ada.nothing("presence", 0.05)


async def test_edits_and_deletions(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("helo", id="1")
        event_id = (await ada.next("ack"))["event_id"]
        await ben.next("event")
        await ada.say("hello", type="edit", event_id=event_id, id="2")
        assert (await ada.next("ack"))["id"] == "2"
        edit = (await ben.next("event"))["event"]
        assert (edit["type"], edit["content"]["target_event_id"]) == ("edit", event_id)
        assert edit["content"]["new_content"]["body"] == "hello"
        await ben.say("mine now", type="edit", event_id=event_id)
        refused = await ben.next("ack")
        assert (refused["blocked"], refused["reason"]) == (True, "not_the_author")
        async with people(host, "cleo") as (cleo,):
            first, second = cleo.ready["events"]
            assert (first["content"]["body"], first["edited"]) == ("hello", True)
            assert second["type"] == "edit"
        await ada.say(type="delete", event_id=event_id)
        assert not (await ada.next("ack"))["blocked"]
        assert (await ben.next("event"))["event"]["type"] == "delete"
        async with people(host, "dora") as (dora,):
            first, *_ = dora.ready["events"]
            assert first["deleted"]
            assert "hello" not in json.dumps(dora.ready)


BAD_FRAMES: list[tuple[str | bytes, str]] = [
    ("", "invalid_json"),
    ("hello", "invalid_json"),
    ("[1]", "invalid_json"),
    ("NaN", "invalid_json"),
    ('{"type": "message", "text": NaN}', "invalid_json"),
    ("[" * 50_000, "invalid_json"),
    ("9" * 10_000, "invalid_json"),
    ("{}", "unknown_type"),
    ('{"type": ["message"]}', "unknown_type"),
    ('{"type": "shutdown", "id": "x"}', "unknown_type"),
    ('{"type": "message", "id": "x"}', "invalid_frame"),
    ('{"type": "message", "id": "x", "text": " "}', "invalid_frame"),
    ('{"type": "message", "id": "x", "text": 5}', "invalid_frame"),
    ('{"type": "message", "text": "a", "id": 5}', "invalid_frame"),
    ('{"type": "message", "text": "a", "id": "\\ud800"}', "invalid_frame"),
    ('{"type": "message", "content": {"type": "system", "body": "pay"}}', "invalid_frame"),
    (
        '{"type": "message", "content": {"type": "delete", "target_event_id": "a"}}',
        "invalid_frame",
    ),
    (
        '{"type": "message", "content": {"type": "media", "url": "javascript:alert(1)", '
        '"mime_type": "image/png"}}',
        "invalid_frame",
    ),
    ('{"type": "message", "content": {"type": "composite", "parts": []}}', "invalid_frame"),
    ('{"type": "message", "text": "a", "id": "x\\u0000"}', "invalid_frame"),
    ('{"type": "message", "text": "a", "reply_to": "\\n"}', "invalid_frame"),
    (
        '{"type": "message", "content": {"type": "media", "url": "https://", '
        '"mime_type": "image/png"}}',
        "invalid_frame",
    ),
    (
        '{"type": "message", "content": {"type": "rich", "body": "a", "cards": '
        '[{"buttons": [{"text": "b", "URL": " javascript:alert(1)"}]}]}}',
        "invalid_frame",
    ),
    ('{"type": "edit", "text": "a"}', "invalid_frame"),
    ('{"type": "delete"}', "invalid_frame"),
    ('{"type": "read", "event_id": ""}', "invalid_frame"),
    (b"\x00\x01", "binary_frame"),
]


async def test_bad_frames_are_answered_and_the_connection_stays(kit: RoomKit) -> None:
    app = application(kit, limits=WebSocketLimits(rate=RateLimit(max_per_minute=1000)))
    async with serving(app) as host, people(host, "ada") as (ada,):
        for frame, code in BAD_FRAMES:
            await ada.raw(frame)
            error = await ada.next("error")
            assert error["code"] == code, (frame[:80], error)
            assert error["reason"]
            expected = "x" if '"id": "x"' in str(frame) else None
            assert error["id"] == expected
        await ada.say(type="ping", id="p")
        assert (await ada.next("pong"))["id"] == "p"
    assert (await kit.get_room("r")).event_count == 3


async def test_text_is_cleaned(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.raw('{"type": "message", "text": "a\\u0000b\\ud83d\\ude00c\\ud800"}')
        await ada.next("ack")
        assert (await ben.next("event"))["event"]["content"]["body"] == "a\ufffdb😀c\ufffd"


async def test_a_large_frame_ends_the_connection(kit: RoomKit) -> None:
    app = application(kit, limits=WebSocketLimits(max_frame_bytes=1000))
    async with serving(app) as host:
        async with people(host, "ada") as (ada,):
            await ada.say("é" * 400)
            assert (await ada.next("ack"))["status"] == "delivered"
            await ada.say("é" * 500)
            assert (await ada.closed())[0] == 1009
        async with people(host, "ada") as (ada,):
            await ada.raw(b"x" * 1001)
            assert await ada.closed() == (1009, "a frame has at most 1000 bytes")


async def test_too_many_frames_are_refused(kit: RoomKit) -> None:
    app = application(kit, limits=WebSocketLimits(rate=RateLimit(max_per_minute=3)))
    async with serving(app) as host, people(host, "ada") as (ada,):
        for number in range(5):
            await ada.say(str(number), id=str(number))
        errors = [await ada.next("error") for _ in range(2)]
        assert [(error["code"], error["id"]) for error in errors] == [
            ("rate_limited", "3"),
            ("rate_limited", "4"),
        ]
        assert [(await ada.next("ack"))["id"] for _ in range(3)] == ["0", "1", "2"]


async def test_junk_counts_like_any_frame(kit: RoomKit) -> None:
    app = application(kit, limits=WebSocketLimits(rate=RateLimit(max_per_minute=3)))
    async with serving(app) as host, people(host, "ada") as (ada,):
        for _ in range(3):
            await ada.raw("what?")
            assert (await ada.next("error"))["code"] == "invalid_json"
        await ada.say(type="ping", id="1")
        error = await ada.next("error")
        assert (error["code"], error["id"]) == ("rate_limited", "1")


async def test_a_flood_is_read_slowly() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(WebSocketChannel("web"))
        await kit.create_room("r")
        app = application(kit, limits=WebSocketLimits(rate=RateLimit(max_per_minute=1)))
        async with serving(app) as host, people(host, "ada") as (ada,):
            for number in range(4):
                await ada.say(type="ping", id=str(number))
            assert (await ada.next("pong"))["id"] == "0"
            for number in range(1, 4):
                assert (await ada.next("error"))["id"] == str(number)
                await ada.nothing("error", 0.02)
                await clock.advance(0.05)


async def test_ids_of_different_rooms_do_not_meet(kit: RoomKit, host: str) -> None:
    await kit.create_room("r2")
    for room in ("r", "r2"):
        async with people(host, "ada", room=room) as (ada,):
            await ada.say(f"in {room}", id="1")
            ack = await ada.next("ack")
            assert (ack["duplicate"], ack["event"]["room_id"]) == (False, room)


async def test_an_answer_streams(kit: RoomKit, host: str) -> None:
    provider = MockAIProvider(["one two three"], streaming=True, delay=0.02)
    kit.register_channel(AIChannel("ai", provider))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    async with people(host, "ada") as (ada,):
        await ada.say("count", id="1")
        await ada.next("ack")
        await ada.say("meanwhile", id="2")
        await ada.next("ack")
        start = await ada.next("stream_start")
        assert (start["channel_id"], start["room_id"]) == ("ai", "r")
        text = ""
        while (frame := await ada.next())["type"] == "stream_chunk":
            assert frame["stream_id"] == start["stream_id"]
            text += frame["delta"]
        assert text == "one two three"
        frames = {frame["type"]: frame}
        frame = await ada.next()
        frames[frame["type"]] = frame
        end, event = frames["stream_end"], frames["event"]["event"]
        assert end["reason"] == "completed"
        assert end["event"] == event
        assert event["id"] == end["stream_id"] == start["stream_id"]


async def test_who_comes_late_gets_only_the_finished_answer(kit: RoomKit, host: str) -> None:
    provider = MockAIProvider(["one two three four"], streaming=True, delay=0.05)
    kit.register_channel(AIChannel("ai", provider))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    async with people(host, "ada") as (ada,):
        await ada.say("count")
        await ada.next("stream_chunk")
        async with people(host, "ben") as (ben,):
            event = (await ben.next("event"))["event"]
            assert event["content"]["body"] == "one two three four"
            assert not [frame for frame in ben.kept if frame["type"].startswith("stream")]


async def test_a_withheld_answer_is_taken_back(kit: RoomKit, host: str) -> None:
    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def moderate(event: RoomEvent, _context: RoomContext) -> HookResult:
        if event.source.channel_id == "ai":
            return HookResult.block("not that")
        return HookResult.allow()

    kit.register_channel(AIChannel("ai", MockAIProvider(["secret"], streaming=True)))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    async with people(host, "ada") as (ada,):
        await ada.say("tell me")
        end = await ada.next("stream_end")
        assert (end["event"], end["reason"]) == (None, "blocked")


async def test_what_was_missed_is_caught_up_with(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("one")
        index = (await ben.next("event"))["event"]["index"]
    for body in ("two", "three"):
        await kit.send_event("r", "desk", TextContent(body=body))
    async with people(host, "ben", after=index, room="r") as (ben,):
        assert ben.ready["resumed"]
        assert bodies(ben.ready["events"]) == ["two", "three"]
        assert ben.ready["latest_index"] == index + 2
        await kit.send_event("r", "desk", TextContent(body="four"))
        assert (await ben.next("event"))["event"]["index"] == index + 3
    async with people(host, "ben", after=index + 3) as (ben,):
        assert (ben.ready["resumed"], ben.ready["events"]) == (True, [])
    for after in (10_000, "x", "-1", "9" * 30):
        async with people(host, "ben", after=after) as (ben,):
            assert not ben.ready["resumed"]
            assert bodies(ben.ready["events"]) == ["one", "two", "three", "four"]


async def test_an_index_from_another_room_counts_for_nothing(kit: RoomKit, host: str) -> None:
    await kit.send_event("r", "desk", TextContent(body="one"))
    async with connected(host, user="ben", in_="r", room="gone", after=2) as ben:
        assert not ben.ready["resumed"]
        assert bodies(ben.ready["events"]) == ["one"]


async def test_who_missed_too_much_starts_anew(kit: RoomKit) -> None:
    for number in range(30):
        await kit.send_event("r", "desk", TextContent(body=str(number)))
    limits = WebSocketLimits(history=4, replay=10)
    async with serving(application(kit, limits=limits)) as host:
        async with people(host, "ada", after=5) as (ada,):
            assert not ada.ready["resumed"]
            assert bodies(ada.ready["events"]) == ["26", "27", "28", "29"]
        async with people(host, "ada", after=25) as (ada,):
            assert ada.ready["resumed"]
            assert bodies(ada.ready["events"])[-1] == "29"
    limits = WebSocketLimits(max_queued_bytes=1000)
    async with serving(application(kit, limits=limits)) as host, people(host, "ada") as (ada,):
        assert 1 <= len(ada.ready["events"]) < 5
        assert bodies(ada.ready["events"])[-1] == "29"


async def test_the_past_is_only_what_the_channel_may_see(kit: RoomKit, host: str) -> None:
    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def moderate(event: RoomEvent, _context: RoomContext) -> HookResult:
        blocked = "blocked" in WebSocketChannel.extract_text(event)
        return HookResult.block() if blocked else HookResult.allow()

    for body, visibility in (
        ("for all", "all"),
        ("for agents", "intelligence"),
        ("for nobody", "none"),
        ("for web", "web"),
        ("blocked", "all"),
        ("for sms", "sms,desk"),
    ):
        await kit.send_event("r", "desk", TextContent(body=body), visibility=visibility)
    await kit.send_event("r", "desk", LocationContent(latitude=1, longitude=2, label="here"))
    for after in ("", 1):
        async with people(host, "ada", after=after) as (ada,):
            first, second, place = ada.ready["events"]
            assert bodies([first, second]) == ["for all", "for web"]
            assert place["content"]["type"] == "text"
            assert "here" in place["content"]["body"]
    await kit.set_access("r", "web", Access.WRITE_ONLY)
    async with people(host, "ada") as (ada,):
        assert ada.ready["events"] == []
        await ada.say("one way", id="1")
        assert (await ada.next("ack"))["status"] == "delivered"


async def test_held_back_messages_come_when_the_room_goes_on(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await kit.pause_room("r")
        await ada.say("later", id="1")
        ack = await ada.next("ack")
        assert (ack["status"], ack["reason"], ack["blocked"]) == ("pending", "room_paused", False)
        async with people(host, "cleo") as (cleo,):
            assert cleo.ready["events"] == []
            assert cleo.ready["room"]["status"] == "paused"
            await kit.resume_room("r")
            for wire in (ben, cleo):
                assert (await wire.next("event"))["event"]["content"]["body"] == "later"


async def test_a_closed_room_can_be_read(kit: RoomKit, host: str) -> None:
    await kit.send_event("r", "desk", TextContent(body="the end"))
    await kit.close_room("r")
    async with people(host, "ada") as (ada,):
        assert ada.ready["room"]["status"] == "closed"
        assert bodies(ada.ready["events"]) == ["the end"]
        await ada.say("one more thing", id="1")
        ack = await ada.next("ack")
        assert (ack["blocked"], ack["reason"], ack["event_id"]) == (True, "room_closed", None)


async def test_messages_keep_their_order_and_do_not_wait_for_answers(
    kit: RoomKit, host: str
) -> None:
    gate = asyncio.Event()

    class Thinking(MockAIProvider):
        async def generate(self, context: Any) -> Any:
            await gate.wait()
            return await super().generate(context)

    kit.register_channel(AIChannel("ai", Thinking(["done"])))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    async with people(host, "ada") as (ada,):
        for number in range(10):
            await ada.say(str(number), id=str(number))
        acks = [await ada.next("ack") for _ in range(10)]
        assert [ack["id"] for ack in acks] == [str(number) for number in range(10)]
        indices = [ack["index"] for ack in acks]
        assert indices == sorted(indices)
        gate.set()
        for _ in range(10):
            assert (await ada.next("event"))["event"]["content"]["body"] == "done"


async def test_a_message_sent_on_leaving_is_not_lost(kit: RoomKit, host: str) -> None:
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("bye")
        await ada.connection.close()
        assert (await ben.next("event"))["event"]["content"]["body"] == "bye"


async def test_nothing_is_left_of_a_connection(kit: RoomKit, host: str) -> None:
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    gate = asyncio.Event()

    class Thinking(MockAIProvider):
        async def generate(self, context: Any) -> Any:
            await gate.wait()
            return await super().generate(context)

    kit.register_channel(AIChannel("ai", Thinking(["done"])))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    async with people(host, "ada") as (ada,):
        await ada.say("one")
        await ada.next("ack")
        assert web.connection_count == 1
    await eventually(lambda: web.connection_count == 0)
    names = ("read", "write", "message", "connect", "read mark")
    await eventually(lambda: not [one for one in asyncio.all_tasks() if one.get_name() in names])
    gate.set()
    async with people(host, "ben", after=3) as (ben,):
        while "done" not in bodies(ben.ready["events"]):
            ben.ready["events"].append((await ben.next("event"))["event"])


async def test_a_slow_client_is_sent_away(kit: RoomKit) -> None:
    limits = WebSocketLimits(max_queued_frames=40, max_queued_bytes=3_000_000)
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    async with (
        serving(application(kit, limits=limits)) as host,
        people(host, "slow", "fast") as (slow, fast),
    ):
        slow.connection.transport.pause_reading()
        for number in range(400):
            await kit.send_event("r", "desk", TextContent(body=f"{number} " + "x" * 60_000))
            await fast.next("event")
            if web.connection_count == 1:
                break
        assert web.connection_count == 1
        slow.connection.transport.resume_reading()
        assert (await slow.closed())[0] == 1013
        await kit.send_event("r", "desk", TextContent(body="still here"))
        assert (await fast.next("event"))["event"]["content"]["body"] == "still here"


async def test_who_is_banned_hears_no_more(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roomkit.integrations._websocket.rights._LOOK_SECONDS", -1.0)
    async with people(host, "ada", "ben", "cleo") as (ada, ben, cleo):
        await kit.set_participant_status("r", "ada", ParticipantStatus.BANNED)
        await kit.set_participant_status("r", "cleo", ParticipantStatus.BANNED)
        await ben.say(type="typing")
        assert await ada.closed() == (4403, "banned from the room")
        await ben.say("between us")
        assert (await ben.next("ack"))["status"] == "delivered"
        assert await cleo.closed() == (4403, "banned from the room")
        assert not [frame for frame in ada.kept + cleo.kept if frame["type"] == "event"]
        await kit.set_participant_status("r", "ada", ParticipantStatus.ACTIVE)
        async with people(host, "ada") as (forgiven,):
            await ben.say("welcome back")
            await forgiven.next("event")


async def test_rights_are_looked_up_once_for_all(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    get_binding = kit.store.get_binding

    async def count(room_id: str, channel_id: str) -> ChannelBinding | None:
        nonlocal looks
        looks += channel_id == "web"
        await asyncio.sleep(0)
        return await get_binding(room_id, channel_id)

    async with people(host, *"abcdefgh") as wires:
        monkeypatch.setattr(kit.store, "get_binding", count)
        monkeypatch.setattr("roomkit.integrations._websocket.rights._LOOK_SECONDS", 0.02)
        await asyncio.sleep(0.03)
        await kit.publish_typing("r", "somebody")
        for wire in wires:
            await wire.next("typing")
    assert 1 <= looks < len(wires)


async def test_rights_that_cannot_be_looked_up_stay_what_they_were(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object) -> Any:
        raise ConnectionError("the database is down")

    async with people(host, "ada") as (ada,):
        monkeypatch.setattr("roomkit.integrations._websocket.rights._LOOK_SECONDS", -1.0)
        monkeypatch.setattr(kit.store, "list_participants", fail)
        await kit.publish_typing("r", "ben")
        assert (await ada.next("typing"))["participant_id"] == "ben"


async def test_who_vanishes_in_the_middle_of_an_answer_finds_it_later(
    kit: RoomKit, host: str
) -> None:
    provider = MockAIProvider(["one two three four"], streaming=True, delay=0.02)
    kit.register_channel(AIChannel("ai", provider))
    await kit.attach_channel("r", "ai", category=ChannelCategory.INTELLIGENCE)
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    async with people(host, "ada", "ben") as (ada, ben):
        await ada.say("count")
        latest = (await ada.next("ack"))["index"]
        await ada.next("stream_chunk")
        ada.connection.transport.abort()
        end = await ben.next("stream_end")
        assert (end["reason"], end["event"]["content"]["body"]) == (
            "completed",
            "one two three four",
        )
        await eventually(lambda: web.connection_count == 1)
        async with connected(host, user="ada", in_="r", after=latest, room="r") as again:
            assert again.ready["resumed"]
            assert bodies(again.ready["events"]) == ["one two three four"]


async def test_strangers_are_turned_away(kit: RoomKit, host: str) -> None:
    for user in ("", "crash", "nonsense"):
        async with connected(host, ready=False, user=user) as wire:
            assert (await wire.closed())[0] == 4401
    async with connected(host, "/ws/nobody", ready=False, user="ada") as wire:
        assert await wire.closed() == (4404, "there is no channel 'nobody'")
    kit.register_channel(SMSChannel("sms"))
    async with connected(host, "/ws/sms", ready=False, user="ada") as wire:
        assert await wire.closed() == (4404, "channel 'sms' takes no connections")
    async with connected(host, ready=False, user="ada", in_="nowhere") as wire:
        code, reason = await wire.closed()
        assert code == 4404
        assert "'nowhere' does not exist" in reason
    await kit.ensure_participant("r", "web", "mallory")
    await kit.set_participant_status("r", "mallory", ParticipantStatus.BANNED)
    async with connected(host, ready=False, user="mallory", in_="r") as wire:
        assert await wire.closed() == (4403, "banned from the room")


async def test_other_sites_pages_are_turned_away(kit: RoomKit) -> None:
    options = {"allowed_origins": ["https://friend.example"], "public_url": "https://us.example"}
    async with serving(application(kit, **options)) as host:
        for origin in ("https://evil.example", "null", "http://[", f"http://{host}.evil.example"):
            with pytest.raises(InvalidStatus) as refusal:
                async with connected(host, user="ada", headers={"Origin": origin}):
                    pass
            assert refusal.value.response.status_code == 403
        for origin in (f"http://{host}", "https://friend.example", "https://us.example:443"):
            async with connected(host, user="ada", headers={"Origin": origin}, in_="r"):
                pass


def test_nobody_comes_in_by_accident(kit: RoomKit) -> None:
    with pytest.raises(ValueError, match="allow_anonymous"):
        websocket_router(kit)


async def test_guests_have_rooms_of_their_own(kit: RoomKit) -> None:
    app = application(kit, authenticate=None, allow_anonymous=True)
    async with serving(app) as host:
        async with connected(host) as one, connected(host) as other:
            rooms = {one.ready["room"]["id"], other.ready["room"]["id"], "r"}
            assert len(rooms) == 3
            await one.say("hello")
            await one.next("ack")
            await other.nothing("event")
            assert one.connection.response is not None
            cookie = one.connection.response.headers["set-cookie"].partition(";")[0]
            token = cookie.partition("=")[2]
            assert token not in json.dumps(one.ready)
        async with connected(host, headers={"Cookie": cookie}) as again:
            assert again.ready["room"] == one.ready["room"]
            assert again.ready["participant"] == one.ready["participant"]
            assert bodies(again.ready["events"]) == ["hello"]
        async with connected(host, headers={"Cookie": "roomkit_guest=1"}) as stranger:
            assert stranger.ready["room"]["id"] not in rooms


async def test_two_pages_of_a_newcomer_share_a_room(kit: RoomKit, host: str) -> None:
    async with AsyncExitStack() as stack:
        wires = await asyncio.gather(
            *(
                stack.enter_async_context(connected(host, user="nina", name="Nina"))
                for _ in range(5)
            )
        )
        assert len({wire.ready["room"]["id"] for wire in wires}) == 1
        assert wires[0].ready["participants"] == [
            {"id": "nina", "display_name": "Nina", "role": "member"}
        ]


async def test_a_channel_is_attached_for_whoever_comes(kit: RoomKit, host: str) -> None:
    await kit.create_room("empty")
    async with people(host, "ada", room="empty") as (ada,):
        await ada.say("anybody?")
        assert (await ada.next("ack"))["status"] == "delivered"


async def test_a_closed_kit_sends_everybody_away(kit: RoomKit, host: str) -> None:
    async with people(host, "ada") as (ada,):
        await kit.close()
        await ada.say("hello", id="1")
        assert (await ada.closed())[0] == 1012
    async with connected(host, ready=False, user="ada") as late:
        assert (await late.closed())[0] == 1012


async def test_the_server_ends_while_people_are_connected(kit: RoomKit) -> None:
    listener = loopback_socket()
    host = f"127.0.0.1:{port_of(listener)}"
    async with AsyncExitStack() as stack:
        async with serving(application(kit), listener=listener):
            ada = await stack.enter_async_context(connected(host, user="ada", in_="r"))
            await ada.say("hello")
            await ada.next("ack")
        assert (await ada.closed())[0] == 1012
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    assert web.connection_count == 0


async def test_too_many_connections(kit: RoomKit) -> None:
    app = application(kit, limits=WebSocketLimits(max_connections=1))
    async with (
        serving(app) as host,
        people(host, "ada"),
        connected(host, ready=False, user="ben", in_="r") as ben,
    ):
        assert (await ben.closed())[0] == 1013


async def test_too_many_connections_at_once(kit: RoomKit, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()
    get_binding = kit.store.get_binding

    async def slowly(room_id: str, channel_id: str) -> ChannelBinding | None:
        await gate.wait()
        return await get_binding(room_id, channel_id)

    monkeypatch.setattr(kit.store, "get_binding", slowly)
    endpoint = WebSocketEndpoint(kit, WebSocketLimits(max_connections=3))
    sockets = [MemorySocket() for _ in range(8)]
    serving = [
        asyncio.create_task(endpoint.serve("web", Client(f"u{number}", "r"), socket))
        for number, socket in enumerate(sockets)
    ]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*serving[3:])
    assert [socket.code for socket in sockets[3:]] == [1013] * 5
    await eventually(lambda: all(socket.frames for socket in sockets[:3]))
    assert endpoint.connection_count == 3
    await endpoint.close()
    await asyncio.gather(*serving)
    assert [socket.code for socket in sockets[:3]] == [1012] * 3


async def test_three_hundred_devices_in_a_room(kit: RoomKit) -> None:
    endpoint = WebSocketEndpoint(kit, WebSocketLimits())
    sockets = [MemorySocket() for _ in range(300)]
    serving = [
        asyncio.create_task(endpoint.serve("web", Client(f"u{number % 30}", "r"), socket))
        for number, socket in enumerate(sockets)
    ]
    await eventually(lambda: all(socket.frames for socket in sockets))
    for number, socket in enumerate(sockets[:30]):
        socket.says(type="message", text=str(number), id=f"m{number}")
    said = {str(number) for number in range(30)}
    await eventually(lambda: all(len(socket.heard) == len(said) for socket in sockets))
    orders = {tuple(one.heard) for one in sockets}
    assert len(orders) == 1, "everybody hears everything in the same order"
    assert set(*orders) == said
    for socket in sockets:
        socket.leaves()
    await asyncio.gather(*serving)
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    assert (web.connection_count, endpoint.connection_count) == (0, 0)


async def test_an_agent_at_work_is_shown(kit: RoomKit, host: str) -> None:
    async def look_up(_name: str, _arguments: dict[str, Any]) -> str:
        return "a secret of the application"

    call = AIToolCall(id="1", name="look_up", arguments={"number": "4711"})
    model = MockAIProvider(
        [AIResponse(content="", tool_calls=[call], thinking="Hm."), "It is on its way."],
        streaming=True,
    )
    kit.register_channel(AIChannel("robin", model, tool_handler=look_up))
    await kit.attach_channel("r", "robin")
    async with people(host, "ada") as (ada,):
        await ada.say("Where is it?")
        for is_on in (True, False):
            thinking = {"type": "thinking", "participant_id": "robin", "is_thinking": is_on}
            assert await ada.next("thinking") == thinking
        for is_on in (True, False):
            tools = {"type": "tools", "participant_id": "robin", "is_running": is_on}
            assert await ada.next("tools") == {**tools, "names": ["look_up"]}
        assert (await ada.next("stream_end"))["reason"] == "completed"


async def test_scoped_ephemerals_stay_in_their_scope(kit: RoomKit, host: str) -> None:
    async with people(host, "ada") as (ada,):
        for visibility in ("desk", "web"):
            await kit.realtime.publish(
                "r",
                EphemeralEvent(
                    type=EphemeralEventType.TYPING_START,
                    room_id="r",
                    user_id=visibility,
                    visibility=visibility,
                ),
            )
        assert (await ada.next("typing"))["participant_id"] == "web"
        await ada.nothing("typing", 0.05)


async def test_a_greeting_does_not_hold_up_the_room(kit: RoomKit, host: str) -> None:
    @kit.hook(HookTrigger.ON_SESSION_STARTED)
    async def greet(started: Any, _context: Any) -> None:
        await asyncio.sleep(0.05)
        await kit.send_event("r", "desk", SystemContent(body=f"Welcome, {started.room_id}"))

    async with people(host, "ada") as (ada,):
        assert ada.ready["events"] == []
        assert (await ada.next("event"))["event"]["content"]["body"] == "Welcome, r"


async def test_a_message_that_cannot_be_processed_is_answered(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = kit.get_channel("web")
    assert web is not None
    failures = [ZeroDivisionError("secret detail"), RoomKitError("not like that")]

    async def fail(_message: InboundMessage, _context: RoomContext) -> RoomEvent:
        raise failures.pop(0)

    monkeypatch.setattr(web, "handle_inbound", fail)
    async with people(host, "ada") as (ada,):
        await ada.say("one", id="1")
        await ada.say("two", id="2")
        errors = [await ada.next("error") for _ in range(2)]
    assert [(error["id"], error["code"]) for error in errors] == [
        ("1", "internal"),
        ("2", "refused"),
    ]
    assert "secret" not in json.dumps(errors)
    assert errors[1]["reason"] == "not like that"


async def test_a_flood_for_the_kit_is_put_off() -> None:
    async with RoomKit(inbound_rate_limit=RateLimit(max_per_minute=1)) as kit:
        kit.register_channel(WebSocketChannel("web"))
        async with (
            serving(application(kit)) as host,
            connected(host, user="ada") as ada,
        ):
            await ada.say("one", id="1")
            assert (await ada.next("ack"))["id"] == "1"
            await ada.say("two", id="2")
            error = await ada.next("error")
            assert (error["code"], error["id"]) == ("rate_limited", "2")


async def test_too_much_at_once_is_put_off(kit: RoomKit) -> None:
    gate = asyncio.Event()

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
        await gate.wait()
        return HookResult.allow()

    app = application(kit, limits=WebSocketLimits(max_pending=4))
    async with serving(app) as host, people(host, "ada") as (ada,):
        for number in range(4):
            await ada.say(str(number), id=str(number))
        error = await ada.next("error")
        assert error["code"] == "busy"
        gate.set()
        acks = [(await ada.next("ack"))["id"] for _ in range(int(error["id"]))]
        assert acks == [str(number) for number in range(int(error["id"]))]


async def test_a_store_that_fails_ends_the_connection(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object, **_kwargs: object) -> Any:
        raise ConnectionError("the database is down")

    with monkeypatch.context() as broken:
        broken.setattr(kit.store, "list_events", fail)
        async with connected(host, ready=False, user="ada", in_="r") as ada:
            assert await ada.closed() == (1011, "internal error")
        broken.setattr(kit.store, "list_participants", fail)
        async with connected(host, ready=False, user="ada", in_="r") as ada:
            assert await ada.closed() == (1011, "internal error")
    async with people(host, "ada") as (ada,):
        monkeypatch.setattr(kit.store, "get_event", fail)
        await ada.say(type="read", event_id="x", id="1")
        error = await ada.next("error")
        assert (error["id"], error["code"]) == ("1", "failed")
    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    await eventually(lambda: web.connection_count == 0)


async def test_a_channel_that_may_no_longer_read_hears_nothing(
    kit: RoomKit, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roomkit.integrations._websocket.rights._LOOK_SECONDS", -1.0)
    async with people(host, "ada") as (ada,):
        await kit.publish_typing("r", "ben")
        assert (await ada.next("typing"))["participant_id"] == "ben"
        await kit.set_access("r", "web", Access.WRITE_ONLY)
        await kit.publish_typing("r", "cleo")
        await kit.detach_channel("r", "web")
        await kit.publish_typing("r", "dora")
        await ada.nothing("typing", 0.05)


async def test_somebody_identified_is_known_again() -> None:
    resolver = MockIdentityResolver({"ada@web": Identity(id="customer-7", display_name="Ada")})
    async with RoomKit(identity_resolver=resolver) as kit:
        kit.register_channel(WebSocketChannel("web"))
        await kit.create_room("r")
        async with serving(application(kit)) as own_host:
            async with people(own_host, "ada@web") as (ada,):
                await ada.say("hello")
                assert (await ada.next("ack"))["event"]["sender"] == "customer-7"
            async with people(own_host, "ada@web", "ben") as (ada, ben):
                assert ben.ready["events"][0]["sender"] == "customer-7"
                await ada.say(type="typing")
                await ben.next("typing")


async def test_somebody_identified_comes_back_to_the_room_as_one_person() -> None:
    resolver = MockIdentityResolver({"ada@web": Identity(id="customer-7", display_name="Ada")})
    async with RoomKit(identity_resolver=resolver) as kit:
        kit.register_channel(WebSocketChannel("web"))
        async with serving(application(kit)) as own_host:
            async with connected(own_host, user="ada@web") as ada:
                room = ada.ready["room"]
                await ada.say("hello")
                await ada.next("ack")
            async with connected(own_host, user="ada@web") as ada:
                assert ada.ready["room"] == room
                assert [one["id"] for one in ada.ready["participants"]] == ["customer-7"]


async def test_namesake_of_a_customer_does_not_get_into_their_conversation() -> None:
    """A name on the page and an id in the directory may be equal."""
    resolver = MockIdentityResolver({"+15551234567": Identity(id="7", display_name="Ada")})
    async with RoomKit(
        identity_resolver=resolver, identity_channel_types={ChannelType.SMS}
    ) as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(SMSChannel("sms"))
        await kit.create_room("r")
        await kit.attach_channel("r", "web")
        text = InboundMessage(
            channel_id="sms", sender_id="+15551234567", content=TextContent(body="my PIN is 1")
        )
        await kit.process_inbound(text, "r")
        async with serving(application(kit)) as own_host:
            async with connected(own_host, user="7") as other:
                assert other.ready["room"]["id"] != "r"
            async with connected(own_host, user="7", in_="r") as invited:
                assert invited.ready["participant"]["id"] == "web:7"
                await invited.say("hello")
                assert (await invited.next("ack"))["event"]["sender"] == "web:7"
