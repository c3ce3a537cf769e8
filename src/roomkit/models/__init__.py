"""The data of RoomKit: frozen pydantic models without behaviour beyond validation."""

from __future__ import annotations

from roomkit.models import channel as _channel
from roomkit.models import delivery as _delivery
from roomkit.models import event as _event
from roomkit.models import hook as _hook
from roomkit.models import identity as _identity
from roomkit.models import task as _task

# These refer to one another in a circle (an event holds delivery results, a result holds events),
# so their forward references are resolved here, once all of them exist.
_NAMES = {
    "RoomEvent": _event.RoomEvent,
    "Task": _task.Task,
    "Observation": _task.Observation,
    "InjectedEvent": _hook.InjectedEvent,
}
_channel.ChannelOutput.model_rebuild(_types_namespace=_NAMES)
_delivery.InboundResult.model_rebuild(_types_namespace=_NAMES)
_identity.IdentityHookResult.model_rebuild(_types_namespace=_NAMES)
