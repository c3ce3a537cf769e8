"""The tools with which a model uses skills."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from roomkit.skills._files import UnreadableFileError, find_file, list_files, read_text
from roomkit.skills.executor import ScriptExecutor
from roomkit.skills.skill import SKILL_FILE, Skill
from roomkit.tools.base import Tool, ToolError

__all__ = ["ActivateSkill", "ReadSkillReference", "RunSkillScript", "SkillSource"]

_MAX_LISTED = 200
_MAX_ARGUMENTS = 64
_MAX_OUTPUT_CHARS = 20_000
_SCRIPTS = "scripts"

_OWN_TAGS = re.compile(r"<(?=\s*/?\s*skill_(?:content|files|file)\b)", re.IGNORECASE)


class SkillSource(Protocol):
    """What the tools need of a registry."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def get(self, name: str) -> Skill | None: ...


class _SkillTool(Tool):
    """What the tools have in common: a skill, by its name.

    The arguments have the names that other hosts of such skills give them.
    https://developers.cloudflare.com/agents/tools/skills/
    """

    def __init__(self, skills: SkillSource) -> None:
        self._skills = skills
        self.parameters = {
            "type": "object",
            "properties": {
                "name": {"type": "string", "enum": list(skills.names)},
                **self.further_parameters(),
            },
            "required": ["name", *self.required()],
            "additionalProperties": False,
        }

    def further_parameters(self) -> dict[str, Any]:
        return {}

    def required(self) -> Sequence[str]:
        return ()

    def skill(self, arguments: dict[str, Any]) -> Skill:
        skill = self._skills.get(str(arguments.get("name", "")))
        if skill is None:
            raise ToolError(f"There is no such skill. There are: {', '.join(self._skills.names)}.")
        return skill


class ActivateSkill(_SkillTool):
    """Gives the model the instructions of a skill."""

    name = "activate_skill"
    description = (
        "Get the instructions of a skill, and the list of the files that come with it. Call it "
        "before working on a task that fits the skill's description."
    )

    async def execute(self, arguments: dict[str, Any]) -> str:
        skill = self.skill(arguments)
        files: list[str] = []
        if skill.directory is not None:
            files = await asyncio.to_thread(list_files, skill.directory, _MAX_LISTED)
        shown = [html.escape(name, quote=False) for name in files if name != SKILL_FILE]
        parts = [f'<skill_content name="{skill.name}">', _inert(skill.instructions)]
        if shown:
            parts += ["<skill_files>", *shown, "</skill_files>"]
        return "\n".join([*parts, "</skill_content>"])


class ReadSkillReference(_SkillTool):
    """Gives the model a file of a skill."""

    name = "read_skill_reference"
    description = (
        "Read a text file that comes with a skill, such as references/REFERENCE.md. The path is "
        "relative to the skill's directory, as in the list that activate_skill returns."
    )

    def __init__(self, skills: SkillSource, max_bytes: int) -> None:
        super().__init__(skills)
        self._max_bytes = max_bytes

    def further_parameters(self) -> dict[str, Any]:
        return {"path": {"type": "string"}}

    def required(self) -> Sequence[str]:
        return ("path",)

    async def execute(self, arguments: dict[str, Any]) -> str:
        skill = self.skill(arguments)
        if skill.directory is None:
            raise ToolError("This skill has no files.")
        path = str(arguments.get("path", ""))
        try:
            text = await asyncio.to_thread(read_text, skill.directory, path, self._max_bytes)
        except UnreadableFileError as error:
            raise ToolError(f"The file {error}.") from None
        return f'<skill_file path="{html.escape(path)}">\n{_inert(text)}\n</skill_file>'


class RunSkillScript(_SkillTool):
    """Has a script of a skill run."""

    name = "run_skill_script"
    description = (
        "Run a script from the scripts directory of a skill, with arguments, and get its exit "
        "code and what it printed."
    )

    def __init__(self, skills: SkillSource, executor: ScriptExecutor) -> None:
        super().__init__(skills)
        self._executor = executor

    def further_parameters(self) -> dict[str, Any]:
        return {
            "script": {"type": "string"},
            "arguments": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": _MAX_ARGUMENTS,
            },
        }

    def required(self) -> Sequence[str]:
        return ("script",)

    async def execute(self, arguments: dict[str, Any]) -> str:
        skill = self.skill(arguments)
        if skill.directory is None:
            raise ToolError("This skill has no scripts.")
        try:
            script = await asyncio.to_thread(
                _find_script, skill.directory, str(arguments.get("script", ""))
            )
        except UnreadableFileError as error:
            raise ToolError(f"The script {error}.") from None
        passed = [str(argument) for argument in arguments.get("arguments") or ()]
        result = await self._executor.execute(skill, script, passed[:_MAX_ARGUMENTS])
        # As JSON, what a script prints cannot pass for anything but what it printed.
        return json.dumps(
            {
                "exit_code": result.exit_code,
                "stdout": _shortened(result.stdout),
                "stderr": _shortened(result.stderr),
            },
            ensure_ascii=False,
        )


def _find_script(directory: Path, name: str) -> Path:
    # A scripts directory that is a link must not lead out of the skill either.
    scripts = (directory / _SCRIPTS).resolve()
    if not scripts.is_relative_to(directory):
        raise UnreadableFileError("does not exist here")
    return find_file(scripts, name.removeprefix(f"{_SCRIPTS}/"))


def _inert(text: str) -> str:
    """A text that holds none of the marks that are put around it."""
    return _OWN_TAGS.sub("&lt;", text)


def _shortened(text: str) -> str:
    if len(text) <= _MAX_OUTPUT_CHARS:
        return text
    return f"{text[:_MAX_OUTPUT_CHARS]}\n[cut; {len(text)} characters in all]"
