"""Fixtures for the tests of applications: a plugin for pytest.

``pytest_plugins = ["roomkit.testing.plugin"]`` in the topmost ``conftest.py``, or ``pytest -p
roomkit.testing.plugin``, switches it on. It adds fixtures and nothing else, and loads the rest of
RoomKit when a test asks for one of them. Each has a long name, which nothing else has, and a short
one for tests; a fixture of your own with the short name takes its place without disturbing the
others.

| Fixture | |
|---|---|
| ``kit`` | a `RoomKit` on virtual time, closed and checked afterwards |
| ``virtual_clock`` | the kit's `VirtualClock` |
| ``scripted_ai`` | ``scripted_ai("Hello!")`` makes a `MockAIProvider` |
| ``recording_channel`` | ``recording_channel("desk")`` makes and registers a `RecordingChannel` |
| ``roomkit_errors`` | what went wrong without an exception so far |
| ``roomkit_options`` | arguments for the kit: {} until you override it |

The long names are ``roomkit_kit``, ``roomkit_virtual_clock``, ``roomkit_scripted_ai`` and
``roomkit_recording_channel``: override these to change what the other fixtures work with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import roomkit
from roomkit._lazy import lazy_exports, require
from roomkit.errors import MissingDependencyError

if TYPE_CHECKING:
    import pytest

    from roomkit.core.framework import RoomKit
    from roomkit.models.framework_event import FrameworkEvent
    from roomkit.providers.ai.mock import MockAIProvider
    from roomkit.testing.actors import RecordingChannel, RecordingChannels, ScriptedAI
    from roomkit.testing.clock import VirtualClock
else:
    pytest = require("pytest", extra="dev", feature="roomkit.testing.plugin")

# Loaded before coverage is measured where the command line names it, so it imports nothing else.
_late, _ = lazy_exports(
    __name__,
    {
        "MockAIProvider": "roomkit.providers.ai.mock",
        "RecordingChannel": "roomkit.testing.actors",
        "VirtualClock": "roomkit.testing.clock",
        "channel_failure": "roomkit.testing._watch",
        "end_tasks": "roomkit.testing._watch",
        "noting": "roomkit.testing._watch",
    },
)


def _async_fixture[F: Callable[..., Any]](function: F) -> F:
    """A fixture that pytest-asyncio runs or, where that is not installed, whatever else runs
    asynchronous tests there."""
    try:
        plugin = require("pytest_asyncio", extra="dev", feature="roomkit.testing.plugin")
    except MissingDependencyError:
        plugin = pytest
    fixture: F = plugin.fixture(function)
    return fixture


@pytest.fixture
def roomkit_virtual_clock() -> VirtualClock:
    """The kit's clock. It stands still until ``await virtual_clock.advance(60)``, or inside of
    ``async with virtual_clock.auto()``."""
    clock: VirtualClock = _late("VirtualClock")()
    return clock


@pytest.fixture
def virtual_clock(roomkit_virtual_clock: VirtualClock) -> VirtualClock:
    """The kit's clock, which stands still until the test moves it."""
    return roomkit_virtual_clock


@pytest.fixture
def roomkit_options() -> dict[str, Any]:
    """Arguments for the kit. Override it to test on a store of your own, for instance."""
    return {}


@pytest.fixture
def roomkit_errors() -> list[str]:
    """What failed without reaching the test: hooks, tools, channels, background tasks.

    A test fails if there is a line left in it at the end. One that means to make something fail
    looks at the lines it expects and takes them out, with ``pop`` or ``clear``.
    """
    return []


@_async_fixture
async def roomkit_kit(
    roomkit_virtual_clock: VirtualClock,
    roomkit_options: dict[str, Any],
    roomkit_errors: list[str],
) -> AsyncIterator[RoomKit]:
    """A kit on virtual time.

    It is closed afterwards. The test fails if tasks are left then, or lines in `roomkit_errors`.
    """
    clock, errors = roomkit_virtual_clock, roomkit_errors
    known = asyncio.all_tasks()
    with _late("noting")(errors):
        kit = roomkit.RoomKit(**{"clock": clock, **roomkit_options})

        @kit.on("channel_error")
        async def note(event: FrameworkEvent) -> None:
            errors.append(_late("channel_failure")(event))

        yield kit
        # What still waits for time gets it: the kit would give it seconds of real time.
        async with clock.auto():
            await kit.close()
        left = await _late("end_tasks")(known)
    problems = [*errors, *(f"a task was left: {name}" for name in left)]
    if problems:
        pytest.fail("\n".join(["the kit was not left in order:", *problems]), pytrace=False)


@pytest.fixture
def kit(roomkit_kit: RoomKit) -> RoomKit:
    """A kit on virtual time, closed and checked afterwards."""
    return roomkit_kit


@pytest.fixture
def roomkit_scripted_ai(roomkit_virtual_clock: VirtualClock) -> ScriptedAI:
    """``scripted_ai("Hello!", ProviderError("busy"))`` makes a `MockAIProvider` of responses."""

    def script(*responses: Any, **options: Any) -> MockAIProvider:
        options.setdefault("clock", roomkit_virtual_clock)
        provider: MockAIProvider = _late("MockAIProvider")(responses, **options)
        return provider

    return script


@pytest.fixture
def scripted_ai(roomkit_scripted_ai: ScriptedAI) -> ScriptedAI:
    """Makes language models that answer from a script: ``scripted_ai("Hello!")``."""
    return roomkit_scripted_ai


@pytest.fixture
def roomkit_recording_channel(roomkit_kit: RoomKit) -> RecordingChannels:
    """``recording_channel("desk")`` makes a `RecordingChannel` and registers it with the kit."""

    def register(channel_id: str, **options: Any) -> RecordingChannel:
        channel: RecordingChannel = _late("RecordingChannel")(channel_id, **options)
        roomkit_kit.register_channel(channel)
        return channel

    return register


@pytest.fixture
def recording_channel(roomkit_recording_channel: RecordingChannels) -> RecordingChannels:
    """Makes channels that keep what they are delivered: ``recording_channel("desk")``."""
    return roomkit_recording_channel
