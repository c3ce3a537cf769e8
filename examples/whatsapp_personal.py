"""WhatsApp from a personal account: linking the device, an answer to a message, and its ticks.

The real provider and neonize's own messages, with a stand-in for the telephone and WhatsApp behind
it. Needs `pip install "roomkit[whatsapp-personal]"`.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from roomkit import AIChannel, ChannelCategory, MockAIProvider, RoomKit
from roomkit.channels import WhatsAppPersonalChannel
from roomkit.providers.whatsapp import WhatsAppPersonalProvider
from roomkit.providers.whatsapp.neonize_types import load_neonize
from roomkit.sources.neonize import NeonizeSource

neonize = load_neonize()
N, W, KINDS = neonize.neonize_pb, neonize.whatsapp_pb, neonize.events
ADA, SHOP = (N.JID(User=it, Server="s.whatsapp.net") for it in ("15551234567", "15550000000"))
FROM_ADA = N.MessageSource(Chat=ADA, Sender=ADA)


class Phone(dict[Any, Any]):
    """In place of ``neonize.client.NewClient``, and of its ``event``: whom to call back."""

    def __init__(self) -> None:
        self.event, self.me = self, N.Device(JID=SHOP)
        self.scanned, self.stopped = threading.Event(), threading.Event()
        self.stop = self.stopped.set

    def __call__(self, kind: Any) -> Any:
        return lambda handler: self.update({kind: handler})

    def qr(self, handler: Any) -> None:
        self["qr"] = handler

    def connect(self) -> None:
        self["qr"](self, b"2@Xy...")
        self.scanned.wait()
        self[KINDS.ConnectedEv](self, None)
        info = N.MessageInfo(MessageSource=FROM_ADA, ID="3A01", Timestamp=1)
        said = N.Message(Info=info, Message=W.Message(conversation="Is it ready?"))
        self[KINDS.MessageEv](self, said)
        self.stopped.wait()

    def send_message(self, to: Any, message: Any) -> Any:
        print("sent to", to.User, "-", message.conversation)
        read = N.Receipt(MessageSource=FROM_ADA, MessageIDs=["3EB0"], Type=N.Receipt.READ)
        threading.Timer(0.05, self[KINDS.ReceiptEv], (self, read)).start()
        return N.SendResponse(ID="3EB0")


async def main() -> None:
    phone, ticked = Phone(), asyncio.Event()

    def show_code(code: str) -> None:
        print("scan", code)
        phone.scanned.set()

    provider = WhatsAppPersonalProvider(on_qr=show_code, make_client=lambda: phone)
    async with RoomKit() as kit:
        kit.register_channel(WhatsAppPersonalChannel("wa", provider=provider))
        kit.register_channel(AIChannel("ai", provider=MockAIProvider(["Yes, come by."])))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "wa", metadata={"phone_number": "+15551234567"})
        await kit.attach_channel("ada", "ai", category=ChannelCategory.INTELLIGENCE)

        async def show(status: Any) -> None:
            print("it was", status.status)
            ticked.set()

        await kit.attach_source("wa", NeonizeSource(provider, on_status=show))
        await ticked.wait()


if __name__ == "__main__":
    asyncio.run(main())
