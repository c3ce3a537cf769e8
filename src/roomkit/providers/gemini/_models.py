"""What a request may hold depends on the model: the facts, by name.

Budgets and levels: https://ai.google.dev/gemini-api/docs/thinking. Pictures by URL:
https://ai.google.dev/gemini-api/docs/file-input-methods. Signatures:
https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from roomkit.providers.gemini.config import GeminiConfig, Thinking

_VERSION = re.compile(r"gemini-(\d{1,2})(?:\.(\d))?(?!\d)")
_NEWEST = (99, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What a model can do.

    Attributes:
        least: the smallest number of tokens for reasoning; a model with another least than 0
            always reasons.
        smallest: the smallest number above 0.
        most: the largest number of tokens for reasoning.
        least_level: the same as `least` for a model that is told a level.
        seals_calls: whether it insists on seeing its signature on its own tool calls again.
    """

    thinking: Thinking
    fetches_urls: bool
    least: int = 0
    smallest: int = 1
    most: int = 24_576
    least_level: Literal["minimal", "low"] = "low"
    seals_calls: bool = False


def facts_of(config: GeminiConfig) -> ModelFacts:
    """The facts about the configured model."""
    facts = _by_name(config.model)
    fetches = facts.fetches_urls if config.fetches_urls is None else config.fetches_urls
    return replace(facts, thinking=config.thinking or facts.thinking, fetches_urls=fetches)


def _by_name(model: str) -> ModelFacts:
    found = _VERSION.search(model)
    version = (int(found[1]), int(found[2] or 0)) if found else _NEWEST
    small = "-lite" in model
    if version >= (3, 0):
        return ModelFacts(
            thinking="level",
            fetches_urls=True,
            least_level="minimal" if small else "low",
            seals_calls=True,
        )
    if version < (2, 5):
        return ModelFacts(thinking="none", fetches_urls=False)
    if "-pro" in model:
        return ModelFacts(
            thinking="budget", fetches_urls=True, least=128, smallest=128, most=32_768
        )
    return ModelFacts(thinking="budget", fetches_urls=True, smallest=512 if small else 1)
