"""Where a conversation stands, and how that is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from roomkit import HookResult, HookTrigger, InMemoryStore, Room, RoomContext, RoomEvent, RoomKit
from roomkit.orchestration.state import (
    STATE_KEY,
    ConversationPhase,
    ConversationState,
    PhaseTransition,
    get_conversation_state,
    set_conversation_state,
)
from tests.helpers import join_room, say

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def test_a_room_without_a_state_is_at_the_beginning() -> None:
    room = Room(id="r", created_at=NOON)
    assert get_conversation_state(room).model_dump() == {
        "phase": "intake",
        "active_agent_id": None,
        "previous_agent_id": None,
        "handoff_count": 0,
        "phase_started_at": NOON,
        "phase_history": [],
        "context": {},
    }


def test_a_transition_to_another_agent_is_a_handoff() -> None:
    before = ConversationState(active_agent_id="triage", phase_started_at=NOON, context={"n": 1})
    after = before.transition(
        to_phase="handling", to_agent="billing", reason="an invoice", metadata={"k": "v"}, at=LATER
    )
    assert after == ConversationState(
        phase="handling",
        active_agent_id="billing",
        previous_agent_id="triage",
        handoff_count=1,
        phase_started_at=LATER,
        phase_history=[
            PhaseTransition(
                from_phase="intake",
                to_phase="handling",
                from_agent="triage",
                to_agent="billing",
                reason="an invoice",
                timestamp=LATER,
                metadata={"k": "v"},
            )
        ],
        context={"n": 1},
    )
    assert (before.phase, before.phase_history) == ("intake", [])


@pytest.mark.parametrize("to_agent", ["triage", None])
def test_a_transition_that_keeps_the_agent_is_no_handoff(to_agent: str | None) -> None:
    before = ConversationState(active_agent_id="triage", handoff_count=3)
    after = before.transition(ConversationPhase.RESOLUTION, to_agent)
    assert (after.phase, after.active_agent_id) == ("resolution", "triage")
    assert (after.handoff_count, after.previous_agent_id) == (3, "triage")
    assert not after.phase_history[0].is_handoff


def test_a_phase_goes_on_when_only_the_agent_changes() -> None:
    before = ConversationState(phase="handling", phase_started_at=NOON)
    after = before.transition("handling", "billing", at=LATER)
    assert (after.phase_started_at, after.handoff_count) == (NOON, 1)


def test_the_history_keeps_every_step() -> None:
    state = ConversationState()
    for phase in ConversationPhase:
        state = state.transition(phase, f"agent-{phase}")
    assert [step.to_phase for step in state.phase_history] == list(ConversationPhase)
    assert state.handoff_count == len(ConversationPhase)


@pytest.mark.parametrize(
    "model", [ConversationState(), PhaseTransition(from_phase="", to_phase="")]
)
def test_nothing_of_it_can_be_changed(model: ConversationState | PhaseTransition) -> None:
    for name in type(model).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(model, name, getattr(model, name))


def test_it_is_set_on_a_copy_and_found_again() -> None:
    room = Room(id="r", metadata={"topic": "bikes"})
    state = ConversationState(context={"tier": "premium"}).transition("handling", "billing")
    changed = set_conversation_state(room, state)
    assert room.metadata == {"topic": "bikes"}
    assert changed.metadata["topic"] == "bikes"
    assert json.loads(json.dumps(changed.metadata)) == changed.metadata
    assert get_conversation_state(changed) == state
    assert get_conversation_state(Room.model_validate_json(changed.model_dump_json())) == state


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [("handling", "all of it"), ({"handoff_count": -1}, "handoff_count"), ([], "all of it")],
)
def test_what_is_no_state_is_said_to_be_none(stored: Any, wrong: str) -> None:
    room = Room(id="r", metadata={STATE_KEY: stored})
    with pytest.raises(ValueError, match=rf"room r is not a conversation state .wrong: {wrong}"):
        get_conversation_state(room)


async def test_a_hook_may_keep_count_in_it() -> None:
    """Through the room that it is handed, which the turn that goes on does not undo."""
    store = InMemoryStore()
    async with RoomKit(store=store) as kit:
        await join_room(kit, "r", "web")

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def count(event: RoomEvent, context: RoomContext) -> HookResult:
            state = get_conversation_state(context.room)
            count = state.context.get("message_count", 0) + 1
            state = state.model_copy(update={"context": {**state.context, "message_count": count}})
            await store.update_room(set_conversation_state(context.room, state))
            return HookResult.allow()

        before = await kit.get_room("r")
        for _ in range(3):
            await say(kit, "web")
        room = await kit.get_room("r")
    assert get_conversation_state(room).context == {"message_count": 3}
    assert room.event_count == before.event_count + 3


async def test_writing_the_entry_alone_undoes_nothing() -> None:
    async with RoomKit() as kit:
        await kit.create_room("r")
        state = get_conversation_state(await kit.get_room("r")).transition("handling", "billing")
        await kit.update_room_metadata("r", {"topic": "bikes"})
        await kit.update_room_metadata("r", {STATE_KEY: state.model_dump(mode="json")})
        room = await kit.get_room("r")
    assert (room.metadata["topic"], get_conversation_state(room)) == ("bikes", state)
