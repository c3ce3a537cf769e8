"""What a request may hold depends on the model: the facts, by name.

From the vendor's migration guides (https://platform.claude.com/docs/en/models, each model's page)
and https://platform.claude.com/docs/en/build-with-claude/thinking. The vendor's models API knows
some of them too, but would cost a request before the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")

_FIRST_ADAPTIVE = (4, 6)
_FIRST_WITHOUT_TEMPERATURE = (4, 7)

# The models that reason unless they are told not to, and what tells them. Those that are newer
# than the first of them and not listed here always reason, or do not unless they are asked.
_OFF: Mapping[tuple[str, int, int], str] = {
    ("opus", 5, 0): "disabled",
    ("sonnet", 5, 0): "disabled",
    ("sonnet", 5, 5): "between_tools",
    ("haiku", 5, 5): "disabled",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What one model takes.

    Attributes:
        adaptive: whether the model itself decides how much it reasons; older ones need a budget
            in tokens, which newer ones refuse.
        thinking_off: the kind of reasoning to ask for if none is wanted; None if that is said by
            leaving it out, or cannot be said.
        takes_temperature: whether a temperature may be given while the model does not reason.
    """

    adaptive: bool
    thinking_off: str | None
    takes_temperature: bool


def facts_of(model: str) -> ModelFacts:
    """What a model takes.

    A Claude model whose name has no number counts as a new one: what new models refuse is left
    out. A model that is no Claude is somebody else's behind the same protocol, and counts as an
    old one: these servers follow the protocol's first form.
    """
    name = model.lower()
    found = _NAME.search(name)
    if found is None:
        newest = "claude" in name
        return ModelFacts(adaptive=newest, thinking_off=None, takes_temperature=not newest)
    family, major, minor = found[1] or "", int(found[2]), int(found[3] or 0)
    return ModelFacts(
        adaptive=(major, minor) >= _FIRST_ADAPTIVE,
        thinking_off=_OFF.get((family, major, minor)),
        takes_temperature=(major, minor) < _FIRST_WITHOUT_TEMPERATURE,
    )
