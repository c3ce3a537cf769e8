"""Whole conversations, as the documentation tells them, with everybody in them."""

from __future__ import annotations

import asyncio
from typing import Any

from roomkit import (
    Access,
    AIChannel,
    AIResponse,
    ChannelCategory,
    ChannelOutput,
    ChannelType,
    EmailChannel,
    EventType,
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityHookResult,
    IdentityResult,
    InboundMessage,
    InjectedEvent,
    Observation,
    RCSChannel,
    RichContent,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    SystemContent,
    Task,
    TaskStatus,
    TextContent,
    WebSocketChannel,
    WhatsAppChannel,
)
from roomkit.channels.base import text_of
from roomkit.identity.base import IdentityResolver
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.email.mock import MockEmailProvider
from roomkit.providers.rcs.mock import MockRCSProvider
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.providers.whatsapp.mock import MockWhatsAppProvider
from tests.helpers import Inbox, say
from tests.scenarios.actors import Thinker, Transport, said, seat, timeline
from tests.scenarios.conftest import KitFactory

CUSTOMER = "+15551234567"


def desk(kit: RoomKit, channel_id: str) -> Inbox:
    """A WebSocket client at a desk."""
    inbox, channel = Inbox(), WebSocketChannel(channel_id)
    channel.register_connection(f"{channel_id}-connection", inbox.receive)
    kit.register_channel(channel)
    return inbox


async def test_customer_support(kit: RoomKit) -> None:
    """A customer by text message, an AI that answers, a person who takes over."""
    provider = MockSMSProvider()
    model = MockAIProvider(
        [
            "I can help! What's your account number?",
            AIResponse(content="Found it.", tasks=[Task(title="check the account")]),
        ]
    )
    kit.register_channel(SMSChannel("sms", provider=provider))
    kit.register_channel(AIChannel("ai", model, system_prompt="You are support."))
    agent = desk(kit, "agent")

    opened = await say(kit, "sms", "I need help with my account", sender=CUSTOMER)
    room_id = opened.room_id
    assert room_id is not None
    assert provider.sent == []

    await kit.attach_channel(room_id, "ai")
    await kit.attach_channel(room_id, "agent")
    await say(kit, "sms", "Hello?", sender=CUSTOMER)
    await say(kit, "sms", "Account #12345", sender=CUSTOMER)
    assert [(one.to, one.body) for one in provider.sent] == [
        (CUSTOMER, "I can help! What's your account number?"),
        (CUSTOMER, "Found it."),
    ]
    assert model.calls[0].system_prompt == "You are support."
    assert [message.role for message in model.calls[1].messages] == [
        "user",
        "user",
        "assistant",
        "user",
    ]
    (task,) = await kit.list_tasks(room_id, TaskStatus.PENDING)
    assert task.title == "check the account"

    # The agent takes over: the AI observes.
    await kit.mute(room_id, "ai")
    await say(kit, "agent", "Let me handle this personally", sender="bob")
    await say(kit, "sms", "Thank you!", sender=CUSTOMER)
    assert provider.sent[-1].body == "Let me handle this personally"
    assert agent.texts[-1] == "Thank you!"
    assert len(model.calls) == 4
    assert len(provider.sent) == 3
    people = {one.id for one in await kit.store.list_participants(room_id)}
    assert people == {CUSTOMER, "bob"}


async def test_notification_over_many_channels(kit: RoomKit) -> None:
    """One event, to each channel in the richest form that it can carry."""
    sms, email, rcs = MockSMSProvider(), MockEmailProvider(), MockRCSProvider()
    app = desk(kit, "app")
    await kit.create_room("r")
    await kit.attach_channel("r", "app")
    await seat(kit, "r", Transport("backend"))
    phone = {"phone_number": CUSTOMER}
    await seat(kit, "r", SMSChannel("sms", provider=sms), metadata=phone)
    await seat(kit, "r", RCSChannel("rcs", provider=rcs), metadata=phone)
    mail = {"email_address": "ada@example.com", "subject": "Your order"}
    await seat(kit, "r", EmailChannel("email", provider=email), metadata=mail)

    content = RichContent(
        body="Your order **shipped**.",
        plain_text="Your order shipped.",
        buttons=[{"text": "Track", "payload": "track"}],
    )
    event = await kit.send_event("r", "backend", content)

    assert {name for name, one in event.delivery_results.items() if one.success} == {
        "app",
        "sms",
        "rcs",
        "email",
    }
    assert isinstance(app.events[0].content, RichContent)
    assert "Track" in app.events[0].content.body
    assert rcs.sent[0].event.content == content
    assert (email.sent[0].to, email.sent[0].subject) == ("ada@example.com", "Your order")
    assert sms.sent[0].body.startswith("Your order shipped.")
    assert "**" not in sms.sent[0].body
    assert len(sms.sent[0].body) <= 1600


async def test_identity_verification(make_kit: KitFactory) -> None:
    """A stranger is asked a question, answers, and is let in."""

    class Directory(IdentityResolver):
        async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
            if text_of(message.content) == "1990-01-15":
                alice = Identity(id="alice", display_name="Alice")
                return IdentityResult(status=IdentificationStatus.IDENTIFIED, identity=alice)
            return IdentityResult(status=IdentificationStatus.UNKNOWN)

    kit = make_kit(identity_resolver=Directory())
    provider = MockSMSProvider()
    kit.register_channel(SMSChannel("sms", provider=provider))
    ai = Thinker("ai", "Hello Alice!")
    kit.register_channel(ai)

    @kit.hook(HookTrigger.ON_ROOM_CREATED)
    async def furnish(event: RoomEvent, _context: RoomContext) -> None:
        await kit.attach_channel(event.room_id, "ai")

    @kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN, channel_types=[ChannelType.SMS])
    async def verify(_event: RoomEvent, _context: RoomContext) -> IdentityHookResult:
        question = TextContent(body="Please verify: reply with your date of birth.")
        return IdentityHookResult.challenge(inject=InjectedEvent(content=question))

    first = await say(kit, "sms", "What is my balance?", sender=CUSTOMER)
    assert (first.blocked, first.reason) == (True, "identity_challenge")
    assert [one.body for one in provider.sent] == ["Please verify: reply with your date of birth."]
    assert ai.seen == []

    second = await say(kit, "sms", "1990-01-15", sender=CUSTOMER)
    assert second.event is not None
    assert second.event.source.participant_id == "alice"
    assert second.room_id == first.room_id
    assert provider.sent[-1].body == "Hello Alice!"

    third = await say(kit, "sms", "What is my balance?", sender=CUSTOMER)
    assert not third.blocked
    assert ai.texts == ["1990-01-15", "What is my balance?"]
    assert "What is my balance?" not in ai.remembered(0)


async def test_channels_come_and_go(kit: RoomKit) -> None:
    """An AI is added, silenced, given back its voice; a channel is restricted and removed."""
    provider = MockSMSProvider()

    def notice(event: RoomEvent, _context: RoomContext) -> Any:
        observed = Observation(category="topic", content="billing", confidence=0.9)
        answer = ai.says("How can I help?", event)
        return ChannelOutput(response_events=[answer], observations=[observed])

    ai = Thinker("ai-bot", notice)
    kit.register_channel(ai)
    await seat(kit, "r", Transport("app"))
    await seat(kit, "r", SMSChannel("sms", provider=provider), metadata={"phone_number": CUSTOMER})

    await say(kit, "app", "anybody there?", room_id="r")
    assert ai.texts == []

    await kit.attach_channel("r", "ai-bot", category=ChannelCategory.INTELLIGENCE)
    await say(kit, "app", "hello", room_id="r")
    assert provider.sent[-1].body == "How can I help?"

    await kit.mute("r", "ai-bot")
    await say(kit, "app", "let us talk among ourselves", room_id="r")
    assert provider.sent[-1].body == "let us talk among ourselves"
    assert len(ai.texts) == 2
    assert len(await kit.list_observations("r")) == 2

    await kit.set_access("r", "sms", Access.READ_ONLY)
    refused = await say(kit, "sms", "may I?", sender=CUSTOMER, room_id="r")
    assert refused.reason == "channel_not_writable"

    await kit.unmute("r", "ai-bot")
    await say(kit, "app", "welcome back", room_id="r")
    assert provider.sent[-1].body == "How can I help?"

    await kit.detach_channel("r", "sms")
    before = len(provider.sent)
    await say(kit, "app", "just us", room_id="r")
    assert len(provider.sent) == before
    changes = [event.type for event in await timeline(kit) if event.type != EventType.MESSAGE]
    assert changes == [
        EventType.CHANNEL_ATTACHED,
        EventType.CHANNEL_ATTACHED,
        EventType.CHANNEL_ATTACHED,
        EventType.CHANNEL_MUTED,
        EventType.CHANNEL_UPDATED,
        EventType.CHANNEL_UNMUTED,
        EventType.CHANNEL_DETACHED,
    ]


async def test_five_people_on_five_channels(kit: RoomKit) -> None:
    """Everybody hears everybody, in one order, each in their own way, an AI among them."""
    sms, email, whatsapp = MockSMSProvider(), MockEmailProvider(), MockWhatsAppProvider()
    web, desktop = desk(kit, "web"), desk(kit, "desktop")
    await kit.create_room("r")
    for channel_id in ("web", "desktop"):
        await kit.attach_channel("r", channel_id)
    await seat(kit, "r", SMSChannel("sms", provider=sms), metadata={"phone_number": CUSTOMER})
    number = {"phone_number": "+4915112345678"}
    await seat(kit, "r", WhatsAppChannel("whatsapp", provider=whatsapp), metadata=number)
    address = {"email_address": "eve@example.com"}
    await seat(kit, "r", EmailChannel("email", provider=email), metadata=address)
    model = MockAIProvider(["noted"])
    await seat(kit, "r", AIChannel("ai", model))

    people = {
        "web": "ada",
        "desktop": "bob",
        "sms": CUSTOMER,
        "whatsapp": "+4915112345678",
        "email": "eve@example.com",
    }
    results = await asyncio.gather(
        *(
            say(kit, channel_id, f"{channel_id} {number}", sender=sender, room_id="r")
            for number in range(4)
            for channel_id, sender in people.items()
        )
    )

    assert not any(result.blocked or result.delivery_errors for result in results)
    everything = await said(kit)
    assert len(everything) == 40
    assert everything.count("noted") == 20
    heard = {
        "web": web.texts,
        "desktop": desktop.texts,
        "sms": [one.body for one in sms.sent],
        "whatsapp": [one.body for one in whatsapp.sent],
        "email": [one.body for one in email.sent],
    }
    for channel_id, texts in heard.items():
        expected = [text for text in everything if not text.startswith(channel_id)]
        assert texts == expected, channel_id
    assert {one.to for one in sms.sent} == {CUSTOMER}
    # The model can tell the speakers apart.
    last = model.calls[-1].messages
    assert {str(one.content).split(":")[0] for one in last if one.role == "user"} == set(
        people.values()
    )
    assert {one.id for one in await kit.store.list_participants("r")} == set(people.values())


async def test_supervisor_listens_without_being_seen(kit: RoomKit) -> None:
    """The observer pattern: reads everything, whispers to the agent only."""
    customer, agent, supervisor = desk(kit, "customer"), desk(kit, "agent"), desk(kit, "boss")
    await kit.create_room("r")
    for channel_id in ("customer", "agent"):
        await kit.attach_channel("r", channel_id)
    await kit.attach_channel("r", "boss", visibility="agent")
    await say(kit, "customer", "I want a refund", sender="ada", room_id="r")
    await say(kit, "boss", "give it to her", sender="carol", room_id="r")
    await say(kit, "agent", "Of course!", sender="bob", room_id="r")
    assert customer.texts == ["Of course!"]
    assert agent.texts == ["I want a refund", "give it to her"]
    assert supervisor.texts == ["I want a refund", "Of course!"]


async def test_announcement_of_the_host(kit: RoomKit) -> None:
    """An event that nobody wrote: shown to people, and no reason for an AI to answer."""
    web = desk(kit, "web")
    await kit.create_room("r")
    await kit.attach_channel("r", "web")
    model = MockAIProvider(["?"])
    await seat(kit, "r", Transport("system-channel"), AIChannel("ai", model))
    notice = SystemContent(body="Maintenance in 5 minutes", code="maintenance")
    await kit.send_event("r", "system-channel", notice, EventType.SYSTEM)
    assert web.texts == ["Maintenance in 5 minutes"]
    assert model.calls == []
