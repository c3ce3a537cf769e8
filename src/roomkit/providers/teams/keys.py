"""The keys that webhooks are signed with, as their issuer publishes them.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from roomkit._clock import Clock
from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.providers._webhook_items import mappings, text
from roomkit.providers.teams.renewal import LoopLock
from roomkit.providers.teams.trust import origin_of

logger = logging.getLogger("roomkit.providers")

_FRESH_SECONDS = 24 * 3600.0
"""Keys are fetched anew after this long."""

_USABLE_SECONDS = 5 * 24 * 3600.0
"""Keys are used for this long while they cannot be fetched."""

_PAUSE_SECONDS = 300.0
"""Between two attempts: a stranger can name any key, and must not make us ask for it each time."""

type Ask = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Gets a JSON object from a URL."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and the channels it may sign for; None if that is not said."""

    key: Any
    endorsements: frozenset[str] | None


class KeyRing:
    """The keys of one issuer: https://openid.net/specs/openid-connect-discovery-1_0.html

    Args:
        metadata_url: where the issuer says where its keys are.
    """

    def __init__(self, metadata_url: str, ask: Ask, clock: Clock) -> None:
        self._metadata_url = metadata_url
        self._ask = ask
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = LoopLock()

    def known(self, key_id: str) -> SigningKey | None:
        """A key that was fetched before and may still be used."""
        if self._age(self._fetched_at) >= _USABLE_SECONDS:
            return None
        return self._keys.get(key_id)

    async def find(self, key_id: str) -> SigningKey | None:
        """A key, fetched if need be; None if there is none or it cannot be fetched now."""
        if self._must_ask(key_id):
            async with self._lock.here():
                if self._must_ask(key_id):
                    await self._fetch()
        return self.known(key_id)

    def _must_ask(self, key_id: str) -> bool:
        if self._age(self._tried_at) < _PAUSE_SECONDS:
            return False
        return key_id not in self._keys or self._age(self._fetched_at) >= _FRESH_SECONDS

    def _age(self, moment: float | None) -> float:
        return float("inf") if moment is None else self._clock.monotonic() - moment

    async def _fetch(self) -> None:
        try:
            keys = await self._published()
        except ProviderError as error:
            logger.warning("the keys of an issuer could not be fetched: %s", error.code)
            keys = {}
        self._tried_at = self._clock.monotonic()
        if keys:
            self._keys, self._fetched_at = keys, self._tried_at

    async def _published(self) -> dict[str, SigningKey]:
        metadata = await self._ask(self._metadata_url)
        where, told = origin_of(self._metadata_url), text(metadata.get("jwks_uri"))
        there = origin_of(told)
        if where is None or there is None or (where[0] == "https" and there[0] != "https"):
            logger.warning("the metadata of an issuer do not say where its keys are")
            return {}
        published = await self._ask(told)
        found = [_read_key(jwk) for jwk in mappings(published.get("keys"))]
        return {key_id: key for key_id, key in found if key is not None}


def _read_key(jwk: Mapping[str, Any]) -> tuple[str, SigningKey | None]:
    """https://www.rfc-editor.org/rfc/rfc7517"""
    key_id = text(jwk.get("kid"))
    if not key_id or jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        return key_id, None
    jwt = require("jwt", extra="teams", feature="KeyRing")
    numbers = {name: jwk.get(name) for name in ("kty", "n", "e")}
    try:
        key = jwt.PyJWK(numbers, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return key_id, None
    listed = jwk.get("endorsements")
    names = frozenset(map(text, listed)) if isinstance(listed, list) else None
    return key_id, SigningKey(key, names)
