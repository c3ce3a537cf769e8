"""`ScriptExecutor`: how scripts of skills are run, if they are run at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from roomkit.skills.skill import Skill

__all__ = ["ScriptExecutor", "ScriptResult"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptResult:
    """What came of running a script.

    Attributes:
        exit_code: 0 if it did what it should.
        stdout: what it printed, for the model to read.
        stderr: what it complained about, also for the model.
    """

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""


class ScriptExecutor(ABC):
    """Runs scripts of skills. There is no version of it here: where code runs that a model has
    chosen, with what rights and for how long, is for the application to decide.

    One object serves all rooms and may run several scripts at once.
    `roomkit.tools.base.current_tool_call` says which room a call is for.
    """

    @abstractmethod
    async def execute(self, skill: Skill, script: Path, arguments: Sequence[str]) -> ScriptResult:
        """Run a script and wait for its end.

        Args:
            skill: the skill that it belongs to.
            script: the file, which is inside of the skill's ``scripts`` directory.
            arguments: what the model passes. They must not go through a shell.

        May be cancelled when it takes too long or the turn ends; the script has to be stopped
        then. Raise `roomkit.tools.base.ToolError` to tell the model why it was not run; of any
        other exception it learns the class name only.
        """
