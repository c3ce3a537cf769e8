"""`Skill`: instructions for a task, with the files that belong to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roomkit.errors import RoomKitError
from roomkit.skills._files import UnreadableFileError, read_text
from roomkit.skills._front_matter import FrontMatterError, Value, split_front_matter

__all__ = ["SKILL_FILE", "Skill", "SkillError"]

SKILL_FILE = "SKILL.md"
"""The file that makes a directory a skill."""

MAX_SKILL_BYTES = 256 * 1024
"""How large that file may be. The format recommends less than 5000 tokens."""

_MAX_NAME = 64
_MAX_DESCRIPTION = 1024
_MAX_COMPATIBILITY = 500

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TOOLS = re.compile(r"(?:\([^)]*\)|[^\s(])+")


class SkillError(RoomKitError, ValueError):
    """A skill is not as the format wants it; the message says what to change.

    Attributes:
        path: the file or directory, if it came from one.
        line: the line in the file, if there is one to point at.
    """

    def __init__(self, problem: str, *, path: Path | None = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}: "
        super().__init__(f"{place}{problem}" if line is None else f"{place}line {line}: {problem}")
        self.path = path
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """Instructions for a task, in the open format of Agent Skills
    (https://agentskills.io/specification).

    Attributes:
        name: at most 64 of ``a-z``, ``0-9`` and single hyphens inside; the name of the directory.
        description: what it is for and when to use it, at most 1024 characters. The model always
            sees it.
        instructions: Markdown; the model sees it once it activates the skill.
        license: the licence's name, or the file that has it.
        compatibility: what it needs around it, at most 500 characters.
        metadata: whatever else its author wants to say.
        allowed_tools: the tools that it wants to use. Nothing is made of them here.
        directory: where its other files are; None for a skill without files.

    Raises:
        SkillError: one of these is not as it should be.
    """

    name: str
    description: str
    instructions: str = field(default="", repr=False)
    license: str | None = None
    compatibility: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    directory: Path | None = None

    def __post_init__(self) -> None:
        if len(self.name) > _MAX_NAME or not _NAME.fullmatch(self.name):
            raise SkillError(
                f"'name' has to be 1 to {_MAX_NAME} lower-case letters (a-z), digits and single "
                "hyphens, with a letter or digit at both ends"
            )
        if not self.description.strip() or len(self.description) > _MAX_DESCRIPTION:
            raise SkillError(f"'description' has to be 1 to {_MAX_DESCRIPTION} characters long")
        if self.compatibility is not None and not (
            0 < len(self.compatibility) <= _MAX_COMPATIBILITY
        ):
            raise SkillError(
                f"'compatibility' has to be 1 to {_MAX_COMPATIBILITY} characters long"
            )

    @classmethod
    def load(cls, directory: str | Path) -> Skill:
        """Read a skill from its directory. Reads files, so call it before the event loop runs, or
        in a thread.

        Raises:
            SkillError: there is no ``SKILL.md``, or it is not as the format wants it.
        """
        root = Path(directory).resolve()
        path = root / SKILL_FILE
        try:
            values, body = split_front_matter(read_text(root, SKILL_FILE, MAX_SKILL_BYTES))
            skill = cls(
                name=_text(values, "name") or "",
                description=_text(values, "description") or "",
                instructions=body.strip(),
                license=_text(values, "license") or None,
                compatibility=_text(values, "compatibility"),
                metadata=_pairs(values, "metadata"),
                allowed_tools=_tools(values),
                directory=root,
            )
        except UnreadableFileError as error:
            raise SkillError(f"it {error}", path=path) from None
        except FrontMatterError as error:
            raise SkillError(error.problem, path=path, line=error.line) from None
        except SkillError as error:
            raise SkillError(str(error), path=path) from None
        if skill.name != root.name:
            raise SkillError("'name' and the name of the directory have to be the same", path=path)
        return skill


def _text(values: Mapping[str, Value], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise SkillError(f"{key!r} has to be text; put it in quotes")
    return value if value is None else value.strip()


def _pairs(values: Mapping[str, Value], key: str) -> dict[str, str]:
    value = values.get(key) or {}
    if not isinstance(value, dict):
        raise SkillError(f"{key!r} has to be a map, with 'name: value' on indented lines")
    return value


def _tools(values: Mapping[str, Value]) -> tuple[str, ...]:
    value = values.get("allowed-tools", "")
    if isinstance(value, dict):
        raise SkillError("'allowed-tools' has to be names with blanks between them, or a list")
    return tuple(_TOOLS.findall(value)) if isinstance(value, str) else tuple(value)
