"""Conversations in groups, from the vendor's webhook to the vendor's API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import RoomKit, TeamsChannel, TelegramChannel, TextContent, WebSocketChannel
from roomkit.models.content import DeleteContent, EditContent
from roomkit.models.enums import EventType
from roomkit.models.event import RoomEvent
from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire import teams_activities as teams
from tests.wire import test_telegram_webhooks as telegram

BOB = {**telegram.ADA, "id": 2222222, "first_name": "Bob", "username": "bob"}


def taken(number: int, chat: int) -> Reply:
    return Reply.of_json({"ok": True, "result": {"message_id": number, "chat": {"id": chat}}})


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=taken(500, -1001234)) as running:
        yield running


@pytest.fixture
async def kit(server: ScriptedServer) -> AsyncIterator[RoomKit]:
    bot = TelegramBotProvider(TelegramConfig(bot_token="42:s3cret", base_url=server.url))
    async with RoomKit() as running:
        running.register_channel(TelegramChannel("telegram", provider=bot))
        running.register_channel(WebSocketChannel("desk"))
        yield running


async def arrives(kit: RoomKit, payload: dict[str, Any]) -> RoomEvent:
    """A webhook comes in; returns what it became."""
    message = await kit.process_webhook(payload, channel_id="telegram")
    assert message is not None
    rooms = await kit.store.list_rooms()
    events = [event for room in rooms for event in await kit.get_timeline(room.id)]
    (event,) = [one for one in events if one.idempotency_key == message.idempotency_key]
    return event


def said(number: int, words: str, by: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any]:
    update = telegram.update(chat=chat, text=words, **{"from": by})
    update["update_id"] = number
    update["message"]["message_id"] = number
    return update


async def test_a_group_is_one_room_and_answers_go_there(
    kit: RoomKit, server: ScriptedServer
) -> None:
    private = await arrives(kit, said(1, "Hi", telegram.ADA, telegram.PRIVATE))
    first = await arrives(kit, said(2, "Hi all", telegram.ADA, telegram.GROUP))
    second = await arrives(kit, said(3, "Hi Ada", BOB, telegram.GROUP))
    assert first.room_id == second.room_id != private.room_id
    assert (first.source.participant_id, second.source.participant_id) == ("1111111", "2222222")

    await kit.attach_channel(first.room_id, "desk")
    await kit.send_event(first.room_id, "desk", TextContent(body="Welcome"))
    assert server.requests[-1].json() == {"chat_id": "-1001234", "text": "Welcome"}


async def test_an_edit_finds_its_message(kit: RoomKit) -> None:
    event = await arrives(kit, said(1, "Helo", telegram.ADA, telegram.PRIVATE))
    edited = said(1, "Hello", telegram.ADA, telegram.PRIVATE)["message"]
    edit = await arrives(kit, {"update_id": 2, "edited_message": edited})
    assert edit.type is EventType.EDIT
    assert isinstance(edit.content, EditContent)
    assert edit.content.target_event_id == event.id
    changed = await kit.store.get_event(event.id)
    assert changed is not None
    assert changed.content == TextContent(body="Hello")


async def test_nobody_edits_what_others_have_said(kit: RoomKit) -> None:
    event = await arrives(kit, said(1, "Mine", telegram.ADA, telegram.GROUP))
    forged = said(1, "Yours", BOB, telegram.GROUP)["message"]
    edit = await arrives(kit, {"update_id": 2, "edited_message": forged})
    assert edit.metadata["block_reason"] == "not_the_author"
    assert await kit.store.get_event(event.id) == event


async def test_what_was_sent_is_corrected_and_withdrawn(
    kit: RoomKit, server: ScriptedServer
) -> None:
    await kit.create_room("ada")
    await kit.attach_channel("ada", "telegram", metadata={"telegram_chat_id": "1111111"})
    await kit.attach_channel("ada", "desk")
    server.reply(taken(7, 1111111))
    event = await kit.send_event("ada", "desk", TextContent(body="Tuesday"))
    new = TextContent(body="Wednesday")
    await kit.send_event("ada", "desk", EditContent(target_event_id=event.id, new_content=new))
    await kit.send_event("ada", "desk", DeleteContent(target_event_id=event.id))
    _, edit, delete = server.requests
    assert edit.path.endswith("/editMessageText")
    assert edit.json() == {"chat_id": "1111111", "message_id": 7, "text": "Wednesday"}
    assert delete.path.endswith("/deleteMessages")
    assert delete.json() == {"chat_id": "1111111", "message_ids": [7]}


async def test_a_long_message_is_corrected_in_all_its_parts(
    kit: RoomKit, server: ScriptedServer
) -> None:
    await kit.create_room("ada")
    await kit.attach_channel("ada", "telegram", metadata={"telegram_chat_id": "1111111"})
    await kit.attach_channel("ada", "desk")
    server.reply(taken(7, 1111111))
    server.reply(taken(8, 1111111))
    event = await kit.send_event("ada", "desk", TextContent(body="word " * 1000))
    new = TextContent(body="Short")
    await kit.send_event("ada", "desk", EditContent(target_event_id=event.id, new_content=new))
    edit, delete = server.requests[2:]
    assert edit.json()["message_id"] == 7
    assert delete.json()["message_ids"] == [8]


async def test_teams_from_the_first_message_to_the_answer() -> None:
    token = Reply.of_json({"access_token": "t0ken", "expires_in": 3600})
    async with (
        ScriptedServer(default=Reply.of_json({"id": "1:a"}, status=201)) as service,
        ScriptedServer(default=token) as login,
        RoomKit() as kit,
    ):
        config = TeamsConfig(
            app_id="app",
            app_password="s3cret",
            allowed_service_urls=[service.url],
            login_url=login.url,
        )
        kit.register_channel(TeamsChannel("teams", provider=BotFrameworkTeamsProvider(config)))
        kit.register_channel(WebSocketChannel("desk"))
        for activity in (teams.MESSAGE, teams.MENTION):
            here = teams.having(activity, serviceUrl=f"{service.url}/emea/")
            await kit.process_webhook(json.dumps(here), channel_id="teams")
        rooms = await kit.store.list_rooms()
        assert len(rooms) == 2
        for room in rooms:
            await kit.attach_channel(room.id, "desk")
            await kit.send_event(room.id, "desk", TextContent(body="Hello"))
        paths = {request.path for request in service.requests}
        assert len(paths) == 2
        assert all(path.startswith("/emea/v3/conversations/") for path in paths)
