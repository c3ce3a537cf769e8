"""Channels in rooms: attaching, detaching, and what each may do there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from roomkit.core.pipeline.driver import Driver, Operation
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.transitions import check_unarchived, system_event
from roomkit.errors import ChannelNotFoundError, RoomClosedError, RoomNotFoundError
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, RateLimit, RetryPolicy
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelType,
    EventType,
    HookTrigger,
)
from roomkit.models.framework_event import FrameworkEventType
from roomkit.store.rules import OPEN_STATUSES

_HOOKS = {
    EventType.CHANNEL_ATTACHED: HookTrigger.ON_CHANNEL_ATTACHED,
    EventType.CHANNEL_DETACHED: HookTrigger.ON_CHANNEL_DETACHED,
    EventType.CHANNEL_MUTED: HookTrigger.ON_CHANNEL_MUTED,
    EventType.CHANNEL_UNMUTED: HookTrigger.ON_CHANNEL_UNMUTED,
}
_FRAMEWORK_EVENTS: dict[EventType, FrameworkEventType] = {
    EventType.CHANNEL_ATTACHED: "room_channel_attached",
    EventType.CHANNEL_DETACHED: "room_channel_detached",
}


class BindingService:
    """Changes bindings under the room's lock and records what changed in the timeline."""

    def __init__(self, runtime: KitRuntime, driver: Driver) -> None:
        self._rt = runtime
        self._driver = driver

    async def attach(
        self,
        room_id: str,
        channel_id: str,
        *,
        channel_type: ChannelType | None = None,
        category: ChannelCategory | None = None,
        access: Access = Access.READ_WRITE,
        visibility: str = "all",
        direction: ChannelDirection | None = None,
        capabilities: ChannelCapabilities | None = None,
        participant_id: str | None = None,
        rate_limit: RateLimit | None = None,
        retry_policy: RetryPolicy | None = None,
        metadata: Mapping[str, Any] | None = None,
        opened_for: str | None = None,
    ) -> ChannelBinding:
        """Attach a registered channel to a room, or change how it is attached; see `RoomKit`."""
        channel = self._rt.channel(channel_id)

        async def body(operation: Operation) -> ChannelBinding:
            store = self._rt.store
            room = await store.get_room(room_id)
            if room is None:
                raise RoomNotFoundError(room_id)
            if room.status not in OPEN_STATUSES:
                raise RoomClosedError(room_id, room.status.value)
            existing = await store.get_binding(room_id, channel_id)
            binding = ChannelBinding(
                channel_id=channel_id,
                room_id=room_id,
                channel_type=channel_type or channel.channel_type,
                category=category or channel.category,
                direction=direction or channel.direction,
                access=access,
                visibility=visibility,
                participant_id=participant_id,
                attached_at=self._rt.clock.now(),
                capabilities=capabilities or channel.capabilities(),
                rate_limit=rate_limit,
                retry_policy=retry_policy,
                recipient_key=channel.recipient_key,
                opened_for=opened_for,
                metadata=dict(metadata or {}),
            )
            if existing is not None:
                # What the call does not mention stays, above all the recipient's address.
                kept = {
                    "capabilities": capabilities,
                    "rate_limit": rate_limit,
                    "retry_policy": retry_policy,
                    "participant_id": participant_id,
                    "opened_for": opened_for,
                }
                return await store.update_binding(_again(existing, binding, kept))
            binding = await store.add_binding(binding)
            await self._note(operation, binding, EventType.CHANNEL_ATTACHED, "attached")
            return binding

        return await self._driver.operate(room_id, body)

    async def detach(self, room_id: str, channel_id: str) -> bool:
        """Remove a channel from a room; False if it was not there."""

        async def body(operation: Operation) -> bool:
            store = self._rt.store
            await check_unarchived(store, room_id)
            binding = await store.get_binding(room_id, channel_id)
            if binding is None or not await store.remove_binding(room_id, channel_id):
                return False
            await self._note(operation, binding, EventType.CHANNEL_DETACHED, "detached")
            return True

        return await self._driver.operate(room_id, body)

    async def get(self, room_id: str, channel_id: str) -> ChannelBinding:
        """The binding.

        Raises:
            ChannelNotFoundError: the channel is not attached.
        """
        binding = await self._rt.store.get_binding(room_id, channel_id)
        if binding is None:
            if await self._rt.store.get_room(room_id) is None:
                raise RoomNotFoundError(room_id)
            raise ChannelNotFoundError(room_id, channel_id)
        return binding

    async def change(
        self,
        room_id: str,
        channel_id: str,
        change: Callable[[ChannelBinding], dict[str, Any]],
        event_type: EventType | None = None,
        what: str = "updated",
    ) -> ChannelBinding:
        """Change a binding's fields; one that stays the same is not written.

        Args:
            change: the new values of fields, given the binding as it is.
            event_type: the kind of notice to leave in the timeline, if any.
        """

        async def body(operation: Operation) -> ChannelBinding:
            await check_unarchived(self._rt.store, room_id)
            binding = await self.get(room_id, channel_id)
            values = change(binding)
            if all(getattr(binding, name) == value for name, value in values.items()):
                return binding
            changed = await self._rt.store.update_binding(binding.model_copy(update=values))
            if event_type is not None:
                await self._note(operation, changed, event_type, what)
            return changed

        return await self._driver.operate(room_id, body)

    async def _note(
        self, operation: Operation, binding: ChannelBinding, event_type: EventType, what: str
    ) -> None:
        """Record a change in the timeline and run the hooks and handlers for it."""
        event = await operation.record(
            system_event(
                binding.room_id,
                event_type.value,
                f"Channel {binding.channel_id} was {what}.",
                event_type=event_type,
                channel_id=binding.channel_id,
                channel_type=binding.channel_type,
                access=binding.access.value,
                muted=binding.muted,
                visibility=binding.visibility,
            )
        )
        framework_event = _FRAMEWORK_EVENTS.get(event_type)
        if framework_event is not None:
            self._rt.notify(
                operation.cascade,
                framework_event,
                room_id=binding.room_id,
                channel_id=binding.channel_id,
            )
        trigger = _HOOKS.get(event_type)
        if trigger is not None:
            operation.tell(trigger, event)


def _again(
    existing: ChannelBinding, binding: ChannelBinding, given: Mapping[str, Any]
) -> ChannelBinding:
    """A binding that is made anew over an existing one: its seat and what is not given stay."""
    unmentioned = [name for name, value in given.items() if value is None]
    seat = ("attached_at", "last_read_index", "muted", "output_muted", *unmentioned)
    return binding.evolve(
        metadata={**existing.metadata, **binding.metadata},
        **{name: getattr(existing, name) for name in seat},
    )
