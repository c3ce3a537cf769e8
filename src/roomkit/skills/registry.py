"""`SkillRegistry`: the skills that a model may use."""

from __future__ import annotations

import html
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from roomkit.skills._tools import ActivateSkill, ReadSkillReference, RunSkillScript
from roomkit.skills.executor import ScriptExecutor
from roomkit.skills.skill import SKILL_FILE, Skill, SkillError
from roomkit.tools.base import Tool

__all__ = ["SkillRegistry"]

logger = logging.getLogger("roomkit.skills")

_MAX_DEPTH = 4
_MAX_DIRECTORIES = 2000

_INTRODUCTION = (
    "Skills are instructions for particular tasks. When a task fits the description of a skill, "
    "call activate_skill with its name before you go on, and follow what it says."
)


class SkillRegistry:
    """Holds skills by name and tells a model about them: their names and descriptions at once,
    their instructions when it activates one, their files when it asks.

    Fill it before it is handed to a channel: the channel takes the tools as they are then.

    Args:
        executor: runs the scripts of skills. Without one the model is offered no tool for that.
        max_file_bytes: how large a file may be that the model reads.
    """

    def __init__(
        self, *, executor: ScriptExecutor | None = None, max_file_bytes: int = 100_000
    ) -> None:
        self._executor = executor
        self._max_file_bytes = max_file_bytes
        self._skills: dict[str, Skill] = {}

    def discover(self, path: str | Path) -> int:
        """Find the skills below a directory, or in it: all directories with a ``SKILL.md``, up to
        four levels deep.

        One that is malformed is skipped, and so is one whose name is taken, a link that leads out
        of `path`, and `path` itself if it does not exist; a warning in the log names the file.
        What a skill says becomes part of prompts, so `path` must be one that only trusted people
        can write to. Reads files, so call it before the event loop runs, or in a thread.

        Returns:
            how many skills were added.
        """
        root = Path(path).resolve()
        if not root.is_dir():
            logger.warning("no skills: %s is not a directory", root)
            return 0
        return sum(self._load(directory) for directory in _skill_directories(root))

    def register(self, skill: Skill) -> None:
        """Add a skill.

        Raises:
            ValueError: there is one of that name.
        """
        if skill.name in self._skills:
            raise ValueError(f"there is a skill {skill.name!r} already; use another name")
        self._skills[skill.name] = skill

    def get(self, name: str) -> Skill | None:
        """The skill of that name."""
        return self._skills.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all skills, in the order in which they were added."""
        return tuple(self._skills)

    def __iter__(self) -> Iterator[Skill]:
        return iter(tuple(self._skills.values()))

    def __len__(self) -> int:
        return len(self._skills)

    def __contains__(self, name: object) -> bool:
        return name in self._skills

    def prompt(self) -> str:
        """What a model has to know in order to use the skills, to be appended to its system
        prompt; "" if there are none."""
        if not self._skills:
            return ""
        lines = [_INTRODUCTION, "<available_skills>"]
        for skill in self._skills.values():
            description = html.escape(" ".join(skill.description.split()), quote=False)
            lines += [
                "  <skill>",
                f"    <name>{skill.name}</name>",
                f"    <description>{description}</description>",
                "  </skill>",
            ]
        return "\n".join([*lines, "</available_skills>"])

    def tools(self) -> list[Tool]:
        """The tools with which a model uses the skills; none if there are no skills."""
        if not self._skills:
            return []
        tools: list[Tool] = [ActivateSkill(self), ReadSkillReference(self, self._max_file_bytes)]
        if self._executor is not None:
            tools.append(RunSkillScript(self, self._executor))
        return tools

    def _load(self, directory: Path) -> bool:
        try:
            self.register(Skill.load(directory))
        except SkillError as error:
            logger.warning("skipped a skill: %s", error)
            return False
        except ValueError as error:
            logger.warning("skipped a skill: %s: %s", directory / SKILL_FILE, error)
            return False
        return True


def _skill_directories(root: Path) -> Iterator[Path]:
    """The directories with a skill, those of one level in alphabetical order."""
    visited = 0
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        visited += 1
        if visited > _MAX_DIRECTORIES:
            logger.warning("more than %d directories in %s: the rest is skipped", visited, root)
            return
        if SKILL_FILE in names:
            folders.clear()
            yield here
            continue
        for name in folders:
            _warn_if_outside(here / name, root)
        deeper = len(here.relative_to(root).parts) < _MAX_DEPTH
        folders[:] = sorted(filter(_is_entered, folders)) if deeper else []


def _warn_if_outside(path: Path, root: Path) -> None:
    """Links are not followed: what they lead to inside of `root` is found without them."""
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        logger.warning("skipped %s: the link leads out of %s", path, root)


def _is_entered(name: str) -> bool:
    return not name.startswith(".") and name != "node_modules"
