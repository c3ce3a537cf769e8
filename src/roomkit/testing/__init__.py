"""For the tests of applications and of extensions: virtual time, and contracts to inherit.

Nothing here needs pytest to be installed until its tests are run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.testing.ai_providers import AIProviderContract, ModelVendor
    from roomkit.testing.clock import VirtualClock
    from roomkit.testing.identity import Directory, IdentityResolverContract
    from roomkit.testing.locks import LockManagerContract
    from roomkit.testing.memory import MemoryProviderContract, Remembering
    from roomkit.testing.providers import TransportProviderContract, Vendor
    from roomkit.testing.realtime import RealtimeBackendContract
    from roomkit.testing.stores import StoreContract, YieldingStore
    from roomkit.testing.twilio_standin import create_twilio_standin
    from roomkit.testing.wire import Reply, ScriptedServer

__all__ = [
    "AIProviderContract",
    "Directory",
    "IdentityResolverContract",
    "LockManagerContract",
    "MemoryProviderContract",
    "ModelVendor",
    "RealtimeBackendContract",
    "Remembering",
    "Reply",
    "ScriptedServer",
    "StoreContract",
    "TransportProviderContract",
    "Vendor",
    "VirtualClock",
    "YieldingStore",
    "create_twilio_standin",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AIProviderContract": "roomkit.testing.ai_providers",
            "Directory": "roomkit.testing.identity",
            "IdentityResolverContract": "roomkit.testing.identity",
            "LockManagerContract": "roomkit.testing.locks",
            "MemoryProviderContract": "roomkit.testing.memory",
            "ModelVendor": "roomkit.testing.ai_providers",
            "RealtimeBackendContract": "roomkit.testing.realtime",
            "Remembering": "roomkit.testing.memory",
            "Reply": "roomkit.testing.wire",
            "ScriptedServer": "roomkit.testing.wire",
            "StoreContract": "roomkit.testing.stores",
            "TransportProviderContract": "roomkit.testing.providers",
            "Vendor": "roomkit.testing.providers",
            "VirtualClock": "roomkit.testing.clock",
            "YieldingStore": "roomkit.testing.stores",
            "create_twilio_standin": "roomkit.testing.twilio_standin",
        },
    )
