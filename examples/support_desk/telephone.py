"""Telephones, and the telephone company that connects them with the desk.

The company is `roomkit.testing`'s stand-in for Twilio: the desk posts messages to its REST API,
and it posts messages and reports to the desk's webhooks, signed, all over HTTP on this machine.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from roomkit.testing.twilio_standin import StandinMessage, TwilioStandin, create_twilio_standin

DESK_NUMBER = "+15550000000"
KEPT_MESSAGES = 200

# What the company reports, each a moment after the one before, with the code of an error.
# https://www.twilio.com/docs/api/errors/30003 is a telephone that cannot be reached.
ARRIVED = ((0.3, "sent", None), (0.6, "delivered", None))
UNREACHABLE = ((0.3, "sent", None), (0.6, "undelivered", 30003))


@dataclass(kw_only=True)
class TextMessage:
    """A message as the telephone shows it."""

    id: str
    direction: Literal["in", "out"]
    body: str
    state: str
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


type OnChange = Callable[[str, TextMessage], None]


class TelephoneCompany:
    """Carries text messages between the desk and the telephones.

    Args:
        desk_url: where the desk's webhooks are.
        on_change: called with a number and a message that is new there or has changed.
    """

    def __init__(self, desk_url: str, on_change: OnChange) -> None:
        self.api: TwilioStandin = create_twilio_standin(self._deliver)
        self._webhook = f"{desk_url}/webhooks/sms"
        self._on_change = on_change
        self._telephones: dict[str, deque[TextMessage]] = {}
        self._switched_off: set[str] = set()
        self._client = httpx.AsyncClient(timeout=20)
        self._reports: set[asyncio.Task[None]] = set()

    def messages(self, number: str) -> deque[TextMessage]:
        """What a telephone has sent and received of late."""
        return self._telephones.setdefault(number, deque(maxlen=KEPT_MESSAGES))

    def is_on(self, number: str) -> bool:
        return number not in self._switched_off

    def switch(self, number: str, *, on: bool) -> None:
        """Switch a telephone on or off. What is sent to one that is off never arrives."""
        (self._switched_off.discard if on else self._switched_off.add)(number)

    async def write(self, number: str, body: str) -> TextMessage:
        """Send what somebody has typed on a telephone to the desk."""
        sid = f"SM{secrets.token_hex(16)}"
        params = self.api.inbound_params(from_=number, to=DESK_NUMBER, body=body, sid=sid)
        message = TextMessage(id=sid, direction="out", body=body, state="sending")
        self.messages(number).append(message)
        self._on_change(number, message)
        message.state = await self._post(self._webhook, params)
        self._on_change(number, message)
        return message

    async def _deliver(self, taken: StandinMessage) -> None:
        """Ring the telephone, and tell the desk about it a moment later."""
        if self.is_on(taken.to):
            # Not the company's id: it counts anew with every start, a telephone forgets nothing.
            sid = secrets.token_hex(16)
            message = TextMessage(id=sid, direction="in", body=taken.body, state="received")
            self.messages(taken.to).append(message)
            self._on_change(taken.to, message)
        task = asyncio.create_task(self._report(taken))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _report(self, taken: StandinMessage) -> None:
        if taken.status_callback is None:
            return
        for pause, status, error in ARRIVED if self.is_on(taken.to) else UNREACHABLE:
            await asyncio.sleep(pause)
            params = self.api.status_params(taken, status, error_code=error)
            await self._post(taken.status_callback, params)

    async def _post(self, url: str, params: dict[str, str]) -> str:
        headers, content = self.api.signed_webhook(url, params)
        try:
            answer = await self._client.post(url, headers=headers, content=content)
        except httpx.HTTPError as error:
            return f"not sent: {type(error).__name__}"
        return "sent" if answer.is_success else f"refused: {answer.status_code}"

    async def close(self) -> None:
        for task in self._reports:
            task.cancel()
        await asyncio.gather(*self._reports, return_exceptions=True)
        await self._client.aclose()
