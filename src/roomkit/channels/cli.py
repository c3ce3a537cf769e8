"""`CLIChannel`: a conversation in a terminal."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from typing import TextIO

from roomkit.channels.base import Channel
from roomkit.channels.host import ChannelHost
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
from roomkit.models.content import TextContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent

_CAPABILITIES = ChannelCapabilities()
_MAX_LINES = 1000


class CLIChannel(Channel):
    """Reads messages line by line and prints what the others say.

    Args:
        channel_id: its id.
        sender_id: who types.
        lines: where the lines come from; standard input by default.
        write: called with each piece of output, line ends included; standard output by default.
        prompt: printed before each line is read.
    """

    channel_type = ChannelType.CLI

    def __init__(
        self,
        channel_id: str,
        *,
        sender_id: str = "user",
        lines: AsyncIterator[str] | None = None,
        write: Callable[[str], object] | None = None,
        prompt: str = "> ",
    ) -> None:
        super().__init__(channel_id)
        self._sender_id = sender_id
        self._lines = lines
        self._write = write or _print
        self._prompt = prompt
        self._host: ChannelHost | None = None

    def on_registered(self, host: ChannelHost) -> None:
        self._host = host

    def capabilities(self) -> ChannelCapabilities:
        return _CAPABILITIES

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        name = event.source.participant_id or event.source.channel_id
        self._write(_harmless(f"{name}: {self.extract_text(event)}\n"))
        return ChannelOutput.empty()

    async def run(self, room_id: str | None = None) -> None:
        """Read lines and hand them in until the input ends or ``/quit`` is typed.

        A message that was blocked is reported with its reason.

        Raises:
            RuntimeError: the channel is not registered with a kit.
        """
        if self._host is None:
            raise RuntimeError("register the channel with a kit before running it")
        lines = self._lines if self._lines is not None else read_lines(sys.stdin)
        self._write(self._prompt)
        async for line in lines:
            text = line.strip()
            if text == "/quit":
                return
            if text:
                result = await self._host.process_inbound(
                    InboundMessage(
                        channel_id=self.channel_id,
                        sender_id=self._sender_id,
                        content=TextContent(body=text),
                    ),
                    room_id,
                )
                if result.blocked:
                    self._write(f"[not sent: {result.reason}]\n")
            self._write(self._prompt)


async def read_lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of a blocking file, read in a thread that does not keep the process alive."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    places = threading.Semaphore(_MAX_LINES)

    def read() -> None:
        for line in itertools.chain(source, (None,)):
            places.acquire()
            try:
                loop.call_soon_threadsafe(queue.put_nowait, line)
            except RuntimeError:  # the loop has ended, and nobody reads on
                return

    threading.Thread(target=read, name="roomkit-cli", daemon=True).start()
    while (line := await queue.get()) is not None:
        places.release()
        yield line


def _harmless(text: str) -> str:
    """Text without the control characters by which it could take command of the terminal."""
    return "".join(one if one in "\n\t" or not _is_control(one) else "\ufffd" for one in text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
