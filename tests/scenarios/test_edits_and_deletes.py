"""Edits and deletes: who may, what they change, and what they must not bring to light."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    ChannelCapabilities,
    ChannelOutput,
    DeleteContent,
    EditContent,
    EventStatus,
    EventType,
    HookExecution,
    HookResult,
    HookTrigger,
    Identity,
    InboundResult,
    MockIdentityResolver,
    ParticipantRole,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.base import text_of
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.store.base import ConversationStore
from roomkit.testing import VirtualClock
from tests.helpers import Inbox, say
from tests.scenarios.actors import Thinker, Transport, Witness, seat, timeline
from tests.scenarios.conftest import KitFactory


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def stored(kit: RoomKit, event: RoomEvent | None) -> RoomEvent:
    assert event is not None
    found = await kit.store.get_event(event.id)
    assert found is not None
    return found


async def edit(
    kit: RoomKit, target: RoomEvent | None, text: str = "new", *, by: str = "u", via: str = "a"
) -> InboundResult:
    assert target is not None
    content = EditContent(target_event_id=target.id, new_content=TextContent(body=text))
    return await say(kit, via, content, sender=by)


async def delete(
    kit: RoomKit, target: RoomEvent | None, *, by: str = "u", via: str = "a"
) -> InboundResult:
    assert target is not None
    return await say(kit, via, DeleteContent(target_event_id=target.id), sender=by)


async def test_edit_is_an_event_of_its_own_and_changes_its_target(
    kit: RoomKit, b: Transport
) -> None:
    original = (await say(kit, "a", "old")).event
    result = await edit(kit, original)
    assert result.event is not None
    assert result.event.type is EventType.EDIT
    target = await stored(kit, original)
    assert target.content == TextContent(body="new")
    assert target.metadata["edited"] is True
    assert target.metadata["edit_event_ids"] == [result.event.id]
    assert original is not None
    assert target.index == original.index
    assert len(await timeline(kit)) == 4
    assert await kit.store.get_unread_count("r", "b") == 1


async def test_edits_are_delivered_in_a_form_that_a_channel_knows(kit: RoomKit) -> None:
    """As an edit, or in words."""
    inbox, modern = Inbox(), WebSocketChannel("modern")
    modern.register_connection("c", inbox.receive)
    plain = Transport("plain", capabilities=ChannelCapabilities())
    await seat(kit, "r", Transport("a"), modern, plain)
    original = (await say(kit, "a", "old")).event
    await edit(kit, original, "new")
    assert plain.texts == ["old", "Correction: new"]
    assert isinstance(inbox.events[-1].content, EditContent)


async def test_delete_withdraws_all_that_was_ever_said(kit: RoomKit, b: Transport) -> None:
    """Every copy of the words, those of edits included."""
    original = (await say(kit, "a", "SECRET one")).event
    await edit(kit, original, "SECRET two")
    await edit(kit, original, "SECRET three")
    result = await delete(kit, original)
    assert result.event is not None
    assert result.event.type is EventType.DELETE
    target = await stored(kit, original)
    assert target.metadata["deleted_by_event"] == result.event.id
    assert "SECRET" not in str([event.model_dump() for event in await timeline(kit)])
    assert [event.index for event in await timeline(kit)] == list(range(6))


async def test_deleted_words_do_not_reach_a_model(kit: RoomKit, b: Transport) -> None:
    provider = MockAIProvider(["ok"])
    await seat(kit, "r", AIChannel("ai", provider))
    original = (await say(kit, "a", "SECRET")).event
    await edit(kit, original, "SECRET again")
    await delete(kit, original)
    provider.calls.clear()
    await say(kit, "a", "what did I say?")
    assert "SECRET" not in str(provider.calls)


async def test_model_sees_the_edited_words_only(kit: RoomKit, b: Transport) -> None:
    """DESIGN 3: edits applied."""
    provider = MockAIProvider(["ok"])
    await seat(kit, "r", AIChannel("ai", provider))
    original = (await say(kit, "a", "old words")).event
    await edit(kit, original, "new words")
    await say(kit, "a", "well?")
    assert [message.content for message in provider.calls[-1].messages] == [
        "new words",
        "ok",
        "well?",
    ]


async def test_edits_and_deletes_do_not_wake_the_ai(kit: RoomKit, b: Transport) -> None:
    provider = MockAIProvider(["ok"])
    await seat(kit, "r", AIChannel("ai", provider))
    original = (await say(kit, "a", "hello")).event
    await edit(kit, original)
    await delete(kit, original)
    assert len(provider.calls) == 1


@pytest.mark.parametrize("revise", [edit, delete])
async def test_blocked_revision_leaves_its_target_alone(
    kit: RoomKit, b: Transport, revise: Any
) -> None:
    """The target changes in the commit, after all gates."""
    original = (await say(kit, "a", "old")).event
    before = await stored(kit, original)

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="moderation")
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        assert event.type in (EventType.EDIT, EventType.DELETE)
        return HookResult.block("no")

    result = await revise(kit, original)
    assert result.event.status is EventStatus.BLOCKED
    assert await stored(kit, original) == before
    assert b.texts == ["old"]


async def test_redacted_edit_is_what_the_target_becomes(kit: RoomKit, b: Transport) -> None:
    """A hook changes the new words."""
    original = (await say(kit, "a", "old")).event

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        assert isinstance(event.content, EditContent)
        content = event.content.model_copy(update={"new_content": TextContent(body="***")})
        return HookResult.modify(event.model_copy(update={"content": content}))

    await edit(kit, original, "my card is 4111 1111")
    assert (await stored(kit, original)).content == TextContent(body="***")
    assert "4111 1111" not in str([event.model_dump() for event in await timeline(kit)])


async def test_hook_that_knows_only_plain_text_redacts_an_edit_too(
    kit: RoomKit, b: Transport
) -> None:
    """It replaces the content of whatever passes: the message is edited, not deleted."""
    original = (await say(kit, "a", "old")).event

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(event.model_copy(update={"content": TextContent(body="***")}))

    await edit(kit, original, "my card is 4111 1111")
    target = await stored(kit, original)
    assert target.content == TextContent(body="***")
    assert "deleted" not in target.metadata


@pytest.mark.parametrize("revise", [edit, delete])
async def test_strangers_may_not_touch_a_message(kit: RoomKit, b: Transport, revise: Any) -> None:
    original = (await say(kit, "a", "mine")).event
    before = await stored(kit, original)
    for by, via in (("eve", "a"), ("eve", "b")):
        result = await revise(kit, original, by=by, via=via)
        assert (result.blocked, result.reason) == (True, "not_the_author")
        assert result.event.blocked_by == "revision"
    assert await stored(kit, original) == before
    assert b.texts == ["mine"]


@pytest.mark.parametrize("revise", [edit, delete])
async def test_author_may_use_another_channel(make_kit: KitFactory, revise: Any) -> None:
    alice = Identity(id="alice")
    kit = make_kit(identity_resolver=MockIdentityResolver({"u": alice, "alice@b": alice}))
    await seat(kit, "r", Transport("a"), Transport("b"))
    original = (await say(kit, "a", "mine", sender="u")).event
    assert not (await revise(kit, original, by="alice@b", via="b")).blocked


@pytest.mark.parametrize("revise", [edit, delete])
@pytest.mark.parametrize(
    ("role", "may"),
    [
        (ParticipantRole.OWNER, True),
        (ParticipantRole.AGENT, True),
        (ParticipantRole.MEMBER, False),
        (ParticipantRole.OBSERVER, False),
        (ParticipantRole.BOT, False),
    ],
)
async def test_owners_and_agents_may_moderate(
    kit: RoomKit, b: Transport, revise: Any, role: ParticipantRole, may: bool
) -> None:
    original = (await say(kit, "a", "hm")).event
    await kit.ensure_participant("r", "b", "moderator", role=role)
    result = await revise(kit, original, by="moderator", via="b")
    assert result.blocked is not may


async def test_host_revises_what_it_sent(kit: RoomKit, b: Transport) -> None:
    sent = await kit.send_event("r", "a", TextContent(body="old"))
    content = EditContent(target_event_id=sent.id, new_content=TextContent(body="new"))
    event = await kit.send_event("r", "a", content, EventType.EDIT)
    assert event.status is EventStatus.DELIVERED
    assert (await stored(kit, sent)).content == TextContent(body="new")


async def test_agent_revises_its_own_answer(kit: RoomKit, b: Transport) -> None:
    def answer(event: RoomEvent, _context: RoomContext) -> Any:
        if text_of(event.content) == "oops":
            mine = ai.contexts[-1].recent_events[-1]
            content = EditContent(target_event_id=mine.id, new_content=TextContent(body="right"))
            revision = ai.says("", event).model_copy(
                update={"type": EventType.EDIT, "content": content}
            )
            return ChannelOutput(response_events=[revision])
        return "wrong" if event.chain_depth == 0 else None

    ai = Thinker("ai", answer)
    await seat(kit, "r", ai)
    await say(kit, "a", "question")
    await say(kit, "a", "oops")
    messages = [event for event in await timeline(kit) if event.source.channel_id == "ai"]
    assert [text_of(event.content) for event in messages[1:]] == ["right", "right"]


@pytest.mark.parametrize("revise", [edit, delete])
async def test_revision_of_a_hidden_message_shows_it_to_nobody_new(
    kit: RoomKit, b: Transport, revise: Any
) -> None:
    c = Transport("c")
    await seat(kit, "r", c)
    hidden = await kit.send_event(
        "r", "a", TextContent(body="for b"), visibility="b", participant_id="u"
    )
    result = await revise(kit, hidden)
    assert not result.blocked
    assert result.event.visibility == "b"
    assert len(b.received) == 2
    assert c.received == []


async def test_targets_have_to_exist(kit: RoomKit, b: Transport) -> None:
    """In this room, as a message, not withheld and not deleted."""
    await seat(kit, "other", Transport("x"))
    elsewhere = (await say(kit, "x", "hello", room_id="other")).event
    kit.add_room_hook(
        "r",
        HookTrigger.BEFORE_BROADCAST,
        execution=HookExecution.SYNC,
        fn=lambda event, _context: HookResult.block() if text_of(event.content) == "bad" else None,
    )
    blocked = (await say(kit, "a", "bad")).event
    gone = (await say(kit, "a", "gone")).event
    await delete(kit, gone)
    notice = (await timeline(kit))[0]
    ghost = notice.model_copy(update={"id": "ghost"})
    for target in (elsewhere, blocked, gone, notice, ghost):
        result = await edit(kit, target)
        assert (result.blocked, result.reason) == (True, "target_not_found")


async def test_edit_of_an_edit_goes_to_the_message(kit: RoomKit, b: Transport) -> None:
    original = (await say(kit, "a", "one")).event
    first = (await edit(kit, original, "two")).event
    assert (await edit(kit, first, "three")).reason == "target_not_found"
    await edit(kit, original, "three")
    assert (await stored(kit, original)).content == TextContent(body="three")


async def test_revisions_are_told_about_like_messages(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)
    original = (await say(kit, "a", "old")).event
    await edit(kit, original)
    assert [event.type for event in witness.of("after_broadcast")] == [
        EventType.MESSAGE,
        EventType.EDIT,
    ]


@pytest.mark.parametrize("revise", [edit, delete])
async def test_revision_is_not_undone_by_the_record_of_a_delivery(
    store: ConversationStore, clock: VirtualClock, revise: Any
) -> None:
    """Both write to the same event, at any two moments."""
    for step in range(30):
        kit = RoomKit(store=type(store)(), clock=clock)
        delivering, go_on = asyncio.Event(), asyncio.Event()

        async def deliver(
            _event: RoomEvent, delivering: Any = delivering, go_on: Any = go_on
        ) -> None:
            delivering.set()
            await go_on.wait()

        await seat(kit, "r", Transport("a"), Transport("b", deliver))
        call = asyncio.create_task(say(kit, "a", "SECRET"))
        await delivering.wait()
        original = (await timeline(kit))[-1]
        revision = asyncio.create_task(revise(kit, original))
        for _ in range(step):
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(call, revision)
        target = await stored(kit, original)
        assert "SECRET" not in target.model_dump_json(), f"at step {step}"
        assert target.delivery_results["b"].success
        await kit.close()


async def test_event_is_what_its_content_says(kit: RoomKit, b: Transport) -> None:
    """Channels go by the content, so the rules do too: also for what the host and an AI send."""
    mine = await kit.send_event("r", "a", TextContent(body="secret"))
    theirs = (await say(kit, "b", "hello", sender="v")).event
    assert theirs is not None

    gone = await kit.send_event("r", "a", DeleteContent(target_event_id=mine.id))
    assert (gone.type, gone.status) == (EventType.DELETE, EventStatus.DELIVERED)
    assert text_of((await stored(kit, mine)).content) == "[Message deleted]"
    refused = await kit.send_event("r", "a", DeleteContent(target_event_id=theirs.id))
    assert (refused.status, refused.metadata["block_reason"]) == (
        EventStatus.BLOCKED,
        "not_the_author",
    )

    def rewrite(event: RoomEvent, _context: RoomContext) -> ChannelOutput:
        assert event.id != theirs.id
        answer = ai.says("", event).evolve(
            content=EditContent(target_event_id=theirs.id, new_content=TextContent(body="bye"))
        )
        return ChannelOutput(response_events=[answer])

    await seat(kit, "r", ai := Thinker("ai", rewrite))
    await say(kit, "a", "go on")
    assert text_of((await stored(kit, theirs)).content) == "hello"
    assert "bye" not in b.texts
