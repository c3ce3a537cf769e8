"""Every vendor that posts webhooks: its channel here, and how it signs what it posts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roomkit import (
    Channel,
    EmailChannel,
    MessengerChannel,
    RCSChannel,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    WhatsAppChannel,
)
from roomkit.channels.factories import HTTPChannel
from roomkit.providers._meta_webhooks import meta_signature
from roomkit.providers.elasticemail import ElasticEmailConfig, ElasticEmailProvider
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.providers.http.webhook import sign_webhook
from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig, TrustedIssuer
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxRCSConfig,
    TelnyxRCSProvider,
    TelnyxSMSProvider,
)
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.providers.twilio.rcs import TwilioRCSConfig, TwilioRCSProvider
from roomkit.providers.twilio.signature import twilio_signature
from roomkit.providers.voicemeup.sms import VoiceMeUpConfig, VoiceMeUpSMSProvider
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppConfig
from roomkit.testing import VirtualClock

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))
ADA, DESK = "+15551234567", "+15550000000"
TEXT = "Grüße & more"
SECRET = "s3cret"
FORM = "application/x-www-form-urlencoded"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = Ed25519PrivateKey.generate()
TEAMS_APP, TEAMS_SERVICE = "app-1", "https://smba.trafficmanager.net/amer/"

type Sign = Callable[[str, bytes], Mapping[str, str]]
"""The headers with which the vendor posts a body to a URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor:
    """What is particular to a vendor.

    Attributes:
        channel: makes the channel; it is given a clock, and where keys are published.
        message: a payload in which Ada says `TEXT`.
        report: one that says that a message was delivered, if the vendor has such.
        sign: None for a vendor that signs nothing.
        query: goes into the URL of every webhook.
        in_query: the payload is in the URL, and the method is GET, for reports.
        malformed: the answer to a genuine webhook that makes no sense.
        reply: the body of the answer to one that was taken.
    """

    name: str
    channel: Callable[[VirtualClock, str], Channel]
    message: Any
    report: Any = None
    sign: Sign | None = None
    query: str = ""
    content_type: str = "application/json"
    in_query: bool = False
    sender: str = ADA
    malformed: int = 400
    reply: bytes = b""

    def encoded(self, payload: Any) -> bytes:
        if self.content_type == FORM:
            return urlencode(payload).encode()
        return json.dumps(payload).encode()

    def post(self, url: str, body: bytes) -> httpx.Request:
        """The request with which the vendor posts a body."""
        url += self.query
        headers = {"content-type": self.content_type}
        headers |= {} if self.sign is None else self.sign(url, body)
        return httpx.Request("POST", url, headers=headers, content=body)

    def says(self, url: str) -> httpx.Request:
        """The request in which Ada says `TEXT`."""
        return self.post(url, self.encoded(self.message))

    def reports(self, url: str) -> httpx.Request:
        """The request that says that a message was delivered."""
        if self.in_query:
            return httpx.Request("GET", f"{url}{self.query}&{urlencode(self.report)}")
        return self.post(url, self.encoded(self.report))

    def forged(self, url: str) -> list[httpx.Request]:
        """Requests that somebody else has made, with whatever is needed but the secret."""
        genuine = self.says(url)
        plain = httpx.URL(url)
        kind = {"content-type": self.content_type}
        requests = [httpx.Request("POST", plain, headers=kind, content=genuine.content)]
        if self.signs_bodies:
            # The signature is of other words, sent to the same place.
            changed = genuine.content.replace(b"more", b"cash")
            headers = {**genuine.headers}
            del headers["content-length"]
            requests.append(httpx.Request("POST", genuine.url, headers=headers, content=changed))
        return requests

    @property
    def signs_bodies(self) -> bool:
        """Whether what is secret covers the words, rather than only going along with them."""
        return self.name not in ("telegram", "elasticemail", "teams")


def _telnyx_headers(_url: str, body: bytes) -> Mapping[str, str]:
    signature = ED_KEY.sign(f"{MOMENT}|".encode() + body)
    encoded = base64.b64encode(signature).decode()
    return {"telnyx-signature-ed25519": encoded, "telnyx-timestamp": MOMENT}


def _sinch_headers(_url: str, body: bytes) -> Mapping[str, str]:
    text = b".".join([body, b"nonce", MOMENT.encode()])
    digest = hmac.digest(SECRET.encode(), text, hashlib.sha256)
    return {
        "x-sinch-webhook-signature": base64.b64encode(digest).decode(),
        "x-sinch-webhook-signature-nonce": "nonce",
        "x-sinch-webhook-signature-timestamp": MOMENT,
    }


def _sendgrid_headers(_url: str, body: bytes) -> Mapping[str, str]:
    signature = EC_KEY.sign(MOMENT.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": MOMENT,
    }


def _twilio_headers(url: str, body: bytes) -> Mapping[str, str]:
    fields = httpx.QueryParams(body.decode()).multi_items()
    return {"x-twilio-signature": twilio_signature(SECRET, url, fields)}


def _teams_headers(_url: str, _body: bytes) -> Mapping[str, str]:
    claims = {
        "iss": "https://api.botframework.com",
        "aud": TEAMS_APP,
        "nbf": int(MOMENT),
        "exp": int(MOMENT) + 3600,
        "serviceurl": TEAMS_SERVICE,
    }
    token = jwt.encode(claims, RSA_KEY, algorithm="RS256", headers={"kid": "key-1"})
    return {"authorization": f"Bearer {token}"}


def teams_keys() -> dict[str, Any]:
    """What Microsoft publishes."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
    numbers = {name: public[name] for name in ("kty", "n", "e")}
    return {"keys": [{**numbers, "use": "sig", "kid": "key-1", "endorsements": ["msteams"]}]}


def _sendgrid_key() -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(
        EC_KEY.public_key().public_bytes(serialization.Encoding.DER, form)
    ).decode()


def _telnyx_key() -> str:
    return base64.b64encode(ED_KEY.public_key().public_bytes_raw()).decode()


def _telnyx_payload(event_type: str, **payload: Any) -> dict[str, Any]:
    known = {"id": "tx-1", "from": {"phone_number": ADA}, "to": [{"phone_number": DESK}]}
    return {"data": {"event_type": event_type, "payload": {**known, **payload}}}


def _whatsapp_payload(**value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": DESK[1:], "phone_number_id": "106540352242922"}
    shape = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    entry = {"id": "1", "changes": [{"value": shape, "field": "messages"}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def _messenger_payload(**event: Any) -> dict[str, Any]:
    known = {"sender": {"id": "123"}, "recipient": {"id": "456"}, "timestamp": 1458692752478}
    entry = {"id": "456", "time": 1518479195594, "messaging": [{**known, **event}]}
    return {"object": "page", "entry": [entry]}


def _teams_channel(clock: VirtualClock, keys_url: str) -> Channel:
    issuer = TrustedIssuer(
        issuer="https://api.botframework.com",
        openid_metadata_url=f"{keys_url}/openid",
        is_connector=True,
    )
    config = TeamsConfig(app_id=TEAMS_APP, app_password=SECRET, trusted_issuers=[issuer])
    return TeamsChannel("it", provider=BotFrameworkTeamsProvider(config, clock=clock))


_TWILIO: dict[str, Any] = {"account_sid": "AC1", "auth_token": SECRET}
_TWILIO_TEXT = {"MessageSid": "SM1", "AccountSid": "AC1", "SmsStatus": "received", "NumMedia": "0"}
_META: dict[str, Any] = {"app_secret": SECRET, "verify_token": "word"}

VENDORS = [
    Vendor(
        name="twilio-sms",
        channel=lambda clock, _: SMSChannel(
            "it",
            provider=TwilioSMSProvider(TwilioConfig(**_TWILIO, from_number=DESK), clock=clock),
        ),
        message={**_TWILIO_TEXT, "From": ADA, "To": DESK, "Body": TEXT},
        report={"MessageSid": "SM9", "MessageStatus": "delivered", "From": DESK, "To": ADA},
        sign=_twilio_headers,
        content_type=FORM,
        reply=b"<Response/>",
    ),
    Vendor(
        name="twilio-rcs",
        channel=lambda clock, _: RCSChannel(
            "it",
            provider=TwilioRCSProvider(
                TwilioRCSConfig(**_TWILIO, messaging_service_sid="MG1"), clock=clock
            ),
        ),
        message={**_TWILIO_TEXT, "From": f"rcs:{ADA}", "To": "rcs:desk", "Body": TEXT},
        report={"MessageSid": "SM9", "MessageStatus": "read", "From": "rcs:desk", "To": ADA},
        sign=_twilio_headers,
        content_type=FORM,
        reply=b"<Response/>",
    ),
    Vendor(
        name="telnyx-sms",
        channel=lambda clock, _: SMSChannel(
            "it",
            provider=TelnyxSMSProvider(
                TelnyxConfig(api_key="KEY1", from_number=DESK), _telnyx_key(), clock=clock
            ),
        ),
        message=_telnyx_payload("message.received", direction="inbound", text=TEXT, type="SMS"),
        report=_telnyx_payload(
            "message.finalized",
            direction="outbound",
            to=[{"phone_number": ADA, "status": "delivered"}],
        ),
        sign=_telnyx_headers,
    ),
    Vendor(
        name="telnyx-rcs",
        channel=lambda clock, _: RCSChannel(
            "it",
            provider=TelnyxRCSProvider(
                TelnyxRCSConfig(api_key="KEY1", agent_id="desk"), _telnyx_key(), clock=clock
            ),
        ),
        message=_telnyx_payload(
            "message.received",
            direction="inbound",
            type="RCS",
            body={"text": TEXT},
            to=[{"agent_id": "desk"}],
        ),
        sign=_telnyx_headers,
    ),
    Vendor(
        name="sinch",
        channel=lambda clock, _: SMSChannel(
            "it",
            provider=SinchSMSProvider(
                SinchConfig(
                    service_plan_id="plan",
                    api_token="token",
                    from_number=DESK,
                    webhook_secret=SECRET,
                ),
                clock=clock,
            ),
        ),
        message={"type": "mo_text", "id": "s-1", "from": ADA[1:], "to": DESK[1:], "body": TEXT},
        report={
            "type": "recipient_delivery_report_sms",
            "batch_id": "b-1",
            "recipient": ADA[1:],
            "status": "Delivered",
            "code": 0,
        },
        sign=_sinch_headers,
    ),
    Vendor(
        name="voicemeup",
        channel=lambda clock, _: SMSChannel(
            "it",
            provider=VoiceMeUpSMSProvider(
                VoiceMeUpConfig(username="u", auth_token=SECRET, from_number=DESK), clock=clock
            ),
        ),
        message={
            "sms_hash": "h-1",
            "source_number": ADA[1:],
            "destination_number": DESK[1:],
            "message": TEXT,
        },
        report={"sms_hash": "h-9", "status": "delivered", "source_number": DESK[1:]},
        content_type=FORM,
    ),
    Vendor(
        name="sendgrid",
        channel=lambda clock, _: EmailChannel(
            "it",
            provider=SendGridEmailProvider(
                SendGridConfig(
                    api_key="SG.x",
                    from_email="help@desk.example.com",
                    webhook_public_key=_sendgrid_key(),
                    parse_public_key=_sendgrid_key(),
                ),
                clock=clock,
            ),
        ),
        message={
            "headers": "From: Ada <ada@example.com>\nMessage-ID: <m1@example.com>\n",
            "from": "Ada <ada@example.com>",
            "to": "help@desk.example.com",
            "subject": "A question",
            "text": TEXT,
        },
        sender="ada@example.com",
        sign=_sendgrid_headers,
        content_type=FORM,
    ),
    Vendor(
        name="elasticemail",
        channel=lambda clock, _: EmailChannel(
            "it",
            provider=ElasticEmailProvider(
                ElasticEmailConfig(
                    api_key="x", from_email="help@desk.example.com", webhook_token=SECRET
                ),
                clock=clock,
            ),
        ),
        message={
            "header_list": "Message-ID: <m1@example.com>\n",
            "from_email": "ada@example.com",
            "to_list": "help@desk.example.com",
            "subject": "A question",
            "body_text": TEXT,
        },
        report={"status": "Sent", "messageid": "m-9", "to": "ada@example.com"},
        in_query=True,
        sender="ada@example.com",
        query=f"?token={SECRET}",
        content_type=FORM,
    ),
    Vendor(
        name="whatsapp",
        channel=lambda clock, _: WhatsAppChannel(
            "it",
            provider=WhatsAppCloudProvider(
                WhatsAppConfig(**_META, access_token="t", phone_number_id="106540352242922"),
                clock=clock,
            ),
        ),
        message=_whatsapp_payload(
            contacts=[{"profile": {"name": "Ada"}, "wa_id": ADA[1:]}],
            messages=[
                {
                    "from": ADA[1:],
                    "id": "wamid.1",
                    "timestamp": MOMENT,
                    "type": "text",
                    "text": {"body": TEXT},
                }
            ],
        ),
        report=_whatsapp_payload(
            statuses=[
                {
                    "id": "wamid.9",
                    "status": "delivered",
                    "timestamp": MOMENT,
                    "recipient_id": ADA[1:],
                }
            ]
        ),
        sign=lambda _, body: {"x-hub-signature-256": meta_signature(SECRET, body)},
        malformed=200,
    ),
    Vendor(
        name="messenger",
        channel=lambda clock, _: MessengerChannel(
            "it",
            provider=FacebookMessengerProvider(
                MessengerConfig(**_META, page_access_token="t"), clock=clock
            ),
        ),
        message=_messenger_payload(message={"mid": "m_1", "text": TEXT}),
        report=_messenger_payload(delivery={"mids": ["m_9"], "watermark": 1458668856253}),
        sign=lambda _, body: {"x-hub-signature-256": meta_signature(SECRET, body)},
        sender="123",
        malformed=200,
    ),
    Vendor(
        name="telegram",
        channel=lambda clock, _: TelegramChannel(
            "it",
            provider=TelegramBotProvider(
                TelegramConfig(bot_token="7:token", secret_token=SECRET), clock=clock
            ),
        ),
        message={
            "update_id": 1,
            "message": {
                "message_id": 7,
                "date": int(MOMENT),
                "chat": {"id": 42, "type": "private"},
                "from": {"id": 42, "is_bot": False, "first_name": "Ada"},
                "text": TEXT,
            },
        },
        sign=lambda _url, _body: {"x-telegram-bot-api-secret-token": SECRET},
        sender="42",
        malformed=200,
    ),
    Vendor(
        name="teams",
        channel=_teams_channel,
        message={
            "type": "message",
            "id": "1485983408511",
            "serviceUrl": TEAMS_SERVICE,
            "channelId": "msteams",
            "from": {"id": "29:ada", "name": "Ada"},
            "conversation": {"conversationType": "personal", "id": "a:chat"},
            "recipient": {"id": f"28:{TEAMS_APP}", "name": "Desk"},
            "text": TEXT,
        },
        sign=_teams_headers,
        sender="29:ada",
        # The token says which service the body names, so that no other body is genuine.
        malformed=403,
    ),
    Vendor(
        name="http",
        channel=lambda clock, _: HTTPChannel(
            "it",
            provider=WebhookHTTPProvider(
                HTTPProviderConfig(url="https://crm.example/", secret=SECRET), clock=clock
            ),
        ),
        message={"id": "c-1", "sender": "ada", "text": TEXT},
        sign=lambda _, body: {"x-roomkit-signature": sign_webhook(SECRET, body, NOW)},
        sender="ada",
    ),
]
