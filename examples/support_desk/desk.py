"""The desk itself: the kit, its channels and rules, and the rooms of every visitor."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from examples.support_desk.assistant import SYSTEM_PROMPT, look_up_order
from examples.support_desk.models import Assistant
from examples.support_desk.rules import (
    CUSTOMER_NUMBER,
    CustomerDirectory,
    Doorkeeper,
    callbacks,
    moderation,
)
from examples.support_desk.telephone import DESK_NUMBER
from roomkit import (
    AIChannel,
    ChannelType,
    DefaultInboundRoomRouter,
    HookTrigger,
    Identity,
    InMemoryStore,
    Room,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.enums import ParticipantRole
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.store.base import ConversationStore
from roomkit.testing.twilio_standin import TwilioStandin

MAX_VISITORS = 200


@dataclass(frozen=True)
class Owner:
    """Somebody with a telephone. The desk knows those without a customer number by their
    telephone."""

    name: str
    customer_number: str | None = None


OWNERS = (
    Owner("Ben"),
    Owner("Grace Hopper", "C-1906"),
    Owner("Alan Turing", "C-1912"),
    Owner("Katherine Johnson", "C-1918"),
)


@dataclass(frozen=True)
class Visitor:
    """Whoever has opened the page, and plays everybody on it: Ada, who writes in the web chat,
    Maya, the desk's expert, and those whose telephones there are.

    Visitors are tenants: each has customers and rooms of their own. ``id`` is the organisation's.
    """

    id: str
    room_id: str
    numbers: tuple[str, ...]

    @property
    def customer_id(self) -> str:
        return f"ada-{self.id}"

    @property
    def expert_id(self) -> str:
        return f"maya-{self.id}"


class DeskFullError(Exception):
    """There are as many visitors as the desk has room for."""


class DeskRouter(DefaultInboundRoomRouter):
    """Opens a room of the right visitor's for a telephone that has none yet."""

    def __init__(
        self, store: ConversationStore, open_room: Callable[[str], Awaitable[str | None]]
    ) -> None:
        super().__init__(store)
        self._open_room = open_room

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        known = await super().route(channel_id, channel_type, participant_id)
        return known or await self._open_room(participant_id or "")


class Desk:
    """Opens rooms with an assistant and an expert in them.

    Args:
        url: where this application can be reached from this machine.
        telephones: the telephone company's API, for its credentials.
        assistant: who answers while no expert does.
        store: keeps the conversations; in memory by default.
    """

    def __init__(
        self,
        url: str,
        telephones: TwilioStandin,
        assistant: Assistant,
        store: ConversationStore | None = None,
    ) -> None:
        store = store or InMemoryStore()
        directory = CustomerDirectory(store)
        self.kit = kit = RoomKit(
            store=store,
            identity_resolver=directory,
            identity_channel_types={ChannelType.SMS},
            inbound_router=DeskRouter(store, self._open_for_telephone),
        )
        self.expert_channel = WebSocketChannel("desk")
        self._visitors: dict[str, Visitor] = {}
        self._visitors_by_number: dict[str, Visitor] = {}
        self._opening = asyncio.Lock()
        twilio = TwilioSMSProvider(
            TwilioConfig(
                account_sid=telephones.account_sid,
                auth_token=telephones.auth_token,
                from_number=DESK_NUMBER,
                base_url=f"{url}/standin",
                status_callback_url=f"{url}/webhooks/sms/status",
            )
        )
        robin = AIChannel(
            "assistant",
            assistant.provider,
            system_prompt=SYSTEM_PROMPT,
            tools=[look_up_order],
            thinking_budget=assistant.thinking_budget,
        )
        for channel in (
            WebSocketChannel("web"),
            SMSChannel("sms", provider=twilio),
            robin,
            self.expert_channel,
        ):
            kit.register_channel(channel)
        # With on_error="block" an answer would be shown only when the hook has seen all of it.
        kit.hook(HookTrigger.BEFORE_BROADCAST, name="moderation")(moderation)
        kit.hook(HookTrigger.BEFORE_BROADCAST, name="callbacks")(callbacks)
        Doorkeeper(kit, directory)

    async def visitor(self, visitor_id: str) -> Visitor:
        """The visitor; on the first visit the desk is furnished.

        Raises:
            DeskFullError: there is no place for another one.
        """
        # The page asks three times at once: for the chat, the console and the expert's seat.
        async with self._opening:
            if visitor_id not in self._visitors:
                if len(self._visitors) >= MAX_VISITORS:
                    raise DeskFullError
                visitor = await self._known(visitor_id) or await self._welcome(visitor_id)
                self._visitors[visitor_id] = visitor
                self._visitors_by_number.update(dict.fromkeys(visitor.numbers, visitor))
            return self._visitors[visitor_id]

    def owner_of(self, number: str) -> Visitor | None:
        """The visitor on whose page a telephone is."""
        return self._visitors_by_number.get(number)

    async def rooms(self, visitor: Visitor) -> list[Room]:
        """The visitor's rooms in order of creation: the web chat's, then the telephones'."""
        limit = 1 + len(visitor.numbers)
        return await self.kit.store.find_rooms(organization_id=visitor.id, limit=limit)

    async def take_over(self, visitor: Visitor, room_id: str) -> None:
        """From now on the expert answers: Robin is muted, and the customers are told."""
        await self.kit.mute(room_id, "assistant")
        await self._announce(visitor, room_id, "This is Maya, from the workshop. I take over.")

    async def hand_back(self, visitor: Visitor, room_id: str) -> None:
        """From now on Robin answers again."""
        await self._announce(visitor, room_id, "I leave you with Robin again.")
        await self.kit.unmute(room_id, "assistant")

    async def note(self, visitor: Visitor, room_id: str, text: str) -> RoomEvent:
        """The expert writes down something that only the desk sees."""
        return await self.kit.send_event(
            room_id,
            "desk",
            TextContent(body=text),
            visibility="desk",
            participant_id=visitor.expert_id,
        )

    async def _announce(self, visitor: Visitor, room_id: str, text: str) -> None:
        await self.kit.send_event(
            room_id,
            "desk",
            TextContent(body=text),
            participant_id=visitor.expert_id,
            metadata={"no_reply": True},
        )

    async def _known(self, visitor_id: str) -> Visitor | None:
        """A visitor whom the store remembers from before this process."""
        found = await self.kit.store.find_rooms(
            organization_id=visitor_id, metadata={"kind": "web"}, limit=1
        )
        if not found:
            return None
        return Visitor(visitor_id, found[0].id, _numbers(str(found[0].metadata["block"])))

    async def _welcome(self, visitor_id: str) -> Visitor:
        kit, block = self.kit, await self._free_block()
        room = await kit.create_room(
            organization_id=visitor_id, metadata={"kind": "web", "block": block}
        )
        visitor = Visitor(visitor_id, room.id, _numbers(block))
        ada = Identity(id=visitor.customer_id, display_name="Ada", organization_id=visitor_id)
        await kit.store.create_identity(ada)
        customers = [await self._register(visitor_id, owner) for owner in OWNERS]
        ben, bens_number = customers[0], visitor.numbers[0]
        await kit.store.link_address(ben.id, "sms", bens_number)
        await kit.attach_channel(room.id, "web")
        await self._furnish(visitor, room.id, bens_number)
        await kit.ensure_participant(room.id, "web", ada.id, ada.display_name)
        await kit.ensure_participant(room.id, "sms", bens_number, ben.display_name)
        await kit.resolve_participant(room.id, ada.id, ada.id, resolved_by="login")
        await kit.resolve_participant(room.id, bens_number, ben.id, resolved_by="directory")
        return visitor

    async def _register(self, visitor_id: str, owner: Owner) -> Identity:
        """Put a customer into the directory."""
        addresses = {CUSTOMER_NUMBER: [owner.customer_number]} if owner.customer_number else {}
        return await self.kit.store.create_identity(
            Identity(display_name=owner.name, organization_id=visitor_id, addresses=addresses)
        )

    async def _furnish(self, visitor: Visitor, room_id: str, number: str) -> None:
        """Give a room what all have: a telephone, the assistant, and the expert's seat."""
        kit = self.kit
        await kit.attach_channel(room_id, "sms", metadata={"phone_number": number})
        await kit.attach_channel(room_id, "assistant")
        await kit.attach_channel(room_id, "desk")
        await kit.ensure_participant(
            room_id, "desk", visitor.expert_id, "Maya", role=ParticipantRole.AGENT
        )

    async def _open_for_telephone(self, number: str) -> str | None:
        """A room for somebody who writes for the first time; None if it is nobody's telephone."""
        visitor = self.owner_of(number)
        if visitor is None:
            return None
        async with self._opening:
            # Of two messages that arrive together, the second finds the first one's room.
            store = self.kit.store
            room_id = await store.find_conversation("sms", ChannelType.SMS, number)
            if room_id is None:
                room = await self.kit.create_room(
                    organization_id=visitor.id, metadata={"kind": "telephone"}
                )
                await self._furnish(visitor, room.id, number)
                room_id = room.id
        return room_id

    async def _free_block(self) -> str:
        """Six digits that nobody's telephone numbers begin with yet."""
        while True:
            block = f"{secrets.randbelow(10**6):06d}"
            if not await self.kit.store.find_rooms(metadata={"block": block}, limit=1):
                return block


def _numbers(block: str) -> tuple[str, ...]:
    return tuple(f"+1555{block}{place + 1}" for place in range(len(OWNERS)))
