"""A client like neonize's, without WhatsApp behind it.

What it is called back with, and the bytes that events are made of, are neonize's own: only the
library in Go is not there.
"""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from roomkit.providers.whatsapp.neonize_types import load_neonize

NEONIZE = load_neonize()
with warnings.catch_warnings():
    # neonize starts a program on import and forgets it; Python lets go of it with the next one.
    warnings.simplefilter("ignore", ResourceWarning)
    subprocess.run([sys.executable, "-c", ""], check=True)
N, W, KINDS = NEONIZE.neonize_pb, NEONIZE.whatsapp_pb, NEONIZE.kinds


def jid(user: str, server: str = "s.whatsapp.net") -> Any:
    return N.JID(User=user, Server=server, RawAgent=0, Device=0, Integrator=0, IsEmpty=False)


def complete(message: Any) -> Any:
    """The message with all that neonize's protocol requires; what is missing is empty."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            if field.is_required and not message.HasField(field.name):
                setattr(message, field.name, getattr(message, field.name))
        elif field.is_required or (not field.is_repeated and message.HasField(field.name)):
            getattr(message, field.name).SetInParent()
            complete(getattr(message, field.name))
    return message


async def until(condition: Callable[[], Any]) -> None:
    """Wait for something that happens on another thread."""
    async with asyncio.timeout(5):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


ADA, SHOP = jid("15551234567"), jid("15550000000")


class FakeEvents(NEONIZE.events.Event):  # type: ignore[misc, name-defined]
    """neonize's own, which also remembers who shows QR codes."""

    show: Callable[[Any, bytes], None] | None = None

    def qr(self, f: Callable[[Any, bytes], None]) -> None:
        super().qr(f)
        self.show = f


class FakeClient:
    """Has the methods of ``neonize.client.NewClient`` that are used here.

    Attributes:
        calls: what was called, with its arguments.
        failures: exceptions that the next calls of a method raise.
        connects: whether it says that it is connected as soon as it runs.
    """

    def __init__(self, *, connects: bool = True, connect_error: Exception | None = None) -> None:
        self.event = FakeEvents(self)
        self.me = N.Device(JID=SHOP)
        self.connected = False
        self.connects = connects
        self.connect_error = connect_error
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.hold: threading.Event | None = None
        self.running = threading.Event()
        self.stopped = threading.Event()
        self.threads: set[str] = set()

    def connect(self) -> None:
        """Blocks until `stop`, as the real one does."""
        if self.running.is_set():
            self.stopped.clear()
        self.running.set()
        if self.connect_error is not None:
            raise self.connect_error
        if self.connects:
            self.tell(N.Connected(status=True))
        self.stopped.wait(20)

    def stop(self) -> None:
        self.calls.append(("stop", (), {}))
        self.stopped.set()

    def tell(self, event: Any) -> None:
        """Call back with an event, from this very thread, as the library in Go does."""
        data = complete(event).SerializeToString()
        buffer = ctypes.create_string_buffer(data, len(data))
        code = NEONIZE.events.EVENT_TO_INT[type(event)]
        self.event.execute(0, ctypes.addressof(buffer), len(data), code)

    def show_code(self, code: str) -> None:
        assert self.event.show is not None
        self.event.show(self, code.encode())

    def called(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(args, kwargs) for called, args, kwargs in self.calls if called == name]

    def _note(self, name: str, *args: Any, **kwargs: Any) -> None:
        self.threads.add(threading.current_thread().name)
        self.calls.append((name, args, kwargs))
        if self.hold is not None:
            self.hold.wait(20)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def send_message(self, to: Any, message: Any) -> Any:
        self._note("send_message", to, message)
        return N.SendResponse(ID=f"3EB0{len(self.called('send_message'))}")

    def upload(self, binary: bytes, media_type: Any) -> Any:
        self._note("upload", binary, media_type)
        return N.UploadResponse(
            url="https://mmg.whatsapp.net/v/1",
            DirectPath="/v/1",
            MediaKey=b"k" * 32,
            FileEncSHA256=b"e" * 32,
            FileSHA256=b"s" * 32,
            FileLength=len(binary),
        )

    def download_any(self, message: Any) -> bytes:
        self._note("download_any", message)
        return b"the file"

    def mark_read(self, *ids: str, **kwargs: Any) -> None:
        self._note("mark_read", *ids, **kwargs)

    def send_chat_presence(self, *args: Any) -> None:
        self._note("send_chat_presence", *args)

    def build_reaction(self, chat: Any, sender: Any, message_id: str, reaction: str) -> Any:
        self._note("build_reaction", chat, sender, message_id, reaction)
        return W.Message(reactionMessage=W.ReactionMessage(text=reaction))


def message_event(message: Any, *, message_id: str = "3A01", **changes: Any) -> Any:
    """Somebody wrote."""
    known = {"chat": ADA, "sender": ADA, "alt": None, "from_me": False, **changes}
    source = N.MessageSource(
        Chat=known["chat"],
        Sender=known["sender"],
        SenderAlt=known["alt"],
        IsFromMe=known["from_me"],
        IsGroup=known["chat"].Server == "g.us",
    )
    info = N.MessageInfo(
        MessageSource=source, ID=message_id, Pushname="Ada", Timestamp=1_749_416_383
    )
    event = N.Message()
    event.Info.CopyFrom(info)
    event.Message.CopyFrom(message)
    return event


def receipt_event(kind: str, *ids: str, from_me: bool = False) -> Any:
    """Messages of ours have got somewhere."""
    event = N.Receipt()
    event.MessageSource.Chat.CopyFrom(ADA)
    event.MessageSource.Sender.CopyFrom(ADA)
    event.MessageSource.IsFromMe = from_me
    event.MessageIDs.extend(ids)
    event.Timestamp = 1_749_416_383
    event.Type = N.Receipt.ReceiptType.Value(kind)
    return event
