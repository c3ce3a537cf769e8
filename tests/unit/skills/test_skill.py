"""A skill is read from its directory, or refused with what has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from roomkit.errors import RoomKitError
from roomkit.skills import Skill, SkillError
from tests.unit.skills.shelf import write_skill

FULL = """\
name: pdf-processing
description: >
  Extract text from PDF files, and fill forms.
  Use it when somebody sends a PDF.
license: Apache-2.0
compatibility: Requires Python 3.12+
metadata:
  author: example-org
  version: "1.0"
allowed-tools: Bash(git add:*) Bash(jq:*) Read
future-field: [whatever, it, is]"""


def test_all_that_the_format_knows(tmp_path: Path) -> None:
    directory = write_skill(tmp_path, "pdf-processing", front_matter=FULL, body="# Do\n---\nit")
    assert Skill.load(directory) == Skill(
        name="pdf-processing",
        description="Extract text from PDF files, and fill forms. "
        "Use it when somebody sends a PDF.",
        instructions="# Do\n---\nit",
        license="Apache-2.0",
        compatibility="Requires Python 3.12+",
        metadata={"author": "example-org", "version": "1.0"},
        allowed_tools=("Bash(git add:*)", "Bash(jq:*)", "Read"),
        directory=directory.resolve(),
    )


def test_the_least_that_it_wants(tmp_path: Path) -> None:
    skill = Skill.load(write_skill(tmp_path, "a", front_matter="name: a\ndescription: b", body=""))
    assert (skill.license, skill.compatibility, skill.metadata) == (None, None, {})
    assert (skill.allowed_tools, skill.instructions) == ((), "")


def test_tools_may_be_a_list(tmp_path: Path) -> None:
    text = "name: a\ndescription: b\nallowed-tools:\n  - Bash(git:*)\n  - Read"
    assert Skill.load(write_skill(tmp_path, "a", front_matter=text)).allowed_tools == (
        "Bash(git:*)",
        "Read",
    )


NAMES = ["", "A", "pdf_x", "-pdf", "pdf-", "pdf--x", "pdf x", "p/df", "..", "é", "а", "x" * 65]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_lower_case_letters_digits_and_hyphens(name: str) -> None:
    with pytest.raises(SkillError, match="'name'"):
        Skill(name=name, description="b")


@pytest.mark.parametrize("name", ["a", "0", "pdf-processing", "a-1-b", "x" * 64])
def test_good_names(name: str) -> None:
    assert Skill(name=name, description="b").name == name


@pytest.mark.parametrize("description", ["", " \n", "x" * 1025])
def test_a_description_has_its_bounds(description: str) -> None:
    with pytest.raises(SkillError, match="1 to 1024"):
        Skill(name="a", description=description)
    assert len(Skill(name="a", description="x" * 1024).description) == 1024


@pytest.mark.parametrize("compatibility", ["", "x" * 501])
def test_so_has_compatibility(compatibility: str) -> None:
    with pytest.raises(SkillError, match="1 to 500"):
        Skill(name="a", description="b", compatibility=compatibility)


MALFORMED = {
    "name: other\ndescription: b": "name of the directory",
    "description: b": "'name' has to be",
    "name: a": "'description' has to be",
    "name: [a]\ndescription: b": "'name' has to be text",
    "name: a\ndescription: [b]": "'description' has to be text",
    "name: a\ndescription: b\nmetadata: c": "'metadata' has to be a map",
    "name: a\ndescription: b\nallowed-tools:\n  c: d": "'allowed-tools'",
    "name: a\ndescription: Use it when: asked": "line 3: there is a colon",
}


@pytest.mark.parametrize("front_matter", list(MALFORMED))
def test_a_malformed_skill_names_its_file(tmp_path: Path, front_matter: str) -> None:
    directory = write_skill(tmp_path, "a", front_matter=front_matter)
    with pytest.raises(SkillError, match="SKILL.md") as caught:
        Skill.load(directory)
    assert MALFORMED[front_matter] in str(caught.value)
    assert caught.value.path == directory.resolve() / "SKILL.md"
    assert isinstance(caught.value, RoomKitError)
    assert caught.value.line == (3 if "when: asked" in front_matter else None)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SkillError, match="does not exist"):
        Skill.load(tmp_path / "empty")
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "SKILL.md").write_bytes(b"---\nname: \xff\n---\n")
    with pytest.raises(SkillError, match="not text"):
        Skill.load(tmp_path / "binary")
    large = write_skill(tmp_path, "large", body="x" * 300_000)
    with pytest.raises(SkillError, match="larger than"):
        Skill.load(large)


def test_instructions_that_are_somewhere_else(tmp_path: Path) -> None:
    secret = write_skill(tmp_path / "elsewhere", "a")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "SKILL.md").symlink_to(secret / "SKILL.md")
    with pytest.raises(SkillError, match="does not exist"):
        Skill.load(tmp_path / "a")
