"""The fixtures for applications, used by a project of their own as pytest runs it."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CONFIG = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

HEAD = """
import asyncio

import pytest

import roomkit
"""

STORIES = """
async def room(kit, *channels):
    await kit.create_room("lobby")
    for channel in channels:
        await kit.attach_channel("lobby", channel.channel_id)


async def test_a_conversation(kit, recording_channel, scripted_ai):
    ada, desk = recording_channel("ada"), recording_channel("desk")
    ai = roomkit.AIChannel("ai", scripted_ai("At nine."))
    kit.register_channel(ai)
    await room(kit, ada, desk, ai)
    result = await ada.say("When do you open?")
    assert result.event.source.participant_id == "ada"
    assert desk.texts == ["When do you open?", "At nine."]
    assert ada.texts == ["At nine."]


async def test_time_stands_still(kit, virtual_clock):
    assert kit.clock is virtual_clock
    assert virtual_clock.monotonic() == 0
    await virtual_clock.advance(60)
    assert virtual_clock.monotonic() == 60


async def test_what_waits_at_the_end_gets_its_time(kit, recording_channel, scripted_ai):
    ada = recording_channel("ada")
    ai = roomkit.AIChannel("ai", scripted_ai("Well.", delay=60))
    kit.register_channel(ai)
    await room(kit, ada, ai)
    asyncio.ensure_future(ada.say("Hello?"))
    await asyncio.sleep(0)


async def test_a_failed_hook_fails_the_test(kit, recording_channel):
    ada = recording_channel("ada")

    @kit.hook(roomkit.HookTrigger.BEFORE_BROADCAST, name="scanner")
    async def scan(event, context):
        raise ConnectionError("10.0.0.7")

    await room(kit, ada)
    assert not (await ada.say("Hello")).blocked


async def test_a_failed_tool_fails_the_test(kit, recording_channel, scripted_ai):
    from roomkit.testing.actors import wants_tool

    async def book(seats: int) -> str:
        raise KeyError(seats)

    ada = recording_channel("ada")
    model = scripted_ai(wants_tool("book", seats=2), "I am sorry.")
    ai = roomkit.AIChannel("ai", model, tools=[book])
    kit.register_channel(ai)
    await room(kit, ada, ai)
    await ada.say("A table for two")
    assert ada.texts == ["I am sorry."]


async def test_a_failed_channel_fails_the_test(kit, recording_channel, scripted_ai):
    ada = recording_channel("ada")
    ai = roomkit.AIChannel("ai", scripted_ai(TimeoutError("no answer")))
    kit.register_channel(ai)
    await room(kit, ada, ai)
    await ada.say("Hello?")


async def test_a_forgotten_task_fails_the_test(kit):
    async def fail():
        raise LookupError("nobody asked")

    asyncio.ensure_future(fail())
    await asyncio.sleep(0)


async def test_a_task_that_is_left_fails_the_test(kit):
    async def wait():
        await asyncio.Event().wait()

    asyncio.get_running_loop().create_task(wait(), name="waiter")


async def test_an_expected_failure_is_taken_out(kit, recording_channel, roomkit_errors):
    ada = recording_channel("ada")

    @kit.hook(roomkit.HookTrigger.BEFORE_BROADCAST, name="scanner", on_error="block")
    async def scan(event, context):
        raise ConnectionError("10.0.0.7")

    await room(kit, ada)
    assert (await ada.say("Hello")).reason == "hook_failed"
    assert "hook scanner" in roomkit_errors.pop()


async def test_a_refused_delivery_is_no_failure(kit, recording_channel):
    ada = recording_channel("ada")
    desk = recording_channel("desk", results=(roomkit.DeliveryError("no", code="bad_number"),))
    await room(kit, ada, desk)
    result = await ada.say("Hello")
    assert result.delivery_results["desk"].error_code == "bad_number"
    assert desk.received == []

"""

PASSES = [
    "a_conversation",
    "time_stands_still",
    "what_waits_at_the_end_gets_its_time",
    "an_expected_failure_is_taken_out",
    "a_refused_delivery_is_no_failure",
]
FAILS = {
    "a_failed_hook": "roomkit.hooks: hook scanner at before_broadcast failed: ConnectionError",
    "a_failed_tool": "tool book failed in room lobby: KeyError",
    "a_failed_channel": "channel ai: TimeoutError: no answer",
    "a_forgotten_task": "event loop: Task exception was never retrieved: LookupError",
    "a_task_that_is_left": (
        "a task was left: waiter (test_a_task_that_is_left_fails_the_test.<locals>.wait)"
    ),
}
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR) test_stories\.py::test_(\w+)", re.MULTILINE)


def run_pytest(where: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    (where / "pytest.ini").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False, env=env)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    where = tmp_path_factory.mktemp("project")
    (where / "test_stories.py").write_text(HEAD + STORIES, encoding="utf-8")
    return run_pytest(where, "-p", "roomkit.testing.plugin")


@pytest.mark.parametrize("name", PASSES)
def test_story_passes(report: str, name: str) -> None:
    outcomes = [outcome for outcome, story in OUTCOME.findall(report) if story == name]
    assert outcomes == ["PASSED"], report


@pytest.mark.parametrize("name", FAILS)
def test_story_fails_for_a_reason_that_is_told(report: str, name: str) -> None:
    """The test itself has passed; what comes to light when the kit is closed fails it."""
    story = f"{name}_fails_the_test"
    outcomes = [outcome for outcome, found in OUTCOME.findall(report) if found == story]
    assert outcomes == ["PASSED", "ERROR"], report
    _, _, rest = report.partition(f"ERROR at teardown of test_{story} ")
    told = rest.partition("\n____")[0]
    assert FAILS[name] in told, told


def test_a_fixture_of_the_application_goes_first(tmp_path: Path) -> None:
    source = """
    @pytest.fixture
    def kit():
        return "a box with tools"

    @pytest.fixture
    def roomkit_options():
        return {"max_chain_depth": 1}

    async def test_it(kit, roomkit_kit, recording_channel, scripted_ai):
        assert kit == "a box with tools"
        ada = recording_channel("ada")
        for name in ("one", "two"):
            roomkit_kit.register_channel(roomkit.AIChannel(name, scripted_ai("Indeed.")))
        await roomkit_kit.create_room("lobby")
        for name in ("ada", "one", "two"):
            await roomkit_kit.attach_channel("lobby", name)
        await ada.say("Hello")
        assert ada.texts == ["Indeed."] * 2
    """
    (tmp_path / "test_stories.py").write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    report = run_pytest(tmp_path, "-p", "roomkit.testing.plugin")
    assert OUTCOME.findall(report) == [("PASSED", "it")], report


def test_it_works_with_anyio_where_pytest_asyncio_is_not_installed(tmp_path: Path) -> None:
    hide = """
    import sys
    from importlib.abc import MetaPathFinder

    class Hide(MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name.split(".")[0] == "pytest_asyncio":
                raise ModuleNotFoundError(name, name=name)

    sys.meta_path.insert(0, Hide())
    """
    source = """
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    async def test_a_talk(kit, recording_channel):
        ada, bob = recording_channel("ada"), recording_channel("bob")
        await kit.create_room("lobby")
        for name in ("ada", "bob"):
            await kit.attach_channel("lobby", name)
        await ada.say("Hello")
        assert bob.texts == ["Hello"]

    async def test_a_task_that_is_left(kit):
        asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="waiter")
    """
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(hide), encoding="utf-8")
    (tmp_path / "test_stories.py").write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    (tmp_path / "empty.ini").write_text("[pytest]\n", encoding="utf-8")
    options = ["-p", "no:asyncio", "-p", "roomkit.testing.plugin", "-c", "empty.ini"]
    report = run_pytest(tmp_path, *options, env={"PYTHONPATH": str(tmp_path)})
    assert OUTCOME.findall(report) == [
        ("PASSED", "a_talk"),
        ("PASSED", "a_task_that_is_left"),
        ("ERROR", "a_task_that_is_left"),
    ], report
    assert "a task was left: waiter (Event.wait)" in report


def test_it_is_found_and_costs_little_where_it_is_not_used(tmp_path: Path) -> None:
    """As pytest finds it where RoomKit is installed; naming it besides does no harm."""
    metadata = tmp_path / "site" / "application-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: application\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[pytest11]\nroomkit.testing.plugin = roomkit.testing.plugin\n"
    )
    project = tmp_path / "project"
    project.mkdir()
    source = """
    import sys

    pytest_plugins = ["roomkit.testing.plugin"]
    LOADED = {name for name in sys.modules if name.split(".")[0] in ("roomkit", "pydantic")}

    def test_little_is_loaded():
        modules = {"_exports", "_lazy", "_version", "errors", "testing", "testing.plugin"}
        assert LOADED == {"roomkit", *(f"roomkit.{name}" for name in modules)}

    async def test_it_works(kit):
        assert not kit.closed
    """
    (project / "test_stories.py").write_text(textwrap.dedent(source), encoding="utf-8")
    report = run_pytest(project, env={"PYTHONPATH": str(metadata.parent)})
    assert OUTCOME.findall(report) == [("PASSED", "little_is_loaded"), ("PASSED", "it_works")]
