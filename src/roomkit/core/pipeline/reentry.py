"""Answers of channels on their way back into the room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from roomkit.channels.base import Channel
from roomkit.core.pipeline.answers import answer_to
from roomkit.core.pipeline.cascade import Cascade
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.streams import StreamRelay
from roomkit.core.runtime import KitRuntime
from roomkit.models.channel import ChannelBinding, ChannelOutput
from roomkit.models.event import RoomEvent

if TYPE_CHECKING:
    from roomkit.core.pipeline.driver import Driver


class Reentry:
    """Puts what channels answer through the same gates as any message.

    A channel's answers to one event are committed before its lane shows it the next one, so that
    an AI sees its first answer before it writes the second.
    """

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime
        self._driver: Driver | None = None
        self._streams: StreamRelay | None = None

    def connect(self, driver: Driver, streams: StreamRelay) -> None:
        """Close the circle: answers are posted, postings are delivered, deliveries are
        answered."""
        self._driver = driver
        self._streams = streams

    async def take(
        self,
        output: ChannelOutput,
        channel: Channel,
        binding: ChannelBinding,
        trigger: RoomEvent,
        cascade: Cascade,
    ) -> None:
        """Keep a channel's side effects and post its answers, in their order."""
        if output.tasks or output.observations:
            cascade.effects.tasks.extend(output.tasks)
            cascade.effects.observations.extend(output.observations)
        if output.response_stream is not None and self._streams is not None:
            await self._streams.relay(
                output.response_stream, channel, binding, trigger, cascade, self
            )
        for answer in output.response_events:
            await self.post(answer_to(trigger, answer, channel), cascade)

    async def post(
        self,
        answer: RoomEvent,
        cascade: Cascade,
        on_stored: Callable[[RoomEvent], None] | None = None,
    ) -> RoomEvent | None:
        """Post one answer; returns it as it was stored and sent, or None if it was withheld.

        Args:
            on_stored: called with the stored answer just before it goes out.
        """
        if self._driver is None:
            raise RuntimeError("the re-entry was not connected")
        posting = Posting(event=answer, cascade=cascade, origin="response")
        posting.on_stored = on_stored
        cascade.enter()
        await self._driver.post(posting, outermost=False)
        return posting.event if posting.status == "stored" else None
