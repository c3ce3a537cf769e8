"""Whatever comes in, the readers of Telegram's and Teams' webhooks understand it or refuse it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.errors import WebhookError
from roomkit.models.content import CompositeContent, EventContent, MediaContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.base import TransportProvider
from roomkit.providers.teams import (
    BotFrameworkTeamsProvider,
    TeamsConfig,
    is_bot_added,
    parse_teams_activity,
    parse_teams_webhook,
)
from roomkit.providers.telegram import (
    BotName,
    TelegramBotProvider,
    TelegramConfig,
    parse_telegram_webhook,
)
from tests.wire import teams_activities as teams
from tests.wire import test_telegram_webhooks as telegram
from tests.wire.malformed import anything, mutated, names_in, with_one_thing_wrong

type Parser = Callable[[Any, str], list[InboundMessage]]

NAME = BotName(bot_id="42", username="shop_bot")
PROVIDERS: dict[str, TransportProvider] = {
    "teams": BotFrameworkTeamsProvider(TeamsConfig(app_id="a", app_password="s3cret")),
    "telegram": TelegramBotProvider(TelegramConfig(bot_token="42:s3cret", username="shop_bot")),
}
PARSERS: dict[str, Parser] = {
    "teams": parse_teams_webhook,
    "telegram": lambda data, channel_id: parse_telegram_webhook(data, channel_id, bot=NAME),
}
PLACE = {"latitude": 1, "longitude": 2}
FILE = {"file_id": "a", "file_size": 1, "duration": 1, "mime_type": "a/b", "file_name": "c"}
REAL: dict[str, list[Any]] = {
    "teams": [
        teams.MESSAGE,
        teams.having(teams.MENTION, attachments=[teams.FILE], value={"payload": "y"}),
        teams.having(teams.MESSAGE, type="messageUpdate"),
        teams.having(teams.MESSAGE, type="messageDelete"),
        teams.ADDED,
        teams.INSTALLED,
        teams.having(teams.REACTION, reactionsRemoved=[{"type": "heart"}]),
    ],
    "telegram": [
        telegram.UPDATE,
        telegram.CALLBACK,
        telegram.REACTION,
        telegram.BLOCKED,
        telegram.update(
            chat=telegram.GROUP,
            text="@shop_bot",
            entities=[{"type": "mention", "offset": 0, "length": 9}],
            reply_to_message={"message_id": 1, "from": {"id": 42}},
            message_thread_id=1,
            is_topic_message=True,
        ),
        *(telegram.update(**{kind: FILE}) for kind in ("voice", "document", "video", "sticker")),
        telegram.update(photo=[{**FILE, "width": 1, "height": 1}], caption="x"),
        telegram.update(venue={"location": PLACE, "title": "x"}, location=PLACE),
        telegram.update(contact={"first_name": "x", "phone_number": "1", "user_id": 1}),
        telegram.update(poll={"question": "x", "options": [{"text": "y"}]}),
        {"update_id": 1, "edited_message": telegram.UPDATE["message"]},
    ],
}
VENDORS = sorted(REAL)
ANYTHING = anything(sorted(names_in([*REAL.values()])))


def check(vendor: str, payload: Any) -> None:
    """The payload is understood everywhere, or refused everywhere."""
    before = copy.deepcopy(payload)
    messages = PARSERS[vendor](payload, "chat")
    try:
        metas = PROVIDERS[vendor].parse_webhook(payload)
    except WebhookError:
        metas = []
    for meta in metas:
        assert WebhookMeta.model_validate_json(meta.model_dump_json()) == meta
    found = [meta.to_inbound("chat") for meta in metas if meta.message is not None]
    assert found == list(messages)
    for message in messages:
        assert message.sender_id
        assert message.provider_message_id
        assert message.idempotency_key
    if vendor == "teams":
        assert is_bot_added(payload) is parse_teams_activity(payload).is_bot_added
    assert payload == before


@settings(max_examples=40)
@given(payload=ANYTHING)
@pytest.mark.parametrize("vendor", VENDORS)
def test_anything_at_all(vendor: str, payload: Any) -> None:
    check(vendor, payload)


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("vendor", VENDORS)
def test_real_payloads_with_something_wrong(vendor: str, data: st.DataObject) -> None:
    check(vendor, data.draw(mutated(REAL[vendor], ANYTHING)))


@pytest.mark.parametrize("vendor", VENDORS)
def test_one_thing_wrong_wherever_it_is(vendor: str) -> None:
    for real in REAL[vendor]:
        for payload in with_one_thing_wrong(real):
            check(vendor, payload)


@pytest.mark.parametrize("vendor", VENDORS)
def test_real_payloads(vendor: str) -> None:
    for payload in REAL[vendor]:
        check(vendor, payload)


@pytest.mark.parametrize("vendor", VENDORS)
def test_nesting_without_end(vendor: str) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"value": [deep]}
    for payload in REAL[vendor]:
        plain = PARSERS[vendor](payload, "chat")
        nested = PARSERS[vendor]({**payload, "more": deep}, "chat")
        assert list(nested) == list(plain)
    form = teams.having(teams.MESSAGE, value=deep)
    (message,) = parse_teams_webhook(form)
    assert "postback_data" not in message.metadata


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
def test_good_updates_survive_bad_ones(junk: list[Any], place: int) -> None:
    updates = [*junk[:place], telegram.UPDATE, *junk[place:]]
    ids = [one.provider_message_id for one in parse_telegram_webhook(updates, "telegram")]
    assert "1111111:1365" in ids


def files_of(content: EventContent) -> list[str]:
    parts = content.parts if isinstance(content, CompositeContent) else [content]
    return [part.url for part in parts if isinstance(part, MediaContent)]


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
def test_good_files_survive_bad_ones(junk: list[Any], place: int) -> None:
    attachments = [*junk[:place], teams.FILE, *junk[place:]]
    (message,) = parse_teams_webhook(teams.having(teams.MESSAGE, attachments=attachments))
    assert teams.FILE["content"]["downloadUrl"] in files_of(message.content)
    sizes = [*junk[:place], {"file_id": "good", "width": 9, "height": 9}, *junk[place:]]
    (message,) = parse_telegram_webhook(telegram.update(photo=sizes, caption="x"), "telegram")
    assert message.metadata["files"]


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
def test_good_mentions_survive_bad_ones(junk: list[Any], place: int) -> None:
    entities = [*junk[:place], *teams.MENTION["entities"], *junk[place:]]
    (message,) = parse_teams_webhook(teams.having(teams.MENTION, entities=entities))
    assert message.metadata["bot_mentioned"] is True
