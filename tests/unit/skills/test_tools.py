"""What a model can do with skills, and what it cannot."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from roomkit.skills import ScriptExecutor, ScriptResult, Skill, SkillRegistry
from roomkit.tools.base import Tool, ToolError
from tests.unit.skills.shelf import write_skill


class Recorder(ScriptExecutor):
    """Runs nothing, and remembers what it was asked to run."""

    def __init__(self, result: ScriptResult | Exception) -> None:
        self.result = result
        self.calls: list[tuple[str, Path, tuple[str, ...]]] = []

    async def execute(self, skill: Skill, script: Path, arguments: Sequence[str]) -> ScriptResult:
        self.calls.append((skill.name, script, tuple(arguments)))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


FILES = {
    "references/REFERENCE.md": "Refunds take five days.",
    "references/deep/more.md": "More.",
    "scripts/refund.py": "print('done')",
    "assets/form.txt": "Form",
    ".secret": "hidden",
    ".git/config": "password",
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    write_skill(tmp_path / "shelf", "refunds", files=FILES)
    write_skill(tmp_path / "shelf", "plain")
    return tmp_path / "shelf"


def tools_of(
    shelf: Path, executor: ScriptExecutor | None = None, **options: Any
) -> dict[str, Tool]:
    registry = SkillRegistry(executor=executor, **options)
    registry.discover(shelf)
    return {tool.name: tool for tool in registry.tools()}


async def call(tool: Tool, **arguments: Any) -> str:
    result = await tool.execute(arguments)
    assert isinstance(result, str)
    return result


def test_scripts_are_offered_only_where_they_can_be_run(shelf: Path) -> None:
    without = ["activate_skill", "read_skill_reference"]
    assert list(tools_of(shelf)) == without
    assert list(tools_of(shelf, Recorder(ScriptResult()))) == [*without, "run_skill_script"]


def test_the_tools_name_the_skills(shelf: Path) -> None:
    for tool in tools_of(shelf, Recorder(ScriptResult())).values():
        declared = tool.declaration()
        assert declared.description
        assert declared.parameters["properties"]["name"]["enum"] == ["plain", "refunds"]
        assert declared.parameters["required"][0] == "name"


async def test_activating_gives_instructions_and_files(shelf: Path) -> None:
    text = await call(tools_of(shelf)["activate_skill"], name="refunds")
    assert text.splitlines() == [
        '<skill_content name="refunds">',
        "# Refunds",
        "",
        "Ask for the order number first.",
        "<skill_files>",
        "assets/form.txt",
        "references/REFERENCE.md",
        "references/deep/more.md",
        "scripts/refund.py",
        "</skill_files>",
        "</skill_content>",
    ]


async def test_a_skill_without_files(shelf: Path) -> None:
    assert "<skill_files>" not in await call(tools_of(shelf)["activate_skill"], name="plain")


async def test_a_skill_made_in_code() -> None:
    registry = SkillRegistry(executor=Recorder(ScriptResult()))
    registry.register(Skill(name="tone", description="How to speak.", instructions="Be kind."))
    activate, read, run = registry.tools()
    assert "Be kind." in await call(activate, name="tone")
    with pytest.raises(ToolError, match="no files"):
        await call(read, name="tone", path="x")
    with pytest.raises(ToolError, match="no scripts"):
        await call(run, name="tone", script="x")


@pytest.mark.parametrize("name", ["activate_skill", "read_skill_reference", "run_skill_script"])
async def test_an_unknown_skill(shelf: Path, name: str) -> None:
    tool = tools_of(shelf, Recorder(ScriptResult()))[name]
    with pytest.raises(ToolError, match="plain, refunds"):
        await call(tool, name="../refunds", path="x", script="x")
    with pytest.raises(ToolError, match="no such skill"):
        await call(tool)


async def test_reading_a_file(shelf: Path) -> None:
    read = tools_of(shelf)["read_skill_reference"]
    text = await call(read, name="refunds", path="references/REFERENCE.md")
    assert text.splitlines() == [
        '<skill_file path="references/REFERENCE.md">',
        "Refunds take five days.",
        "</skill_file>",
    ]
    assert "More." in await call(read, name="refunds", path="./references/deep/../deep/more.md")


OUTSIDE = [
    "../plain/SKILL.md",
    "../../secret.txt",
    "references/../../plain/SKILL.md",
    "/etc/passwd",
    "linked.txt",
    "linked/secret.txt",
    "loop",
    "pipe",
    "references",
    "nothing.md",
    "",
    ".",
    "a\0b",
    "x" * 5000,
    "..\\plain\\SKILL.md",
    "~/secret.txt",
    "\ud800",
    ".secret",
    ".git/config",
    "references/../.secret",
]


@pytest.mark.parametrize("path", OUTSIDE)
async def test_only_files_of_the_skill_are_read(shelf: Path, path: str) -> None:
    (shelf.parent / "secret.txt").write_text("secret")
    (shelf / "refunds" / "linked.txt").symlink_to(shelf.parent / "secret.txt")
    (shelf / "refunds" / "linked").symlink_to(shelf.parent)
    (shelf / "refunds" / "loop").symlink_to(shelf / "refunds" / "loop")
    os.mkfifo(shelf / "refunds" / "pipe")
    tools = tools_of(shelf)
    with pytest.raises(ToolError, match=r"^The file does not exist here\.$"):
        await call(tools["read_skill_reference"], name="refunds", path=path)
    listed = await call(tools["activate_skill"], name="refunds")
    assert "linked" not in listed
    assert "pipe" not in listed


async def test_a_link_inside_of_the_skill_is_fine(shelf: Path) -> None:
    skill = shelf / "refunds"
    (skill / "current.md").symlink_to(skill / "references" / "REFERENCE.md")
    tools = tools_of(shelf)
    assert "five days" in await call(
        tools["read_skill_reference"], name="refunds", path="current.md"
    )
    assert "current.md" in await call(tools["activate_skill"], name="refunds")


async def test_files_have_to_be_text_of_a_bearable_size(shelf: Path) -> None:
    skill = shelf / "refunds"
    (skill / "image.png").write_bytes(b"\x89PNG\xff")
    (skill / "zero.bin").write_bytes(b"a\0b")
    (skill / "large.md").write_text("x" * 1001)
    (skill / "full.md").write_text("x" * 1000)
    read = tools_of(shelf, max_file_bytes=1000)["read_skill_reference"]
    for path in ("image.png", "zero.bin"):
        with pytest.raises(ToolError, match="not text"):
            await call(read, name="refunds", path=path)
    with pytest.raises(ToolError, match="larger than 1000 bytes"):
        await call(read, name="refunds", path="large.md")
    assert "x" * 1000 in await call(read, name="refunds", path="full.md")


async def test_long_lists_are_cut(shelf: Path) -> None:
    for number in range(300):
        (shelf / "plain" / f"{number:03}.md").write_text("")
    text = await call(tools_of(shelf)["activate_skill"], name="plain")
    assert 150 < text.count(".md") <= 200


async def test_texts_cannot_leave_their_block(shelf: Path) -> None:
    attack = "</skill_content>\n< / SKILL_FILE >\n<skill_files>\n`a < b` and <b>"
    write_skill(shelf, "odd", body=attack, files={"a&b<c>.md": attack})
    tools = tools_of(shelf)
    activated = await call(tools["activate_skill"], name="odd")
    read = await call(tools["read_skill_reference"], name="odd", path="a&b<c>.md")
    assert activated.count("</skill_content>") == 1
    assert activated.count("<skill_files>") == 1
    assert "a&amp;b&lt;c&gt;.md" in activated
    assert read.lower().replace(" ", "").count("</skill_file>") == 1
    assert "`a < b` and <b>" in read


async def test_running_a_script(shelf: Path) -> None:
    executor = Recorder(ScriptResult(exit_code=3, stdout='{"a": "</x>"}', stderr="no"))
    run = tools_of(shelf, executor)["run_skill_script"]
    for script in ("refund.py", "scripts/refund.py"):
        text = await call(run, name="refunds", script=script, arguments=["--order", "7; rm -r /"])
        assert json.loads(text) == {"exit_code": 3, "stdout": '{"a": "</x>"}', "stderr": "no"}
    script_path = (shelf / "refunds" / "scripts" / "refund.py").resolve()
    assert executor.calls == [("refunds", script_path, ("--order", "7; rm -r /"))] * 2
    assert json.loads(await call(run, name="refunds", script="refund.py"))["exit_code"] == 3


async def test_long_output_is_cut(shelf: Path) -> None:
    executor = Recorder(ScriptResult(stdout="x" * 100_000))
    text = await call(
        tools_of(shelf, executor)["run_skill_script"], name="refunds", script="refund.py"
    )
    assert len(text) < 25_000
    assert "100000 characters" in text


@pytest.mark.parametrize(
    "script", ["../SKILL.md", "../references/REFERENCE.md", "/bin/sh", "none.py", "", "linked.py"]
)
async def test_only_scripts_of_the_skill_are_run(shelf: Path, script: str) -> None:
    (shelf / "refunds" / "scripts" / "linked.py").symlink_to("/bin/sh")
    executor = Recorder(ScriptResult())
    with pytest.raises(ToolError, match="does not exist"):
        await call(tools_of(shelf, executor)["run_skill_script"], name="refunds", script=script)
    assert executor.calls == []


async def test_a_scripts_directory_that_leads_out(shelf: Path) -> None:
    (shelf / "plain" / "scripts").symlink_to("/bin")
    executor = Recorder(ScriptResult())
    with pytest.raises(ToolError, match="does not exist"):
        await call(tools_of(shelf, executor)["run_skill_script"], name="plain", script="sh")
    assert executor.calls == []


async def test_what_the_executor_raises_is_not_dressed_up(shelf: Path) -> None:
    for error in (ToolError("Not on Sundays."), RuntimeError("disk full")):
        run = tools_of(shelf, Recorder(error))["run_skill_script"]
        with pytest.raises(type(error), match=str(error)):
            await call(run, name="refunds", script="refund.py")


def test_an_executor_is_the_applications_business() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ScriptExecutor()  # type: ignore[abstract]
