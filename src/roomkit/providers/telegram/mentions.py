"""Whether a message in a group is meant for the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.providers._webhook_items import mapping, mappings, text

_MOST_ENTITIES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class BotName:
    """What a bot is called: its id and its name without the ``@``, as far as they are known."""

    bot_id: str | None = None
    username: str | None = None

    def is_mentioned_in(self, message: Mapping[str, Any]) -> bool:
        """Whether a message names the bot, answers it, or gives it a command by its name."""
        answered = mapping(mapping(message.get("reply_to_message")).get("from"))
        if self.bot_id is not None and text(answered.get("id")) == self.bot_id:
            return True
        for words, entities in (("text", "entities"), ("caption", "caption_entities")):
            marks = mappings(message.get(entities))[:_MOST_ENTITIES]
            if marks and self._is_marked(text(message.get(words)), marks):
                return True
        return False

    def _is_marked(self, words: str, entities: list[Mapping[str, Any]]) -> bool:
        # Telegram counts in units of UTF-16.
        units = words.encode("utf-16-le")
        return any(self._is_this(entity, units) for entity in entities)

    def _is_this(self, entity: Mapping[str, Any], units: bytes) -> bool:
        kind = entity.get("type")
        if kind == "text_mention":
            return self.bot_id is not None and self.bot_id == text(
                mapping(entity.get("user")).get("id")
            )
        if kind not in ("mention", "bot_command") or self.username is None:
            return False
        start, length = entity.get("offset"), entity.get("length")
        if not (isinstance(start, int) and isinstance(length, int) and 0 <= start < len(units)):
            return False
        named = units[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")
        return named.rpartition("@")[2].lower() == self.username.lower() and "@" in named
