"""Mail over any server: text, HTML and a file in one mail, and a bounce that comes back.

The real provider, with a mail server of a few lines on this machine. Needs `pip install
"roomkit[smtp]"`.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from email import message_from_bytes, policy
from email.message import EmailMessage

from roomkit import CompositeContent, EmailChannel, MediaContent, RichContent, RoomKit
from roomkit.channels import WebSocketChannel
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.email import read_email
from roomkit.providers.smtp import SMTPConfig, SMTPEmailProvider

ANSWERS = {b"EHLO": b"250 example", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
mails: list[EmailMessage] = []


async def server(reader: StreamReader, writer: StreamWriter) -> None:
    """Takes every mail; just enough of RFC 5321."""
    writer.write(b"220 example\r\n")
    while line := await reader.readline():
        command = line[:4].upper()
        writer.write(ANSWERS.get(command, b"250 ok") + b"\r\n")
        if command == b"DATA":
            raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
            mails.append(message_from_bytes(raw, policy=policy.default))
            writer.write(b"250 taken\r\n")
        if command == b"QUIT":
            break
    writer.close()


BOUNCE = """\
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b\nContent-Type: message/delivery-status\n
Reporting-MTA: dns; example.com\n
Final-Recipient: rfc822; ada@example.com\nAction: failed\nStatus: 5.1.1\n
--b\nContent-Type: text/rfc822-headers\n
Message-ID: {}\n
--b--
"""


async def main() -> None:
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    me = "desk@example.net"
    config = SMTPConfig(host="127.0.0.1", port=port, security="none", from_email=me)
    async with listening, RoomKit() as kit:
        kit.register_channel(EmailChannel("mail", provider=SMTPEmailProvider(config)))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "mail", metadata={"email_address": "ada@example.com"})
        await kit.attach_channel("ada", "desk")

        @kit.on_delivery_status
        async def show(status: DeliveryStatus) -> None:
            print("it is", status.status, status.error_code)

        bill = MediaContent(url="data:text/csv;base64,MSwyCg==", mime_type="text/csv")
        words = RichContent(body="Your <b>bill</b>", format="html")
        await kit.send_event("ada", "desk", CompositeContent(parts=[words, bill]))
        print("out:", [part.get_content_type() for part in mails[0].walk()])

        returned = BOUNCE.format(mails[0]["Message-ID"]).encode()
        await kit.process_webhook(read_email(returned), channel_id="mail")


if __name__ == "__main__":
    asyncio.run(main())
