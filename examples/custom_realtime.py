"""A realtime backend of your own: what happens in one process is seen in another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from roomkit import EphemeralEvent, InMemoryRealtime, RealtimeBackend, RoomKit
from roomkit.realtime.base import EphemeralCallback

type Listener = Callable[[str, str], Awaitable[None]]


class Broker:
    """Stands for Redis, NATS or MQTT: it hands text to whoever is connected."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    async def send(self, topic: str, text: str) -> None:
        for listener in list(self.listeners):
            await listener(topic, text)


class BrokerBackend(RealtimeBackend):
    """Sends events to the broker, and what comes from there to this process's subscribers. Their
    queues and their failures stay the business of `InMemoryRealtime`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._here = InMemoryRealtime()
        broker.listeners.append(self._heard)

    async def publish(self, channel: str, event: EphemeralEvent) -> None:
        await self._broker.send(channel, json.dumps(event.to_dict()))

    async def _heard(self, channel: str, text: str) -> None:
        await self._here.publish(channel, EphemeralEvent.from_dict(json.loads(text)))

    async def subscribe(self, channel: str, callback: EphemeralCallback) -> str:
        return await self._here.subscribe(channel, callback)

    async def unsubscribe(self, subscription_id: str) -> bool:
        return await self._here.unsubscribe(subscription_id)

    async def close(self) -> None:
        self._broker.listeners.remove(self._heard)
        await self._here.close()


async def main() -> None:
    broker = Broker()
    async with (
        RoomKit(realtime=BrokerBackend(broker)) as first,
        RoomKit(realtime=BrokerBackend(broker)) as second,
    ):
        arrived = asyncio.Event()

        def show(event: EphemeralEvent) -> None:
            print(f"the second process sees: {event.user_id}, {event.type}")
            arrived.set()

        await second.subscribe_room("support", show)
        await first.publish_typing("support", "ada")
        await arrived.wait()
    print("connected to the broker:", len(broker.listeners))


if __name__ == "__main__":
    asyncio.run(main())
