"""What the Teams provider asks the Bot Connector for.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TextContent,
)
from roomkit.models.delivery import ProviderResult
from roomkit.providers.teams import (
    BotFrameworkTeamsProvider,
    ConversationReference,
    InMemoryConversationReferenceStore,
    TeamsConfig,
)
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire.teams_activities import ADA, ADDED, BOT, CHAT, INSTALLED, MESSAGE, THREAD, having


def token(value: str, seconds: int = 3600) -> Reply:
    return Reply.of_json({"token_type": "Bearer", "expires_in": seconds, "access_token": value})


@pytest.fixture
async def login() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=token("t0ken-1")) as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=Reply.of_json({"id": "1:a"}, status=201)) as running:
        yield running


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def config(service: ScriptedServer, login: ScriptedServer, **changes: Any) -> TeamsConfig:
    settings: dict[str, Any] = {
        "app_id": "c9e8c047",
        "app_password": "s3cret",
        "service_url": f"{service.url}/teams/",
        "allowed_service_urls": [service.url],
        "login_url": login.url,
    }
    return TeamsConfig(**{**settings, **changes})


@pytest.fixture
async def bot(
    service: ScriptedServer, login: ScriptedServer, clock: VirtualClock
) -> AsyncIterator[BotFrameworkTeamsProvider]:
    provider = BotFrameworkTeamsProvider(config(service, login), clock=clock)
    yield provider
    await provider.close()


async def sent(
    bot: BotFrameworkTeamsProvider, content: EventContent, to: str = CHAT
) -> ProviderResult:
    return await bot.send(example_event(content), to)


class TestSending:
    async def test_text(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        result = await sent(bot, TextContent(body="Hello <b>you</b>"))
        assert (result.success, result.provider_message_id) == (True, f"{CHAT}|1:a")
        (request,) = service.requests
        assert request.target == f"/teams/v3/conversations/{CHAT.replace(':', '%3A')}/activities"
        assert request.headers["authorization"] == "Bearer t0ken-1"
        assert request.json() == {
            "type": "message",
            "textFormat": "plain",
            "text": "Hello <b>you</b>",
        }
        (signed_in,) = login.requests
        assert signed_in.path == "/botframework.com/oauth2/v2.0/token"
        assert signed_in.form == {
            "grant_type": ["client_credentials"],
            "client_id": ["c9e8c047"],
            "client_secret": ["s3cret"],
            "scope": ["https://api.botframework.com/.default"],
        }

    async def test_formatted_text(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        await sent(bot, RichContent(body="**Hi**"))
        await sent(bot, RichContent(body="<b>Hi</b>", format="html"))
        markdown, markup = [request.json() for request in service.requests]
        assert (markdown["textFormat"], markdown["text"]) == ("markdown", "**Hi**")
        assert (markup["textFormat"], markup["text"]) == ("xml", "<b>Hi</b>")

    async def test_buttons_are_on_a_card_with_the_text(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        rich = RichContent(
            body="Pick one",
            buttons=[
                {"text": "Yes", "payload": "y"},
                {"text": "Shop", "url": "https://x.example"},
            ],
            quick_replies=[{"text": "Later"}],
        )
        await sent(bot, rich)
        activity = service.requests[0].json()
        assert "text" not in activity
        assert activity["attachments"] == [
            {
                "contentType": "application/vnd.microsoft.card.hero",
                "content": {
                    "text": "Pick one",
                    "buttons": [
                        {
                            "type": "messageBack",
                            "title": "Yes",
                            "text": "Yes",
                            "displayText": "Yes",
                            "value": {"payload": "y"},
                        },
                        {"type": "openUrl", "title": "Shop", "value": "https://x.example"},
                    ],
                },
            }
        ]
        assert activity["suggestedActions"]["actions"] == [
            {"type": "imBack", "title": "Later", "value": "Later"}
        ]

    async def test_cards(self, service: ScriptedServer, bot: BotFrameworkTeamsProvider) -> None:
        adaptive = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock"}]}
        hero = {"title": "Bike", "image": "https://x.example/a.png", "buttons": [{"text": "Buy"}]}
        await sent(bot, RichContent(body="Look", cards=[adaptive, hero]))
        activity = service.requests[0].json()
        first, second = activity["attachments"]
        assert first["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert first["content"] == adaptive
        assert second["content"]["images"] == [{"url": "https://x.example/a.png"}]
        assert second["content"]["buttons"][0]["title"] == "Buy"
        assert activity["text"] == "Look"

    async def test_pictures_and_other_files(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        picture = MediaContent(
            url="https://x.example/a.png", mime_type="image/png", filename="a.png", caption="A"
        )
        sound = AudioContent(url="https://x.example/a.ogg", mime_type="audio/ogg")
        place = LocationContent(latitude=45.5, longitude=-73.6, label="Shop")
        await sent(bot, CompositeContent(parts=[TextContent(body="Hi"), picture, sound, place]))
        activity = service.requests[0].json()
        assert activity["attachments"] == [
            {
                "contentType": "image/png",
                "contentUrl": "https://x.example/a.png",
                "name": "a.png",
            }
        ]
        assert activity["text"] == (
            "Hi\nA\nhttps://x.example/a.ogg\nShop\nhttps://maps.google.com/?q=45.5,-73.6"
        )

    async def test_a_file_that_has_no_address(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        bill = MediaContent(url="data:application/pdf;base64,AA==", mime_type="application/pdf")
        result = await sent(bot, bill)
        assert (result.success, result.error_code) == (False, "invalid_media")

    async def test_an_answer_to_a_message(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        for answered in (f"{CHAT}|7", f"{THREAD}|7"):
            event = example_event(TextContent(body="Yes"))
            event = event.model_copy(update={"metadata": {"reply_to_message_id": answered}})
            await bot.send(event, CHAT)
        here, elsewhere = service.requests
        assert here.path.endswith("/activities/7")
        assert here.json()["replyToId"] == "7"
        assert elsewhere.path.endswith("/activities")

    async def test_typing(self, service: ScriptedServer, bot: BotFrameworkTeamsProvider) -> None:
        await bot.send_typing(CHAT)
        assert service.requests[0].json() == {"type": "typing"}

    async def test_a_message_that_teams_splits_has_no_id(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(json={}, status=201)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.success, result.provider_message_id) == (True, None)


class TestRevising:
    async def test_an_edit(self, service: ScriptedServer, bot: BotFrameworkTeamsProvider) -> None:
        edit = EditContent(target_event_id="e-1", new_content=TextContent(body="Better"))
        result = await bot.send(
            example_event(edit), THREAD, target_ids=[f"{THREAD}|1:a", f"{THREAD}|1:b"]
        )
        assert (result.success, result.provider_message_id) == (True, f"{THREAD}|1:a")
        changed, removed = service.requests
        assert (changed.method, changed.json()["text"]) == ("PUT", "Better")
        assert changed.path.endswith("%3Bmessageid%3D1481567603816/activities/1%3Aa")
        assert (removed.method, removed.path.rpartition("/")[2]) == ("DELETE", "1%3Ab")

    async def test_a_delete(self, service: ScriptedServer, bot: BotFrameworkTeamsProvider) -> None:
        delete = DeleteContent(target_event_id="e-1")
        assert (await bot.send(example_event(delete), CHAT, target_ids=[f"{CHAT}|7"])).success
        assert [(one.method, one.body) for one in service.requests] == [("DELETE", b"")]

    async def test_what_was_never_sent_here(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        delete = DeleteContent(target_event_id="e-1")
        for targets in ([], ["x"], [f"{THREAD}|7"], [f"{CHAT}|"]):
            result = await bot.send(example_event(delete), CHAT, target_ids=targets)
            assert (result.success, result.error_code) == (False, "target_unknown")
        assert not service.requests


class TestTheToken:
    async def test_many_at_once_sign_in_once(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        results = await asyncio.gather(*(sent(bot, TextContent(body="Hi")) for _ in range(20)))
        assert all(result.success for result in results)
        assert len(login.requests) == 1

    async def test_it_is_renewed_before_its_end(
        self,
        service: ScriptedServer,
        login: ScriptedServer,
        bot: BotFrameworkTeamsProvider,
        clock: VirtualClock,
    ) -> None:
        login.reply(token("t0ken-1"))
        login.reply(token("t0ken-2"))
        await sent(bot, TextContent(body="Hi"))
        await clock.advance(3290)
        await sent(bot, TextContent(body="Hi"))
        assert len(login.requests) == 1
        await clock.advance(20)
        await sent(bot, TextContent(body="Hi"))
        assert service.requests[-1].headers["authorization"] == "Bearer t0ken-2"

    async def test_one_that_was_withdrawn_is_replaced(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        login.reply(token("t0ken-1"))
        login.reply(token("t0ken-2"))
        service.reply(status=401)
        assert (await sent(bot, TextContent(body="Hi"))).success
        assert [one.headers["authorization"] for one in service.requests] == [
            "Bearer t0ken-1",
            "Bearer t0ken-2",
        ]

    async def test_a_bot_that_is_not_let_in(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(status=401)
        service.reply(status=401)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.error_code, result.retryable) == ("unauthorized", False)
        assert len(service.requests) == 2

    async def test_a_wrong_password(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        login.reply(json={"error": "invalid_client"}, status=401)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.error_code, result.retryable) == ("unauthorized", False)
        assert not service.requests
        assert (await sent(bot, TextContent(body="Hi"))).success

    async def test_an_answer_without_a_token(
        self, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        for answer in ({}, {"access_token": 7}, {"access_token": "é", "expires_in": 1}):
            login.reply(json=answer)
            result = await sent(bot, TextContent(body="Hi"))
            assert (result.error_code, result.retryable) == ("bad_answer", False)

    async def test_who_goes_away_does_not_take_the_others_along(
        self, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        login.hang()
        first = asyncio.create_task(sent(bot, TextContent(body="Hi")))
        await login.wait_for_requests(1)
        second = asyncio.create_task(sent(bot, TextContent(body="Hi")))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).success
        assert first.cancelled()

    async def test_a_single_tenant_bot(
        self, service: ScriptedServer, login: ScriptedServer
    ) -> None:
        bot = BotFrameworkTeamsProvider(config(service, login, tenant_id="tenant-1"))
        await sent(bot, TextContent(body="Hi"))
        await bot.close()
        assert login.requests[0].path == "/tenant-1/oauth2/v2.0/token"


class TestWhoSeesTheToken:
    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/amer/",
            "http://smba.trafficmanager.net/amer/",
            "https://evil.trafficmanager.net/",
            "https://smba.trafficmanager.net.evil.example/",
            "https://smba.trafficmanager.net:8443/",
            "https://smba.trafficmanager.net@evil.example/",
            "https://evil.example\\@smba.trafficmanager.net/",
            "https://botframework.com.evil.example/",
            "https://evilbotframework.com/",
            "ftp://smba.trafficmanager.net/",
            "https://[::1",
            "",
        ],
    )
    async def test_nobody_else(
        self, service: ScriptedServer, login: ScriptedServer, clock: VirtualClock, url: str
    ) -> None:
        store = InMemoryConversationReferenceStore()
        bot = BotFrameworkTeamsProvider(config(service, login), references=store, clock=clock)
        await bot.on_webhook(having(MESSAGE, serviceUrl=url))
        assert await store.get(CHAT) is None
        await store.save(ConversationReference(conversation_id=CHAT, service_url=url))
        result = await sent(bot, TextContent(body="Hi"))
        await bot.close()
        assert (result.error_code, result.retryable) == ("untrusted_service", False)
        assert not login.requests

    @pytest.mark.parametrize(
        "url",
        [
            "https://smba.trafficmanager.net/amer/",
            "https://SMBA.trafficmanager.net/amer/",
            "https://smba.infra.gcc.teams.microsoft.com/gcc/",
            "https://europe.webchat.botframework.com/",
        ],
    )
    async def test_microsofts_services(self, bot: BotFrameworkTeamsProvider, url: str) -> None:
        await bot.on_webhook(having(MESSAGE, serviceUrl=url))
        reference = await bot.references.get(CHAT)
        assert reference is not None
        assert reference.service_url == url

    @pytest.mark.parametrize("url", ["example.com", "", "ftp://x", "https://"])
    def test_an_allowed_service_has_an_address(self, url: str) -> None:
        with pytest.raises(ValueError, match="scheme and a host"):
            TeamsConfig(app_id="a", app_password="b", allowed_service_urls=[url])


class TestReferences:
    async def test_a_message_first_after_a_webhook(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        await bot.on_webhook(having(INSTALLED, serviceUrl=f"{service.url}/emea/"))
        assert (await sent(bot, TextContent(body="Welcome!"))).success
        assert service.requests[0].path.startswith("/emea/v3/conversations/")

    async def test_a_reference_survives_a_restart(
        self, service: ScriptedServer, login: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        await bot.on_webhook(having(MESSAGE, serviceUrl=f"{service.url}/emea/"))
        saved = await bot.references.get(CHAT)
        assert saved is not None
        kept = json.dumps(saved.model_dump())

        store = InMemoryConversationReferenceStore()
        await store.save(ConversationReference.model_validate_json(kept))
        later = BotFrameworkTeamsProvider(config(service, login), references=store)
        await sent(later, TextContent(body="Still here"))
        await later.close()
        assert service.requests[0].path.startswith("/emea/")

    async def test_without_a_reference_it_asks_the_usual_service(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        assert (await sent(bot, TextContent(body="Hi"), "19:unheard-of")).success
        assert service.requests[0].path.startswith("/teams/v3/")

    async def test_a_bot_that_was_removed_forgets(self, bot: BotFrameworkTeamsProvider) -> None:
        await bot.on_webhook(ADDED)
        where = ADDED["conversation"]["id"]
        assert await bot.references.get(where) is not None
        await bot.on_webhook(having(ADDED, membersAdded=None, membersRemoved=[{"id": BOT}]))
        assert await bot.references.get(where) is None

    async def test_what_says_nothing_is_not_kept(self, bot: BotFrameworkTeamsProvider) -> None:
        silent: list[dict[str, Any]] = [{}, {"type": "message"}, {"conversation": None}]
        for payload in [*silent, having(MESSAGE, serviceUrl=[])]:
            await bot.on_webhook(payload)
        assert await bot.references.get(CHAT) is None

    async def test_the_store_is_bounded(self) -> None:
        store = InMemoryConversationReferenceStore(max_references=2)
        for name in ("a", "b"):
            await store.save(ConversationReference(conversation_id=name, service_url="https://x"))
        assert await store.get("a") is not None
        await store.save(ConversationReference(conversation_id="c", service_url="https://x"))
        assert await store.get("b") is None
        assert await store.get("a") is not None
        await store.delete("never seen")
        with pytest.raises(ValueError, match="at least 1"):
            InMemoryConversationReferenceStore(max_references=0)


class TestNewConversations:
    async def test_a_thread_in_a_channel(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        channel = THREAD.partition(";")[0]
        service.reply(json={"id": THREAD, "activityId": "1481567603816"}, status=201)
        reference = await bot.create_channel_conversation(
            channel, TextContent(body="New ticket"), tenant_id="tenant-1"
        )
        (request,) = service.requests
        assert request.path == "/teams/v3/conversations"
        assert request.json() == {
            "bot": {"id": "28:c9e8c047"},
            "isGroup": True,
            "channelData": {"channel": {"id": channel}, "tenant": {"id": "tenant-1"}},
            "activity": {"type": "message", "textFormat": "plain", "text": "New ticket"},
        }
        assert reference.conversation_id == THREAD
        assert await bot.references.get(THREAD) == reference
        assert (await sent(bot, TextContent(body="More"), THREAD)).success

    async def test_the_chat_with_somebody(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(json={"id": CHAT}, status=201)
        reference = await bot.create_personal_conversation(ADA, tenant_id="tenant-1")
        assert service.requests[0].json() == {
            "bot": {"id": "28:c9e8c047"},
            "isGroup": False,
            "members": [{"id": ADA}],
            "tenantId": "tenant-1",
        }
        assert (reference.conversation_id, reference.user_id) == (CHAT, ADA)

    async def test_a_channel_without_the_bot(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(json={"error": {"code": "BotNotInConversationRoster"}}, status=403)
        with pytest.raises(ProviderError) as caught:
            await bot.create_channel_conversation("19:x", TextContent(body="Hi"))
        assert (caught.value.code, caught.value.retryable) == ("blocked", False)
        service.reply(json={"activityId": "7"}, status=201)
        with pytest.raises(ProviderError) as caught:
            await bot.create_channel_conversation("19:x", TextContent(body="Hi"))
        assert caught.value.code == "bad_answer"


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "body", "code", "retryable"),
        [
            (403, {"error": {"code": "BotDisabledByAdmin"}}, "blocked", False),
            (403, {"error": {"code": "SomethingNew"}}, "forbidden", False),
            (404, {"error": {"code": "ConversationNotFound"}}, "invalid_recipient", False),
            (413, {"error": {"code": "MessageSizeTooBig"}}, "too_long", False),
            (400, {"error": {"code": "BadSyntax"}}, "rejected", False),
            (412, {"error": {"code": "PreconditionFailed"}}, "conflict", True),
            (429, {"error": {"code": "Throttled"}}, "rate_limited", True),
            (504, {}, "unavailable", True),
            (403, {"error": "nonsense with spaces"}, "forbidden", False),
        ],
    )
    async def test_what_teams_says(
        self,
        service: ScriptedServer,
        bot: BotFrameworkTeamsProvider,
        status: int,
        body: Any,
        code: str,
        retryable: bool,
    ) -> None:
        service.reply(json=body, status=status)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.success, result.error_code, result.retryable) == (False, code, retryable)

    async def test_somebody_who_has_blocked_the_bot(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        # https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
        hidden = (
            '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "details": "Thread is blocked"\r\n}'
        )
        service.reply(json={"errorCode": 209, "message": hidden}, status=403)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.error_code, result.retryable) == ("blocked", False)
        assert result.metadata["vendor_code"] == "MessageWritesBlocked"


class TestFiles:
    async def test_a_pasted_picture_needs_the_token(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(Reply(headers={"content-type": "image/png"}, body=b"x" * 1_500_000))
        file = await bot.fetch_file(f"{service.url}/v3/attachments/0-eus/views/original")
        assert (file.mime_type, len(file.content)) == ("image/png", 1_500_000)
        assert service.requests[0].headers["authorization"] == "Bearer t0ken-1"

    async def test_a_file_that_is_too_large(
        self, service: ScriptedServer, bot: BotFrameworkTeamsProvider
    ) -> None:
        service.reply(body=b"x" * 11)
        with pytest.raises(ProviderError) as caught:
            await bot.fetch_file(f"{service.url}/v3/attachments/0", max_bytes=10)
        assert caught.value.code == "too_large"

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:9/latest/meta-data",
            "http://169.254.169.254/",
            "http://localhost/",
            "file:///etc/passwd",
            "telegram-file:x",
            "",
        ],
    )
    async def test_an_address_inside_of_the_network(
        self, login: ScriptedServer, bot: BotFrameworkTeamsProvider, url: str
    ) -> None:
        with pytest.raises(ProviderError) as caught:
            await bot.fetch_file(url)
        assert caught.value.code == "address_blocked"
        assert not login.requests


def test_the_configuration_keeps_its_secret() -> None:
    config = TeamsConfig(app_id="app", app_password="s3cret")
    assert "s3cret" not in f"{config!r} {config.model_dump(mode='json')}"
