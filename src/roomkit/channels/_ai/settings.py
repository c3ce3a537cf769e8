"""What an AI channel is told to be, in general and in one room."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from roomkit.channels._ai.toolbox import Toolbox, ToolSet
from roomkit.models._base import EMPTY_LIST, FrozenModel
from roomkit.models.channel import ChannelBinding
from roomkit.providers.ai.base import AITool
from roomkit.tools.functions import as_tool

_MAX_CACHED = 4096


class _Usual(int):
    """The value of a setting that was left to the provider, as far as its configuration says
    nothing else."""


USUAL_MAX_TOKENS = _Usual(1024)


class AISettings(FrozenModel):
    """How to ask the model. A room's binding metadata overrides any of these by name."""

    system_prompt: str | None = None
    temperature: float | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)
    thinking_budget: int | None = Field(default=None, ge=0)


def _declared(spec: object) -> object:
    """A tool in any of the ways in which a channel takes one as data."""
    try:
        return as_tool(spec)
    except TypeError as error:
        raise ValueError(str(error)) from None


class _RoomSettings(AISettings):
    tools: list[Annotated[AITool, BeforeValidator(_declared)]] = EMPTY_LIST


@dataclass(frozen=True, slots=True)
class RoomSetup:
    """The settings and the tools as they are in one room."""

    settings: AISettings
    tools: ToolSet


class Setups:
    """Works out the set-up of each room, once as long as its binding's metadata stay the same."""

    def __init__(self, defaults: AISettings, toolbox: Toolbox) -> None:
        self._defaults = defaults
        self._toolbox = toolbox
        self._plain = RoomSetup(defaults, toolbox.tool_set())
        self._cache: OrderedDict[str, tuple[dict[str, Any], RoomSetup]] = OrderedDict()

    def refresh(self) -> None:
        """The channel's tools have changed."""
        self._plain = RoomSetup(self._defaults, self._toolbox.tool_set())
        self._cache.clear()

    def for_room(self, binding: ChannelBinding) -> RoomSetup:
        """The set-up in the binding's room. A room's tools are added to the channel's, or replace
        those of the same name.

        Raises:
            ValueError: the binding's metadata does not fit; the message names the room and the
                field.
        """
        if self._toolbox.changed():
            self.refresh()
        metadata = binding.metadata
        if not metadata:
            return self._plain
        cached = self._cache.get(binding.room_id)
        if cached is not None and cached[0] is metadata:
            return cached[1]
        setup = self._work_out(binding)
        self._cache[binding.room_id] = (metadata, setup)
        if len(self._cache) > _MAX_CACHED:
            self._cache.popitem(last=False)
        return setup

    def _work_out(self, binding: ChannelBinding) -> RoomSetup:
        known = _RoomSettings.model_fields
        changes = {name: value for name, value in binding.metadata.items() if name in known}
        if changes.get("tools") is None:
            changes.pop("tools", None)
        if not changes:
            return self._plain
        try:
            room = _RoomSettings.model_validate(changes)
        except ValidationError as error:
            fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors()}))
            raise ValueError(
                f"binding metadata of {binding.channel_id!r} in room {binding.room_id!r} "
                f"does not fit: {fields}"
            ) from None
        values = {name: getattr(room, name) for name in changes if name != "tools"}
        plain = self._plain
        tools = plain.tools.joined_by(room.tools) if room.tools else plain.tools
        return RoomSetup(plain.settings.evolve(**values), tools)
