"""What an AI channel is told to be, in general and in one room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from roomkit.models._base import EMPTY_LIST, FrozenModel
from roomkit.models.channel import ChannelBinding
from roomkit.providers.ai.base import AITool


class AISettings(FrozenModel):
    """How to ask the model. A room's binding metadata overrides any of these by name."""

    system_prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    thinking_budget: int | None = None
    tools: list[AITool] = EMPTY_LIST


_OVERRIDABLE = ("system_prompt", "temperature", "max_tokens", "thinking_budget")


def as_tools(tools: Sequence[AITool | Mapping[str, Any]]) -> list[AITool]:
    """Tools from their JSON form (``name``, ``description``, ``parameters``)."""
    return [
        tool if isinstance(tool, AITool) else AITool.model_validate(dict(tool)) for tool in tools
    ]


def settings_for(binding: ChannelBinding, defaults: AISettings) -> AISettings:
    """The settings in one room. Tools of the room are added to the others, or replace those of the
    same name.

    Raises:
        ValueError: the binding's metadata does not fit; the message names the room and the field.
    """
    metadata = binding.metadata
    if not metadata:
        return defaults
    changes = {name: metadata[name] for name in _OVERRIDABLE if name in metadata}
    if metadata.get("tools"):
        changes["tools"] = metadata["tools"]
    if not changes:
        return defaults
    try:
        room = AISettings.model_validate(changes)
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise ValueError(
            f"binding metadata of {binding.channel_id!r} in room {binding.room_id!r} "
            f"does not fit: {fields}"
        ) from None
    values = {name: getattr(room, name) for name in changes}
    if room.tools:
        by_name = {tool.name: tool for tool in (*defaults.tools, *room.tools)}
        values["tools"] = list(by_name.values())
    return defaults.evolve(**values)
