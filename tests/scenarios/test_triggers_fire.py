"""Every trigger and every framework event that is declared fires somewhere: here.

Who builds an area moves its names from `LATER` to `STORIES`; nothing is ever added to `LATER`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest

from roomkit import (
    ChannelOutput,
    DeliveryStatus,
    HookResult,
    HookTrigger,
    IdentificationStatus,
    Identity,
    MockIdentityResolver,
    RoomKit,
    RoomTimers,
    Task,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.framework_event import FrameworkEventType
from roomkit.sources.base import Emit, SourceProvider
from roomkit.testing import VirtualClock
from tests.helpers import Inbox, say
from tests.scenarios.actors import Thinker, Transport, Witness, seat
from tests.scenarios.conftest import KitFactory

FRAMEWORK_EVENTS: tuple[str, ...] = get_args(FrameworkEventType)

LATER = {
    HookTrigger.ON_SPEECH_START: "voice",
    HookTrigger.ON_SPEECH_END: "voice",
    HookTrigger.ON_TRANSCRIPTION: "voice",
    HookTrigger.ON_PARTIAL_TRANSCRIPTION: "voice",
    HookTrigger.BEFORE_TTS: "voice",
    HookTrigger.AFTER_TTS: "voice",
    HookTrigger.ON_VAD_SILENCE: "voice",
    HookTrigger.ON_VAD_AUDIO_LEVEL: "voice",
    HookTrigger.ON_SPEAKER_CHANGE: "voice",
    HookTrigger.ON_BARGE_IN: "voice",
    HookTrigger.ON_TTS_CANCELLED: "voice",
    HookTrigger.ON_DTMF: "voice",
    HookTrigger.ON_TURN_COMPLETE: "voice",
    HookTrigger.ON_TURN_INCOMPLETE: "voice",
    HookTrigger.ON_BACKCHANNEL: "voice",
    HookTrigger.ON_RECORDING_STARTED: "voice",
    HookTrigger.ON_RECORDING_STOPPED: "voice",
    HookTrigger.ON_INPUT_AUDIO_LEVEL: "voice",
    HookTrigger.ON_OUTPUT_AUDIO_LEVEL: "voice",
    HookTrigger.ON_TOOL_CALL: "tools",
    HookTrigger.ON_AI_THINKING: "thinking",
    HookTrigger.ON_REALTIME_TEXT_INJECTED: "realtime voice",
    HookTrigger.ON_TASK_DELEGATED: "delegation",
    HookTrigger.ON_TASK_COMPLETED: "delegation",
}


class Stage:
    """Where a story plays: a kit that is listened to in every way."""

    def __init__(self, make_kit: KitFactory, clock: VirtualClock) -> None:
        self.clock = clock
        self._make_kit = make_kit

    async def set(self, **options: Any) -> RoomKit:
        """A kit with a room `r`, in which there are the channels `a` and `b`."""
        self.kit = self._make_kit(**options)
        self.witness = Witness(self.kit).on(*FRAMEWORK_EVENTS).hook(*HookTrigger)
        await seat(self.kit, "r", Transport("a"), Transport("b"))
        return self.kit


async def one_message(stage: Stage) -> None:
    await say(await stage.set(), "a", room_id="r")


async def channel_comes_and_goes(stage: Stage) -> None:
    kit = await stage.set()
    await kit.mute("r", "b")
    await kit.unmute("r", "b")
    await kit.detach_channel("r", "b")


async def room_is_wound_up(stage: Stage) -> None:
    kit = await stage.set()
    await kit.pause_room("r")
    await kit.resume_room("r")
    await kit.close_room("r")
    await kit.archive_room("r")


async def room_falls_silent(stage: Stage) -> None:
    kit = await stage.set()
    await kit.create_room("silent", timers=RoomTimers(inactive_after_seconds=1))
    await stage.clock.advance(1)
    await kit.check_all_timers()


async def sender_is(stage: Stage, status: IdentificationStatus) -> None:
    resolver = MockIdentityResolver({"alice": Identity(id="alice")}, unknown=status)
    kit = await stage.set(identity_resolver=resolver)
    await say(kit, "a", sender="u", room_id="r")


async def sender_is_ambiguous(stage: Stage) -> None:
    await sender_is(stage, IdentificationStatus.AMBIGUOUS)


async def sender_is_unknown(stage: Stage) -> None:
    await sender_is(stage, IdentificationStatus.UNKNOWN)


async def sender_is_identified(stage: Stage) -> None:
    kit = await stage.set(identity_resolver=MockIdentityResolver({"u": Identity(id="alice")}))
    await say(kit, "a", sender="u", room_id="r")


async def resolver_is_slow(stage: Stage) -> None:
    class Slow(MockIdentityResolver):
        async def resolve(self, message: Any, context: Any) -> Any:
            await stage.clock.sleep(60)

    kit = await stage.set(identity_resolver=Slow())
    async with stage.clock.auto():
        await say(kit, "a", room_id="r")


async def message_takes_too_long(stage: Stage) -> None:
    kit = await stage.set(process_timeout=1)
    kit.hook(HookTrigger.BEFORE_BROADCAST)(lambda *_: stage.clock.sleep(60))
    async with stage.clock.auto():
        await say(kit, "a", room_id="r")


async def vendor_reports(stage: Stage) -> None:
    kit = await stage.set()
    await kit.process_delivery_status(
        DeliveryStatus(provider="mock", message_id="m-1", status="delivered")
    )


async def ai_leaves_a_task(stage: Stage) -> None:
    kit = await stage.set()
    ai = Thinker("ai", lambda *_: ChannelOutput(tasks=[Task(title="t")]))
    await seat(kit, "r", ai)
    await say(kit, "a", room_id="r")


async def ai_fails(stage: Stage) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no model")

    kit = await stage.set()
    await seat(kit, "r", Thinker("ai", fail))
    await say(kit, "a", room_id="r")


async def ais_talk_without_end(stage: Stage) -> None:
    kit = await stage.set()
    await seat(kit, "r", Thinker("one", "yes"), Thinker("two", "no"))
    await say(kit, "a", room_id="r")


async def hook_fails(stage: Stage) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no")

    kit = await stage.set()
    kit.hook_engine.register(HookTrigger.BEFORE_BROADCAST, fail)
    await say(kit, "a", room_id="r")


async def hook_blocks(stage: Stage) -> None:
    kit = await stage.set()
    kit.hook(HookTrigger.BEFORE_BROADCAST)(lambda *_: HookResult.block())
    await say(kit, "a", room_id="r")


async def one_of_two_channels_fails(stage: Stage) -> None:
    def fail(_event: object) -> None:
        raise RuntimeError("unreachable")

    kit = await stage.set()
    await seat(kit, "r", Transport("c", fail))
    await kit.send_event("r", "a", TextContent(body="hello"))


async def somebody_connects(stage: Stage) -> None:
    kit = await stage.set()
    await seat(kit, "r", WebSocketChannel("ws"))
    await kit.connect_websocket("ws", "c", Inbox().receive, room_id="r")
    await kit.disconnect_websocket("ws", "c")


class Call:
    """A live session, as far as the kit knows one."""

    id = "session"
    room_id = "r"
    channel_id = "phone"


class Phone(Transport):
    async def open_session(
        self, room_id: str, participant_id: str, *, metadata: Any = None
    ) -> Call:
        return Call()

    async def close_session(self, session: Any) -> None: ...


async def somebody_calls(stage: Stage) -> None:
    kit = await stage.set()
    await seat(kit, "r", Phone("phone"))
    await kit.leave(await kit.join("r", "phone"))


async def somebody_rates(stage: Stage) -> None:
    await (await stage.set()).submit_feedback("r", 5)


class Dry(SourceProvider):
    """A source that cannot be reached."""

    async def start(self, emit: Emit) -> None:
        raise ConnectionError("refused")


async def source_runs_dry(stage: Stage) -> None:
    kit, gone = await stage.set(), asyncio.Event()
    kit.on("source_exhausted")(lambda _event: gone.set())
    async with stage.clock.auto():
        await kit.attach_source("a", Dry(), max_restarts=1)
        await gone.wait()
    await kit.detach_source("a")


STORIES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    HookTrigger.BEFORE_BROADCAST: one_message,
    HookTrigger.AFTER_BROADCAST: one_message,
    HookTrigger.ON_CHANNEL_ATTACHED: one_message,
    HookTrigger.ON_CHANNEL_DETACHED: channel_comes_and_goes,
    HookTrigger.ON_CHANNEL_MUTED: channel_comes_and_goes,
    HookTrigger.ON_CHANNEL_UNMUTED: channel_comes_and_goes,
    HookTrigger.ON_ROOM_CREATED: one_message,
    HookTrigger.ON_ROOM_PAUSED: room_falls_silent,
    HookTrigger.ON_ROOM_CLOSED: room_is_wound_up,
    HookTrigger.ON_IDENTITY_AMBIGUOUS: sender_is_ambiguous,
    HookTrigger.ON_IDENTITY_UNKNOWN: sender_is_unknown,
    HookTrigger.ON_PARTICIPANT_IDENTIFIED: sender_is_identified,
    HookTrigger.ON_DELIVERY_STATUS: vendor_reports,
    HookTrigger.ON_TASK_CREATED: ai_leaves_a_task,
    HookTrigger.ON_ERROR: ai_fails,
    HookTrigger.ON_SESSION_STARTED: somebody_connects,
    HookTrigger.ON_FEEDBACK: somebody_rates,
    "room_created": one_message,
    "room_closed": room_is_wound_up,
    "room_paused": room_falls_silent,
    "room_resumed": room_is_wound_up,
    "room_archived": room_is_wound_up,
    "room_channel_attached": one_message,
    "room_channel_detached": channel_comes_and_goes,
    "event_processed": one_message,
    "event_blocked": hook_blocks,
    "delivery_succeeded": one_message,
    "delivery_failed": one_of_two_channels_fails,
    "broadcast_partial_failure": one_of_two_channels_fails,
    "chain_depth_exceeded": ais_talk_without_end,
    "identity_timeout": resolver_is_slow,
    "process_timeout": message_takes_too_long,
    "hook_error": hook_fails,
    "channel_error": ai_fails,
    "channel_connected": somebody_connects,
    "channel_disconnected": somebody_connects,
    "voice_session_started": somebody_calls,
    "voice_session_ended": somebody_calls,
    "source_attached": source_runs_dry,
    "source_detached": source_runs_dry,
    "source_error": source_runs_dry,
    "source_exhausted": source_runs_dry,
}


def test_every_name_has_its_story() -> None:
    """What is declared is either shown here or the business of an area still to come."""
    declared = {*HookTrigger, *FRAMEWORK_EVENTS}
    assert set(STORIES) | set(LATER) == declared
    assert not set(STORIES) & set(LATER)


@pytest.mark.parametrize("name", STORIES)
async def test_it_fires(make_kit: KitFactory, clock: VirtualClock, name: str) -> None:
    """And with the right room."""
    stage = Stage(make_kit, clock)
    await STORIES[name](stage)
    heard = stage.witness.of(name)
    assert heard
    rooms = {getattr(payload, "room_id", "r") or "r" for payload in heard}
    assert rooms <= {"r", "silent"}
