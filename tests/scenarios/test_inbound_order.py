"""The order of the steps that an inbound message takes, written down by everybody involved."""

from __future__ import annotations

from roomkit import (
    ChannelOutput,
    ChannelType,
    HookExecution,
    HookResult,
    HookTrigger,
    IdentificationStatus,
    Identity,
    IdentityHookResult,
    IdentityResult,
    InboundMessage,
    InboundRoomRouter,
    InMemoryLockManager,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
)
from roomkit.core.locks import RoomLease
from roomkit.identity.base import IdentityResolver
from roomkit.models.channel import ChannelBinding
from roomkit.store.records import CommitOutcome, RoomSnapshot, TimelineCommit
from roomkit.testing import VirtualClock
from roomkit.testing.stores import YieldingStore
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, seat

Journal = list[str]


class NotingStore(YieldingStore):
    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal

    async def snapshot(
        self,
        room_id: str,
        *,
        known: RoomSnapshot | None = None,
        claim: tuple[str, str] | None = None,
        sender: str | None = None,
    ) -> RoomSnapshot | None:
        if claim is not None:
            self.journal.append("idempotency")
        return await super().snapshot(room_id, known=known, claim=claim, sender=sender)

    async def commit(self, commit: TimelineCommit) -> CommitOutcome:
        if commit.event.type == "message":
            self.journal.append("commit")
        return await super().commit(commit)

    async def add_task(self, task: Task) -> Task:
        self.journal.append("side effects")
        return await super().add_task(task)


class NotingLocks(InMemoryLockManager):
    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal

    async def acquire(self, room_id: str) -> RoomLease:
        lease = await super().acquire(room_id)
        self.journal.append("lock")
        return lease

    async def release(self, lease: RoomLease) -> None:
        self.journal.append("unlock")
        await super().release(lease)


class NotingRouter(InboundRoomRouter):
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        self.journal.append("route")
        return "r"


class NotingResolver(IdentityResolver):
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        self.journal.append("resolve identity")
        return IdentityResult(status=IdentificationStatus.UNKNOWN)


class NotingChannel(Transport):
    def __init__(self, channel_id: str, journal: Journal) -> None:
        super().__init__(channel_id)
        self.journal = journal

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        self.journal.append("handle_inbound")
        return await super().handle_inbound(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        self.journal.append(f"deliver to {self.channel_id}")
        return await super().deliver(event, binding, context)


async def test_steps_are_taken_in_the_documented_order(clock: VirtualClock) -> None:
    """Nothing that is shown here may ever change places."""
    journal: Journal = []
    kit = RoomKit(
        store=NotingStore(journal),
        clock=clock,
        lock_manager=NotingLocks(journal),
        inbound_router=NotingRouter(journal),
        identity_resolver=NotingResolver(journal),
    )

    async def answer(event: RoomEvent, _context: RoomContext) -> ChannelOutput:
        journal.append("react")
        reply = ai.says("answer", event)
        return ChannelOutput(response_events=[reply], tasks=[Task(title="call back")])

    ai = Thinker("ai", answer)
    await seat(kit, "r", NotingChannel("a", journal), ai)

    @kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN)
    async def who_is_it(event: RoomEvent, _context: RoomContext) -> IdentityHookResult:
        journal.append("identity hooks")
        return IdentityHookResult.resolved(Identity(id="alice"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        journal.append("before broadcast")
        return HookResult.allow()

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def observer(event: RoomEvent, _context: RoomContext) -> None:
        journal.append("after broadcast")

    kit.on("event_processed")(lambda _event: journal.append("event processed"))
    journal.clear()

    await say(kit, "a", "question", key="k-1")
    await kit.close()

    assert journal == [
        "route",
        "handle_inbound",
        "resolve identity",
        "identity hooks",
        "lock",
        "idempotency",
        # The sender was made a participant, so the room is looked at again.
        "idempotency",
        "before broadcast",
        "commit",
        "unlock",
        "react",
        "lock",
        "before broadcast",
        "commit",
        "unlock",
        "deliver to a",
        "side effects",
        "after broadcast",
        "event processed",
        "after broadcast",
        "event processed",
    ]
