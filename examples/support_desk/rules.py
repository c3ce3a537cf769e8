"""What the desk decides about messages and senders, before they get into a room."""

from __future__ import annotations

import re

from roomkit import (
    Channel,
    HookResult,
    HookTrigger,
    Identity,
    IdentityHookResult,
    IdentityResolver,
    IdentityResult,
    InboundMessage,
    InjectedEvent,
    Observation,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
    TextContent,
)
from roomkit.models.enums import IdentificationStatus
from roomkit.store.base import ConversationStore

CUSTOMER_NUMBER = "customer_number"
QUESTION = InjectedEvent(
    content=TextContent(
        body="This telephone is new to us. What is your customer number? It looks like C-1234."
    )
)
ASK = IdentityHookResult.challenge(QUESTION, reason="nobody knows yet who this is")
MAX_ANSWERS = 3

_FORBIDDEN = re.compile(r"\bpasswords?\b", re.IGNORECASE)
_CALL = re.compile(r"\bcall (me|us)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\bC-\d{4}\b", re.IGNORECASE)


async def moderation(event: RoomEvent, _context: RoomContext) -> HookResult:
    """Keep passwords out of the conversation, and take a note of it."""
    if not _FORBIDDEN.search(Channel.extract_text(event)):
        return HookResult.allow()
    note = Observation(category="moderation", content="somebody tried to send a password")
    return HookResult.block("passwords do not belong in a chat", observations=[note])


async def callbacks(event: RoomEvent, context: RoomContext) -> HookResult:
    """Whoever asks for a call gets one: a task for the desk."""
    if event.chain_depth or not _CALL.search(Channel.extract_text(event)):
        return HookResult.allow()
    sender = event.source.participant_id
    names = (one.display_name for one in context.participants if one.id == sender)
    return HookResult.allow(
        tasks=[Task(title=f"Call {next(names, None) or sender}", assigned_to="desk")]
    )


class CustomerDirectory(IdentityResolver):
    """Places telephone numbers among the customers of the organisation whose room it is."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        customer = await self.find("sms", message.sender_id, context)
        if customer is None:
            return IdentityResult(status=IdentificationStatus.UNKNOWN)
        return IdentityResult(status=IdentificationStatus.IDENTIFIED, identity=customer)

    async def find(self, kind: str, address: str, context: RoomContext) -> Identity | None:
        """The customer with this address of this kind."""
        return await self._store.resolve_identity(kind, address, context.room.organization_id)


class Doorkeeper:
    """Asks unknown telephones who they are, and lets them in once they have said it."""

    def __init__(self, kit: RoomKit, directory: CustomerDirectory) -> None:
        self._kit = kit
        self._directory = directory
        kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN, channel_ids=["sms"])(self.challenge)

    async def challenge(self, event: RoomEvent, context: RoomContext) -> IdentityHookResult:
        """Hold the message and ask, until the answer is a customer's number."""
        room = context.room
        answers = int(room.metadata.get("wrong_answers", 0))
        if answers >= MAX_ANSWERS:
            return IdentityHookResult.reject("too many wrong customer numbers")
        given = _NUMBER.search(Channel.extract_text(event))
        if given is None:
            return ASK
        customer = await self._directory.find(CUSTOMER_NUMBER, given[0].upper(), context)
        if customer is None:
            await self._kit.update_room_metadata(room.id, {"wrong_answers": answers + 1})
            return ASK
        await self._kit.store.link_address(customer.id, "sms", str(event.source.participant_id))
        return IdentityHookResult.resolved(customer)
