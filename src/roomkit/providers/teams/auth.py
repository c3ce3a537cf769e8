"""Whether a webhook really comes from Microsoft: the token in its header.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
lists what has to be true of it. On any doubt it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roomkit._clock import Clock
from roomkit._lazy import require
from roomkit.providers._webhook_items import mapping, text
from roomkit.providers.teams.keys import Ask, KeyRing, SigningKey
from roomkit.providers.teams.trust import TrustedIssuer

_SKEW_SECONDS = 300.0
_LONGEST_TOKEN = 16_384
_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that was taken apart; nothing in it is proven yet."""

    raw: str
    key_id: str
    issuer: TrustedIssuer


class WebhookAuthenticator:
    """Checks the tokens of webhooks.

    Args:
        app_id: the bot that they have to be meant for.
        issuers: who may sign them.
        ask: fetches what the issuers publish.
    """

    def __init__(
        self, app_id: str, issuers: Sequence[TrustedIssuer], *, ask: Ask, clock: Clock
    ) -> None:
        self._jwt: Any = require("jwt", extra="teams", feature="WebhookAuthenticator")
        require("cryptography", extra="teams", feature="WebhookAuthenticator")
        self._app_id = app_id
        self._clock = clock
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        urls = {issuer.openid_metadata_url for issuer in issuers}
        self._rings = {url: KeyRing(url, ask, clock) for url in urls}

    async def check(self, authorization: str | None, activity: Mapping[str, Any]) -> None:
        """Make sure that a webhook is genuine.

        Args:
            authorization: the value of the header ``Authorization``.
            activity: the decoded body.

        Raises:
            PermissionError: it is not, or that cannot be found out now.
        """
        token = self._open(authorization)
        key = await self._ring_of(token).find(token.key_id)
        self._verify(token, key, activity)

    def check_with_known_keys(
        self, authorization: str | None, activity: Mapping[str, Any]
    ) -> None:
        """The same, with no other keys than those that `check` has fetched before."""
        token = self._open(authorization)
        self._verify(token, self._ring_of(token).known(token.key_id), activity)

    def _ring_of(self, token: _Token) -> KeyRing:
        return self._rings[token.issuer.openid_metadata_url]

    def _open(self, authorization: str | None) -> _Token:
        scheme, _, raw = (authorization or "").partition(" ")
        raw = raw.strip()
        if scheme.lower() != "bearer" or not raw or len(raw) > _LONGEST_TOKEN:
            raise PermissionError("the webhook has no bearer token")
        try:
            parts = self._jwt.decode_complete(raw, options={"verify_signature": False})
            header, claims = mapping(parts["header"]), mapping(parts["payload"])
        except Exception:  # whatever the library stumbles over is no token
            raise PermissionError("the webhook's token cannot be read") from None
        issuer = self._issuers.get(text(claims.get("iss")))
        if issuer is None:
            raise PermissionError("the webhook's token has another issuer")
        key_id = text(header.get("kid"))
        if header.get("alg") != _ALGORITHM or not key_id:
            raise PermissionError("the webhook's token is not signed as it has to be")
        return _Token(raw, key_id, issuer)

    def _verify(self, token: _Token, key: SigningKey | None, activity: Mapping[str, Any]) -> None:
        if key is None:
            raise PermissionError("the webhook's token is signed with an unknown key")
        try:
            claims = self._jwt.decode(
                token.raw,
                key.key,
                algorithms=[_ALGORITHM],
                audience=self._app_id,
                issuer=token.issuer.issuer,
                # The times are checked below, against the clock that is in use here.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "strict_aud": True,
                },
            )
        except Exception:  # whatever the library stumbles over is a doubt
            raise PermissionError("the webhook's token is not genuine") from None
        self._check_times(claims)
        if token.issuer.is_connector:
            _check_connector(claims, key, activity)
        elif self._app_id not in (claims.get("appid"), claims.get("azp")):
            raise PermissionError("the webhook's token was made for another application")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        ends, begins = _moment(claims.get("exp")), _moment(claims.get("nbf", now))
        if not begins - _SKEW_SECONDS <= now < ends + _SKEW_SECONDS:
            raise PermissionError("the webhook's token is out of date")


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PermissionError("the webhook's token has no times")
    return value


def _check_connector(
    claims: Mapping[str, Any], key: SigningKey, activity: Mapping[str, Any]
) -> None:
    """The token names the service that answers will be sent to, and the key the channels."""
    service = text(claims.get("serviceurl")) or text(claims.get("serviceUrl"))
    if not service or service != activity.get("serviceUrl"):
        raise PermissionError("the webhook's token is for another service")
    channel = text(activity.get("channelId"))
    if key.endorsements is None or not channel or channel not in key.endorsements:
        raise PermissionError("the webhook's key does not sign for this channel")
