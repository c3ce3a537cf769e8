"""The queue of frames in front of one client."""

from __future__ import annotations

import asyncio

import pytest

from roomkit.integrations._websocket.outbox import Outbox, SlowClientError


class Network:
    """Takes frames while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken: list[str] = []

    async def send(self, frame: str) -> None:
        await self.open.wait()
        self.taken.append(frame)


def outbox(network: Network, *, max_frames: int = 100, max_bytes: int = 1000) -> Outbox:
    return Outbox(network.send, max_frames=max_frames, max_bytes=max_bytes)


async def test_nothing_goes_out_before_the_first_frame_and_nothing_twice() -> None:
    network = Network()
    network.open.set()
    box = outbox(network)
    running = asyncio.create_task(box.run())
    box.put("early")
    box.put("known", event_id="1")
    box.put("new", event_id="2")
    await asyncio.sleep(0)
    assert network.taken == []
    box.open("first", {"1"})
    box.put("known, and late", event_id="1")
    box.put("last")
    await asyncio.sleep(0.01)
    assert network.taken == ["first", "early", "new", "last"]
    running.cancel()


async def test_it_is_bounded_in_frames_and_in_bytes() -> None:
    few = outbox(Network(), max_frames=2)
    few.put("1")
    few.put("2")
    with pytest.raises(SlowClientError):
        few.put("3")
    small = outbox(Network(), max_bytes=10)
    small.put("x" * 50)
    with pytest.raises(SlowClientError):
        small.put("1")


async def test_pieces_wait_for_a_client_that_is_behind() -> None:
    network = Network()
    box = outbox(network)
    box.open("first", ())
    running = asyncio.create_task(box.run())
    for number in range(40):
        box.put(str(number))
    waiting = asyncio.create_task(box.put_in_turn("piece"))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    network.open.set()
    await waiting
    await asyncio.sleep(0.01)
    assert network.taken[-1] == "piece"
    running.cancel()


async def test_nobody_waits_for_a_client_that_has_gone() -> None:
    box = outbox(Network())
    for number in range(40):
        box.put(str(number))
    waiting = asyncio.create_task(box.put_in_turn("piece"))
    await asyncio.sleep(0)
    box.close()
    with pytest.raises(SlowClientError):
        await waiting
    with pytest.raises(SlowClientError):
        box.put("more")
