"""The desk itself: the kit, its channels and hooks, and a room for each visitor."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from examples.support_desk.assistant import ScriptedAssistant
from examples.support_desk.telephone import DESK_NUMBER
from roomkit import (
    Access,
    AIChannel,
    ChannelCategory,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing.twilio_standin import TwilioStandin

FORBIDDEN = re.compile(r"\bpasswords?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Visitor:
    """Whoever has opened the page: Ada, who writes there, and Ben, whose telephone it shows."""

    id: str
    room_id: str
    number: str


class Desk:
    """Opens a room for every visitor, with the same four channels in it.

    Args:
        url: where this application can be reached from this machine.
        telephones: the telephone company's API, for its credentials.
    """

    def __init__(self, url: str, telephones: TwilioStandin) -> None:
        self.kit = RoomKit()
        self.timeline_channel = WebSocketChannel("desk")
        self._visitors: dict[str, Visitor] = {}
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
        self.kit.register_channel(WebSocketChannel("web"))
        self.kit.register_channel(SMSChannel("sms", provider=twilio))
        self.kit.register_channel(AIChannel("assistant", ScriptedAssistant(self._tell_typing)))
        self.kit.register_channel(self.timeline_channel)
        self.kit.hook(HookTrigger.BEFORE_BROADCAST, name="moderation")(moderate)

    async def visitor(self, visitor_id: str) -> Visitor:
        """The visitor; a room is opened on the first visit."""
        # The page asks twice at once: for the chat and for the timeline.
        async with self._opening:
            if visitor_id not in self._visitors:
                self._visitors[visitor_id] = await self._open_room(visitor_id)
            return self._visitors[visitor_id]

    async def _open_room(self, visitor_id: str) -> Visitor:
        kit = self.kit
        room_id = (await kit.create_room()).id
        number = f"+1555010{len(self._visitors) + 1:04d}"
        await kit.attach_channel(room_id, "web")
        await kit.attach_channel(room_id, "sms", metadata={"phone_number": number})
        await kit.attach_channel(room_id, "assistant", category=ChannelCategory.INTELLIGENCE)
        await kit.attach_channel(room_id, "desk", access=Access.READ_ONLY)
        await kit.ensure_participant(room_id, "web", visitor_id, "Ada")
        await kit.ensure_participant(room_id, "sms", number, "Ben")
        return Visitor(visitor_id, room_id, number)

    async def _tell_typing(self, room_id: str, is_typing: bool) -> None:
        await self.kit.publish_typing(room_id, "assistant", is_typing)


async def moderate(event: RoomEvent, _context: RoomContext) -> HookResult:
    """Keep passwords out of the conversation."""
    if isinstance(event.content, TextContent) and FORBIDDEN.search(event.content.body):
        return HookResult.block("passwords do not belong in a chat")
    return HookResult.allow()
