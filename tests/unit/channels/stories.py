"""Rooms with an AI in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from roomkit import RoomKit
from roomkit.channels.ai import AIChannel
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamTextDelta,
)
from tests.helpers import Inbox, join_room


async def ask_room(
    kit: RoomKit, provider: AIProvider, *, binding: dict[str, Any] | None = None, **options: Any
) -> Inbox:
    """A room, ``r``, with somebody on ``web`` and an AI; returns what arrives on ``web``."""
    kit.register_channel(AIChannel("ai", provider, **options))
    inboxes = await join_room(kit, "r", "web")
    await kit.attach_channel("r", "ai", metadata=binding)
    return inboxes["web"]


def words_of(messages: Sequence[AIMessage]) -> list[tuple[str, Any]]:
    """The roles and contents of messages."""
    return [(message.role, message.content) for message in messages]


class DyingProvider(AIProvider):
    """Streams some words and then fails, or ends without saying that it is done."""

    supports_streaming = True

    def __init__(self, *words: str, error: Exception | None = None) -> None:
        self._words = words
        self._error = error
        self.closed_streams = 0

    @property
    def model_name(self) -> str:
        return "dying"

    async def generate(self, context: AIContext) -> AIResponse:
        raise AssertionError("a streaming provider is asked to stream")

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        try:
            for word in self._words:
                yield StreamTextDelta(text=word)
            if self._error is not None:
                raise self._error
        finally:
            self.closed_streams += 1
