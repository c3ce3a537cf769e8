"""Handling the streams of language models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from roomkit.providers.ai.base import AIStreamEvent


async def closable(events: AsyncIterator[AIStreamEvent]) -> AsyncGenerator[AIStreamEvent]:
    """A stream that `contextlib.aclosing` takes, whatever kind of iterator the provider's is.

    Closing it ends the generation, if the provider's can be closed.
    """
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
