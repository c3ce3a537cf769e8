"""Mails as real programs write them, shortened."""

from __future__ import annotations

from collections.abc import Mapping

DOMAIN = "desk.example.com"
OURS = f"<event-7.0123456789.roomkit@{DOMAIN}>"


def mail(body: str = "Hello", **fields: str) -> bytes:
    """A plain mail; an underscore in a field's name stands for a hyphen, "" leaves it out."""
    named = {
        "From": "Ada Lovelace <Ada@Example.com>",
        "To": f"Workshop <help@{DOMAIN}>",
        "Subject": "My bicycle",
        "Message-ID": "<1@example.com>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return written(named, body)


def written(fields: Mapping[str, str], body: str) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return (head + "\r\n" + body.replace("\n", "\r\n")).encode()


GMAIL_REPLY = f"""\
Delivered-To: help@{DOMAIN}
Return-Path: <ada@example.com>
MIME-Version: 1.0
References: <0@example.com>
 {OURS}
In-Reply-To: {OURS}
From: =?UTF-8?Q?Ada_L=C3=B6velace?= <ada@example.com>
Date: Tue, 6 Jan 2026 10:15:00 +0100
Message-ID: <CAB7+x=2@mail.gmail.com>
Subject: =?UTF-8?Q?Re=3A_Ihr_Fahrrad_=F0=9F=9A=B2?=
To: Workshop <help@{DOMAIN}>, "Second, Desk" <second@{DOMAIN}>
Cc: bob@example.com
Content-Type: multipart/alternative; boundary="000000000000abc"

--000000000000abc
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

Ja, Dienstag passt. Gr=C3=BC=C3=9Fe =F0=9F=91=8B

Am Mo., 5. Jan. 2026 um 09:00 Uhr schrieb Workshop <help@{DOMAIN}>:

> Wann m=C3=B6chten Sie kommen?
>

--000000000000abc
Content-Type: text/html; charset="UTF-8"

<div dir="ltr">Ja, Dienstag passt.</div>

--000000000000abc--
""".replace("\n", "\r\n").encode()

OUTLOOK_HTML = """\
From: Bob <bob@example.com>
To: help@desk.example.com
Subject: Fotos
Message-ID: <ABC@EUR01.prod.outlook.com>
Content-Type: multipart/mixed; boundary="_004_"
MIME-Version: 1.0

--_004_
Content-Type: multipart/related; boundary="_003_"; type="text/html"

--_003_
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<html><head><style>p {margin:0}</style></head><body><p>Sch=F6ne Gr=FC=DFe</p>
<p><img src=3D"cid:image001.png@01"></p></body></html>
--_003_
Content-Type: image/png; name="image001.png"
Content-Description: image001.png
Content-Disposition: inline; filename="image001.png"; size=4
Content-ID: <image001.png@01>
Content-Transfer-Encoding: base64

iVBORw==
--_003_--

--_004_
Content-Type: application/pdf; name="=?iso-8859-1?Q?Rechnung_M=E4rz.pdf?="
Content-Disposition: attachment;
 filename*=iso-8859-1''Rechnung%20M%E4rz.pdf
Content-Transfer-Encoding: base64

JVBERi0x
--_004_
Content-Type: audio/ogg
Content-Disposition: attachment; filename="../../etc/voice.ogg"
Content-Transfer-Encoding: base64

T2dnUw==
--_004_--
""".replace("\n", "\r\n").encode()

OUT_OF_OFFICE = """\
From: Bob <bob@example.com>
To: help@desk.example.com
Subject: Automatic reply: Your bicycle
Message-ID: <DEF@EUR01.prod.outlook.com>
In-Reply-To: <event-7.0123456789.roomkit@desk.example.com>
X-Auto-Response-Suppress: All
Auto-Submitted: auto-generated
Content-Type: text/plain

I am away until Monday.
""".replace("\n", "\r\n").encode()


def bounce(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    returned: str = f"Message-ID: {OURS}\r\nSubject: Your bicycle",
) -> bytes:
    """A delivery status notification as Postfix writes it."""
    return (
        f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: help@desk.example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="9B095B5ADSN=_"
Message-Id: <20260106.9B095@mx.example.com>

This is a MIME-encapsulated message.

--9B095B5ADSN=_
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--9B095B5ADSN=_
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 9B095B5A

Final-Recipient: rfc822; nobody@example.com
Original-Recipient: rfc822;nobody@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.com>: no such user

--9B095B5ADSN=_
Content-Description: Undelivered Message
Content-Type: message/rfc822

{returned}

It is ready.

--9B095B5ADSN=_--
""".replace("\r\n", "\n")
        .replace("\n", "\r\n")
        .encode()
    )


READ_RECEIPT = f"""\
From: Ada <ada@example.com>
To: help@desk.example.com
Subject: Read: Your bicycle
Message-ID: <r1@example.com>
Content-Type: multipart/report; report-type=disposition-notification; boundary="x"

--x
Content-Type: text/plain

Your message was read.
--x
Content-Type: message/disposition-notification

Reporting-UA: example.com; Mail 1.0
Final-Recipient: rfc822;ada@example.com
Original-Message-ID: {OURS}
Disposition: manual-action/MDN-sent-manually; displayed

--x--
""".replace("\n", "\r\n").encode()

ALL = [GMAIL_REPLY, OUTLOOK_HTML, OUT_OF_OFFICE, bounce(), READ_RECEIPT, mail()]
