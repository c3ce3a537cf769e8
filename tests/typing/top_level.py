"""Names that `roomkit` imports on first use are typed as if they had been imported."""

from __future__ import annotations

from typing import assert_type

import roomkit
from roomkit.core.framework import RoomKit
from roomkit.models.channel import RateLimit
from roomkit.models.enums import HookTrigger
from roomkit.models.hook import HookResult
from roomkit.testing import VirtualClock

assert_type(roomkit.__version__, str)
assert_type(roomkit.RoomKit(), RoomKit)
assert_type(roomkit.RateLimit(max_per_second=1), RateLimit)
assert_type(roomkit.HookResult.allow(), HookResult)
assert_type(roomkit.get_llms_txt(), str)

kit: RoomKit = roomkit.RoomKit(clock=VirtualClock(), inbound_rate_limit=roomkit.RateLimit())
trigger: HookTrigger = roomkit.HookTrigger.BEFORE_BROADCAST
channel: type[roomkit.Channel] = roomkit.WebSocketChannel
error: type[Exception] = roomkit.RoomNotFoundError
