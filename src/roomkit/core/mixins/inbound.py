"""`InboundMixin`: what comes in from outside."""

from __future__ import annotations

from roomkit.core.mixins._shared import KitMixin
from roomkit.models.delivery import DeliveryStatus, InboundMessage, InboundResult, WebhookPayload
from roomkit.sources.base import SourceHealth, SourceProvider


class InboundMixin(KitMixin):
    """Messages, webhooks and delivery reports."""

    async def process_inbound(
        self, message: InboundMessage, room_id: str | None = None
    ) -> InboundResult:
        """Put a message into its room and wait for everything that follows from it.

        The message is routed, turned into an event by its channel, its sender identified, and
        then, with the room to itself, checked, shown to the BEFORE_BROADCAST hooks and stored.
        From then on it goes to the room's other channels, whose answers take the same way. The
        call returns when all of that is done, AFTER_BROADCAST hooks included.

        Calls may overlap freely. Messages of one room are stored one at a time in the order in
        which they get to its lock; deliveries of an earlier message never hold up a later one. A
        call from inside (a hook, a tool, while delivering) for the room it is in returns once the
        message is stored, and so does one that a BEFORE_BROADCAST hook makes for another room.
        Cancelling the call before the message is stored leaves no trace; afterwards it only ends
        the wait.

        Args:
            message: what came in. With an ``idempotency_key`` or a ``provider_message_id`` a
                second call returns the event of the first, with ``reason="duplicate"``. Without
                `room_id` that holds for a week also if the sender's conversation has ended or they
                have another one meanwhile.
            room_id: the room to use instead of routing; the channel is attached to it if need be.

        Returns:
            What became of the message. Being blocked, refused, limited or too slow is a result.

        Raises:
            ChannelNotRegisteredError: no channel has the message's ``channel_id``.
            TypeError: `message` is none.
            RoomNotFoundError: `room_id` was given and does not exist.
            KitClosedError: the kit was closed.
            Exception: whatever `Channel.handle_inbound` or the store raised; nothing was stored.
        """
        return await self._rt.inbound.process(message, room_id)

    async def process_webhook(
        self, meta: WebhookPayload, channel_id: str
    ) -> InboundMessage | None:
        """Process a vendor's webhook, whatever it carries.

        Messages are handed to `process_inbound`, delivery reports to `process_delivery_status`,
        and anything else is acknowledged silently.

        Args:
            meta: a parsed webhook, or the payload (a mapping, or raw JSON or form) for the
                channel's own parser.
            channel_id: the channel that the webhook belongs to.

        Returns:
            The message, if there was one (the last of several). It carries its idempotency key:
            processing it again is a harmless duplicate, whose result has the event that it became.

        Raises:
            ChannelNotRegisteredError: no such channel.
            WebhookError: the payload is raw, and neither JSON nor a form.
        """
        return await self._rt.webhooks.process(meta, channel_id)

    async def attach_source(
        self,
        channel_id: str,
        source: SourceProvider,
        *,
        auto_restart: bool = True,
        restart_delay: float = 1.0,
        max_restart_delay: float = 60.0,
        max_restarts: int | None = None,
    ) -> None:
        """Start a source and hand in, as messages of the channel, what it delivers.

        A source that fails is started again after a random part of `restart_delay` seconds, then
        of twice that and so on up to `max_restart_delay`; a delivered message starts the count
        anew. After `max_restarts` failures in a row, or the first without `auto_restart`, it is
        given up.

        Raises:
            ChannelNotRegisteredError: no such channel.
            SourceAlreadyAttachedError: the channel has a source.
            ValueError: the source serves another channel, or a delay makes no sense.
        """
        await self._rt.sources.attach(
            channel_id,
            source,
            auto_restart=auto_restart,
            restart_delay=restart_delay,
            max_restart_delay=max_restart_delay,
            max_restarts=max_restarts,
        )

    async def detach_source(self, channel_id: str) -> None:
        """Stop a channel's source. Messages on their way get a moment.

        Called while a message of this source is being processed, by a hook for example, it
        returns at once: the source ends with that message.

        Raises:
            SourceNotFoundError: the channel has none.
        """
        await self._rt.sources.detach(channel_id)

    def source_health(self, channel_id: str) -> SourceHealth:
        """How a channel's source is doing.

        Raises:
            SourceNotFoundError: the channel has none.
        """
        return self._rt.sources.health(channel_id)

    async def process_delivery_status(self, status: DeliveryStatus) -> None:
        """Record a vendor's report about a message sent earlier and tell the handlers.

        Reports may come in any order: what is kept with the event only ever gets further.
        """
        await self._rt.statuses.process(status)
