"""A stand-in for Twilio on this machine: takes messages like its REST API, and calls webhooks like
it.

`create_twilio_standin` returns an ASGI application without any dependency. Serve it with uvicorn,
mount it in a FastAPI application, or give it to ``httpx.ASGITransport`` in a test, and point
``TwilioConfig(base_url=...)`` at it:

```python
standin = create_twilio_standin()
config = TwilioConfig(
    account_sid=standin.account_sid, auth_token=standin.auth_token, from_number=SHOP
)
client = httpx.AsyncClient(transport=httpx.ASGITransport(app=standin))
provider = TwilioSMSProvider(config, http_client=client)
```
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from roomkit.providers.twilio.signature import SIGNATURE_HEADER, twilio_signature

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MESSAGES = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json$")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True, slots=True)
class StandinMessage:
    """A message that was taken."""

    sid: str
    to: str
    from_: str
    body: str
    media_urls: tuple[str, ...] = ()
    status_callback: str | None = None


type OnMessage = Callable[[StandinMessage], Awaitable[None]]


class _RefusedError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(kw_only=True)
class TwilioStandin:
    """An ASGI application; make one with `create_twilio_standin`.

    Attributes:
        account_sid: the account that it knows.
        auth_token: its token.
        messages: what was taken, the oldest first.
        opted_out: numbers that messages are refused to, with Twilio's code 21610.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    on_message: OnMessage | None = None
    messages: list[StandinMessage] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    _received: int = 0

    def signed_webhook(
        self, url: str, params: Mapping[str, str] | Iterable[tuple[str, str]]
    ) -> tuple[dict[str, str], bytes]:
        """The headers and the body with which Twilio would post these fields to `url`."""
        pairs = list(params.items()) if isinstance(params, Mapping) else list(params)
        signature = twilio_signature(self.auth_token, url, pairs)
        headers = {"Content-Type": _FORM, SIGNATURE_HEADER: signature}
        return headers, urlencode(pairs).encode()

    def inbound_params(
        self,
        *,
        from_: str,
        to: str,
        body: str = "",
        media: Sequence[tuple[str, str]] = (),
        sid: str | None = None,
        opt_out_type: str | None = None,
    ) -> dict[str, str]:
        """The fields of a message that somebody sends to one of the account's numbers.

        Args:
            media: URL and MIME type of each file.
            sid: the message's SID; a new one unless it is a redelivery.
        """
        if sid is None:
            self._received += 1
            sid = f"{'MM' if media else 'SM'}{self._received:032x}"
        params = {
            "ToCountry": "US",
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "SmsStatus": "received",
            "From": from_,
            "To": to,
            "Body": body,
            "NumSegments": "1",
            "NumMedia": str(len(media)),
            "ApiVersion": "2010-04-01",
        }
        for number, (url, mime_type) in enumerate(media):
            params[f"MediaUrl{number}"] = url
            params[f"MediaContentType{number}"] = mime_type
        if opt_out_type is not None:
            params["OptOutType"] = opt_out_type
        return params

    def status_params(
        self, message: StandinMessage, status: str, *, error_code: int | None = None
    ) -> dict[str, str]:
        """The fields of a report about a message that was taken: ``"sent"``, ``"delivered"`` …"""
        params = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self.account_sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "From": message.from_,
            "To": message.to,
            "ApiVersion": "2010-04-01",
        }
        return params if error_code is None else {**params, "ErrorCode": str(error_code)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = await _read_body(receive)
        try:
            message = self._take(scope, parse_qs(body.decode(errors="replace")))
        except _RefusedError as refusal:
            answer: dict[str, Any] = {
                "code": refusal.code,
                "message": str(refusal),
                "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
                "status": refusal.status,
            }
            await _respond(send, refusal.status, answer)
            return
        await _respond(send, 201, self._resource(message))
        if self.on_message is not None:
            await self.on_message(message)

    def _take(self, scope: Scope, form: Mapping[str, list[str]]) -> StandinMessage:
        match = _MESSAGES.search(unquote(scope["path"]))
        if match is None or scope["method"] != "POST":
            raise _RefusedError(404, 20404, "The requested resource was not found")
        if match[1] != self.account_sid or not self._signed_in(scope):
            raise _RefusedError(401, 20003, "Authenticate")
        to, body = _first(form, "To"), _first(form, "Body")
        sender = _first(form, "From") or _first(form, "MessagingServiceSid")
        media = tuple(form.get("MediaUrl", ()))
        if not to:
            raise _RefusedError(400, 21604, "A 'To' phone number is required")
        if not sender:
            raise _RefusedError(400, 21603, "A 'From' phone number is required")
        if not body and not media:
            raise _RefusedError(400, 21602, "Message body is required")
        if len(body) > 1600:
            raise _RefusedError(400, 21617, "The message is longer than 1600 characters")
        if to in self.opted_out:
            raise _RefusedError(400, 21610, "The recipient has opted out")
        message = StandinMessage(
            sid=f"{'MM' if media else 'SM'}{len(self.messages) + 1:030x}ff",
            to=to,
            from_=sender,
            body=body,
            media_urls=media,
            status_callback=_first(form, "StatusCallback") or None,
        )
        self.messages.append(message)
        return message

    def _signed_in(self, scope: Scope) -> bool:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode())
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, b"Basic " + expected)

    def _resource(self, message: StandinMessage) -> dict[str, Any]:
        return {
            "sid": message.sid,
            "account_sid": self.account_sid,
            "to": message.to,
            "from": message.from_,
            "body": message.body,
            "status": "queued",
            "num_segments": "1",
            "num_media": str(len(message.media_urls)),
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
        }


def create_twilio_standin(
    on_message: OnMessage | None = None,
    *,
    account_sid: str = "AC00000000000000000000000000000000",
    auth_token: str = "standin-token",
) -> TwilioStandin:
    """A Twilio account that exists on this machine only.

    Args:
        on_message: called with each message that was taken, after it was answered.
    """
    return TwilioStandin(account_sid=account_sid, auth_token=auth_token, on_message=on_message)


def _first(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


async def _respond(send: Send, status: int, value: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
