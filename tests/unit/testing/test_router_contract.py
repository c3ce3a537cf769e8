"""The contract for inbound routers notices a router that is wrong."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from roomkit import ChannelType, DefaultInboundRoomRouter
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.testing.routers import InboundRouterContract, Routing


class AlwaysNew(DefaultInboundRoomRouter):
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return None


class TakesTheNewest(DefaultInboundRoomRouter):
    def __init__(self, store: ConversationStore) -> None:
        super().__init__(store)
        self.store = store

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return await self.store.find_room_id_by_channel(channel_id)


class OneRoomForEver(DefaultInboundRoomRouter):
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return f"customer {participant_id}"


class TakesTurns(DefaultInboundRoomRouter):
    turns = itertools.cycle(["a", "b", "c"])

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return next(self.turns)


class OpensRooms(TakesTheNewest):
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        found = await self.store.find_conversation(
            channel_id, channel_type, participant_id or "nobody"
        )
        return found or (await self.store.create_room(Room())).id


class NeedsANumber(DefaultInboundRoomRouter):
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        digits = (participant_id or "").removeprefix("+")
        return f"customer {int(digits)}"


WRONG = [
    (AlwaysNew, "test_a_conversation_goes_on"),
    (TakesTurns, "test_a_conversation_goes_on"),
    (TakesTheNewest, "test_strangers_do_not_meet"),
    (TakesTurns, "test_many_write_at_once"),
    (OneRoomForEver, "test_a_closed_room_is_left_alone"),
    (TakesTurns, "test_asking_changes_nothing"),
    (OpensRooms, "test_asking_changes_nothing"),
    (NeedsANumber, "test_any_sender_has_an_answer"),
]


@pytest.mark.parametrize(("make", "rule"), WRONG)
async def test_a_wrong_router_fails(make: type[DefaultInboundRoomRouter], rule: str) -> None:
    check: Any = getattr(InboundRouterContract(), rule)
    with pytest.raises((AssertionError, ValueError)):
        await check(Routing(make=make))
    await check(Routing(make=DefaultInboundRoomRouter))


async def test_a_public_lobby_says_that_it_is_one() -> None:
    class Lobby(DefaultInboundRoomRouter):
        async def route(
            self, channel_id: str, channel_type: ChannelType, participant_id: str | None
        ) -> str | None:
            return "lobby"

    contract = InboundRouterContract()
    for check in (contract.test_strangers_do_not_meet, contract.test_many_write_at_once):
        await check(Routing(make=Lobby, shared=True))
        with pytest.raises(AssertionError):
            await check(Routing(make=Lobby))
