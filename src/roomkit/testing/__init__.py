"""For the tests of applications and of extensions: virtual time, and contracts to inherit.

Nothing here needs pytest to be installed until its tests are run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.testing.actors import RecordingChannel, RecordingChannels, ScriptedAI, wants_tool
    from roomkit.testing.ai_providers import AIProviderContract, ModelVendor
    from roomkit.testing.channels import ChannelContract, Seats
    from roomkit.testing.clock import VirtualClock
    from roomkit.testing.identity import Directory, IdentityResolverContract
    from roomkit.testing.locks import LockManagerContract
    from roomkit.testing.memory import MemoryProviderContract, Remembering
    from roomkit.testing.providers import TransportProviderContract, Vendor
    from roomkit.testing.realtime import RealtimeBackendContract
    from roomkit.testing.routers import InboundRouterContract, Routing
    from roomkit.testing.stores import StoreContract, YieldingStore
    from roomkit.testing.tools import ToolContract, ToolTrial
    from roomkit.testing.twilio_standin import create_twilio_standin
    from roomkit.testing.wire import Reply, ScriptedServer

__all__ = [
    "AIProviderContract",
    "ChannelContract",
    "Directory",
    "IdentityResolverContract",
    "InboundRouterContract",
    "LockManagerContract",
    "MemoryProviderContract",
    "ModelVendor",
    "RealtimeBackendContract",
    "RecordingChannel",
    "RecordingChannels",
    "Remembering",
    "Reply",
    "Routing",
    "ScriptedAI",
    "ScriptedServer",
    "Seats",
    "StoreContract",
    "ToolContract",
    "ToolTrial",
    "TransportProviderContract",
    "Vendor",
    "VirtualClock",
    "YieldingStore",
    "create_twilio_standin",
    "wants_tool",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AIProviderContract": "roomkit.testing.ai_providers",
            "ChannelContract": "roomkit.testing.channels",
            "Directory": "roomkit.testing.identity",
            "IdentityResolverContract": "roomkit.testing.identity",
            "InboundRouterContract": "roomkit.testing.routers",
            "LockManagerContract": "roomkit.testing.locks",
            "MemoryProviderContract": "roomkit.testing.memory",
            "ModelVendor": "roomkit.testing.ai_providers",
            "RealtimeBackendContract": "roomkit.testing.realtime",
            "RecordingChannel": "roomkit.testing.actors",
            "RecordingChannels": "roomkit.testing.actors",
            "Remembering": "roomkit.testing.memory",
            "Reply": "roomkit.testing.wire",
            "Routing": "roomkit.testing.routers",
            "ScriptedAI": "roomkit.testing.actors",
            "ScriptedServer": "roomkit.testing.wire",
            "Seats": "roomkit.testing.channels",
            "StoreContract": "roomkit.testing.stores",
            "ToolContract": "roomkit.testing.tools",
            "ToolTrial": "roomkit.testing.tools",
            "TransportProviderContract": "roomkit.testing.providers",
            "Vendor": "roomkit.testing.providers",
            "VirtualClock": "roomkit.testing.clock",
            "YieldingStore": "roomkit.testing.stores",
            "create_twilio_standin": "roomkit.testing.twilio_standin",
            "wants_tool": "roomkit.testing.actors",
        },
    )
