"""Skills at work in an AI channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from roomkit import AIChannel, RoomKit
from roomkit.providers.ai.base import AIResponse, AIToolResult
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.skills import ScriptExecutor, ScriptResult, Skill, SkillRegistry
from roomkit.testing.actors import RecordingChannel, RecordingChannels, ScriptedAI, wants_tool
from tests.unit.skills.shelf import write_skill

pytest_plugins = ["roomkit.testing.plugin"]


class Doubles(ScriptExecutor):
    async def execute(self, skill: Skill, script: Path, arguments: Sequence[str]) -> ScriptResult:
        return ScriptResult(stdout=str(2 * int(arguments[0])))


@pytest.fixture
def web(recording_channel: RecordingChannels) -> RecordingChannel:
    """Where the questions come from."""
    return recording_channel("web")


async def ask(
    kit: RoomKit, web: RecordingChannel, model: MockAIProvider, registry: SkillRegistry
) -> None:
    """One question in a room with an AI that has these skills."""
    channel = AIChannel(
        "ai-assistant",
        provider=model,
        system_prompt="You are a helpful assistant.",
        skills=registry,
    )
    kit.register_channel(channel)
    await kit.create_room("room")
    await kit.attach_channel("room", "web")
    await kit.attach_channel("room", "ai-assistant")
    await web.say("I want my money back.")


def results(model: MockAIProvider) -> list[str]:
    """What tools have told the model."""
    return [
        str(part.content)
        for message in model.calls[-1].messages
        if not isinstance(message.content, str)
        for part in message.content
        if isinstance(part, AIToolResult)
    ]


async def test_the_model_is_told_and_offered_the_tools(
    kit: RoomKit, web: RecordingChannel, scripted_ai: ScriptedAI, tmp_path: Path
) -> None:
    write_skill(tmp_path)
    registry = SkillRegistry()
    registry.discover(tmp_path)
    model = scripted_ai("Sure.")
    await ask(kit, web, model, registry)
    request = model.calls[-1]
    assert request.system_prompt is not None
    assert request.system_prompt.startswith("You are a helpful assistant.")
    assert "<name>refunds</name>" in request.system_prompt
    assert [tool.name for tool in request.tools] == ["activate_skill", "read_skill_reference"]


async def test_without_skills_nothing_is_said_of_them(
    kit: RoomKit, web: RecordingChannel, scripted_ai: ScriptedAI
) -> None:
    model = scripted_ai("Sure.")
    await ask(kit, web, model, SkillRegistry())
    assert model.calls[-1].system_prompt == "You are a helpful assistant."
    assert model.calls[-1].tools == []


async def test_instructions_files_and_scripts_on_demand(
    kit: RoomKit, web: RecordingChannel, scripted_ai: ScriptedAI, tmp_path: Path
) -> None:
    files = {"references/rules.md": "Up to 100 dollars.", "scripts/double.py": ""}
    write_skill(tmp_path, files=files)
    registry = SkillRegistry(executor=Doubles())
    registry.discover(tmp_path)
    model = scripted_ai(
        wants_tool("activate_skill", name="refunds"),
        wants_tool("read_skill_reference", name="refunds", path="references/rules.md"),
        wants_tool("run_skill_script", name="refunds", script="double.py", arguments=["21"]),
        "You get 42 dollars.",
    )
    await ask(kit, web, model, registry)
    assert web.texts == ["You get 42 dollars."]
    activated, read, ran = results(model)
    assert "Ask for the order number first." in activated
    assert "Up to 100 dollars." in read
    assert '"stdout": "42"' in ran


@pytest.mark.parametrize(
    "call",
    [
        wants_tool("activate_skill", name="unknown"),
        wants_tool("read_skill_reference", name="refunds", path="../../secret.txt"),
        wants_tool("run_skill_script", name="refunds", script="double.py"),
    ],
)
async def test_the_model_learns_what_was_wrong_and_goes_on(
    kit: RoomKit,
    web: RecordingChannel,
    scripted_ai: ScriptedAI,
    tmp_path: Path,
    call: AIResponse,
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    write_skill(tmp_path / "shelf")
    registry = SkillRegistry()
    registry.discover(tmp_path / "shelf")
    model = scripted_ai(call, "Sorry.")
    await ask(kit, web, model, registry)
    assert web.texts == ["Sorry."]
    assert "secret" not in "".join(results(model)).replace("secret.txt", "")
