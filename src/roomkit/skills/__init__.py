"""Packaged instructions that a model picks up when a task asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.skills.executor import ScriptExecutor, ScriptResult
    from roomkit.skills.registry import SkillRegistry
    from roomkit.skills.skill import Skill, SkillError

__all__ = ["ScriptExecutor", "ScriptResult", "Skill", "SkillError", "SkillRegistry"]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "ScriptExecutor": "roomkit.skills.executor",
            "ScriptResult": "roomkit.skills.executor",
            "Skill": "roomkit.skills.skill",
            "SkillError": "roomkit.skills.skill",
            "SkillRegistry": "roomkit.skills.registry",
        },
    )
