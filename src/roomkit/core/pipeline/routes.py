"""Which channels of a room an event goes to."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass

from roomkit.channels.base import Channel
from roomkit.core.pipeline.lanes import LaneKey
from roomkit.core.visibility import is_visible, may_read
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import DeliveryResult
from roomkit.models.enums import ChannelCategory, ChannelDirection
from roomkit.models.event import RoomEvent

logger = logging.getLogger("roomkit")

_MAX_ROOMS = 2048
_SUCCESS = DeliveryResult.constant(success=True)


@dataclass(slots=True, eq=False, repr=False)
class Route:
    """A channel that may receive, with all that does not change from one event to the next.

    `channel` is None if the binding's channel is not registered with this kit. A `plain` route is
    one on which an event that needs no conversion takes a single call, and `success` is the
    outcome of a delivery of which there is nothing more to say.
    """

    binding: ChannelBinding
    channel: Channel | None
    lane: LaneKey
    reacts: bool
    delivers: bool
    plain: bool
    success: DeliveryResult


class RouteTables:
    """The routes of a room, worked out once for each set of bindings."""

    def __init__(self, channels: dict[str, Channel]) -> None:
        self._channels = channels
        self._tables: OrderedDict[str, tuple[tuple[ChannelBinding, ...], list[Route]]] = (
            OrderedDict()
        )
        self._successes: dict[str, DeliveryResult] = {}

    def _success(self, channel_id: str) -> DeliveryResult:
        result = self._successes.get(channel_id)
        if result is None:
            result = self._successes[channel_id] = _SUCCESS.evolve(channel_id=channel_id)
        return result

    def clear(self) -> None:
        """Forget everything, since another channel was registered."""
        self._tables.clear()

    def select(
        self, event: RoomEvent, room_id: str, bindings: tuple[ChannelBinding, ...]
    ) -> list[Route]:
        """The routes that `event` takes.

        Left out are the event's own channel (unless it echoes), channels without read access or
        for inbound traffic only, and those that its visibility does not include.
        """
        routes = self._routes(room_id, bindings)
        source_id = event.source.channel_id
        if event.visibility == "all":
            chosen = [route for route in routes if route.binding.channel_id != source_id]
        else:
            visibility = event.visibility
            chosen = [
                route
                for route in routes
                if route.binding.channel_id != source_id
                and is_visible(visibility, route.binding, self._channels)
            ]
        source = self._channels.get(source_id)
        try:
            if source is not None and source.echoes(event):
                chosen += [route for route in routes if route.binding.channel_id == source_id]
        except Exception as error:  # foreign code, asked after the commit
            logger.error("channel %s failed in echoes(): %s", source_id, type(error).__name__)
        return chosen

    def _routes(self, room_id: str, bindings: tuple[ChannelBinding, ...]) -> list[Route]:
        known = self._tables.get(room_id)
        if known is not None and known[0] is bindings:
            return known[1]
        routes = [
            self.route(binding)
            for binding in bindings
            if may_read(binding) and binding.direction is not ChannelDirection.INBOUND
        ]
        self._tables[room_id] = (bindings, routes)
        self._tables.move_to_end(room_id)
        if len(self._tables) > _MAX_ROOMS:
            self._tables.popitem(last=False)
        return routes

    def route(self, binding: ChannelBinding) -> Route:
        """The route to one binding's channel."""
        channel = self._channels.get(binding.channel_id)
        reacts = channel is not None and channel.reacts
        delivers = binding.category is ChannelCategory.TRANSPORT
        return Route(
            binding=binding,
            channel=channel,
            lane=(binding.room_id, binding.channel_id),
            reacts=reacts,
            delivers=delivers,
            plain=(
                delivers
                and not reacts
                and binding.capabilities.max_length is None
                and binding.recipient_key is None
                and binding.rate_limit is None
                and binding.retry_policy is None
            ),
            success=self._success(binding.channel_id),
        )
