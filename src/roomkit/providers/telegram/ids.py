"""How chats, their topics and their messages are called.

Telegram counts messages within each chat, so a message's number means nothing without its chat;
and what a group with topics shows in one of them is a conversation of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChatAddress:
    """Where a message goes: ``"42"``, ``"@channel"``, or ``"-100123/7"``, a group's topic 7."""

    chat: str
    topic: str | None = None

    @classmethod
    def parse(cls, text: str) -> ChatAddress:
        chat, _, topic = text.strip().partition("/")
        return cls(chat, topic or None)

    def __str__(self) -> str:
        return self.chat if self.topic is None else f"{self.chat}/{self.topic}"

    def params(self) -> dict[str, Any]:
        """The parameters that name it to the Bot API."""
        params: dict[str, Any] = {"chat_id": self.chat}
        if self.topic is not None:
            params["message_thread_id"] = self.topic
        return params


def message_id(chat: str, number: str) -> str:
    """The id of a message among all that a bot ever sees."""
    return f"{chat}:{number}"


def number_in(message: str, chat: str) -> int | None:
    """The number of a message within `chat`; None if it is not one of that chat's."""
    owner, _, number = message.rpartition(":")
    plain = number.isascii() and number.isdigit() and len(number) <= 18
    return int(number) if owner and owner == chat and plain else None
