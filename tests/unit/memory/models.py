"""Small stand-ins for the models that memories ask."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence

from roomkit.memory.index import Embedder, Vector
from roomkit.providers.ai.base import AIContext, AIProvider, AIResponse


class EchoModel(AIProvider):
    """Summarises by repeating all it was given, so that nothing that it saw can hide."""

    def __init__(self) -> None:
        self.calls: list[AIContext] = []
        self.running = 0
        self.most_at_once = 0
        self.closed = False

    @property
    def model_name(self) -> str:
        return "echo"

    async def generate(self, context: AIContext) -> AIResponse:
        self.calls.append(context)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(0)
            return AIResponse(content=context.messages[-1].text)
        finally:
            self.running -= 1

    async def close(self) -> None:
        self.closed = True


class WordEmbedder(Embedder):
    """Texts are alike as far as they share words."""

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions
        self.texts: list[str] = []
        self.closed = False

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.texts += texts
        await asyncio.sleep(0)
        return [self._vector(text) for text in texts]

    async def close(self) -> None:
        self.closed = True

    def _vector(self, text: str) -> Vector:
        vector = [0.0] * self.dimensions
        for word in re.findall(r"\w+", text.lower()):
            angle = sum(ord(letter) * (place + 7) for place, letter in enumerate(word))
            vector[angle % self.dimensions] += 1.0
        return vector if any(vector) else [math.ulp(1.0)] * self.dimensions
