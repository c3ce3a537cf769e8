"""Sending a content that a vendor takes as several messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from roomkit.errors import ProviderError
from roomkit.models._frozen import freeze
from roomkit.models.delivery import ProviderResult
from roomkit.providers._http_failures import failed

SENT_IDS = "provider_message_ids"
"""Under this key of a result's metadata are the ids of all messages, if there are several, and of
those that went out before one failed."""


async def send_parts[Part](
    parts: Iterable[Part], send: Callable[[Part], Awaitable[str]]
) -> ProviderResult:
    """Send messages one after the other.

    Args:
        send: sends one and returns its id; may raise `ProviderError`.

    Returns:
        The result for all of them. If one fails after others went out, trying again would send
        those twice, so that the failure is final.
    """
    ids: list[str] = []
    try:
        for part in parts:
            ids.append(await send(part))
    except ProviderError as error:
        result = failed(error)
        if not ids:
            return result
        return result.evolve(retryable=False, metadata=freeze({**result.metadata, SENT_IDS: ids}))
    return ProviderResult(
        success=True,
        provider_message_id=ids[0],
        metadata={SENT_IDS: ids} if len(ids) > 1 else {},
    )
