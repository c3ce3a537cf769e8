"""The Bot Connector's REST API, and the token that opens it.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.providers._chat_items import amount
from roomkit.providers._download import FileVendor
from roomkit.providers._http import VendorFault, VendorRequest, VendorResponse
from roomkit.providers._webhook_items import mapping, text
from roomkit.providers.teams.config import TeamsConfig
from roomkit.providers.teams.outgoing import VENDOR, refusal
from roomkit.providers.teams.renewal import Renewed
from roomkit.providers.teams.trust import is_trusted_service

if TYPE_CHECKING:
    import httpx

_SCOPE = "https://api.botframework.com/.default"
_EARLY_SECONDS = 300.0
"""A token is renewed so long before its end, or at half of its time."""

_BLOCKED = VendorFault(code="blocked", retryable=False)
# https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
# and …/bots/build-conversational-capability#status-codes-from-bot-conversational-apis
_FAULTS: Mapping[str, VendorFault] = {
    "BotNotInConversationRoster": _BLOCKED,
    "BotDisabledByAdmin": _BLOCKED,
    "ConversationBlockedByUser": _BLOCKED,
    "MessageWritesBlocked": _BLOCKED,
    "NotEnoughPermissions": VendorFault(code="forbidden", retryable=False),
    "ConversationNotFound": VendorFault(code="invalid_recipient", retryable=False),
    "ActivityNotFoundInConversation": VendorFault(code="target_not_found", retryable=False),
    "MessageSizeTooBig": VendorFault(code="too_long", retryable=False),
    "BadSyntax": VendorFault(code="rejected", retryable=False),
}
# Two requests at the same conversation; Microsoft asks for another attempt.
_PASSING_STATUS = frozenset({412})


class BotConnector(FileVendor):
    """Calls the Bot Connector with the bot's token, which only services see that are trusted."""

    vendor: ClassVar[str] = VENDOR
    extra: ClassVar[str] = "teams"

    def __init__(
        self,
        config: TeamsConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._config = config
        self._token = Renewed(self._sign_in, clock)

    def _is_trusted(self, url: str) -> bool:
        return is_trusted_service(url, self._config.allowed_service_urls)

    async def _call(
        self,
        method: str,
        service_url: str,
        path: tuple[str, ...],
        body: Mapping[str, Any] | None = None,
    ) -> VendorResponse:
        """Ask the service of a conversation for something.

        Args:
            path: what follows ``/v3/``, in parts.

        Raises:
            ProviderError: it refused or could not be reached; ``untrusted_service`` if it must not
                see the token.
        """
        route = "/".join(quote(part, safe="") for part in path)
        url = f"{service_url.rstrip('/')}/v3/{route}"
        request = VendorRequest(method=method, url=url, json=body)
        return await self._with_token(request)

    async def _with_token[R: VendorRequest](self, request: R) -> VendorResponse:
        """Make a request with the bot's token, and once more if that was withdrawn early."""
        if not self._is_trusted(request.url):
            raise refusal("the service is not one of Microsoft's", "untrusted_service")
        token = await self._token.get()
        try:
            return await self._request(_signed(request, token))
        except ProviderError as error:
            if error.status_code != 401:
                raise
        self._token.drop(token)
        return await self._request(_signed(request, await self._token.get()))

    async def _sign_in(self) -> tuple[str, float]:
        """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
        config = self._config
        form = {
            "grant_type": "client_credentials",
            "client_id": config.app_id,
            "client_secret": config.app_password.get_secret_value(),
            "scope": _SCOPE,
        }
        request = VendorRequest(method="POST", url=config.token_url, form=form)
        answer = (await self._request(request)).mapping()
        token, seconds = answer.get("access_token"), amount(answer.get("expires_in"))
        if not isinstance(token, str) or not token or not token.isascii():
            raise self._error("signing in gave no token", "bad_answer")
        good_for = 3600.0 if seconds is None else seconds
        return token, max(good_for - _EARLY_SECONDS, good_for / 2)

    async def _ask(self, url: str) -> Mapping[str, Any]:
        """A JSON object that anybody may read."""
        return (await self._request(VendorRequest(method="GET", url=url))).mapping()

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        if response.status in _PASSING_STATUS:
            return VendorFault(code="conflict", retryable=True)
        code = _code_in(response.mapping())
        if not code.isascii() or not code.isalnum() or len(code) > 60:
            return None
        return replace(_FAULTS.get(code, VendorFault()), vendor_code=code)


def _signed[R: VendorRequest](request: R, token: str) -> R:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def _code_in(body: Mapping[str, Any]) -> str:
    """The code in ``{"error": {"code": …}}``, or in the text that Teams hides another in."""
    code = text(mapping(body.get("error")).get("code")) or text(body.get("error"))
    if code:
        return code
    try:
        hidden = mapping(json.loads(text(body.get("message")) or "{}"))
    except (ValueError, RecursionError):
        return ""
    return text(hidden.get("subCode"))
