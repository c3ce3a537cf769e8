"""What registrations are limited to, given in whatever form."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit import (
    ChannelDirection,
    ChannelType,
    HookTrigger,
    MockIdentityResolver,
    RoomKit,
)
from tests.helpers import say
from tests.scenarios.actors import Transport, seat

MINE: list[dict[str, Any]] = [
    {"channel_ids": "web-1"},
    {"channel_ids": ["web-1"]},
    {"channel_types": ChannelType.WEBSOCKET},
    {"channel_types": {ChannelType.WEBSOCKET}},
    {"directions": ChannelDirection.INBOUND},
]
OTHERS: list[dict[str, Any]] = [
    {"channel_ids": "web"},
    {"channel_types": ChannelType.SMS},
    {"directions": ChannelDirection.OUTBOUND},
]
CASES = [(given, 1) for given in MINE] + [(given, 0) for given in OTHERS]


@pytest.mark.parametrize(("limits", "calls"), CASES, ids=str)
async def test_one_value_does_as_well_as_a_set_of_one(limits: dict[str, Any], calls: int) -> None:
    kit = RoomKit(identity_resolver=MockIdentityResolver())
    heard: list[str] = []
    kit.hook(HookTrigger.BEFORE_BROADCAST, **limits)(lambda *_: heard.append("hook"))
    kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN, **limits)(lambda *_: heard.append("who"))
    await seat(kit, "r", Transport("web-1"))
    await say(kit, "web-1", "hello")
    assert sorted(heard) == ["hook", "who"] * calls


@pytest.mark.parametrize(
    ("types", "asked"),
    [(ChannelType.WEBSOCKET, True), ({ChannelType.WEBSOCKET}, True), (ChannelType.SMS, False)],
)
async def test_so_it_is_with_whose_identity_is_resolved(types: Any, asked: bool) -> None:
    resolver = MockIdentityResolver()
    kit = RoomKit(identity_resolver=resolver, identity_channel_types=types)
    await seat(kit, "r", Transport("web-1"))
    await say(kit, "web-1", "hello")
    assert bool(resolver.calls) is asked


@pytest.mark.parametrize("decorator", ["hook", "identity_hook", "on"])
def test_decorator_without_arguments_is_refused(decorator: str) -> None:
    """It would register nothing, and nobody would notice that either."""
    with pytest.raises(TypeError, match=rf"write @kit\.{decorator}\("):
        getattr(RoomKit(), decorator)(lambda _event, _context: None)


@pytest.mark.parametrize("limits", [{"channel_types": {"webbsocket"}}, {"directions": "inwards"}])
def test_what_there_is_none_of_is_refused(limits: dict[str, Any]) -> None:
    for register in (RoomKit().hook, RoomKit().identity_hook):
        with pytest.raises(ValueError, match="is not a valid"):
            register(HookTrigger.ON_IDENTITY_UNKNOWN, **limits)(print)
